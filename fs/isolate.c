#include "fs/isolate.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"

enum { GROUPS_MAX = 1024 };

static bool has_capability(cap_value_t capability)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t now = cap_get_proc();

	if (now) {
		cap_get_flag(now, capability, CAP_EFFECTIVE, &value);
		cap_free(now);
	}
	return value == CAP_SET;
}

/* An empty, read-only tmpfs in place of everything. Descriptors still reach what they are open on.
 */
static int empty_root(void)
{
	static const char base[] = "/tmp";

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			"mode=0555,size=4k,nr_inodes=1") < 0 ||
		chdir(base) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	if (mount(NULL, "/", NULL,
		    MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	return 0;
}

static int leave_host(struct ward_error *error)
{
	int r;

#ifdef WARD_SANITIZED /* the leak checker reads /proc when the daemon ends */
	return 0;
#endif
	if (!has_capability(CAP_SYS_ADMIN))
		return 0;
	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) < 0 &&
		unshare(CLONE_NEWNS) < 0)
		return 0;
	r = empty_root();
	return r < 0 ? error_set_errno(error, r, "cannot make an empty root directory") : 0;
}

/* The groups that the user has outside, where they can be known and set. */
static size_t find_groups(const struct isolation *isolation, gid_t *groups)
{
	struct passwd *user = getpwuid(isolation->run_uid);
	int count = GROUPS_MAX;

	if (!user || getgrouplist(user->pw_name, isolation->run_gid, groups, &count) < 0)
		return 0;
	return (size_t)count;
}

static int change_ids(const struct isolation *isolation, const gid_t *groups, size_t group_count,
	struct ward_error *error)
{
	if (!isolation->change_ids)
		return 0;
	/* A user namespace with setgroups denied keeps the groups that it was made with. */
	if (has_capability(CAP_SETGID) && setgroups(group_count, groups) < 0 && errno != EPERM)
		return error_set_errno(error, -errno, "cannot set the groups");
	if (setresgid(isolation->run_gid, isolation->run_gid, isolation->run_gid) < 0 ||
		setresuid(isolation->run_uid, isolation->run_uid, isolation->run_uid) < 0)
		return error_set_errno(error, -errno, "cannot become user %u, group %u",
			isolation->run_uid, isolation->run_gid);
	return 0;
}

static int drop_capabilities(bool serve_many)
{
	/* CAP_FSETID is left out: writing must clear set-id bits. CAP_MKNOD, too: devices. */
	static const cap_value_t kept[] = {
		CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SETGID, CAP_SETUID};
	cap_t none = cap_init();
	int r = 0;

	if (!none)
		return -ENOMEM;
	if (serve_many &&
		(cap_set_flag(none, CAP_PERMITTED, ELEMENTS(kept), kept, CAP_SET) < 0 ||
			cap_set_flag(none, CAP_EFFECTIVE, ELEMENTS(kept), kept, CAP_SET) < 0))
		r = -errno;
	if (r == 0 && cap_set_proc(none) < 0)
		r = -errno;
	cap_free(none);
	return r;
}

/* Neither root's uid nor a change of uid brings capabilities from here on; the fsuid of a thread
 * that acts as a caller leaves them as they are. */
static int lock_capabilities(void)
{
	for (cap_value_t c = 0; c <= cap_max_bits(); c++)
		if (cap_get_bound(c) > 0 && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (prctl(PR_SET_SECUREBITS,
		    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
			    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
			    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		    0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int close_door(const struct isolation *isolation)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
#ifndef WARD_SANITIZED /* the leak checker attaches to its own process */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
#endif
	/* After the last change of credentials, which clears it. */
	if (isolation->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int isolate(const struct isolation *isolation, struct ward_error *error)
{
	gid_t groups[GROUPS_MAX];
	size_t group_count = isolation->change_ids ? find_groups(isolation, groups) : 0;
	int r;

	r = leave_host(error);
	if (r < 0)
		return r;
	if (has_capability(CAP_SETPCAP)) {
		r = lock_capabilities();
		if (r < 0)
			return error_set_errno(error, r, "cannot lock capabilities");
	}
	r = change_ids(isolation, groups, group_count, error);
	if (r == 0) {
		r = drop_capabilities(isolation->serve_many);
		if (r == 0)
			r = close_door(isolation);
		if (r < 0)
			error_set_errno(error, r, "cannot drop privileges");
	}
	return r;
}
