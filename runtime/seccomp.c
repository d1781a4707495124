#include "runtime/seccomp.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

/* Denied whatever the arguments. */
static const struct denied_call {
	const char *name;
	int code;
} denied_calls[] = {
	/* Mounts and roots. The new mount calls: ENOSYS, programs fall back to mount(2). */
	{"mount", EPERM},
	{"umount", EPERM},
	{"umount2", EPERM},
	{"pivot_root", EPERM},
	{"chroot", EPERM},
	{"fsopen", ENOSYS},
	{"fsconfig", ENOSYS},
	{"fsmount", ENOSYS},
	{"fspick", ENOSYS},
	{"move_mount", ENOSYS},
	{"open_tree", ENOSYS},
	{"open_tree_attr", ENOSYS},
	{"mount_setattr", ENOSYS},
	{"statmount", ENOSYS},
	{"listmount", ENOSYS},
	/* Namespaces. clone3's flags are behind a pointer: ENOSYS, libc falls back to clone. */
	{"setns", EPERM},
	{"clone3", ENOSYS},
	/* Handles reach files without walking to them. */
	{"open_by_handle_at", EPERM},
	{"name_to_handle_at", EPERM},
	/* Keyrings are not namespaced by user namespaces alone. */
	{"add_key", EPERM},
	{"keyctl", EPERM},
	{"request_key", EPERM},
	/* Large or often broken parts of the kernel. */
	{"bpf", EPERM},
	{"perf_event_open", EPERM},
	{"userfaultfd", EPERM},
	{"io_uring_setup", ENOSYS},
	{"io_uring_enter", ENOSYS},
	{"io_uring_register", ENOSYS},
	{"fanotify_init", EPERM},
	{"lookup_dcookie", EPERM},
	{"vm86", EPERM},
	{"vm86old", EPERM},
	{"modify_ldt", EPERM},
	{"uselib", EPERM},
	{"nfsservctl", ENOSYS},
	/* The machine's own affairs. */
	{"kexec_load", EPERM},
	{"kexec_file_load", EPERM},
	{"init_module", EPERM},
	{"finit_module", EPERM},
	{"delete_module", EPERM},
	{"create_module", EPERM},
	{"swapon", EPERM},
	{"swapoff", EPERM},
	{"reboot", EPERM},
	{"acct", EPERM},
	{"quotactl", EPERM},
	{"quotactl_fd", EPERM},
	{"syslog", EPERM},
	{"settimeofday", EPERM},
	{"clock_settime", EPERM},
	{"clock_adjtime", EPERM},
	{"adjtimex", EPERM},
	{"stime", EPERM},
	{"sethostname", EPERM},
	{"setdomainname", EPERM},
	{"vhangup", EPERM},
	{"iopl", EPERM},
	{"ioperm", EPERM},
};

/* Denied where (argument & mask) == value. */
static const struct denied_argument {
	const char *name;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
	int code;
} denied_arguments[] = {
	/* ioctl(2) takes an unsigned int: high bits set by a caller don't change what it does. */
	{"ioctl", 1, 0xffffffff, TIOCSTI, EPERM},
	{"ioctl", 1, 0xffffffff, TIOCLINUX, EPERM},
	{"unshare", 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM},
#if defined(__s390__) || defined(__s390x__)
	{"clone", 1, CLONE_NEWUSER, CLONE_NEWUSER, EPERM},
#else
	{"clone", 0, CLONE_NEWUSER, CLONE_NEWUSER, EPERM},
#endif
	/* Not confined by the network namespace, or doors to the kernel's drivers. */
	{"socket", 0, 0xffffffff, AF_VSOCK, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_ALG, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_PACKET, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_BLUETOOTH, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_CAN, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_TIPC, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_RDS, EAFNOSUPPORT},
	{"socket", 0, 0xffffffff, AF_KEY, EAFNOSUPPORT},
};

/*
 * personality(2) may choose PER_LINUX and PER_LINUX32 with any flags (debuggers turn off address
 * randomisation, builds ask for 32-bit uname) and ask what is set (0xffffffff); emulations of other
 * systems, the low byte, are denied.
 */
enum { PERSONALITY_MASK = 0xff, PERSONALITY_LINUX32 = 8, PERSONALITY_LAST = 0x12 };

static int deny_call(scmp_filter_ctx filter, const struct denied_call *denied)
{
	int number = seccomp_syscall_resolve_name(denied->name);

	/* What this machine lacks, or the library does not know yet, needs no rule. */
	if (number < 0)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)denied->code), number, 0);
}

static int deny_argument(scmp_filter_ctx filter, const struct denied_argument *denied)
{
	const struct scmp_arg_cmp compare = {.arg = denied->argument,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = denied->mask,
		.datum_b = denied->value};
	int number = seccomp_syscall_resolve_name(denied->name);

	if (number < 0)
		return 0;
	return seccomp_rule_add_array(
		filter, SCMP_ACT_ERRNO((uint16_t)denied->code), number, 1, &compare);
}

static int add_rules(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTS(denied_calls); i++)
		r = deny_call(filter, &denied_calls[i]);
	for (size_t i = 0; r == 0 && i < ELEMENTS(denied_arguments); i++)
		r = deny_argument(filter, &denied_arguments[i]);
	for (uint64_t value = 1; r == 0 && value <= PERSONALITY_LAST; value++) {
		const struct denied_argument denied = {
			"personality", 0, PERSONALITY_MASK, value, EPERM};

		if (value != PERSONALITY_LINUX32)
			r = deny_argument(filter, &denied);
	}
	return r;
}

/* A tree of comparisons instead of a list keeps the cost of a call small. */
static int set_attributes(scmp_filter_ctx filter)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	return r < 0 ? r : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

int seccomp_filter_new(int *ret_fd, struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = memfd_create("ward-seccomp", MFD_CLOEXEC);
	scmp_filter_ctx filter;
	int r;

	if (fd < 0)
		return error_set_errno(error, -errno, "can't build the system call filter");
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return error_set_errno(error, -ENOMEM, "can't build the system call filter");
	r = set_attributes(filter);
	if (r == 0)
		r = add_rules(filter);
	if (r == 0)
		r = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	if (r < 0)
		return error_set_errno(error, r, "can't build the system call filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(error, -errno, "can't build the system call filter");
	*ret_fd = TAKE_FD(fd);
	return 0;
}
