#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "launcher/command.h"
#include "launcher/mount-table.h"
#include "launcher/spawn.h"

/*
 * The absolute path of `name` without touching the mount itself: a view whose daemon has died
 * answers every stat(2) with ENOTCONN.
 */
static char *mount_path(const char *name)
{
	_cleanup_(freep) char *copy = strdup(name);
	_cleanup_(freep) char *parent = NULL;
	char *slash, *path = NULL;

	if (!copy)
		return NULL;
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	slash = strrchr(copy, '/');
	if (strcmp(copy, ".") == 0 || strcmp(slash ? slash + 1 : copy, "..") == 0)
		return realpath(copy, NULL);
	if (slash)
		*slash = '\0';
	parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (!parent)
		return NULL;
	if (asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent,
		    slash ? slash + 1 : copy) < 0)
		return NULL;
	return path;
}

/* The mount that `name` means, perhaps through a symlink. The caller's; NULL with a message. */
static char *find_mount(const char *name, struct ward_error *error)
{
	_cleanup_(freep) char *path = mount_path(name);
	_cleanup_(freep) char *real = NULL;
	int r = path ? mount_table_is_ward(path) : -errno;

	if (r == 0) {
		real = realpath(name, NULL);
		r = real ? mount_table_is_ward(real) : 0;
		if (r > 0)
			return TAKE_PTR(real);
	}
	if (r > 0)
		return TAKE_PTR(path);
	if (r < 0) {
		error_set_errno(error, r, "the mount point %s can't be looked up", name);
		return NULL;
	}
	error_set(error, -EINVAL, "%s is no mount of Ward's", name);
	error_hint(error, "see findmnt -t fuse.ward");
	return NULL;
}

static int busy(const char *path, struct ward_error *error)
{
	error_set(error, -EBUSY,
		"%s is busy: some program has a file or its working directory there", path);
	return error_hint(error, "end it, or unmount with --lazy");
}

static int unmount_as_root(const char *path, int lazy, struct ward_error *error)
{
	if (umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0)
		return STATUS_OK;
	if (errno == EBUSY)
		return busy(path, error);
	return error_set_errno(error, -errno, "%s can't be unmounted", path);
}

static int unmount_as_user(const char *path, int lazy, struct ward_error *error)
{
	const char *argv[] = {"fusermount3", lazy ? "-uz" : "-u", "--", path, NULL};
	char output[512];
	int status = spawn_collect(argv, output, sizeof(output), error);

	if (status == -ENOENT)
		return error_hint(error, "install fuse3");
	if (status <= 0)
		return status;
	if (strstr(output, strerror(EBUSY)))
		return busy(path, error);
	output[strcspn(output, "\n")] = '\0';
	return error_set(error, -EPERM, "%s can't be unmounted: %s", path, output);
}

int cmd_umount(const struct arguments *arguments, struct ward_error *error)
{
	int lazy = arguments_has(arguments, OPTION_LAZY);
	_cleanup_(freep) char *path = find_mount(arguments->operands[0], error);

	if (!path)
		return -EINVAL;
	return geteuid() == 0 ? unmount_as_root(path, lazy, error)
			      : unmount_as_user(path, lazy, error);
}
