#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/protocol.h"

static const enum message_type all_types[] = {MESSAGE_HELLO, MESSAGE_EXEC, MESSAGE_SIGNAL,
	MESSAGE_STARTED, MESSAGE_EXITED, MESSAGE_ERROR, MESSAGE_KILL, MESSAGE_STOP};

/* A valid message of each type. */
static struct message make(enum message_type type)
{
	struct message message;

	message_init(&message, type, 7);
	if (type == MESSAGE_HELLO)
		message.hello.pid = 1;
	if (type == MESSAGE_SIGNAL)
		message.signal.signal = 15;
	if (type == MESSAGE_STARTED)
		message.started.pid = 2;
	if (type == MESSAGE_ERROR)
		message.error.code = -ENOENT;
	return message;
}

static void each_type_survives_the_way(void **state)
{
	for (size_t i = 0; i < ELEMENTS(all_types); i++) {
		struct message sent = make(all_types[i]), got;

		assert_int_equal(message_decode(&sent, message_size(&sent), &got), 0);
		assert_int_equal(got.header.type, all_types[i]);
		assert_int_equal(got.header.id, 7);
		assert_memory_equal(&sent, &got, message_size(&sent));
		assert_true(
			message_size(&sent) <= sizeof(struct message_header) + PROTOCOL_BODY_MAX);
	}
}

static void every_other_length_is_refused(void **state)
{
	for (size_t i = 0; i < ELEMENTS(all_types); i++) {
		struct message sent = make(all_types[i]), got;
		char packet[sizeof(struct message) + 64] = {0};

		memcpy(packet, &sent, sizeof(sent));
		for (size_t size = 0; size < sizeof(packet); size++)
			assert_int_equal(message_decode(packet, size, &got),
				size == message_size(&sent) ? 0 : -EBADMSG);
	}
}

/* Each row writes one 32-bit value over a valid message. */
static const struct damage {
	const char *what;
	enum message_type type;
	size_t offset;
	int32_t value;
	int result;
} damages[] = {
	{"nothing", MESSAGE_HELLO, offsetof(struct message, header.id), 7, 0},
	{"magic, version and type", MESSAGE_HELLO, 0, 0, -EBADMSG},
	{"length", MESSAGE_HELLO, offsetof(struct message, header.length), 5, -EBADMSG},
	{"huge length", MESSAGE_HELLO, offsetof(struct message, header.length), -1, -EBADMSG},
	{"descriptors", MESSAGE_HELLO, offsetof(struct message, header.descriptors), 1, -EBADMSG},
	{"five descriptors", MESSAGE_EXEC, offsetof(struct message, header.descriptors), 5, 0},
	{"six", MESSAGE_EXEC, offsetof(struct message, header.descriptors), 6, -EBADMSG},
	{"pid", MESSAGE_HELLO, offsetof(struct message, hello.pid), 0, -EBADMSG},
	{"known flag", MESSAGE_EXEC, offsetof(struct message, exec.flags), EXEC_TERMINAL, 0},
	{"unknown flag", MESSAGE_EXEC, offsetof(struct message, exec.flags), 2, -EBADMSG},
	{"last signal", MESSAGE_SIGNAL, offsetof(struct message, signal.signal), 64, 0},
	{"no signal", MESSAGE_SIGNAL, offsetof(struct message, signal.signal), 0, -EBADMSG},
	{"signal 65", MESSAGE_SIGNAL, offsetof(struct message, signal.signal), 65, -EBADMSG},
	{"negative signal", MESSAGE_SIGNAL, offsetof(struct message, signal.signal), -9, -EBADMSG},
	{"negative pid", MESSAGE_STARTED, offsetof(struct message, started.pid), -1, -EBADMSG},
	{"exited 255", MESSAGE_EXITED, offsetof(struct message, exited.status), 0xff00, 0},
	{"killed", MESSAGE_EXITED, offsetof(struct message, exited.status), 9, 0},
	{"core dumped", MESSAGE_EXITED, offsetof(struct message, exited.status), 0x80 | 11, 0},
	{"stopped", MESSAGE_EXITED, offsetof(struct message, exited.status), 0x137f, -EBADMSG},
	{"continued", MESSAGE_EXITED, offsetof(struct message, exited.status), 0xffff, -EBADMSG},
	{"wide status", MESSAGE_EXITED, offsetof(struct message, exited.status), 1 << 16, -EBADMSG},
	{"exit flag", MESSAGE_EXITED, offsetof(struct message, exited.flags), 8, -EBADMSG},
	{"known exit flag", MESSAGE_EXITED, offsetof(struct message, exited.flags),
		EXITED_LINEAGE_KILLED, 0},
	{"kill flag", MESSAGE_KILL, offsetof(struct message, kill.flags), 1, -EBADMSG},
	{"grace", MESSAGE_STOP, offsetof(struct message, stop.grace_ms), 5000, 0},
	{"type 9", MESSAGE_STOP, 0, PROTOCOL_MAGIC | PROTOCOL_VERSION << 16 | 9 << 24, -EBADMSG},
	{"type 8", MESSAGE_STOP, 0, PROTOCOL_MAGIC | PROTOCOL_VERSION << 16 | 8 << 24, 0},
	{"no errno", MESSAGE_ERROR, offsetof(struct message, error.code), 0, -EBADMSG},
	{"positive errno", MESSAGE_ERROR, offsetof(struct message, error.code), 2, -EBADMSG},
	{"least errno", MESSAGE_ERROR, offsetof(struct message, error.code), -4095, 0},
	{"beyond it", MESSAGE_ERROR, offsetof(struct message, error.code), -4096, -EBADMSG},
	{"last stage", MESSAGE_ERROR, offsetof(struct message, error.stage), STAGE_EXEC, 0},
	{"no stage", MESSAGE_ERROR, offsetof(struct message, error.stage), 6, -EBADMSG},
};

static void fields_out_of_range_are_refused(void **state)
{
	for (size_t i = 0; i < ELEMENTS(damages); i++) {
		struct message message = make(damages[i].type), got = {.header.id = 99};
		int r;

		memcpy((char *)&message + damages[i].offset, &damages[i].value, 4);
		r = message_decode(&message,
			sizeof(struct message_header) + make(damages[i].type).header.length, &got);
		if (r != damages[i].result)
			fail_msg("%s: %d", damages[i].what, r);
		if (r < 0)
			assert_int_equal(got.header.id, 99);
	}
}

static void texts_must_end(void **state)
{
	struct message message = make(MESSAGE_ERROR), got;

	memset(message.error.message, 'x', sizeof(message.error.message) - 1);
	assert_int_equal(message_decode(&message, message_size(&message), &got), 0);
	memset(message.error.message, 'x', sizeof(message.error.message));
	assert_int_equal(message_decode(&message, message_size(&message), &got), -EBADMSG);
}

static void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static int next_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

static void descriptors_come_with_their_message(void **state)
{
	struct message sent = make(MESSAGE_EXEC), got;
	const int given[] = {0, 1, 2, 0, 1};
	int fds[PROTOCOL_FDS_MAX];
	size_t count = 0;
	int pair[2];

	make_pair(pair);
	assert_int_equal(message_send(pair[0], &sent, given, 5), 0);
	assert_int_equal(message_receive(pair[1], &got, fds, &count), 1);
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	close(pair[0]);
	assert_int_equal(message_receive(pair[1], &got, fds, &count), 0);
	assert_int_equal(message_send(pair[1], &sent, NULL, 0), -EPIPE);
	close(pair[1]);
}

/* More than the type takes, fewer than the header says, with a broken message: none stays open. */
static void unexpected_descriptors_are_closed(void **state)
{
	static const struct {
		enum message_type type;
		uint32_t said;
		size_t sent;
	} table[] = {{MESSAGE_HELLO, 0, 1}, {MESSAGE_HELLO, 1, 1}, {MESSAGE_EXEC, 5, 4},
		{MESSAGE_EXEC, 4, 5}, {MESSAGE_EXEC, 8, 8}, {MESSAGE_SIGNAL, 0, 8}};
	const int given[8] = {0, 1, 2, 0, 1, 2, 0, 1};
	int before;
	int pair[2];

	make_pair(pair);
	before = next_fd();
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct message sent = make(table[i].type), got;
		int fds[PROTOCOL_FDS_MAX];
		size_t count = 0;

		sent.header.descriptors = table[i].said;
		assert_int_equal(
			fd_send(pair[0], &sent, message_size(&sent), given, table[i].sent), 0);
		assert_int_equal(message_receive(pair[1], &got, fds, &count), -EBADMSG);
		assert_int_equal(next_fd(), before);
	}
	close(pair[0]);
	close(pair[1]);
}

static void an_empty_socket_does_not_block(void **state)
{
	int fds[PROTOCOL_FDS_MAX];
	struct message got;
	size_t count = 0;
	int pair[2];

	make_pair(pair);
	assert_int_equal(fd_set_nonblock(pair[1], 1), 0);
	assert_int_equal(message_receive(pair[1], &got, fds, &count), -EAGAIN);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_survives_the_way),
		cmocka_unit_test(every_other_length_is_refused),
		cmocka_unit_test(fields_out_of_range_are_refused),
		cmocka_unit_test(texts_must_end),
		cmocka_unit_test(descriptors_come_with_their_message),
		cmocka_unit_test(unexpected_descriptors_are_closed),
		cmocka_unit_test(an_empty_socket_does_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
