/* User namespaces, and FUSE in them. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/doctor/finding.h"
#include "runtime/userns.h"

/* As ward-monitor does it: root needs no user namespace of its own. */
static int enter(const void *data, struct ward_error *error)
{
	return userns_enter(geteuid() != 0, error);
}

void examine_user_namespaces(struct finding *finding)
{
	struct ward_error error = {0};

	if (finding_in_child(enter, NULL, NULL, &error) < 0)
		finding_set_error(finding, FINDING_BAD, &error);
	else
		finding_set(finding, FINDING_GOOD, "%s namespaces can be made",
			geteuid() == 0 ? "mount and pid" : "user, mount and pid");
}

static int open_device(struct ward_error *error)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int code = -errno;

	if (fd >= 0)
		return fd;
	error_set_errno(error, code, "/dev/fuse can't be opened");
	error_hint(error, "%s",
		code == -EACCES || code == -EPERM
			? "sudo chmod 666 /dev/fuse, as most systems have it"
			: "sudo modprobe fuse; in a container, give it the device: --device "
			  "/dev/fuse");
	return code;
}

void examine_fuse_device(struct finding *finding)
{
	struct ward_error error = {0};
	_cleanup_(fd_closep) int fd = open_device(&error);

	if (fd < 0)
		finding_set_error(finding, FINDING_BAD, &error);
	else
		finding_set(finding, FINDING_GOOD, "/dev/fuse can be opened");
}

/* Mounts on a file system of the child's own, which goes with it. Returns the device, open. */
static int mount_fuse(struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = -1;
	char options[128];
	int r = userns_enter(geteuid() != 0, error);

	if (r < 0)
		return r;
	/* The kernel takes a device only in the user namespace in which it was opened. */
	fd = open_device(error);
	if (fd < 0)
		return fd;
	if (mount("ward", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 ||
		mkdir("/tmp/view", 0755) < 0)
		return error_set_errno(error, -errno, "a file system in memory can't be mounted");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fd,
		(unsigned)geteuid(), (unsigned)getegid());
	if (mount("ward", "/tmp/view", "fuse.ward", MS_NOSUID | MS_NODEV, options) < 0) {
		error_set_errno(error, -errno, "FUSE can't be mounted");
		error_hint(error, "sudo modprobe fuse; in a container, it needs CAP_SYS_ADMIN");
		return error->code;
	}
	return TAKE_FD(fd);
}

static int try_mount(const void *data, struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = mount_fuse(error);

	if (fd < 0)
		return fd;
	if (umount2("/tmp/view", MNT_DETACH) < 0)
		return error_set_errno(error, -errno, "FUSE can't be unmounted");
	return 0;
}

void examine_fuse_mount(struct finding *finding)
{
	struct ward_error error = {0};

	if (finding_in_child(try_mount, NULL, NULL, &error) < 0)
		finding_set_error(finding, FINDING_BAD, &error);
	else
		finding_set(finding, FINDING_GOOD, "FUSE can be mounted in a namespace");
}

/* linux/fuse.h since Linux 6.9: FUSE_DEV_IOC_BACKING_OPEN. Without an argument it only tells whether
 * it is there: EFAULT. */
struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};
#define BACKING_OPEN _IOW(229, 1, struct backing_map)

static int try_passthrough(const void *data, struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = mount_fuse(error);

	if (fd < 0)
		return fd;
	if (ioctl(fd, BACKING_OPEN, NULL) < 0 && errno == EFAULT)
		return 0;
	error_set_errno(error, -errno, "the kernel has no FUSE passthrough");
	return error_hint(error, "use Linux 6.9 or newer with CONFIG_FUSE_PASSTHROUGH");
}

void examine_passthrough(struct finding *finding)
{
	struct ward_error error = {0};

	if (finding_in_child(try_passthrough, NULL, NULL, &error) < 0) {
		finding_set_error(finding, FINDING_OPTIONAL, &error);
	} else if (geteuid() != 0) {
		finding_set(finding, FINDING_OPTIONAL, "FUSE passthrough is root's alone");
		finding_mend(finding, "run ward as root where big files must be fast");
	} else {
		finding_set(finding, FINDING_GOOD, "FUSE passthrough is there");
	}
}
