#include "runtime/protocol.h"

#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"

static const struct message_shape {
	size_t body;
	size_t fds;
} shapes[] = {
	[MESSAGE_HELLO] = {sizeof(struct message_hello), 0},
	[MESSAGE_EXEC] = {sizeof(struct message_exec), 5},
	[MESSAGE_SIGNAL] = {sizeof(struct message_signal), 0},
	[MESSAGE_STARTED] = {sizeof(struct message_started), 0},
	[MESSAGE_EXITED] = {sizeof(struct message_exited), 0},
	[MESSAGE_ERROR] = {sizeof(struct message_error), 0},
	[MESSAGE_KILL] = {sizeof(struct message_kill), 0},
	[MESSAGE_STOP] = {sizeof(struct message_stop), 0},
};

_Static_assert(sizeof(struct message_header) == 16, "the header has no holes");
_Static_assert(offsetof(struct message, exited) == 16, "the body follows the header");
_Static_assert(sizeof(struct message) <= 16 + PROTOCOL_BODY_MAX, "bodies are small");

void message_init(struct message *message, enum message_type type, uint32_t id)
{
	memset(message, 0, sizeof(*message));
	message->header = (struct message_header){.magic = PROTOCOL_MAGIC,
		.version = PROTOCOL_VERSION,
		.type = (uint8_t)type,
		.id = id,
		.length = (uint32_t)shapes[type].body};
}

size_t message_size(const struct message *message)
{
	return sizeof(struct message_header) + message->header.length;
}

static bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool body_is_valid(const struct message *message)
{
	switch ((enum message_type)message->header.type) {
	case MESSAGE_HELLO:
		return message->hello.pid > 0;
	case MESSAGE_EXEC:
		return (message->exec.flags & ~(uint32_t)EXEC_TERMINAL) == 0;
	case MESSAGE_SIGNAL:
		return message->signal.signal >= 1 && message->signal.signal <= 64;
	case MESSAGE_STARTED:
		return message->started.pid > 0;
	case MESSAGE_EXITED:
		return (message->exited.flags & ~(uint32_t)(EXITED_TIMED_OUT | EXITED_OOM_KILLED |
							    EXITED_LINEAGE_KILLED)) == 0 &&
		       (message->exited.status & ~0xffff) == 0 &&
		       (WIFEXITED(message->exited.status) || WIFSIGNALED(message->exited.status));
	case MESSAGE_ERROR:
		return message->error.code < 0 && message->error.code >= -4095 &&
		       message->error.stage <= STAGE_EXEC &&
		       is_terminated(message->error.message, sizeof(message->error.message)) &&
		       is_terminated(message->error.hint, sizeof(message->error.hint));
	case MESSAGE_KILL:
		return message->kill.flags == 0;
	case MESSAGE_STOP:
		return true;
	}
	return false;
}

int message_decode(const void *packet, size_t size, struct message *ret_message)
{
	struct message message;
	const struct message_header *header = &message.header;

	if (size < sizeof(*header) || size > sizeof(message))
		return -EBADMSG;
	memset(&message, 0, sizeof(message));
	memcpy(&message, packet, size);
	if (header->magic != PROTOCOL_MAGIC || header->version != PROTOCOL_VERSION)
		return -EBADMSG;
	if (header->type < MESSAGE_HELLO || header->type > MESSAGE_STOP)
		return -EBADMSG;
	if (header->length != shapes[header->type].body || size != message_size(&message))
		return -EBADMSG;
	if (header->descriptors > shapes[header->type].fds || !body_is_valid(&message))
		return -EBADMSG;
	*ret_message = message;
	return 0;
}

int message_send(int socket, const struct message *message, const int *fds, size_t fd_count)
{
	struct message packet = *message;

	packet.header.descriptors = (uint32_t)fd_count;
	return fd_send(socket, &packet, message_size(message), fds, fd_count);
}

int message_receive(int socket, struct message *ret_message, int *fds, size_t *ret_fd_count)
{
	struct message packet, message;
	size_t fd_count = PROTOCOL_FDS_MAX;
	ssize_t n;
	int r;

	n = fd_receive(socket, &packet, sizeof(packet), fds, &fd_count);
	if (n == -EMSGSIZE)
		return -EBADMSG;
	if (n == -ECONNRESET || (n == 0 && fd_count == 0))
		return 0;
	if (n < 0)
		return (int)n;
	r = message_decode(&packet, (size_t)n, &message);
	if (r == 0 && fd_count != message.header.descriptors)
		r = -EBADMSG;
	if (r < 0) {
		for (size_t i = 0; i < fd_count; i++)
			fds[i] = fd_close(fds[i]);
		return r;
	}
	*ret_message = message;
	*ret_fd_count = fd_count;
	return 1;
}
