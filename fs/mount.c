#include "fs/mount.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

static int resolve_directory(
	const char *what, const char *path, char **ret_real, struct ward_error *error)
{
	_cleanup_(freep) char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0) {
		int r = -errno;

		error_set_errno(error, r, "%s %s", what, path);
		if (r == -ENOTCONN)
			error_hint(error, "a dead mount is there: fusermount3 -u it");
		return r;
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(error, -ENOTDIR, "%s %s: not a directory", what, path);
	*ret_real = TAKE_PTR(real);
	return 0;
}

static bool is_inside(const char *inner, const char *outer)
{
	size_t length = strlen(outer);

	if (strcmp(outer, "/") == 0)
		return true;
	return strncmp(inner, outer, length) == 0 &&
	       (inner[length] == '/' || inner[length] == '\0');
}

static int check_device(struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int r;

	if (fd >= 0)
		return 0;
	r = -errno;
	error_set_errno(error, r, "cannot open /dev/fuse");
	if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
		error_hint(error, "load the module: modprobe fuse");
	else
		error_hint(error, "let your user open it: chmod 666 /dev/fuse");
	return r;
}

static int check_fusermount(struct ward_error *error)
{
	const char *path = getenv("PATH");

	/* As posix_spawnp() does. */
	if (!path)
		path = "/bin:/usr/bin";
	while (*path) {
		size_t length = strcspn(path, ":");
		char file[PATH_MAX];

		if (snprintf(file, sizeof(file), "%.*s/fusermount3", (int)length, path) <
				(int)sizeof(file) &&
			access(file, X_OK) == 0)
			return 0;
		path += length + (path[length] == ':');
	}
	if (access("/usr/bin/fusermount3", X_OK) == 0 || access("/bin/fusermount3", X_OK) == 0)
		return 0;
	error_set(error, -ENOENT, "fusermount3 is missing");
	return error_hint(error, "install the package fuse3");
}

int mount_check(const char *codebase, const char *mount_point, struct mount_places *ret_places,
	struct ward_error *error)
{
	_cleanup_(mount_places_release) struct mount_places places = {.codebase_fd = -1};
	int r;

	r = resolve_directory("codebase", codebase, &places.codebase, error);
	if (r == 0)
		r = resolve_directory("mount point", mount_point, &places.mount_point, error);
	if (r < 0)
		return r;
	if (is_inside(places.mount_point, places.codebase)) {
		error_set(error, -EINVAL, "mount point %s is inside the codebase %s", mount_point,
			codebase);
		return error_hint(error, "the view would show itself; mount it elsewhere");
	}
	if (is_inside(places.codebase, places.mount_point)) {
		error_set(error, -EINVAL, "codebase %s is inside the mount point %s", codebase,
			mount_point);
		return error_hint(error, "the view would cover it; mount it elsewhere");
	}
	places.codebase_fd = open(places.codebase, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (places.codebase_fd < 0)
		return error_set_errno(error, -errno, "codebase %s", codebase);
	r = check_device(error);
	if (r == 0)
		r = check_fusermount(error);
	if (r < 0)
		return r;
	*ret_places = places;
	places = (struct mount_places){.codebase_fd = -1};
	return 0;
}

void mount_places_release(struct mount_places *places)
{
	free(places->codebase);
	free(places->mount_point);
	places->codebase_fd = fd_close(places->codebase_fd);
}

int mount_session(struct fuse_session *session, const char *mount_point, struct ward_error *error)
{
	if (fuse_session_mount(session, mount_point) == 0)
		return 0;
	return error_set(error, -EIO, "cannot mount at %s", mount_point);
}

int mount_arguments(bool allow_other, struct fuse_args *ret_arguments)
{
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);

	if (fuse_opt_add_arg(&arguments, "wardfs") == 0 &&
		fuse_opt_add_arg(&arguments,
			"-odefault_permissions,nosuid,nodev,fsname=ward,subtype=ward") == 0 &&
		(!allow_other || fuse_opt_add_arg(&arguments, "-oallow_other") == 0)) {
		*ret_arguments = arguments;
		return 0;
	}
	fuse_opt_free_args(&arguments);
	return -ENOMEM;
}

/* Only a dead mount: whoever unmounted it may have put another in its place. */
static void unmount_dead(const char *mount_point)
{
	char *argv[] = {(char *)"fusermount3", (char *)"-u", (char *)"-z", (char *)"-q",
		(char *)mount_point, NULL};
	struct statfs fs;
	pid_t child;

	/* Unlike attributes, what statfs(2) answers is never cached. */
	if (statfs(mount_point, &fs) == 0 || errno != ENOTCONN)
		return;
	if (geteuid() == 0)
		umount2(mount_point, MNT_DETACH | UMOUNT_NOFOLLOW);
	else if (posix_spawnp(&child, "fusermount3", NULL, NULL, argv, environ) == 0)
		waitpid(child, NULL, 0);
}

int mount_keep(pid_t daemon, const char *mount_point, int *ret_status)
{
	sigset_t signals;
	int status = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	while (waitpid(daemon, &status, WNOHANG) == 0) {
		int arrived = sigwaitinfo(&signals, NULL);

		if (arrived > 0 && arrived != SIGCHLD)
			kill(daemon, SIGTERM);
	}
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	unmount_dead(mount_point);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
	return 0;
}
