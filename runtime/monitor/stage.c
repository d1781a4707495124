#include "runtime/monitor/stage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/program.h"

#define STAGE_OPTIONS "size=16m,nr_inodes=4096,mode=0755"

static int make_paths(const char *base_path, struct stage *stage)
{
	if (asprintf(&stage->view, "%s/view", base_path) < 0)
		return -ENOMEM;
	if (asprintf(&stage->etc, "%s/etc", base_path) < 0)
		return -ENOMEM;
	if (asprintf(&stage->init, "%s/init", base_path) < 0)
		return -ENOMEM;
	if (asprintf(&stage->ward, "%s/ward", base_path) < 0)
		return -ENOMEM;
	return 0;
}

/* Bound rather than named: the sandbox's user may not reach where Ward is installed. */
static int bind_program(const char *name, const char *target, struct ward_error *error)
{
	_cleanup_(freep) char *path = NULL;
	int r = program_find(name, &path, error);
	int fd;

	if (r < 0)
		return r;
	fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return error_set_errno(error, -errno, "can't make %s", target);
	fd_close(fd);
	if (mount(path, target, NULL, MS_BIND, NULL) < 0)
		return error_set_errno(error, -errno, "can't bind %s", path);
	return 0;
}

/* A descriptor from before unshare(2) belongs to a mount of the old namespace, on which nothing can
 * be mounted: the directory is opened again, and must be the same. */
static int mount_stage(const char *path, int old_fd)
{
	_cleanup_(fd_closep) int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat now, old;
	char target[64];

	if (fd < 0 || fstat(fd, &now) < 0 || fstat(old_fd, &old) < 0)
		return -errno;
	if (now.st_dev != old.st_dev || now.st_ino != old.st_ino)
		return -ESTALE;
	snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	if (mount("ward", target, "tmpfs", MS_NOSUID | MS_NODEV, STAGE_OPTIONS) < 0)
		return -errno;
	return 0;
}

int stage_make(
	const char *base_path, int base_fd, struct stage *ret_stage, struct ward_error *error)
{
	_cleanup_(stage_release) struct stage stage = {0};
	int r = mount_stage(base_path, base_fd);

	if (r < 0)
		return error_set_errno(error, r, "can't mount a tmpfs on %s", base_path);
	r = make_paths(base_path, &stage);
	if (r < 0)
		return error_set_errno(error, r, "can't make %s", base_path);
	if (mkdir(stage.view, 0755) < 0 || mkdir(stage.etc, 0755) < 0 ||
		chmod(stage.view, 0755) < 0 || chmod(stage.etc, 0755) < 0)
		return error_set_errno(error, -errno, "can't make directories in %s", base_path);
	r = bind_program("ward-init", stage.init, error);
	if (r == 0)
		r = bind_program("ward", stage.ward, error);
	if (r < 0)
		return r;
	*ret_stage = stage;
	stage = (struct stage){0};
	return 0;
}

void stage_release(struct stage *stage)
{
	freep(&stage->view);
	freep(&stage->etc);
	freep(&stage->init);
	freep(&stage->ward);
}
