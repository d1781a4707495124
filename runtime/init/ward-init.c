/*
 * ward-init: PID 1 of a sandbox. Executes what the monitor asks for over the control socket (see
 * runtime/protocol.h), reaps everything, and reports.
 *
 * Static, and allocates nothing: its tables have a fixed size, and what a program needs to be
 * executed is mapped in the child. It trusts the monitor. Nothing here protects anything from the
 * processes inside, which run as the same user, except that PID 1 can't be traced; the monitor
 * treats what comes from here accordingly.
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
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"

/* Where the backend leaves the control socket. */
enum { CONTROL_FD = 3 };

/* One program that was asked for. */
struct running {
	pid_t pid; /* 0: a free slot */
	uint32_t id;
	int status_fd; /* open until it is known whether the program was executed */
	bool started;
	bool terminal;
};

enum { RUNNING_MAX = 256 };

static struct running table[RUNNING_MAX];

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
		if (table[i].pid > 0 && table[i].id == id)
			return &table[i];
	return NULL;
}

static void handle_exec(const struct message *message, int *fds, size_t fd_count)
{
	struct exec_failure failure = {.stage = STAGE_FORK, .code = -EAGAIN};
	struct running *slot = NULL;

	for (size_t i = 0; i < RUNNING_MAX && !slot; i++)
		if (table[i].pid == 0)
			slot = &table[i];
	if (fd_count != EXEC_FDS)
		failure = (struct exec_failure){.stage = STAGE_REQUEST, .code = -EBADMSG};
	else if (slot)
		slot->pid = exec_spawn(&message->exec, fds, &slot->status_fd, &failure);
	for (size_t i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	if (!slot || slot->pid <= 0) {
		if (slot)
			slot->pid = 0;
		tell_error(message->header.id, &failure);
		return;
	}
	slot->id = message->header.id;
	slot->started = false;
	slot->terminal = message->exec.flags & EXEC_TERMINAL;
}

static void handle_signal(const struct message *message)
{
	struct running *running = find_running(message->header.id);
	pid_t group;

	if (!running)
		return;
	group = running->terminal ? foreground_group(running->pid) : 0;
	kill(-(group > 1 ? group : running->pid), message->signal.signal);
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
	else
		die(1);
}

/* The status pipe is closed by a successful execve(2); a failure comes through it. */
static void finish_start(struct running *running)
{
	struct exec_failure failure;
	ssize_t n;

	if (running->status_fd < 0)
		return;
	n = fd_read_full(running->status_fd, &failure, sizeof(failure));
	running->status_fd = fd_close(running->status_fd);
	if (n == sizeof(failure)) {
		tell_error(running->id, &failure);
		running->id = 0;
	} else {
		struct message message;

		message_init(&message, MESSAGE_STARTED, running->id);
		message.started.pid = running->pid;
		tell(&message);
		running->started = true;
	}
}

static uint64_t microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void finish_exit(struct running *running, int status, const struct rusage *usage)
{
	struct message message;

	finish_start(running);
	if (running->started) {
		message_init(&message, MESSAGE_EXITED, running->id);
		message.exited.status = status;
		message.exited.user_us = microseconds(usage->ru_utime);
		message.exited.system_us = microseconds(usage->ru_stime);
		message.exited.max_rss_kib = (uint64_t)usage->ru_maxrss;
		tell(&message);
	}
	running->pid = 0;
}

static void reap(int signal_fd)
{
	struct signalfd_siginfo info;
	struct rusage usage;
	int status;
	pid_t pid;

	if (read(signal_fd, &info, sizeof(info)) < 0)
		return;
	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
		for (size_t i = 0; i < RUNNING_MAX; i++)
			if (table[i].pid == pid)
				finish_exit(&table[i], status, &usage);
}

_noreturn_ static void serve(int signal_fd)
{
	static struct pollfd polled[2 + RUNNING_MAX];

	for (;;) {
		struct running *starting[RUNNING_MAX];
		nfds_t count = 2;

		polled[0] = (struct pollfd){.fd = CONTROL_FD, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
		for (size_t i = 0; i < RUNNING_MAX; i++) {
			if (table[i].pid <= 0 || table[i].status_fd < 0)
				continue;
			starting[count - 2] = &table[i];
			polled[count++] = (struct pollfd){
				.fd = table[i].status_fd, .events = POLLIN};
		}
		if (poll(polled, count, -1) < 0)
			continue;
		for (nfds_t i = 2; i < count; i++)
			if (polled[i].revents)
				finish_start(starting[i - 2]);
		if (polled[1].revents)
			reap(signal_fd);
		if (polled[0].revents)
			handle_control();
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
