/* The bubblewrap backend. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/backend.h"
#include "runtime/bwrap/arguments.h"
#include "runtime/bwrap/bwrap.h"
#include "runtime/bwrap/etc.h"
#include "runtime/sealed.h"
#include "runtime/seccomp.h"
#include "runtime/spawn.h"
#include "runtime/userns.h"

/* Two processes: bwrap itself, and its child, which becomes ward-init. */
struct sandbox_instance {
	struct process bwrap;
	struct process init; /* not our child: only its pidfd is used */
};

enum { OLDEST_MINOR = 8, STOP_TIMEOUT_MS = 10000 };

/* Descriptors of the bwrap process; the control socket's number is ward-init's, too. */
enum { CHILD_CONTROL = 3, CHILD_ARGUMENTS, CHILD_SECCOMP, CHILD_FDS };

const char *bwrap_find(void)
{
	static const char *const places[] = {
		"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"};

	for (size_t i = 0; i < ELEMENTS(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static int no_bwrap(struct ward_error *error)
{
	error_set(error, -ENOENT, "bubblewrap (bwrap) is not installed");
	return error_hint(error, "apt install bubblewrap");
}

/* Reads "bubblewrap MAJOR.MINOR.…" from the program itself. */
static int read_version(const char *path, unsigned *ret_major, unsigned *ret_minor)
{
	const char *const argv[] = {"bwrap", "--version", NULL};
	const char *const env[] = {NULL};
	struct process process = PROCESS_NONE;
	char text[128] = "";
	int output[2];
	ssize_t n;
	int r;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	{
		const struct spawn spawn = {.path = path,
			.argv = argv,
			.env = env,
			.fds = {-1, output[1], -1},
			.fd_count = 3};

		r = spawn_process(&spawn, &process, NULL);
	}
	fd_close(output[1]);
	n = r < 0 ? r : fd_read_full(output[0], text, sizeof(text) - 1);
	fd_close(output[0]);
	process_wait(&process, -1, NULL);
	if (n < 0)
		return (int)n;
	return sscanf(text, "bubblewrap %u.%u", ret_major, ret_minor) == 2 ? 0 : -EPROTO;
}

static int check(struct ward_error *error)
{
	const char *path = bwrap_find();
	unsigned major = 0, minor = 0;
	int r;

	if (!path)
		return no_bwrap(error);
	r = read_version(path, &major, &minor);
	if (r < 0)
		return error_set_errno(error, r, "%s does not tell its version", path);
	if (major == 0 && minor < OLDEST_MINOR) {
		error_set(error, -ENOTSUP, "%s is bubblewrap %u.%u, too old", path, major, minor);
		return error_hint(error, "install bubblewrap 0.%d or newer", OLDEST_MINOR);
	}
	return 0;
}

static int start_program(const struct sandbox_plan *plan, const char *path, const int *fds,
	struct process *ret_process, struct ward_error *error)
{
	static const char *const env[] = {NULL};
	char processes[16] = "";
	const char *argv[] = {"bwrap", "--args", "4", "--", SANDBOX_INIT,
		limits_nproc(plan->limits) ? processes : NULL, NULL};
	int entrances[LIMITS_ENTRANCES_MAX];
	struct spawn spawn = {.path = path,
		.argv = argv,
		.env = env,
		.fds = {-1, -1, plan->error_fd},
		.fd_count = CHILD_FDS,
		.change_user = plan->identity->changes_user,
		.uid = plan->identity->uid,
		.gid = plan->identity->gid,
		.groups = entrances,
		.group_count = limits_entrances(plan->limits, entrances),
		.no_new_privs = true,
		.own_proc = true,
		.die_with_parent = true};

	if (limits_nproc(plan->limits))
		snprintf(processes, sizeof(processes), "%u", (unsigned)limits_nproc(plan->limits));
	_Static_assert(CHILD_ARGUMENTS == 4, "as in argv");
	for (int i = CHILD_CONTROL; i < CHILD_FDS; i++)
		spawn.fds[i] = fds[i];
	return spawn_process(&spawn, ret_process, error);
}

/* proc(5), /proc/PID/task/TID/children: bwrap has one. 0 where it has none, or none is told. */
static pid_t child_of(pid_t parent)
{
	_cleanup_(fd_closep) int fd = -1;
	char text[64];
	int pid = 0;
	ssize_t n;

	snprintf(text, sizeof(text), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%d", &pid) == 1 ? pid : 0;
}

/*
 * bwrap could tell this pid itself (--info-fd), but in numbers of its own pid namespace. The pid
 * could be reused before it is opened: it must be bwrap's child afterwards, too. Without a pidfd of
 * init the sandbox still ends with bwrap (PR_SET_PDEATHSIG) and with the view's daemon (PID 1 of the
 * namespace that both are in), only less orderly.
 */
static void open_init(const struct process *bwrap, struct process *ret_init)
{
	pid_t pid = child_of(bwrap->pid);

	if (pid <= 1)
		return;
	ret_init->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (child_of(bwrap->pid) != pid)
		ret_init->pidfd = fd_close(ret_init->pidfd);
}

static int make_fds(const struct sandbox_plan *plan, int *fds, struct ward_error *error)
{
	const struct bwrap_fds numbers = {.seccomp = CHILD_SECCOMP};
	_cleanup_(strbuf_release) struct strbuf arguments = STRBUF_INIT;
	_cleanup_(fd_closep) int etc = open(plan->etc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (etc < 0)
		return error_set_errno(error, -errno, "can't make the sandbox's /etc");
	r = bwrap_arguments(plan, &numbers, &arguments, error);
	if (r == 0)
		r = etc_make(etc, plan, error);
	if (r == 0)
		r = seccomp_filter_new(&fds[CHILD_SECCOMP], error);
	if (r < 0)
		return r;
	r = sealed_file_new("ward-bwrap", arguments.data, arguments.size, &fds[CHILD_ARGUMENTS]);
	return r < 0 ? error_set_errno(error, r, "can't hand bwrap its arguments") : 0;
}

static struct sandbox_instance *free_instance(struct sandbox_instance *instance)
{
	if (!instance)
		return NULL;
	fd_close(instance->bwrap.pidfd);
	fd_close(instance->init.pidfd);
	free(instance);
	return NULL;
}

static int stop(struct sandbox_instance *instance, int timeout_ms)
{
	int r;

	if (instance->init.pidfd < 0)
		open_init(&instance->bwrap, &instance->init);
	process_kill(&instance->init, SIGKILL);
	r = process_wait(&instance->init, timeout_ms, NULL);
	if (r < 0)
		return r;
	process_kill(&instance->bwrap, SIGKILL);
	return process_wait(&instance->bwrap, timeout_ms, NULL);
}

static int start(const struct sandbox_plan *plan, struct sandbox_instance **ret_instance,
	int *ret_control_fd, struct ward_error *error)
{
	int fds[CHILD_FDS] = {-1, -1, -1, -1, -1, -1};
	const char *path = bwrap_find();
	struct sandbox_instance *instance;
	int control[2] = {-1, -1};
	int r;

	if (!path)
		return no_bwrap(error);
	instance = calloc(1, sizeof(*instance));
	if (!instance)
		return error_set_errno(error, -ENOMEM, "can't start bwrap");
	instance->bwrap.pidfd = instance->init.pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		r = error_set_errno(error, -errno, "can't start bwrap");
	else
		r = make_fds(plan, fds, error);
	if (r == 0) {
		fds[CHILD_CONTROL] = control[1];
		r = start_program(plan, path, fds, &instance->bwrap, error);
	}
	fd_close(control[1]);
	fd_close(fds[CHILD_ARGUMENTS]);
	fd_close(fds[CHILD_SECCOMP]);
	if (r < 0) {
		fd_close(control[0]);
		stop(instance, STOP_TIMEOUT_MS);
		free_instance(instance);
		return r;
	}
	*ret_instance = instance;
	*ret_control_fd = control[0];
	return 0;
}

static int watch_fd(const struct sandbox_instance *instance)
{
	return instance->bwrap.pidfd;
}

static bool alive(const struct sandbox_instance *instance)
{
	return !process_has_ended(&instance->bwrap);
}

/* The messages are those of bubblewrap 0.8 to 0.12. */
static void explain(const char *output, struct ward_error *error)
{
	int length = (int)strcspn(output, "\n");

	if (strstr(output, "Unknown option") && check(error) < 0)
		return;
	if (strstr(output, "No permissions to creat") || strstr(output, "setting up uid map") ||
		strstr(output, "Creating new namespace failed")) {
		userns_explain(-EPERM, error);
		return;
	}
	if (length == 0) {
		error_set(error, -EIO, "bwrap ended without a word");
		return;
	}
	error_set(error, -EIO, "%.*s", length, output);
	if (strstr(output, "proc"))
		error_hint(error, "in a container, /proc must not be masked");
}

const struct ward_backend backend_bwrap = {
	.name = "bwrap",
	.check = check,
	.start = start,
	.watch_fd = watch_fd,
	.alive = alive,
	.stop = stop,
	.explain = explain,
	.free = free_instance,
};
