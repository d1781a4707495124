#include "runtime/monitor/monitor.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "runtime/spec.h"

enum { START_TIMEOUT_MS = 20000, STOP_TIMEOUT_MS = 2000 };

void monitor_end(struct monitor *monitor)
{
	monitor->state = MONITOR_STOPPING;
	event_loop_stop(monitor->loop, 0);
}

void monitor_fail(struct monitor *monitor, int code, const char *format, ...)
{
	char text[512];
	va_list args;

	if (monitor->state != MONITOR_STOPPING && monitor->error.code == 0) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
		error_set(&monitor->error, code, "%s", text);
	}
	monitor_end(monitor);
}

/* --- Output of helper programs ---------------------------------------------------------------- */

static void read_output(struct output *output)
{
	char text[512];
	ssize_t n = -1;

	while (output->fd >= 0 && (n = read(output->fd, text, sizeof(text))) > 0) {
		size_t room = sizeof(output->text) - 1 - output->size;
		size_t kept = (size_t)n < room ? (size_t)n : room;

		memcpy(output->text + output->size, text, kept);
		output->size += kept;
		output->text[output->size] = '\0';
		if (output->forwards)
			fd_write_all(STDERR_FILENO, text, (size_t)n);
	}
	if (output->fd >= 0 && n == 0) {
		output->ended = true;
		output->source = event_source_remove(output->source);
	}
}

static void handle_output(void *data, uint32_t events)
{
	read_output(data);
}

/* --- Failures --------------------------------------------------------------------------------- */

static void fail_view(struct monitor *monitor)
{
	const struct output *output = &monitor->view_output;
	const char *text = output->text;

	if (monitor->stop_requested) {
		monitor_end(monitor);
		return;
	}
	read_output(&monitor->view_output);
	if (monitor->state == MONITOR_RUNNING)
		monitor_fail(monitor, -EIO, "the view's daemon (wardfs) died");
	else if (output->size == 0)
		monitor_fail(monitor, -EIO, "the view's daemon (wardfs) did not start");
	else {
		if (strncmp(text, "wardfs: ", 8) == 0)
			text += 8;
		monitor_fail(monitor, -EIO, "wardfs: %.*s", (int)strcspn(text, "\n"), text);
	}
}

static void fail_backend(struct monitor *monitor)
{
	if (monitor->stop_requested) {
		monitor_end(monitor);
		return;
	}
	/* A daemon that dies takes the backend along, being PID 1 of the namespace of both, and is
	 * gone only after it: then it is the cause. */
	read_output(&monitor->view_output);
	if (monitor->view_output.ended) {
		fail_view(monitor);
		return;
	}
	read_output(&monitor->backend_output);
	if (limits_oom_kills(monitor->limits) > 0)
		monitor_fail(monitor, -ENOMEM, "the memory limit has killed the sandbox");
	else if (monitor->state == MONITOR_STARTING)
		monitor->backend->explain(monitor->backend_output.text, &monitor->error);
	monitor_fail(monitor, -EIO, "the sandbox died");
}

/* --- Events ----------------------------------------------------------------------------------- */

static void check_running(struct monitor *monitor)
{
	struct message message;
	int r;

	if (!monitor->view_serves || !monitor->init_answered)
		return;
	r = monitor_drop_privileges();
	if (r < 0) {
		monitor_fail(monitor, r, "ward-monitor can't drop its privileges");
		return;
	}
	monitor->state = MONITOR_RUNNING;
	monitor->view_output.forwards = monitor->inputs.id == NULL;
	r = monitor->inputs.id ? detached_run(monitor) : 0;
	if (r < 0) {
		monitor_fail(monitor, r, "ward-monitor can't keep the record of the sandbox: %s",
			strerror(-r));
		return;
	}
	message_init(&message, MESSAGE_HELLO, 0);
	message.hello.pid = getpid();
	if (message_send(monitor->inputs.control_fd, &message, NULL, 0) < 0 && !monitor->inputs.id)
		monitor_end(monitor);
}

static void handle_ready(void *data, uint32_t events)
{
	struct monitor *monitor = data;

	if (monitor->view_serves || monitor->view.ready_fd < 0)
		return;
	if (view_finish_start(&monitor->view) < 0) {
		fail_view(monitor);
		return;
	}
	monitor->view_serves = true;
	check_running(monitor);
}

static void handle_init(void *data, uint32_t events)
{
	struct monitor *monitor = data;
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r = message_receive(monitor->init_fd, &message, fds, &fd_count);

	if (r == -EAGAIN)
		return;
	if (r == 0) {
		fail_backend(monitor);
		return;
	}
	for (size_t i = 0; r == 1 && i < fd_count; i++)
		fd_close(fds[i]);
	if (r == 1 && message.header.type == MESSAGE_HELLO && !monitor->init_answered) {
		monitor->init_answered = true;
		check_running(monitor);
		return;
	}
	if (r == 1)
		r = exec_answer(monitor, &message);
	if (r < 0)
		monitor_fail(monitor, -EBADMSG,
			"the sandbox's init broke the control protocol: the sandbox was stopped");
}

static void handle_control(void *data, uint32_t events)
{
	struct monitor *monitor = data;
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r = message_receive(monitor->inputs.control_fd, &message, fds, &fd_count);

	if (r == -EAGAIN)
		return;
	if (r == 1 && message.header.type == MESSAGE_EXEC && monitor->state == MONITOR_RUNNING) {
		exec_request(monitor, &message, fds, fd_count);
		return;
	}
	for (size_t i = 0; r == 1 && i < fd_count; i++)
		fd_close(fds[i]);
	if (monitor->detached.recorded)
		monitor->control_source = event_source_remove(monitor->control_source);
	else
		monitor_end(monitor);
}

static void handle_grace_end(void *data, uint32_t events)
{
	monitor_end(data);
}

void monitor_stop(struct monitor *monitor, uint32_t grace_ms)
{
	struct message message;
	int r = grace_ms > 0 ? 0 : -ETIMEDOUT;

	monitor->stop_requested = true;
	monitor->grace = event_source_remove(monitor->grace);
	message_init(&message, MESSAGE_STOP, 0);
	message.stop.grace_ms = grace_ms;
	if (r == 0)
		r = message_send(monitor->init_fd, &message, NULL, 0);
	if (r == 0)
		r = event_loop_add_timer(
			monitor->loop, grace_ms, handle_grace_end, monitor, &monitor->grace);
	if (r < 0)
		monitor_end(monitor);
}

static void handle_backend_end(void *data, uint32_t events)
{
	fail_backend(data);
}

static void handle_view_end(void *data, uint32_t events)
{
	fail_view(data);
}

static void handle_start_timeout(void *data, uint32_t events)
{
	struct monitor *monitor = data;

	if (monitor->state == MONITOR_STARTING)
		monitor_fail(monitor, -ETIMEDOUT, "%s did not start within %d seconds",
			monitor->view_serves ? "the sandbox" : "the view's daemon (wardfs)",
			START_TIMEOUT_MS / 1000);
}

static void handle_signal(void *data, int signal)
{
	struct monitor *monitor = data;

	monitor_fail(monitor, -EINTR, "ward-monitor was told to end by signal %d", signal);
}

static int watch_all(struct monitor *monitor)
{
	const struct watched {
		int fd;
		event_handler handler;
		void *data;
		struct event_source **source;
	} watched[] = {
		{monitor->inputs.control_fd, handle_control, monitor, &monitor->control_source},
		{monitor->init_fd, handle_init, monitor, NULL},
		{monitor->view.ready_fd, handle_ready, monitor, NULL},
		{monitor->view.daemon.pidfd, handle_view_end, monitor, NULL},
		{monitor->backend->watch_fd(monitor->instance), handle_backend_end, monitor, NULL},
		{monitor->view_output.fd, handle_output, &monitor->view_output,
			&monitor->view_output.source},
		{monitor->backend_output.fd, handle_output, &monitor->backend_output,
			&monitor->backend_output.source},
	};
	struct event_source *ignored;

	for (size_t i = 0; i < ELEMENTS(watched); i++) {
		int r = event_loop_add_fd(monitor->loop, watched[i].fd, EPOLLIN, watched[i].handler,
			watched[i].data, watched[i].source ? watched[i].source : &ignored);

		if (r < 0)
			return r;
	}
	return event_loop_add_timer(
		monitor->loop, START_TIMEOUT_MS, handle_start_timeout, monitor, &ignored);
}

/* Signals to end are heeded; a closed terminal or a stopped reader of errors means nothing. */
static int watch_signals(struct monitor *monitor)
{
	struct event_source *ignored;
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	return event_loop_add_signals(monitor->loop, &signals, handle_signal, monitor, &ignored);
}

/* --- The end ---------------------------------------------------------------------------------- */

/*
 * What is inside dies first, while its view is still served. A process that waits for a hung daemon
 * can't die, so the daemon is killed and its connection aborted where that takes too long.
 */
static void stop_sandbox(struct monitor *monitor)
{
	if (!monitor->instance)
		return;
	if (monitor->backend->stop(monitor->instance, STOP_TIMEOUT_MS) < 0) {
		view_abort(&monitor->view);
		monitor->backend->stop(monitor->instance, STOP_TIMEOUT_MS);
	}
	monitor->instance = monitor->backend->free(monitor->instance);
}

static void tell_failure(struct monitor *monitor)
{
	struct message message;

	message_init(&message, MESSAGE_ERROR, 0);
	message.error.code = monitor->error.code;
	message.error.stage = STAGE_SANDBOX;
	memcpy(message.error.message, monitor->error.message, sizeof(message.error.message));
	memcpy(message.error.hint, monitor->error.hint, sizeof(message.error.hint));
	message_send(monitor->inputs.control_fd, &message, NULL, 0);
}

static void tear_down(struct monitor *monitor)
{
	stop_sandbox(monitor);
	view_stop(&monitor->view);
	read_output(&monitor->view_output);
	fd_close(monitor->view_output.fd);
	exec_end_all(monitor);
	fd_close(monitor->init_fd);
	fd_close(monitor->backend_output.fd);
	stage_release(&monitor->stage);
	monitor->limits = limits_free(monitor->limits);
	if (monitor->inputs.id)
		detached_end(monitor);
	runtime_directory_remove(&monitor->directory);
	spec_release(&monitor->spec);
	if (monitor->error.code < 0)
		tell_failure(monitor);
	fd_close(monitor->inputs.control_fd);
}

static int set_up(struct monitor *monitor)
{
	int r = event_loop_new(&monitor->loop);

	if (r == 0)
		r = fd_set_nonblock(monitor->inputs.control_fd, 1);
	if (r == 0)
		r = watch_signals(monitor);
	if (r < 0)
		return error_set_errno(&monitor->error, r, "ward-monitor can't start");
	r = monitor_start(monitor, &monitor->error);
	if (r < 0)
		return r;
	r = watch_all(monitor);
	return r < 0 ? error_set_errno(&monitor->error, r, "ward-monitor can't start") : 0;
}

int monitor_run(const struct monitor_inputs *inputs)
{
	struct monitor monitor = {.inputs = *inputs,
		.directory = RUNTIME_DIRECTORY_NONE,
		.view = VIEW_NONE,
		.init_fd = -1,
		.detached = {.records_fd = inputs->records_fd,
			.id = inputs->id,
			.socket = -1,
			.events_fd = -1},
		.view_output = {.fd = -1, .program = "wardfs"},
		.backend_output = {.fd = -1, .program = "bwrap"}};

	if (set_up(&monitor) == 0)
		event_loop_run(monitor.loop);
	tear_down(&monitor);
	monitor.loop = event_loop_free(monitor.loop);
	return monitor.error.code < 0 ? 1 : 0;
}
