/* What the kernel offers by itself. */
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/doctor/finding.h"

enum { LANDLOCK_ABI_WITH_SCOPES = 6, FEW_WATCHES = 65536 };

void examine_kernel(struct finding *finding)
{
	struct utsname name;

	if (uname(&name) < 0)
		finding_set(finding, FINDING_BAD, "the kernel does not tell its version");
	else
		finding_set(finding, FINDING_GOOD, "%s %s on %s", name.sysname, name.release,
			name.machine);
}

void examine_openat2(struct finding *finding)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
	_cleanup_(fd_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(fd_closep) int fd = (int)syscall(SYS_openat2, root, ".", &how, sizeof(how));

	if (fd >= 0) {
		finding_set(finding, FINDING_GOOD, "openat2 resolves paths beneath a directory");
		return;
	}
	finding_set(finding, FINDING_BAD, "openat2 does not work: %m");
	finding_mend(finding,
		errno == ENOSYS ? "use Linux 5.6 or newer" : "let this container call openat2");
}

void examine_seccomp(struct finding *finding)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (prctl(PR_GET_SECCOMP) >= 0 &&
		syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
		finding_set(finding, FINDING_GOOD, "system calls can be filtered");
		return;
	}
	finding_set(finding, FINDING_BAD, "system calls can't be filtered: %m");
	finding_mend(finding, "use a kernel with CONFIG_SECCOMP_FILTER, Linux 4.14 or newer");
}

void examine_landlock(struct finding *finding)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi >= LANDLOCK_ABI_WITH_SCOPES) {
		finding_set(finding, FINDING_GOOD, "Landlock, version %ld of its interface", abi);
		return;
	}
	finding_set(finding, FINDING_OPTIONAL,
		"Landlock can't confine sockets: with --net host, the inside reaches the host's "
		"abstract ones");
	finding_mend(finding, "use Linux 6.12 or newer, with landlock among the kernel's lsm=");
}

static long read_number(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

void examine_inotify(struct finding *finding)
{
	long watches = read_number("/proc/sys/fs/inotify/max_user_watches");
	_cleanup_(fd_closep) int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		finding_set(finding, FINDING_OPTIONAL, "inotify can't be used: %m");
	else if (watches < FEW_WATCHES)
		finding_set(finding, FINDING_OPTIONAL,
			"inotify watches %ld directories for each user, fewer than big codebases "
			"have",
			watches);
	else
		finding_set(finding, FINDING_GOOD, "inotify watches %ld directories", watches);
	if (finding->state != FINDING_GOOD)
		finding_mend(finding, "sudo sysctl -w fs.inotify.max_user_watches=1048576 "
				      "fs.inotify.max_user_instances=1024");
}

void examine_fanotify(struct finding *finding)
{
	_cleanup_(fd_closep) int fd = fanotify_init(
		FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		finding_set(finding, FINDING_GOOD, "fanotify tells changes by name");
		return;
	}
	finding_set(finding, FINDING_OPTIONAL, "fanotify can't be used: %m");
	finding_mend(finding, errno == EPERM ? "run ward as root; inotify does without"
					     : "use Linux 5.17 or newer; inotify does without");
}
