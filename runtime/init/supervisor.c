#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"

enum { STRIKE_PAUSE_MAX_MS = 50 };

struct supervisor {
	int socket; /* to init */
	int signals;
	int status_fd; /* -1 once it is known whether the program was executed */
	pid_t program; /* 0 once it was reaped */
	struct report exited;
};

static void tell(const struct supervisor *supervisor, const struct report *report)
{
	if (send(supervisor->socket, report, sizeof(*report), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void tell_failure(const struct supervisor *supervisor, const struct exec_failure *failure)
{
	const struct report report = {.kind = REPORT_FAILED, .failure = *failure};

	tell(supervisor, &report);
	_exit(0);
}

/* The status pipe is closed by a successful execve(2); a failure comes through it. */
static void finish_start(struct supervisor *supervisor)
{
	const struct report started = {.kind = REPORT_STARTED, .pid = supervisor->program};
	struct exec_failure failure;
	ssize_t n;

	if (supervisor->status_fd < 0)
		return;
	n = fd_read_full(supervisor->status_fd, &failure, sizeof(failure));
	supervisor->status_fd = fd_close(supervisor->status_fd);
	if (n == sizeof(failure))
		tell_failure(supervisor, &failure);
	tell(supervisor, &started);
}

static uint64_t microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

/* Reaps what has ended. False where nothing is left to wait for. */
static bool reap(struct supervisor *supervisor)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (pid != supervisor->program)
			continue;
		supervisor->program = 0;
		supervisor->exited = (struct report){.kind = REPORT_EXITED,
			.status = status,
			.user_us = microseconds(usage.ru_utime),
			.system_us = microseconds(usage.ru_stime),
			.max_rss_kib = (uint64_t)usage.ru_maxrss};
	}
	return pid == 0;
}

/* Until nothing is left, however long that takes: who asked for it has a limit of his own. */
_noreturn_ static void kill_lineage(struct supervisor *supervisor)
{
	long pause_ms = 1;

	while (reap(supervisor)) {
		struct timespec pause = {.tv_nsec = pause_ms * 1000000};

		lineage_strike();
		nanosleep(&pause, NULL);
		if (pause_ms < STRIKE_PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	finish_start(supervisor);
	supervisor->exited.lineage_killed = 1;
	tell(supervisor, &supervisor->exited);
	_exit(0);
}

_noreturn_ static void supervise(struct supervisor *supervisor)
{
	for (;;) {
		struct pollfd polled[3] = {{.fd = supervisor->socket, .events = POLLIN},
			{.fd = supervisor->signals, .events = POLLIN},
			{.fd = supervisor->status_fd, .events = POLLIN}};
		struct signalfd_siginfo info;
		char byte;

		if (poll(polled, 3, -1) < 0)
			continue;
		if (polled[2].revents)
			finish_start(supervisor);
		if (polled[0].revents) {
			if (recv(supervisor->socket, &byte, 1, 0) <= 0)
				_exit(1);
			kill_lineage(supervisor);
		}
		if (!polled[1].revents || read(supervisor->signals, &info, sizeof(info)) < 0)
			continue;
		reap(supervisor);
		if (supervisor->program == 0) {
			finish_start(supervisor);
			tell(supervisor, &supervisor->exited);
			_exit(0);
		}
	}
}

static void sort(int *values, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0 && values[j - 1] > values[j]; j--) {
			int swapped = values[j];

			values[j] = values[j - 1];
			values[j - 1] = swapped;
		}
}

/* Nothing of init's and of other execs' may be held open here but 0-2, nor, after the fork, the
 * program's streams: their readers wait for the end. */
_noreturn_ static void run(const struct message_exec *request, const int *fds, int socket)
{
	struct exec_failure failure = {.stage = STAGE_FORK, .code = -EAGAIN};
	struct supervisor supervisor = {.socket = socket, .status_fd = -1};
	int kept[EXEC_FDS + 1] = {fds[0], fds[1], fds[2], fds[3], socket};
	sigset_t child;

	sort(kept, ELEMENTS(kept));
	fd_close_from(3, kept, ELEMENTS(kept));
	prctl(PR_SET_NAME, "ward-exec", 0, 0, 0);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		tell_failure(&supervisor, &failure);
	supervisor.program = exec_spawn(request, fds, &supervisor.status_fd, &failure);
	if (supervisor.program <= 0)
		tell_failure(&supervisor, &failure);
	for (size_t i = 0; i < EXEC_FDS; i++)
		fd_close(fds[i]);
	supervisor.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor.signals < 0) {
		kill(supervisor.program, SIGKILL);
		tell_failure(&supervisor, &failure);
	}
	supervise(&supervisor);
}

pid_t supervisor_start(const struct message_exec *request, const int *fds, int *ret_socket,
	struct exec_failure *ret_failure)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		ret_failure->code = -errno;
		return 0;
	}
	pid = fork();
	if (pid == 0)
		run(request, fds, ends[1]);
	fd_close(ends[1]);
	if (pid < 0) {
		ret_failure->code = -errno;
		fd_close(ends[0]);
		return 0;
	}
	*ret_socket = ends[0];
	return pid;
}

void supervisor_kill(pid_t supervisor, int socket)
{
	send(socket, "k", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	kill(supervisor, SIGCONT);
}
