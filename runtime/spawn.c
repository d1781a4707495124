#include "runtime/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

static int change_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* capabilities(7): ambient ones must be permitted and inheritable. */
static int raise_ambient(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].inheritable |= (uint32_t)mask;
	data[1].inheritable |= (uint32_t)(mask >> 32);
	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;
	for (unsigned long cap = 0; cap < 64; cap++)
		if (mask & (UINT64_C(1) << cap) &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

/*
 * The wanted descriptors first move above all targets, so that none is overwritten before it is
 * used. The status pipe ends as the one after them.
 */
static int arrange_fds(const struct spawn *spawn, int *status_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high[SPAWN_FDS_MAX];
	int last = (int)spawn->fd_count;

	if (null < 0)
		return -errno;
	for (size_t i = 0; i < spawn->fd_count; i++) {
		int fd = spawn->fds[i] < 0 ? null : spawn->fds[i];

		high[i] = fcntl(fd, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX + 1);
		if (high[i] < 0)
			return -errno;
	}
	*status_fd = fcntl(*status_fd, F_DUPFD_CLOEXEC, SPAWN_FDS_MAX + 1);
	if (*status_fd < 0)
		return -errno;
	for (size_t i = 0; i < spawn->fd_count; i++)
		if (dup2(high[i], (int)i) < 0)
			return -errno;
	if (dup3(*status_fd, last, O_CLOEXEC) < 0)
		return -errno;
	*status_fd = last;
	return fd_close_from(last + 1, NULL, 0);
}

/* Before the change of user, as whom the groups are out of reach. "0" is the writer itself. */
static int enter_groups(const struct spawn *spawn)
{
	for (size_t i = 0; i < spawn->group_count; i++)
		if (write(spawn->groups[i], "0", 1) < 0)
			return -errno;
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The parent alone holds the other end of the status pipe. getppid(2) can't tell: a parent in an
 * outer pid namespace is 0, dead or alive. */
static bool parent_is_gone(int status_fd)
{
	struct pollfd polled = {.fd = status_fd, .events = 0};

	return poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR);
}

/*
 * The caller may have made a pid namespace for its children (unshare(2)), and its /proc is still that
 * of its own. Mounting one for the child needs its mount namespace, which goes with it. Where none may
 * be mounted (in a container that masks parts of /proc), the program will say what it lacks.
 */
static void mount_own_proc(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/*
 * In the child, up to execve(2). The parent death signal comes after the change of user, which
 * clears it; a parent that died before that is noticed.
 */
static int become(const struct spawn *spawn, int *status_fd)
{
	int r = enter_groups(spawn);

	if (r == 0)
		r = arrange_fds(spawn, status_fd);
	if (r < 0)
		return r;
	reset_signals();
	if (spawn->new_session)
		setsid();
	if (spawn->own_proc)
		mount_own_proc();
	if (spawn->change_user)
		r = change_user(spawn->uid, spawn->gid);
	if (r == 0 && spawn->ambient)
		r = raise_ambient(spawn->ambient);
	if (r < 0)
		return r;
	if (spawn->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (spawn->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (spawn->die_with_parent && parent_is_gone(*status_fd))
		_exit(1);
	execve(spawn->path, (char *const *)spawn->argv,
		spawn->env ? (char *const *)spawn->env : environ);
	return -errno;
}

int spawn_process(const struct spawn *spawn, struct process *ret_process, struct ward_error *error)
{
	struct process process = PROCESS_NONE;
	int failure = 0;
	int status[2];

	if (pipe2(status, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "can't start %s", spawn->path);
	process.pid = fork();
	if (process.pid == 0) {
		int r = become(spawn, &status[1]);

		fd_write_all(status[1], &r, sizeof(r));
		_exit(127);
	}
	if (process.pid < 0)
		failure = -errno;
	fd_close(status[1]);
	if (process.pid > 0 && fd_read_full(status[0], &failure, sizeof(failure)) <= 0)
		failure = 0;
	fd_close(status[0]);
	if (failure == 0) {
		process.pidfd = (int)syscall(SYS_pidfd_open, process.pid, 0);
		failure = process.pidfd < 0 ? -errno : 0;
		if (failure < 0)
			kill(process.pid, SIGKILL);
	}
	if (failure < 0) {
		if (process.pid > 0)
			waitpid(process.pid, NULL, 0);
		return error_set_errno(error, failure, "can't start %s", spawn->path);
	}
	*ret_process = process;
	return 0;
}

void process_kill(const struct process *process, int signal)
{
	int saved = errno;

	if (process->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, 0);
	errno = saved;
}

bool process_has_ended(const struct process *process)
{
	struct pollfd polled = {.fd = process->pidfd, .events = POLLIN};

	return process->pidfd < 0 || poll(&polled, 1, 0) == 1;
}

int process_wait(struct process *process, int timeout_ms, int *ret_status)
{
	struct pollfd polled = {.fd = process->pidfd, .events = POLLIN};
	int status = 0;
	int r;

	if (process->pidfd < 0)
		return 0;
	do {
		r = poll(&polled, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r != 1)
		return -ETIMEDOUT;
	if (process->pid > 0 && waitpid(process->pid, &status, 0) == process->pid && ret_status)
		*ret_status = status;
	process->pidfd = fd_close(process->pidfd);
	process->pid = 0;
	return 0;
}
