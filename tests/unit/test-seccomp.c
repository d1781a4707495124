#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/seccomp.h"

/* Calls made in a child that has the filter: what errno they leave, 0 where they succeed. Arguments
 * are chosen so that without the filter the errno would be another one. */
static const struct call {
	const char *what;
	long number;
	long arguments[4];
	int code;
} calls[] = {
	{"getpid", SYS_getpid, {0}, 0},
	{"TIOCSTI", SYS_ioctl, {-1, TIOCSTI, 0}, EPERM},
	{"TIOCSTI with high bits", SYS_ioctl, {-1, (long)(0x1234567800000000 | TIOCSTI), 0}, EPERM},
	{"TIOCLINUX", SYS_ioctl, {-1, TIOCLINUX, 0}, EPERM},
	{"TIOCLINUX with high bits", SYS_ioctl, {-1, (long)(0xffffffff00000000 | TIOCLINUX), 0},
		EPERM},
	{"another ioctl", SYS_ioctl, {-1, TCGETS, 0}, EBADF},
	{"unshare of a user namespace", SYS_unshare, {CLONE_NEWUSER}, EPERM},
	{"unshare of it and more", SYS_unshare, {CLONE_NEWUSER | CLONE_NEWNS | CLONE_FS}, EPERM},
	{"unshare of files", SYS_unshare, {CLONE_FILES}, 0},
	{"clone of a user namespace", SYS_clone, {CLONE_NEWUSER | CLONE_FS | SIGCHLD}, EPERM},
	{"clone3", SYS_clone3, {0, 0}, ENOSYS},
	{"setns", SYS_setns, {-1, 0}, EPERM},
	{"mount", SYS_mount, {0, 0, 0, 0}, EPERM},
	{"umount2", SYS_umount2, {0, 0}, EPERM},
	{"fsopen", SYS_fsopen, {0, 0}, ENOSYS},
	{"move_mount", SYS_move_mount, {-1, 0, -1, 0}, ENOSYS},
	{"open_tree", SYS_open_tree, {-1, 0, 0}, ENOSYS},
	{"pivot_root", SYS_pivot_root, {0, 0}, EPERM},
	{"chroot", SYS_chroot, {0}, EPERM},
	{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}, EPERM},
	{"name_to_handle_at", SYS_name_to_handle_at, {-1, 0, 0, 0}, EPERM},
	{"keyctl", SYS_keyctl, {-1, 0, 0}, EPERM},
	{"add_key", SYS_add_key, {0, 0, 0, 0}, EPERM},
	{"request_key", SYS_request_key, {0, 0, 0, 0}, EPERM},
	{"bpf", SYS_bpf, {-1, 0, 0}, EPERM},
	{"perf_event_open", SYS_perf_event_open, {0, 0, 0, 0}, EPERM},
	{"userfaultfd", SYS_userfaultfd, {-1}, EPERM},
	{"io_uring_setup", SYS_io_uring_setup, {0, 0}, ENOSYS},
	{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0}, ENOSYS},
	{"kexec_load", SYS_kexec_load, {0, 0, 0, 0}, EPERM},
	{"finit_module", SYS_finit_module, {-1, 0, 0}, EPERM},
	{"swapon", SYS_swapon, {0, 0}, EPERM},
	{"reboot", SYS_reboot, {0, 0, 0, 0}, EPERM},
	{"syslog", SYS_syslog, {-1, 0, 0}, EPERM},
	{"PER_LINUX32", SYS_personality, {PER_LINUX32}, 0},
	{"address randomisation off", SYS_personality, {ADDR_NO_RANDOMIZE}, 0},
	{"personality asked for", SYS_personality, {0xffffffff}, 0},
	{"PER_BSD", SYS_personality, {PER_BSD}, EPERM},
	{"PER_SVR4", SYS_personality, {PER_SVR4}, EPERM},
	{"a unix socket", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, 0},
	{"an inet socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}, 0},
	{"a netlink socket", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, 0},
	{"a vsock socket", SYS_socket, {40, SOCK_STREAM, 0}, EAFNOSUPPORT},
	{"an AF_ALG socket", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, EAFNOSUPPORT},
	{"a packet socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, EAFNOSUPPORT},
	{"a family with high bits", SYS_socket, {(long)(0x100000000 | AF_PACKET), SOCK_RAW, 0},
		EAFNOSUPPORT},
};

static void install(int fd)
{
	static struct sock_filter program[8192];
	ssize_t size = fd_read_full(fd, program, sizeof(program));
	struct sock_fprog filter = {
		.len = (unsigned short)((size_t)size / sizeof(program[0])), .filter = program};

	if (size <= 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		_exit(99);
}

static int call_in_child(int filter, const struct call *call)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		install(filter);
		errno = 0;
		if (syscall(call->number, call->arguments[0], call->arguments[1],
			    call->arguments[2], call->arguments[3]) >= 0)
			errno = 0;
		_exit(errno > 255 ? 255 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(lseek(filter, 0, SEEK_SET), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void calls_are_answered_as_the_table_says(void **state)
{
	_cleanup_(fd_closep) int filter = -1;
	struct ward_error error = {0};

	assert_int_equal(seccomp_filter_new(&filter, &error), 0);
	for (size_t i = 0; i < ELEMENTS(calls); i++) {
		int code = call_in_child(filter, &calls[i]);

		if (code != calls[i].code)
			fail_msg("%s: %d (%s), not %d", calls[i].what, code, strerror(code),
				calls[i].code);
	}
}

#ifdef __x86_64__
static long call_32_bit(long number)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void foreign_abis_end_the_process(void **state)
{
	static const struct call x32 = {"x32 getpid", 0x40000000 + SYS_getpid, {0}, 0};
	_cleanup_(fd_closep) int filter = -1;
	int status;
	pid_t pid;

	assert_int_equal(seccomp_filter_new(&filter, NULL), 0);
	assert_int_equal(call_in_child(filter, &x32), -SIGSYS);
	pid = fork();
	if (pid == 0) {
		install(filter);
		call_32_bit(20);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_answered_as_the_table_says),
#ifdef __x86_64__
		cmocka_unit_test(foreign_abis_end_the_process),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
