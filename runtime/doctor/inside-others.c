/* Promises about other processes, and sockets that lead to them. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/doctor/finding.h"

/* The name of a process, or "". */
static void read_name(const char *pid, char *name, size_t size)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, name, size - 1);
	name[n > 0 ? n : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

static bool is_inside(void)
{
	char name[32];

	read_name("1", name, sizeof(name));
	return strcmp(name, "ward-init") == 0;
}

/* All that can be seen must be of the one user that the sandbox has; the host's processes have
 * others, and a pid namespace of one's own shows none of them. Signal 0 only asks. */
void check_processes(struct finding *finding)
{
	struct dirent *entry;
	DIR *dir;

	if (!is_inside()) {
		finding_set(finding, FINDING_BAD, "PID 1 is not ward-init: the host's are seen");
		return;
	}
	finding_set(finding, FINDING_GOOD, "only the sandbox's own are seen and signalled");
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		struct stat stat;
		char name[32];

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name) ||
			strcmp(entry->d_name, "1") == 0 ||
			fstatat(dirfd(dir), entry->d_name, &stat, 0) < 0)
			continue;
		read_name(entry->d_name, name, sizeof(name));
		if (strcmp(name, "bwrap") == 0 || strcmp(name, "wardfs") == 0 ||
			strcmp(name, "ward-monitor") == 0)
			finding_set(finding, FINDING_BAD, "%s is seen", name);
	}
	if (dir)
		closedir(dir);
}

static bool reads_memory(pid_t pid)
{
	char byte;
	struct iovec local = {&byte, 1};
	struct iovec remote = {(void *)0x10000, 1};

	/* EFAULT: it was allowed to look. */
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT;
}

static bool takes_descriptor(pid_t pid)
{
	_cleanup_(fd_closep) int process = (int)syscall(SYS_pidfd_open, pid, 0);
	_cleanup_(fd_closep) int fd = (int)syscall(SYS_pidfd_getfd, process, 0, 0);

	return fd >= 0;
}

static bool opens(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0;
}

/* Traced only where it is ward-init: nobody may stop the host's. */
static int trace(const void *data, struct ward_error *error)
{
	return ptrace(PTRACE_SEIZE, 1, NULL, NULL) < 0 ? -errno : 0;
}

void check_init(struct finding *finding)
{
	static const char *const files[] = {"/proc/1/mem", "/proc/1/environ", "/proc/1/maps",
		"/proc/1/auxv", "/proc/1/fd/3", "/proc/1/root/."};

	finding_set(finding, FINDING_GOOD, "PID 1 can't be read, traced or robbed");
	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (opens(files[i]))
			finding_set(finding, FINDING_BAD, "%s can be opened", files[i]);
	if (reads_memory(1))
		finding_set(finding, FINDING_BAD, "the memory of PID 1 can be read");
	if (takes_descriptor(1))
		finding_set(finding, FINDING_BAD, "descriptors of PID 1 can be taken");
	if (is_inside() && finding_in_child(trace, NULL, NULL, NULL) == 0)
		finding_set(finding, FINDING_BAD, "PID 1 can be traced");
}

static bool connects(const struct sockaddr_un *address, socklen_t length)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};

	for (size_t i = 0; i < ELEMENTS(types); i++) {
		_cleanup_(fd_closep) int fd = socket(
			AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0 && connect(fd, (const struct sockaddr *)address, length) == 0)
			return true;
	}
	return false;
}

static bool connects_to_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connects(&address, sizeof(address));
}

/* What the walk has found; nftw(3) hands no data to its visitor. */
static struct finding *walk_finding;

static int visit(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	if (type != FTW_F || !S_ISSOCK(stat->st_mode) || !connects_to_path(path))
		return 0;
	finding_set(walk_finding, FINDING_BAD, "%s can be connected to", path);
	return 1;
}

void check_path_sockets(struct finding *finding)
{
	static const char *const directories[] = {"/run", "/var/run", "/tmp/.X11-unix", "/dev"};

	finding_set(
		finding, FINDING_GOOD, "none of docker, D-Bus, systemd or the monitor is there");
	walk_finding = finding;
	for (size_t i = 0; i < ELEMENTS(directories); i++)
		nftw(directories[i], visit, 16, FTW_PHYS);
	walk_finding = NULL;
}

/* proc(5), /proc/net/unix: the name is the last field, "@" standing for the NUL before it. */
void check_abstract_sockets(struct finding *finding)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/net/unix", "re");
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0;

	finding_set(finding, FINDING_GOOD, "none of the host's can be connected to");
	while (file && getline(&line, &capacity, file) > 0) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		const char *name = strstr(line, " @");
		size_t length;

		if (!name)
			continue;
		name += strlen(" @");
		length = strcspn(name, "\n");
		if (length >= sizeof(address.sun_path))
			continue;
		memcpy(address.sun_path + 1, name, length);
		if (connects(&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)))
			finding_set(finding, FINDING_BAD, "@%.*s can be connected to", (int)length,
				name);
	}
}
