/* Promises about files: what is not there, and what can't be changed. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/doctor/finding.h"

/* Opened, never written. */
static bool opens_for_writing(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd >= 0;
}

static bool opens(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd >= 0;
}

void check_settings(struct finding *finding)
{
	static const char *const files[] = {"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sys/kernel/msgmax",
		"/proc/sys/kernel/ns_last_pid", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/net/ipv4/ip_forward", "/proc/sys/user/max_user_namespaces",
		"/proc/sys/fs/mqueue/msg_max", "/proc/sys/fs/binfmt_misc/register",
		"/proc/sysrq-trigger", "/proc/kcore", "/proc/irq/0/smp_affinity"};
	struct statvfs stat;

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		if (!opens_for_writing(files[i]))
			continue;
		finding_set(finding, FINDING_BAD, "%s can be written", files[i]);
		return;
	}
	if (statvfs("/proc/sys", &stat) < 0 || !(stat.f_flag & ST_RDONLY))
		finding_set(finding, FINDING_BAD, "/proc/sys is not read-only");
	else if (statvfs("/sys/kernel", &stat) == 0 && !(stat.f_flag & ST_RDONLY))
		finding_set(finding, FINDING_BAD, "/sys is there, and not read-only");
	else
		finding_set(finding, FINDING_GOOD, "those in /proc and /sys can't be written");
}

void check_system(struct finding *finding)
{
	static const char *const directories[] = {"/", "/usr", "/etc", "/dev", "/bin", "/lib"};

	for (size_t i = 0; i < ELEMENTS(directories); i++) {
		struct statvfs stat;

		if (statvfs(directories[i], &stat) == 0 && !(stat.f_flag & ST_RDONLY)) {
			finding_set(finding, FINDING_BAD, "%s is not read-only", directories[i]);
			return;
		}
	}
	finding_set(finding, FINDING_GOOD, "programs and their configuration are read-only");
}

static bool has_entries(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (dir)
		closedir(dir);
	return found;
}

void check_host_files(struct finding *finding)
{
	static const char *const directories[] = {"/boot", "/root", "/mnt", "/media", "/srv",
		"/var/lib", "/var/log", "/var/spool", "/etc/ssh", "/etc/ssl/private",
		"/etc/sudoers.d", "/run/user", "/run/secrets", "/var/run/secrets"};
	static const char *const files[] = {
		"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/machine-id", "/proc/kmsg"};

	finding_set(finding, FINDING_GOOD, "the host's own are not there");
	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (opens(files[i]))
			finding_set(finding, FINDING_BAD, "%s can be read", files[i]);
	for (size_t i = 0; i < ELEMENTS(directories); i++)
		if (has_entries(directories[i]))
			finding_set(finding, FINDING_BAD, "%s can be listed", directories[i]);
}

/* Linux's devices.txt: what everybody may use. */
static bool is_harmless(dev_t device)
{
	unsigned major_number = major(device), minor_number = minor(device);

	if (major_number == 1) /* null, zero, full, random, urandom */
		return minor_number == 3 || minor_number == 5 || minor_number == 7 ||
		       minor_number == 8 || minor_number == 9;
	if (major_number == 5) /* tty, console (a pty that was bound), ptmx */
		return minor_number == 0 || minor_number == 1 || minor_number == 2;
	return major_number >= 136 && major_number <= 143;
}

void check_devices(struct finding *finding)
{
	struct dirent *entry;
	DIR *dir = opendir("/dev");

	finding_set(finding, FINDING_GOOD, "only those that everybody may use are there");
	while (dir && (entry = readdir(dir))) {
		struct stat stat;

		if (fstatat(dirfd(dir), entry->d_name, &stat, 0) < 0)
			continue;
		if (S_ISBLK(stat.st_mode) || (S_ISCHR(stat.st_mode) && !is_harmless(stat.st_rdev)))
			finding_set(finding, FINDING_BAD, "/dev/%s is there", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (mknod("/tmp/ward-device", S_IFCHR | 0600, makedev(1, 3)) == 0) {
		unlink("/tmp/ward-device");
		finding_set(finding, FINDING_BAD, "device nodes can be made");
	}
}

static char *read_text(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	return fd >= 0 && fd_read_file(fd, 16 << 20, &text, &size) == 0 ? text : NULL;
}

void check_control_groups(struct finding *finding)
{
	_cleanup_(freep) char *mounts = read_text("/proc/self/mounts");
	_cleanup_(freep) char *groups = read_text("/proc/self/cgroup");

	finding_set(finding, FINDING_GOOD, "none are mounted, and none of the host's is named");
	if (!mounts)
		finding_set(finding, FINDING_BAD, "/proc/self/mounts can't be read");
	else if (strstr(mounts, " cgroup ") || strstr(mounts, " cgroup2 "))
		finding_set(finding, FINDING_BAD, "they are mounted");
	else if (access("/sys/fs/cgroup", F_OK) == 0)
		finding_set(finding, FINDING_BAD, "/sys/fs/cgroup is there");
	for (const char *line = groups; line && *line; line = strchr(line, '\n')) {
		const char *path;

		line += *line == '\n';
		path = strstr(line, ":/");
		if (!*line || !path)
			continue;
		if (path[2] != '\n' && path[2] != '\0')
			finding_set(finding, FINDING_BAD, "one of the host's is seen: %.*s",
				(int)strcspn(line, "\n"), line);
	}
}

void check_memory_file_systems(struct finding *finding)
{
	const char *paths[] = {"/tmp", "/run", "/dev/shm", getenv("HOME")};

	finding_set(finding, FINDING_GOOD, "each has a size that it can't pass");
	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		const uint64_t most = UINT64_C(1) << 30;
		struct statfs stat;

		if (!paths[i] || statfs(paths[i], &stat) < 0)
			finding_set(finding, FINDING_BAD, "%s is not there",
				paths[i] ? paths[i] : "the home");
		else if (stat.f_type != TMPFS_MAGIC)
			finding_set(finding, FINDING_BAD, "%s is not in memory", paths[i]);
		else if (stat.f_blocks == 0 ||
			 (uint64_t)stat.f_blocks * (uint64_t)stat.f_bsize > most)
			finding_set(finding, FINDING_BAD, "%s may grow beyond 1 GiB", paths[i]);
	}
}
