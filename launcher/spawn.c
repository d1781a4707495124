#include "launcher/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

static int start(const char *const *argv, posix_spawn_file_actions_t *actions, pid_t *ret_pid,
	struct ward_error *error)
{
	int r = posix_spawnp(ret_pid, argv[0], actions, NULL, (char *const *)argv, environ);

	return r ? error_set_errno(error, -r, "%s can't be run", argv[0]) : 0;
}

static int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_wait(const char *const *argv, struct ward_error *error)
{
	pid_t pid;
	int r = start(argv, NULL, &pid, error);

	return r < 0 ? r : await(pid);
}

static void collect(int fd, char *output, size_t size)
{
	char dropped[512];
	ssize_t n = fd_read_full(fd, output, size - 1);

	output[n > 0 ? n : 0] = '\0';
	while (n > 0)
		n = fd_read_full(fd, dropped, sizeof(dropped));
}

int spawn_collect(const char *const *argv, char *output, size_t size, struct ward_error *error)
{
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "no pipe can be made");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	r = start(argv, &actions, &pid, error);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(ends[1]);
	if (r == 0) {
		collect(ends[0], output, size);
		r = await(pid);
	}
	fd_close(ends[0]);
	return r;
}
