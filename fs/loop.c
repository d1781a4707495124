#include "fs/loop.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "fs/caller.h"

enum { WORKERS_MIN = 4, WORKERS_MAX = 16 };

struct loop {
	struct fuse_session *session;
	int ended_fd; /* eventfd: a worker has found the session at its end */
	size_t count;
	pthread_t workers[WORKERS_MAX];
};

static void serve(struct fuse_session *session)
{
	struct fuse_buf buffer = {.mem = NULL};

	while (!fuse_session_exited(session)) {
		int r = fuse_session_receive_buf(session, &buffer);

		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r <= 0)
			break;
		fuse_session_process_buf(session, &buffer);
	}
	free(buffer.mem);
}

static void *worker_main(void *data)
{
	struct loop *loop = data;
	int r = caller_thread_start();

	if (r == 0)
		serve(loop->session);
	else
		log_error("a thread cannot have a umask of its own: %s", strerror(-r));
	eventfd_write(loop->ended_fd, 1);
	return NULL;
}

/* Interrupts a worker's read from the device. */
static void on_kick(int signal_number)
{
}

static int block_signals(sigset_t *ret_ends)
{
	struct sigaction kick = {.sa_handler = on_kick};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(ret_ends);
	sigaddset(ret_ends, SIGTERM);
	sigaddset(ret_ends, SIGINT);
	sigaddset(ret_ends, SIGHUP);
	if (sigaction(SIGUSR1, &kick, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0 ||
		sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return -errno;
	return -pthread_sigmask(SIG_BLOCK, ret_ends, NULL);
}

static size_t worker_count(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = cpus > 0 ? (size_t)cpus + 2 : 0;

	if (count < WORKERS_MIN)
		return WORKERS_MIN;
	return count < WORKERS_MAX ? count : WORKERS_MAX;
}

static int start_workers(struct loop *loop)
{
	size_t wanted = worker_count();

	for (; loop->count < wanted; loop->count++) {
		int r = pthread_create(&loop->workers[loop->count], NULL, worker_main, loop);

		if (r)
			return loop->count > 0 ? 0 : -r;
	}
	return 0;
}

static void wait_for_end(struct loop *loop, int signals_fd, int lifeline_fd)
{
	struct pollfd polled[] = {
		{.fd = loop->ended_fd, .events = POLLIN},
		{.fd = signals_fd, .events = POLLIN},
		{.fd = lifeline_fd, .events = POLLIN},
	};

	while (poll(polled, ELEMENTS(polled), -1) < 0 && errno == EINTR)
		;
}

/* A kick may come between a worker's look at the session and its read: hence again and again. */
static void stop_workers(struct loop *loop)
{
	fuse_session_exit(loop->session);
	for (size_t i = 0; i < loop->count; i++) {
		struct timespec until;

		do {
			pthread_kill(loop->workers[i], SIGUSR1);
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 10 * 1000 * 1000;
			if (until.tv_nsec >= 1000 * 1000 * 1000) {
				until.tv_sec++;
				until.tv_nsec -= 1000 * 1000 * 1000;
			}
		} while (pthread_timedjoin_np(loop->workers[i], NULL, &until) != 0);
	}
}

int loop_run(struct fuse_session *session, int lifeline_fd)
{
	struct loop loop = {.session = session};
	_cleanup_(fd_closep) int signals_fd = -1;
	_cleanup_(fd_closep) int ended_fd = -1;
	sigset_t ends;
	int r;

	r = block_signals(&ends);
	if (r < 0)
		return r;
	signals_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	ended_fd = loop.ended_fd = eventfd(0, EFD_CLOEXEC);
	if (signals_fd < 0 || ended_fd < 0)
		return -errno;
	r = start_workers(&loop);
	if (r == 0)
		wait_for_end(&loop, signals_fd, lifeline_fd);
	stop_workers(&loop);
	return r;
}
