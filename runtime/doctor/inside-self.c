/* Promises about what a sandboxed process itself is and has. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/doctor/finding.h"

extern char **environ;

/* The line of /proc/self/status that begins with `key`, cut at its end, without the key. */
static const char *status_line(const char *key, char *text, size_t size)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, size - 1);
	char *line;

	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, key);
	if (!line)
		return NULL;
	line += strlen(key);
	line += strspn(line, " \t");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void check_capabilities(struct finding *finding)
{
	static const char *const sets[] = {
		"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:", "\nCapAmb:"};

	for (size_t i = 0; i < ELEMENTS(sets); i++) {
		char text[8192];
		const char *value = status_line(sets[i], text, sizeof(text));

		if (!value || strspn(value, "0") != strlen(value)) {
			finding_set(
				finding, FINDING_BAD, "%s %s", sets[i] + 1, value ? value : "?");
			return;
		}
	}
	finding_set(finding, FINDING_GOOD, "none are held, nor can be");
}

void check_no_new_privileges(struct finding *finding)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		finding_set(finding, FINDING_GOOD, "set-user-ID programs give none");
	else
		finding_set(finding, FINDING_BAD, "set-user-ID programs give their owner's");
}

/*
 * What the host knows a process as can't be read from inside nested namespaces, but it shows: the
 * settings of the kernel may be written by the host's user 0 alone, whatever its capabilities
 * (proc_sys_permission()), and access(2) tells a read-only mount (EROFS) only to whom the file itself
 * would let.
 */
void check_host_uid(struct finding *finding)
{
	if (geteuid() == 0 || getuid() == 0)
		finding_set(finding, FINDING_BAD, "the process has user ID 0");
	else if (access("/proc/sys/kernel/core_pattern", W_OK) == 0 || errno == EROFS)
		finding_set(finding, FINDING_BAD, "the process is user 0 of the host");
	else
		finding_set(finding, FINDING_GOOD, "an ordinary user, %u, also for the host",
			(unsigned)getuid());
}

void check_core_dumps(struct finding *finding)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0)
		finding_set(finding, FINDING_GOOD, "a crash is not handled on the host");
	else
		finding_set(finding, FINDING_BAD, "a crash dumps a core, which the host handles");
}

static bool is_directory(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode);
}

void check_descriptors(struct finding *finding)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	finding_set(finding, FINDING_GOOD, "only 0, 1 and 2 are open");
	while (dir && (entry = readdir(dir))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) && (fd > 2 || is_directory(fd)))
			finding_set(finding, FINDING_BAD, "descriptor %d was inherited", fd);
	}
	if (dir)
		closedir(dir);
	else
		finding_set(finding, FINDING_BAD, "/proc/self/fd can't be listed");
}

/* True where a name is one that leads to the host, or looks as those of secrets do. */
static bool is_suspect(const char *entry)
{
	static const char *const parts[] = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL",
		"API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "SSH_AUTH_SOCK", "SSH_AGENT",
		"DBUS_SESSION", "XDG_RUNTIME_DIR", "DOCKER_HOST", "WAYLAND_", "XAUTHORITY", "SUDO_",
		"KRB5CCNAME", "GPG_AGENT", "KUBECONFIG"};
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(entry, "="), entry);
	for (size_t i = 0; i < ELEMENTS(parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}

void check_environment(struct finding *finding)
{
	for (char **entry = environ; *entry; entry++) {
		if (!is_suspect(*entry))
			continue;
		finding_set(finding, FINDING_BAD, "%.*s is set", (int)strcspn(*entry, "="), *entry);
		finding_mend(finding, "this is meant only if -e or the policy named it");
		return;
	}
	finding_set(
		finding, FINDING_GOOD, "nothing in it looks like a secret or leads to the host");
}
