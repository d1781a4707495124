/*
 * ward-init: PID 1 of a sandbox. Executes what the monitor asks for over the control socket (see
 * runtime/protocol.h), reaps everything, and reports.
 *
 * Static, and allocates nothing: its tables have a fixed size, and what a program needs to be
 * executed is mapped in the child. Each program has a supervisor: see init.h. It trusts the monitor.
 * Nothing here protects anything from the processes inside, which run as the same user, except that
 * PID 1 can't be traced; the monitor treats what comes from here accordingly.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"

/* Where the backend leaves the control socket. */
enum { CONTROL_FD = 3 };

/* One program that was asked for. */
struct running {
	pid_t supervisor; /* 0: a free slot */
	uint32_t id;
	int socket;       /* to the supervisor */
	pid_t program;    /* 0 until it was executed */
	uint64_t pending; /* signals to send it then: bit N for signal N + 1 */
	bool terminal;
};

enum { RUNNING_MAX = 512 };

static struct running table[RUNNING_MAX];

/* Told to stop: the end of the last process is that of all. */
static bool stopping;

static void die(int code)
{
	kill(-1, SIGKILL);
	_exit(code);
}

/* What can't be told any more has no listener: the monitor is gone, so all ends. */
static void tell(const struct message *message)
{
	if (message_send(CONTROL_FD, message, NULL, 0) < 0)
		die(1);
}

static void tell_error(uint32_t id, const struct exec_failure *failure)
{
	struct message message;

	message_init(&message, MESSAGE_ERROR, id);
	message.error.code = failure->code;
	message.error.stage = failure->stage;
	tell(&message);
}

static struct running *find_running(uint32_t id)
{
	for (size_t i = 0; i < RUNNING_MAX; i++)
		if (table[i].supervisor > 0 && table[i].id == id)
			return &table[i];
	return NULL;
}

static void handle_exec(const struct message *message, int *fds, size_t fd_count)
{
	struct exec_failure failure = {.stage = STAGE_FORK, .code = -EAGAIN};
	struct running *slot = NULL;
	struct running running = {
		.id = message->header.id, .terminal = message->exec.flags & EXEC_TERMINAL};

	for (size_t i = 0; i < RUNNING_MAX && !slot; i++)
		if (table[i].supervisor == 0)
			slot = &table[i];
	if (fd_count != EXEC_FDS)
		failure = (struct exec_failure){.stage = STAGE_REQUEST, .code = -EBADMSG};
	else if (slot && !stopping)
		running.supervisor = supervisor_start(
			&message->exec, fds, &running.socket, &failure);
	for (size_t i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	if (running.supervisor > 0)
		*slot = running;
	else
		tell_error(message->header.id, &failure);
}

static void send_signal(const struct running *running, int signal)
{
	pid_t group = running->terminal ? foreground_group(running->program) : 0;

	kill(-(group > 1 ? group : running->program), signal);
}

static void handle_signal(const struct message *message)
{
	struct running *running = find_running(message->header.id);
	int signal = message->signal.signal;

	if (!running)
		return;
	if (running->program > 0)
		send_signal(running, signal);
	else
		running->pending |= UINT64_C(1) << (signal - 1);
}

static void handle_kill(const struct message *message)
{
	const struct running *running = find_running(message->header.id);

	if (running)
		supervisor_kill(running->supervisor, running->socket);
}

/* Supervisors, which block all signals, stay until their programs end. */
static void handle_stop(void)
{
	stopping = true;
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
}

static void die_if_empty(void)
{
	if (stopping && kill(-1, 0) < 0 && errno == ESRCH)
		die(0);
}

static void handle_control(void)
{
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;

	if (message_receive(CONTROL_FD, &message, fds, &fd_count) != 1)
		die(0);
	if (message.header.type == MESSAGE_EXEC)
		handle_exec(&message, fds, fd_count);
	else if (message.header.type == MESSAGE_SIGNAL)
		handle_signal(&message);
	else if (message.header.type == MESSAGE_KILL)
		handle_kill(&message);
	else if (message.header.type == MESSAGE_STOP)
		handle_stop();
	else
		die(1);
}

static void finish_start(struct running *running, pid_t program)
{
	struct message message;

	running->program = program;
	message_init(&message, MESSAGE_STARTED, running->id);
	message.started.pid = program;
	tell(&message);
	for (int signal = 1; running->pending; signal++, running->pending >>= 1)
		if (running->pending & 1)
			send_signal(running, signal);
}

static void finish_exit(struct running *running, const struct report *report)
{
	struct message message;

	message_init(&message, MESSAGE_EXITED, running->id);
	message.exited.status = report->status;
	message.exited.flags = report->lineage_killed ? EXITED_LINEAGE_KILLED : 0;
	message.exited.user_us = report->user_us;
	message.exited.system_us = report->system_us;
	message.exited.max_rss_kib = report->max_rss_kib;
	tell(&message);
}

/* A supervisor that ends without its last word was killed: see init.h. */
static void finish_unreported(struct running *running)
{
	const struct exec_failure failure = {.stage = STAGE_FORK, .code = -EAGAIN};
	const struct report killed = {.kind = REPORT_EXITED, .status = SIGKILL};

	if (running->program > 0)
		finish_exit(running, &killed);
	else
		tell_error(running->id, &failure);
}

static void handle_report(struct running *running)
{
	struct report report;
	ssize_t n = recv(running->socket, &report, sizeof(report), 0);

	if (n == sizeof(report) && report.kind == REPORT_STARTED) {
		finish_start(running, report.pid);
		return;
	}
	if (n == sizeof(report) && report.kind == REPORT_EXITED)
		finish_exit(running, &report);
	else if (n == sizeof(report) && report.kind == REPORT_FAILED)
		tell_error(running->id, &report.failure);
	else
		finish_unreported(running);
	fd_close(running->socket);
	running->supervisor = 0;
}

static void reap(int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) < 0)
		return;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

_noreturn_ static void serve(int signal_fd)
{
	static struct pollfd polled[2 + RUNNING_MAX];

	for (;;) {
		struct running *reporting[RUNNING_MAX];
		nfds_t count = 2;

		polled[0] = (struct pollfd){.fd = CONTROL_FD, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
		for (size_t i = 0; i < RUNNING_MAX; i++) {
			if (table[i].supervisor <= 0)
				continue;
			reporting[count - 2] = &table[i];
			polled[count++] = (struct pollfd){.fd = table[i].socket, .events = POLLIN};
		}
		if (poll(polled, count, -1) < 0)
			continue;
		for (nfds_t i = 2; i < count; i++)
			if (polled[i].revents)
				handle_report(reporting[i - 2]);
		if (polled[1].revents)
			reap(signal_fd);
		if (polled[0].revents)
			handle_control();
		die_if_empty();
	}
}

/* Descriptors 0-2 and the control socket remain; 0-2 are whatever the backend gave, never used. */
static int isolate_self(void)
{
	const struct rlimit no_core = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* A core dump would be handled on the host, by a privileged program, or written to the
	 * codebase. */
	if (setrlimit(RLIMIT_CORE, &no_core) < 0)
		return -errno;
	if (fd_set_cloexec(CONTROL_FD, 1) < 0)
		return -EBADF;
	scope_by_landlock();
	return fd_close_from(CONTROL_FD + 1, NULL, 0);
}

/* Counted in this user namespace alone; nothing else is there yet. */
static int limit_processes(const char *number)
{
	unsigned long processes = strtoul(number, NULL, 10);
	const struct rlimit limit = {processes, processes};

	return processes == 0 || setrlimit(RLIMIT_NPROC, &limit) < 0 ? -EINVAL : 0;
}

/* The backend may say how many processes and threads there may be, this one included. */
int main(int argc, char **argv)
{
	struct message hello;
	sigset_t signals;
	int signal_fd;

	if (getpid() != 1)
		return 125;
	if (argc > 1 && limit_processes(argv[1]) < 0)
		return 125;
	if (isolate_self() < 0)
		return 125;
	sigfillset(&signals);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return 125;
	message_init(&hello, MESSAGE_HELLO, 0);
	hello.hello.pid = getpid();
	tell(&hello);
	serve(signal_fd);
}
