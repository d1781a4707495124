/* What the monitor takes from ward-init, which is the enemy's, and from its clients. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/monitor/monitor.h"

/* A monitor with one exec asked for; the test is its init and its client. */
struct world {
	struct monitor monitor;
	int init;   /* the other end of monitor.init_fd */
	int client; /* the other end of the exec's channel */
};

static void make_pair(int *a, int *b)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	*a = pair[0];
	*b = pair[1];
}

static void receive(int fd, struct message *message, size_t expected_fds)
{
	int fds[PROTOCOL_FDS_MAX];
	size_t count = 0;

	assert_int_equal(message_receive(fd, message, fds, &count), 1);
	assert_int_equal(count, expected_fds);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static void request_id(struct world *world, uint32_t id)
{
	int fds[PROTOCOL_FDS_MAX];
	struct message message;

	for (int i = 0; i < 4; i++)
		fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 3);
	make_pair(&fds[4], &world->client);
	message_init(&message, MESSAGE_EXEC, 0);
	exec_request(&world->monitor, &message, fds, 5);
	receive(world->init, &message, 4);
	assert_int_equal(message.header.type, MESSAGE_EXEC);
	assert_int_equal(message.header.id, id);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->monitor.state = MONITOR_RUNNING;
	make_pair(&world->monitor.init_fd, &world->init);
	assert_int_equal(event_loop_new(&world->monitor.loop), 0);
	request_id(world, 1);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	exec_end_all(&world->monitor);
	event_loop_free(world->monitor.loop);
	close(world->monitor.init_fd);
	close(world->init);
	fd_close(world->client);
	free(world);
	return 0;
}

static int answer(struct world *world, enum message_type type, uint32_t id)
{
	struct message message;

	message_init(&message, type, id);
	if (type == MESSAGE_ERROR) {
		message.error.code = -ENOENT;
		message.error.stage = STAGE_EXEC;
		snprintf(message.error.message, sizeof(message.error.message), "forged");
	}
	return exec_answer(&world->monitor, &message);
}

static void a_command_runs_and_ends(void **state)
{
	struct world *world = *state;
	struct message message;

	assert_int_equal(answer(world, MESSAGE_STARTED, 1), 0);
	assert_int_equal(answer(world, MESSAGE_EXITED, 1), 0);
	receive(world->client, &message, 0);
	assert_int_equal(message.header.type, MESSAGE_EXITED);
	assert_null(world->monitor.execs);
}

static void a_failure_brings_no_text_of_inits(void **state)
{
	struct world *world = *state;
	struct message message;

	assert_int_equal(answer(world, MESSAGE_ERROR, 1), 0);
	receive(world->client, &message, 0);
	assert_int_equal(message.header.type, MESSAGE_ERROR);
	assert_int_equal(message.error.code, -ENOENT);
	assert_string_equal(message.error.message, "");
}

static void flags_and_durations_are_not_inits_to_say(void **state)
{
	struct world *world = *state;
	struct message message;

	assert_int_equal(answer(world, MESSAGE_STARTED, 1), 0);
	message_init(&message, MESSAGE_EXITED, 1);
	message.exited.flags = EXITED_TIMED_OUT | EXITED_OOM_KILLED;
	message.exited.duration_ms = UINT64_MAX;
	assert_int_equal(exec_answer(&world->monitor, &message), 0);
	receive(world->client, &message, 0);
	assert_int_equal(message.exited.flags, 0);
	assert_true(message.exited.duration_ms < 60000);
}

/* A client that goes has its command killed, by init; and by the monitor, where init does not. */
static void a_command_without_a_client_is_killed(void **state)
{
	struct world *world = *state;
	struct message message;
	struct timespec begin, end;

	assert_int_equal(answer(world, MESSAGE_STARTED, 1), 0);
	close(world->client);
	world->client = -1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	event_loop_run(world->monitor.loop);
	clock_gettime(CLOCK_MONOTONIC, &end);
	receive(world->init, &message, 0);
	assert_int_equal(message.header.type, MESSAGE_KILL);
	assert_int_equal(message.header.id, 1);
	assert_int_equal(world->monitor.state, MONITOR_STOPPING);
	assert_int_equal(world->monitor.error.code, -ETIMEDOUT);
	assert_true(end.tv_sec - begin.tv_sec >= 2);
}

static void only_a_killed_command_has_timed_out(void **state)
{
	static const struct {
		uint32_t said;
		uint32_t told;
	} cases[] = {{0, 0}, {EXITED_LINEAGE_KILLED, EXITED_TIMED_OUT}};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct world *world = *state;
		struct message message;

		if (i > 0) {
			close(world->client);
			request_id(world, 2);
		}
		world->monitor.execs->timed_out = true;
		assert_int_equal(answer(world, MESSAGE_STARTED, (uint32_t)i + 1), 0);
		message_init(&message, MESSAGE_EXITED, (uint32_t)i + 1);
		message.exited.status = SIGKILL;
		message.exited.flags = cases[i].said;
		assert_int_equal(exec_answer(&world->monitor, &message), 0);
		receive(world->client, &message, 0);
		assert_int_equal(message.exited.flags, cases[i].told);
	}
}

static void what_comes_out_of_turn_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(answer(world, MESSAGE_STARTED, 2), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_STARTED, 0), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_EXITED, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_HELLO, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_EXEC, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_SIGNAL, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_STARTED, 1), 0);
	assert_int_equal(answer(world, MESSAGE_STARTED, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_ERROR, 1), -EBADMSG);
	assert_int_equal(answer(world, MESSAGE_EXITED, 1), 0);
	assert_int_equal(answer(world, MESSAGE_EXITED, 1), -EBADMSG);
}

static void init_does_not_speak_for_the_sandbox(void **state)
{
	struct world *world = *state;
	struct message message;

	message_init(&message, MESSAGE_ERROR, 1);
	message.error.code = -EIO;
	message.error.stage = STAGE_SANDBOX;
	assert_int_equal(exec_answer(&world->monitor, &message), -EBADMSG);
}

static void who_waits_is_told_of_the_end(void **state)
{
	struct world *world = *state;
	struct message message;

	error_set(&world->monitor.error, -EIO, "the sandbox died");
	exec_end_all(&world->monitor);
	receive(world->client, &message, 0);
	assert_int_equal(message.header.type, MESSAGE_ERROR);
	assert_int_equal(message.error.stage, STAGE_SANDBOX);
	assert_string_equal(message.error.message, "the sandbox died");
}

/* A hostile init that reads nothing must not stop the monitor, which would be stuck in a send. */
static void a_full_socket_refuses_further_commands(void **state)
{
	struct world *world = *state;
	struct message message;
	int client = -1;

	for (int i = 0; i < 10000 && client < 0; i++) {
		int fds[PROTOCOL_FDS_MAX];
		size_t count = 0;
		int channel;

		for (int j = 0; j < 4; j++)
			fds[j] = fcntl(0, F_DUPFD_CLOEXEC, 3);
		make_pair(&fds[4], &channel);
		message_init(&message, MESSAGE_EXEC, 0);
		exec_request(&world->monitor, &message, fds, 5);
		if (message_receive(channel, &message, fds, &count) == 1)
			client = channel;
		else
			close(channel);
	}
	assert_true(client >= 0);
	assert_int_equal(message.header.type, MESSAGE_ERROR);
	assert_int_equal(message.error.code, -EAGAIN);
	assert_int_equal(message.error.stage, STAGE_REQUEST);
	close(client);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_runs_and_ends),
		TEST(a_failure_brings_no_text_of_inits),
		TEST(flags_and_durations_are_not_inits_to_say),
		TEST(a_command_without_a_client_is_killed),
		TEST(only_a_killed_command_has_timed_out),
		TEST(what_comes_out_of_turn_is_refused),
		TEST(init_does_not_speak_for_the_sandbox),
		TEST(who_waits_is_told_of_the_end),
		TEST(a_full_socket_refuses_further_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
