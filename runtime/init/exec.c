#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"
#include "runtime/payload.h"

extern char **environ;

/* The status pipe of the child, and where it moves so that all above can be closed. */
enum { STATUS_FD = 3 };

_noreturn_ static void fail(int status_fd, enum message_stage stage, int code)
{
	struct exec_failure failure = {.stage = stage, .code = code};

	fd_write_all(status_fd, &failure, sizeof(failure));
	_exit(127);
}

/* True where one of the `count` entries from `strings` on sets the variable that `entry` sets. */
static bool is_overridden(const char *entry, const char *strings, size_t count)
{
	size_t name = strcspn(entry, "=") + 1;

	for (; count > 0; count--, strings = payload_next(strings))
		if (strncmp(entry, strings, name) == 0)
			return true;
	return false;
}

static size_t environment_size(void)
{
	size_t count = 0;

	while (environ[count])
		count++;
	return count;
}

/*
 * argv, NULL, environment, NULL. The environment is that of the sandbox (init's own), overridden by
 * the request's; PWD is left out, since it would name init's directory.
 */
static const char **lay_out(const struct payload *payload, const char ***ret_env)
{
	size_t slots = payload->argument_count + payload->env_count + environment_size() + 2;
	const char *string = payload->strings;
	const char *entries;
	const char **argv;
	size_t used = 0;

	argv = mmap(NULL, slots * sizeof(*argv), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (argv == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < payload->argument_count; i++, string = payload_next(string))
		argv[used++] = string;
	argv[used++] = NULL;
	*ret_env = argv + used;
	entries = string;
	for (size_t i = 0; i < payload->env_count; i++, string = payload_next(string))
		argv[used++] = string;
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, "PWD=", 4) != 0 &&
			!is_overridden(*entry, entries, payload->env_count))
			argv[used++] = *entry;
	argv[used] = NULL;
	return argv;
}

static int take_terminal(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (isatty(fd))
			return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
	return -ENOTTY;
}

/* Executes one file; a script without "#!" is given to the shell, as execvp(3) does. */
static int try_file(const char *path, const char **argv, const char **env)
{
	const char **shell_argv;
	size_t count = 0;

	execve(path, (char *const *)argv, (char *const *)env);
	if (errno != ENOEXEC)
		return -errno;
	while (argv[count])
		count++;
	shell_argv = mmap(NULL, (count + 2) * sizeof(*argv), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shell_argv == MAP_FAILED)
		return -ENOMEM;
	shell_argv[0] = "/bin/sh";
	shell_argv[1] = path;
	memcpy(shell_argv + 2, argv + 1, count * sizeof(*argv));
	execve(shell_argv[0], (char *const *)shell_argv, (char *const *)env);
	return -errno;
}

static const char *find_path(const char **env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

/* Returns why nothing could be executed; permission trouble on the way is told before absence. */
static int execute(const char **argv, const char **env)
{
	const char *directory = find_path(env);
	size_t length = strlen(argv[0]);
	int result = -ENOENT;
	char path[4096];

	if (strchr(argv[0], '/'))
		return try_file(argv[0], argv, env);
	if (length == 0)
		return -ENOENT;
	for (;;) {
		size_t size = strcspn(directory, ":");

		if (size + length + 3 < sizeof(path)) {
			const char *prefix = size > 0 ? directory : ".";
			int r;

			size_t used = size > 0 ? size : 1;

			memcpy(path, prefix, used);
			path[used] = '/';
			memcpy(path + used + 1, argv[0], length + 1);
			r = try_file(path, argv, env);
			if (r == -EACCES)
				result = r;
			else if (r != -ENOENT && r != -ENOTDIR)
				return r;
		}
		if (directory[size] == '\0')
			return result;
		directory += size + 1;
	}
}

static void reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_noreturn_ static void run_child(const struct message_exec *request, const int *fds, int status_fd)
{
	struct payload payload;
	const char **argv;
	const char **env;
	int r;

	r = payload_read(fds[0], &payload);
	if (r < 0)
		fail(status_fd, STAGE_REQUEST, r);
	argv = lay_out(&payload, &env);
	if (!argv)
		fail(status_fd, STAGE_FORK, -ENOMEM);
	setsid();
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i + 1], i) < 0)
			fail(status_fd, STAGE_REQUEST, -errno);
	if (dup3(status_fd, STATUS_FD, O_CLOEXEC) < 0)
		fail(status_fd, STAGE_FORK, -errno);
	fd_close_from(STATUS_FD + 1, NULL, 0);
	if (request->flags & EXEC_TERMINAL) {
		r = take_terminal();
		if (r < 0)
			fail(STATUS_FD, STAGE_TERMINAL, r);
	}
	if (payload.workdir[0] && chdir(payload.workdir) < 0)
		fail(STATUS_FD, STAGE_WORKDIR, -errno);
	reset_signals();
	fail(STATUS_FD, STAGE_EXEC, execute(argv, env));
}

pid_t exec_spawn(const struct message_exec *request, const int *fds, int *ret_status_fd,
	struct exec_failure *ret_failure)
{
	int status[2];
	pid_t pid;

	if (pipe2(status, O_CLOEXEC) < 0) {
		ret_failure->code = -errno;
		return 0;
	}
	pid = fork();
	if (pid == 0)
		run_child(request, fds, status[1]);
	fd_close(status[1]);
	if (pid < 0) {
		ret_failure->code = -errno;
		fd_close(status[0]);
		return 0;
	}
	*ret_status_fd = status[0];
	return pid;
}

/* proc(5), /proc/PID/stat: tpgid is the sixth field after the command's closing parenthesis. */
pid_t foreground_group(pid_t pid)
{
	_cleanup_(fd_closep) int fd = -1;
	char text[512];
	const char *field;
	pid_t group = 0;
	ssize_t n;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	field = strrchr(text, ')');
	for (int i = 0; field && i < 6; i++)
		field = strchr(field + 1, ' ');
	for (field = field ? field + 1 : ""; *field >= '0' && *field <= '9'; field++)
		group = group * 10 + (*field - '0');
	return group;
}
