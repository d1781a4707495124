/*
 * Promises about system calls. Each call has arguments with which it does nothing, whoever makes it:
 * the kernel refuses them with another error than the filter would, or the child that made the call
 * ends. So the checks may also be run where there is no filter, even by root.
 */
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/doctor/finding.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

#define BAD_POINTER (-4096L)

struct call {
	const char *name; /* NULL ends a table */
	long number;
	long arguments[5];
};

static int make_call(const void *data, struct ward_error *error)
{
	const struct call *call = data;
	const long *a = call->arguments;

	return syscall(call->number, a[0], a[1], a[2], a[3], a[4]) < 0 ? -errno : 0;
}

static bool is_denied(int code)
{
	return code == -EPERM || code == -ENOSYS;
}

/* All calls of a table must be denied. */
static void check_calls(struct finding *finding, const struct call *calls)
{
	const struct call *call = calls;
	int count = 0;

	for (; call->name; call++, count++) {
		int code = finding_in_child(make_call, call, NULL, NULL);

		if (is_denied(code))
			continue;
		finding_set(finding, FINDING_BAD, "%s is not denied (%s)", call->name,
			code == 0 ? "it works" : strerror(-code));
		return;
	}
	finding_set(finding, FINDING_GOOD, "%s%s are denied", calls->name,
		count > 1 ? " and its like" : "");
}

void check_filter(struct finding *finding)
{
	int mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	if (mode == SECCOMP_MODE_FILTER)
		finding_set(finding, FINDING_GOOD, "system calls are filtered");
	else
		finding_set(finding, FINDING_BAD, "system calls are not filtered");
}

#ifdef __x86_64__
static int call_x32(const void *data, struct ward_error *error)
{
	return syscall(0x40000000L + SYS_getpid) > 0 ? 0 : -ENOSYS;
}

/* getpid of the 32-bit table. */
static int call_32_bit(const void *data, struct ward_error *error)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result > 0 ? 0 : -ENOSYS;
}

void check_abis(struct finding *finding)
{
	if (finding_in_child(call_32_bit, NULL, NULL, NULL) == 0)
		finding_set(finding, FINDING_BAD, "32-bit system calls work");
	else if (finding_in_child(call_x32, NULL, NULL, NULL) == 0)
		finding_set(finding, FINDING_BAD, "x32 system calls work");
	else
		finding_set(finding, FINDING_GOOD, "32-bit and x32 system calls do not work");
}
#else
void check_abis(struct finding *finding)
{
	finding_set(
		finding, FINDING_GOOD, "this machine's other interfaces are refused by the filter");
}
#endif

void check_terminals(struct finding *finding)
{
	static const struct call calls[] = {
		{"TIOCSTI", SYS_ioctl, {-1, TIOCSTI, BAD_POINTER}},
		{"TIOCSTI with high bits", SYS_ioctl,
			{-1, (long)(0xdeadbeef00000000UL | TIOCSTI), BAD_POINTER}},
		{"TIOCLINUX", SYS_ioctl, {-1, TIOCLINUX, BAD_POINTER}},
		{"TIOCLINUX with high bits", SYS_ioctl,
			{-1, (long)(0x100000000UL | TIOCLINUX), BAD_POINTER}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_mounts(struct finding *finding)
{
	static const struct call calls[] = {
		{"mount", SYS_mount, {BAD_POINTER, BAD_POINTER, BAD_POINTER, 0, 0}},
		{"umount2", SYS_umount2, {BAD_POINTER, 0}},
		{"pivot_root", SYS_pivot_root, {BAD_POINTER, BAD_POINTER}},
		{"chroot", SYS_chroot, {BAD_POINTER}},
		{"fsopen", SYS_fsopen, {BAD_POINTER, 0}},
		{"fsmount", SYS_fsmount, {-1, 0, 0}},
		{"fspick", SYS_fspick, {-1, BAD_POINTER, 0}},
		{"move_mount", SYS_move_mount, {-1, BAD_POINTER, -1, BAD_POINTER, 0}},
		{"open_tree", SYS_open_tree, {-1, BAD_POINTER, 0}},
		{"mount_setattr", SYS_mount_setattr, {-1, BAD_POINTER, 0, BAD_POINTER, 32}},
		{"setns", SYS_setns, {-1, 0}},
		{"unshare(CLONE_NEWNS)", SYS_unshare, {CLONE_NEWNS}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_user_namespaces(struct finding *finding)
{
	static const struct call calls[] = {
		{"unshare(CLONE_NEWUSER)", SYS_unshare, {CLONE_NEWUSER}},
		{"clone(CLONE_NEWUSER)", SYS_clone, {CLONE_NEWUSER | CLONE_FS | SIGCHLD}},
		{"clone3", SYS_clone3, {BAD_POINTER, 0}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_handles(struct finding *finding)
{
	static const struct call calls[] = {
		{"open_by_handle_at", SYS_open_by_handle_at, {-1, BAD_POINTER, 0}},
		{"name_to_handle_at", SYS_name_to_handle_at,
			{-1, BAD_POINTER, BAD_POINTER, BAD_POINTER, 0}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_keyrings(struct finding *finding)
{
	static const struct call calls[] = {
		{"keyctl", SYS_keyctl, {-1}},
		{"add_key", SYS_add_key, {BAD_POINTER, BAD_POINTER, 0, 0, 0}},
		{"request_key", SYS_request_key, {BAD_POINTER, BAD_POINTER, 0, 0}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_kernel_interfaces(struct finding *finding)
{
	static const struct call calls[] = {
		{"bpf", SYS_bpf, {-1, BAD_POINTER, 0}},
		{"perf_event_open", SYS_perf_event_open, {BAD_POINTER, 0, -1, -1, 0}},
		{"userfaultfd", SYS_userfaultfd, {0x40000000}},
		{"io_uring_setup", SYS_io_uring_setup, {1, BAD_POINTER}},
		{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0}},
		{"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}},
		{"fanotify_init", SYS_fanotify_init, {0x40000000, 0}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_machine(struct finding *finding)
{
	static const struct call calls[] = {
		{"reboot", SYS_reboot, {0, 0, 0, 0}},
		{"kexec_load", SYS_kexec_load, {0, 0, 0, 0xffff}},
		{"init_module", SYS_init_module, {BAD_POINTER, 1, BAD_POINTER}},
		{"finit_module", SYS_finit_module, {-1, BAD_POINTER, 0}},
		{"delete_module", SYS_delete_module, {BAD_POINTER, 0}},
		{"swapon", SYS_swapon, {BAD_POINTER, 0}},
		{"swapoff", SYS_swapoff, {BAD_POINTER}},
		{"acct", SYS_acct, {BAD_POINTER}},
		{"syslog", SYS_syslog, {-1, BAD_POINTER, 0}},
		{"settimeofday", SYS_settimeofday, {BAD_POINTER, 0}},
		{"clock_settime", SYS_clock_settime, {-1, BAD_POINTER}},
		{"adjtimex", SYS_adjtimex, {BAD_POINTER}},
		{"sethostname", SYS_sethostname, {BAD_POINTER, 1}},
		{"setdomainname", SYS_setdomainname, {BAD_POINTER, 1}},
		{NULL, 0, {0}},
	};

	check_calls(finding, calls);
}

void check_families(struct finding *finding)
{
	static const struct {
		const char *name;
		int family;
		int type;
	} families[] = {
		{"AF_VSOCK", AF_VSOCK, SOCK_STREAM},
		{"AF_ALG", AF_ALG, SOCK_SEQPACKET},
		{"AF_PACKET", AF_PACKET, SOCK_RAW},
		{"AF_BLUETOOTH", AF_BLUETOOTH, SOCK_RAW},
		{"AF_KEY", AF_KEY, SOCK_RAW},
		{"AF_TIPC", AF_TIPC, SOCK_SEQPACKET},
		{"AF_CAN", AF_CAN, SOCK_RAW},
	};

	finding_set(finding, FINDING_GOOD, "only unix, internet and netlink sockets can be made");
	for (size_t i = 0; i < ELEMENTS(families); i++) {
		int fd = socket(families[i].family, families[i].type | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		close(fd);
		finding_set(finding, FINDING_BAD, "%s sockets can be made", families[i].name);
	}
}
