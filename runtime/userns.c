#include "runtime/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/fd.h"

static const struct restriction {
	const char *file;
	int forbids; /* the value that forbids */
	const char *what;
	const char *mend;
} restrictions[] = {
	{"/proc/sys/kernel/unprivileged_userns_clone", 0,
		"by the setting kernel.unprivileged_userns_clone = 0",
		"sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", 0, "by the setting user.max_user_namespaces = 0",
		"sudo sysctl -w user.max_user_namespaces=10000"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		"by AppArmor (kernel.apparmor_restrict_unprivileged_userns = 1)",
		"give ward-monitor and bwrap an AppArmor profile with `userns,`, or sudo sysctl -w "
		"kernel.apparmor_restrict_unprivileged_userns=0"},
};

/* The number in a file, or -1. */
static int read_number(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;

	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

int userns_explain(int code, struct ward_error *error)
{
	for (size_t i = 0; i < ELEMENTS(restrictions); i++) {
		if (read_number(restrictions[i].file) != restrictions[i].forbids)
			continue;
		error_set(error, code, "user namespaces are forbidden on this machine %s",
			restrictions[i].what);
		return error_hint(error, "%s, or run ward as root", restrictions[i].mend);
	}
	if (geteuid() == 0) {
		error_set_errno(error, code, "can't make namespaces although started by root");
		return error_hint(error, "in a container, it needs CAP_SYS_ADMIN");
	}
	error_set_errno(error, code, "can't make a user namespace");
	return error_hint(
		error, "if this is a container, allow unshare(2) in it, or run ward as root");
}

static int write_file(const char *path, const char *text)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int map_own_ids(uid_t uid, gid_t gid)
{
	int r = write_file("/proc/self/setgroups", "deny");
	char map[64];

	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	if (r == 0)
		r = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	if (r == 0)
		r = write_file("/proc/self/gid_map", map);
	return r;
}

int userns_enter(bool own_user, struct ward_error *error)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | (own_user ? CLONE_NEWUSER : 0)) < 0)
		return userns_explain(-errno, error);
	if (own_user) {
		r = map_own_ids(uid, gid);
		if (r < 0)
			return userns_explain(r, error);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return userns_explain(-errno, error);
	return 0;
}
