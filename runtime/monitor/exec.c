#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "common/fd.h"
#include "runtime/monitor/monitor.h"

/* Each has two descriptors here, or three with those of its client's connection. */
enum { EXECS_MAX = 256 };

enum { EXEC_CHANNEL = 4, EXEC_FDS_FROM_CLIENT = 5, EXEC_FDS_TO_INIT = 4 };

/* What inside does not die after so long takes the whole sandbox along. */
enum { KILL_GRACE_MS = 3000 };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct exec *find_exec(struct monitor *monitor, uint32_t id)
{
	struct exec *exec = monitor->execs;

	while (exec && exec->id != id)
		exec = exec->next;
	return exec;
}

static void exec_release(struct exec *exec)
{
	struct exec **link = &exec->monitor->execs;

	for (; *link != exec; link = &(*link)->next)
		;
	*link = exec->next;
	exec->monitor->exec_count--;
	event_source_remove(exec->channel_source);
	event_source_remove(exec->timer);
	fd_close(exec->channel);
	free(exec);
}

/* A client that takes no answer any more has gone or will find the channel closed. */
static void refuse(int channel, enum message_stage stage, int code, const struct ward_error *error)
{
	struct message message;

	message_init(&message, MESSAGE_ERROR, 0);
	message.error.code = code;
	message.error.stage = stage;
	if (error) {
		memcpy(message.error.message, error->message, sizeof(error->message));
		memcpy(message.error.hint, error->hint, sizeof(error->hint));
	}
	message_send(channel, &message, NULL, 0);
}

static int forward_signal(struct exec *exec, int signal)
{
	struct message message;

	message_init(&message, MESSAGE_SIGNAL, exec->id);
	message.signal.signal = signal;
	return message_send(exec->monitor->init_fd, &message, NULL, 0);
}

static void handle_grace_end(void *data, uint32_t events)
{
	struct exec *exec = data;

	monitor_fail(exec->monitor, -ETIMEDOUT,
		"a command could not be killed: the sandbox was stopped");
}

/* Whatever descends from the program ends with it, and its EXITED, which comes then, releases the
 * exec. That init obeys is not relied upon. */
static void kill_exec(struct exec *exec)
{
	struct message message;
	int r;

	if (exec->killing)
		return;
	exec->killing = true;
	exec->timer = event_source_remove(exec->timer);
	message_init(&message, MESSAGE_KILL, exec->id);
	message_send(exec->monitor->init_fd, &message, NULL, 0);
	r = event_loop_add_timer(
		exec->monitor->loop, KILL_GRACE_MS, handle_grace_end, exec, &exec->timer);
	if (r < 0)
		handle_grace_end(exec, 0);
}

/* The channel's end means that nobody waits for the program any more. */
static void handle_channel(void *data, uint32_t events)
{
	struct exec *exec = data;
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r = message_receive(exec->channel, &message, fds, &fd_count);

	if (r == -EAGAIN)
		return;
	if (r == 1 && message.header.type == MESSAGE_SIGNAL) {
		forward_signal(exec, message.signal.signal);
		return;
	}
	for (size_t i = 0; r == 1 && i < fd_count; i++)
		fd_close(fds[i]);
	exec->channel_source = event_source_remove(exec->channel_source);
	kill_exec(exec);
}

static void handle_timeout(void *data, uint32_t events)
{
	struct exec *exec = data;

	exec->timed_out = true;
	kill_exec(exec);
}

static int watch_exec(struct exec *exec, uint32_t timeout_ms)
{
	struct event_loop *loop = exec->monitor->loop;
	int r = fd_set_nonblock(exec->channel, 1);

	if (r == 0)
		r = event_loop_add_fd(
			loop, exec->channel, EPOLLIN, handle_channel, exec, &exec->channel_source);
	if (r == 0 && timeout_ms > 0)
		r = event_loop_add_timer(loop, timeout_ms, handle_timeout, exec, &exec->timer);
	return r;
}

/* Ids are never 0, and never those of a running exec. */
static uint32_t next_id(struct monitor *monitor)
{
	do {
		monitor->last_id++;
	} while (monitor->last_id == 0 || find_exec(monitor, monitor->last_id));
	return monitor->last_id;
}

static int forward_exec(struct exec *exec, const struct message *request, const int *fds)
{
	struct message message;

	message_init(&message, MESSAGE_EXEC, exec->id);
	message.exec.flags = request->exec.flags;
	return message_send(exec->monitor->init_fd, &message, fds, EXEC_FDS_TO_INIT);
}

void exec_request(struct monitor *monitor, const struct message *message, int *fds, size_t count)
{
	struct exec *exec = NULL;
	int r = -ENOMEM;

	if (count == EXEC_FDS_FROM_CLIENT)
		exec = calloc(1, sizeof(*exec));
	if (exec) {
		exec->monitor = monitor;
		exec->id = next_id(monitor);
		exec->channel = TAKE_FD(fds[EXEC_CHANNEL]);
		exec->requested_ms = now_ms();
		exec->oom_kills = limits_oom_kills(monitor->limits);
		exec->next = monitor->execs;
		monitor->execs = exec;
		monitor->exec_count++;
		r = watch_exec(exec, message->exec.timeout_ms);
		if (r == 0 && monitor->stop_requested)
			r = -ESHUTDOWN;
		if (r == 0 && monitor->exec_count > EXECS_MAX)
			r = -EAGAIN;
		if (r == 0)
			r = forward_exec(exec, message, fds);
		if (r < 0) {
			refuse(exec->channel, STAGE_REQUEST, r, NULL);
			exec_release(exec);
		}
	}
	for (size_t i = 0; i < count; i++)
		fd_close(fds[i]);
}

/* True where the memory limit has killed something while the program ran. */
static bool met_memory_limit(const struct exec *exec)
{
	return limits_oom_kills(exec->monitor->limits) > exec->oom_kills;
}

static void answer_client(struct exec *exec, const struct message *answer)
{
	struct message message;

	if (answer->header.type == MESSAGE_ERROR) {
		refuse(exec->channel, answer->error.stage, answer->error.code, NULL);
		return;
	}
	message_init(&message, MESSAGE_EXITED, 0);
	message.exited = answer->exited;
	message.exited.flags = 0;
	/* A program that came to its own end just before was not killed. */
	if (exec->timed_out && (answer->exited.flags & EXITED_LINEAGE_KILLED))
		message.exited.flags |= EXITED_TIMED_OUT;
	else if (answer->exited.status != 0 && met_memory_limit(exec))
		message.exited.flags |= EXITED_OOM_KILLED;
	message.exited.duration_ms = now_ms() - exec->requested_ms;
	message_send(exec->channel, &message, NULL, 0);
}

int exec_answer(struct monitor *monitor, const struct message *message)
{
	struct exec *exec = find_exec(monitor, message->header.id);

	if (!exec)
		return -EBADMSG;
	switch ((enum message_type)message->header.type) {
	case MESSAGE_STARTED:
		if (exec->started)
			return -EBADMSG;
		exec->started = true;
		return 0;
	case MESSAGE_EXITED:
		if (!exec->started)
			return -EBADMSG;
		break;
	case MESSAGE_ERROR:
		if (exec->started || message->error.stage == STAGE_SANDBOX)
			return -EBADMSG;
		break;
	case MESSAGE_HELLO:
	case MESSAGE_EXEC:
	case MESSAGE_SIGNAL:
	case MESSAGE_KILL:
	case MESSAGE_STOP:
		return -EBADMSG;
	}
	answer_client(exec, message);
	exec_release(exec);
	return 0;
}

void exec_end_all(struct monitor *monitor)
{
	while (monitor->execs) {
		struct exec *exec = monitor->execs;
		struct message message;

		message_init(&message, MESSAGE_EXITED, 0);
		message.exited.status = SIGKILL;
		message.exited.flags = exec->timed_out ? EXITED_TIMED_OUT : 0;
		message.exited.duration_ms = now_ms() - exec->requested_ms;
		if (!exec->timed_out && monitor->error.code == -ENOMEM && met_memory_limit(exec))
			message.exited.flags = EXITED_OOM_KILLED;
		if (exec->timed_out || message.exited.flags & EXITED_OOM_KILLED)
			message_send(exec->channel, &message, NULL, 0);
		else
			refuse(exec->channel, STAGE_SANDBOX,
				monitor->error.code ? monitor->error.code : -ECANCELED,
				&monitor->error);
		exec_release(exec);
	}
}
