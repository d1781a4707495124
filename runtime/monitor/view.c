#include "runtime/monitor/view.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/program.h"
#include "common/strbuf.h"

/* Descriptors of the wardfs process. */
enum { CHILD_FUSE = 3, CHILD_CODEBASE, CHILD_RULES, CHILD_READY, CHILD_LIFELINE, CHILD_EVENTS };

enum { PATIENCE_MS = 1500 };

static int open_fuse(struct ward_error *error)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int code = -errno;

	if (fd >= 0)
		return fd;
	error_set_errno(error, code, "can't open /dev/fuse");
	if (code == -ENOENT || code == -ENODEV || code == -ENXIO)
		return error_hint(error, "load the kernel module: sudo modprobe fuse; in a "
					 "container, give it the device");
	if (code == -EACCES || code == -EPERM)
		return error_hint(error, "sudo chmod 666 /dev/fuse, as most systems have it");
	return code;
}

static int mount_view(int fuse_fd, const struct view_plan *plan, struct ward_error *error)
{
	char options[256];

	snprintf(options, sizeof(options),
		"fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fuse_fd,
		(unsigned)plan->identity->uid, (unsigned)plan->identity->gid);
	if (mount("ward", plan->path, "fuse.ward", MS_NOSUID | MS_NODEV, options) < 0) {
		int code = -errno;

		error_set_errno(error, code, "can't mount the view");
		if (code == -ENODEV)
			error_hint(error, "load the kernel module: sudo modprobe fuse");
		return code;
	}
	return 0;
}

/* The device number of the mount at `path`, without asking its file system: proc(5), mountinfo. */
static int find_device(const char *path, unsigned *ret_major, unsigned *ret_minor)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0;
	int r = -ENOENT;

	if (!file)
		return -errno;
	while (getline(&line, &capacity, file) > 0) {
		unsigned major, minor;
		int end = 0;
		char *rest;

		if (sscanf(line, "%*d %*d %u:%u %*s %n", &major, &minor, &end) < 2 || end == 0)
			continue;
		rest = line + end;
		rest[strcspn(rest, " ")] = '\0';
		if (strcmp(rest, path) != 0)
			continue;
		*ret_major = major;
		*ret_minor = minor;
		r = 0;
	}
	return r;
}

/*
 * The kernel offers /sys/fs/fuse/connections/DEVICE/abort to the mount's owner where the control
 * file system is mounted. Opened early: later the monitor has fewer rights. A device has one number
 * there: the minor one.
 */
static int open_abort(const char *path)
{
	unsigned major = 0, minor = 0;
	char name[128];

	if (find_device(path, &major, &minor) < 0)
		return -1;
	snprintf(name, sizeof(name), "/sys/fs/fuse/connections/%u/abort",
		(unsigned)makedev(major, minor));
	return open(name, O_WRONLY | O_CLOEXEC);
}

/* wardfs's arguments; the strings live in `buffer`. */
static int make_arguments(
	const struct view_plan *plan, struct strbuf *buffer, const char **argv, size_t max)
{
	const struct identity *identity = plan->identity;
	const char *string;
	size_t count = 0;

	strbuf_addf(buffer, "wardfs%c--fuse-fd=%d%c--codebase-fd=%d%c--rules-fd=%d%c", 0,
		CHILD_FUSE, 0, CHILD_CODEBASE, 0, CHILD_RULES, 0);
	strbuf_addf(buffer, "--ready-fd=%d%c--lifeline-fd=%d%c", CHILD_READY, 0, CHILD_LIFELINE, 0);
	if (plan->events_fd >= 0)
		strbuf_addf(buffer, "--events-fd=%d%c", CHILD_EVENTS, 0);
	if (identity->changes_user)
		strbuf_addf(buffer, "--run-as=%u:%u%c", (unsigned)identity->daemon_uid,
			(unsigned)identity->daemon_gid, 0);
	if (identity->shows_as)
		strbuf_addf(buffer, "--show-as=%u:%u%c", (unsigned)identity->uid,
			(unsigned)identity->gid, 0);
	if (buffer->failed)
		return buffer->failed;
	for (string = buffer->data; string < buffer->data + buffer->size && count + 1 < max;
		string += strlen(string) + 1)
		argv[count++] = string;
	argv[count] = NULL;
	return 0;
}

static int spawn_daemon(const struct view_plan *plan, int fuse_fd, const int *pipes,
	struct process *ret_process, struct ward_error *error)
{
	_cleanup_(strbuf_release) struct strbuf buffer = STRBUF_INIT;
	_cleanup_(freep) char *path = NULL;
	const char *argv[16];
	struct spawn spawn = {.argv = argv,
		.fds = {-1, -1, pipes[5], fuse_fd, plan->codebase_fd, plan->rules_fd, pipes[1],
			pipes[2], plan->events_fd},
		.fd_count = plan->events_fd >= 0 ? CHILD_EVENTS + 1 : CHILD_EVENTS,
		.die_with_parent = true};
	int r = program_find("wardfs", &path, error);

	if (r < 0)
		return r;
	r = make_arguments(plan, &buffer, argv, ELEMENTS(argv));
	if (r < 0)
		return error_set_errno(error, r, "can't start wardfs");
	spawn.path = path;
	/* What it needs to leave the host's tree; of use in the monitor's user namespace only. */
	if (plan->own_user_namespace)
		spawn.ambient = (UINT64_C(1) << CAP_SYS_ADMIN) | (UINT64_C(1) << CAP_SYS_CHROOT);
	return spawn_process(&spawn, ret_process, error);
}

int view_start(const struct view_plan *plan, struct view *ret_view, struct ward_error *error)
{
	_cleanup_(fd_closep) int fuse_fd = open_fuse(error);
	struct view view = VIEW_NONE;
	/* ready: [0] ours; lifeline: [3] ours; output: [4] ours */
	int pipes[6] = {-1, -1, -1, -1, -1, -1};
	int r;

	if (fuse_fd < 0)
		return fuse_fd;
	r = mount_view(fuse_fd, plan, error);
	if (r < 0)
		return r;
	for (int i = 0; i < 6; i += 2)
		if (pipe2(pipes + i, O_CLOEXEC) < 0)
			r = error_set_errno(error, -errno, "can't start wardfs");
	if (r == 0)
		r = spawn_daemon(plan, fuse_fd, pipes, &view.daemon, error);
	fd_close(pipes[1]);
	fd_close(pipes[2]);
	fd_close(pipes[5]);
	if (r < 0) {
		fd_close(pipes[0]);
		fd_close(pipes[3]);
		fd_close(pipes[4]);
		return r;
	}
	view.ready_fd = pipes[0];
	view.lifeline_fd = pipes[3];
	view.output_fd = pipes[4];
	fd_set_nonblock(view.output_fd, 1);
	view.abort_fd = open_abort(plan->path);
	*ret_view = view;
	return 0;
}

int view_finish_start(struct view *view)
{
	char text[8] = "";
	ssize_t n = fd_read_full(view->ready_fd, text, 6);

	view->ready_fd = fd_close(view->ready_fd);
	return n == 6 && memcmp(text, "READY\n", 6) == 0 ? 0 : -EIO;
}

void view_abort(struct view *view)
{
	if (view->abort_fd >= 0 && write(view->abort_fd, "1", 1) < 0)
		view->abort_fd = fd_close(view->abort_fd);
	process_kill(&view->daemon, SIGKILL);
}

void view_stop(struct view *view)
{
	view->lifeline_fd = fd_close(view->lifeline_fd);
	if (process_wait(&view->daemon, PATIENCE_MS, NULL) < 0) {
		process_kill(&view->daemon, SIGKILL);
		if (process_wait(&view->daemon, PATIENCE_MS, NULL) < 0) {
			view_abort(view);
			process_wait(&view->daemon, PATIENCE_MS, NULL);
		}
	}
	view->daemon.pidfd = fd_close(view->daemon.pidfd);
	view->ready_fd = fd_close(view->ready_fd);
	view->abort_fd = fd_close(view->abort_fd);
}
