/* Control groups of version 2: Documentation/admin-guide/cgroup-v2.rst. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/limits/cgroup.h"
#include "runtime/limits/values.h"

#define SUPERVISOR "ward-supervisor"

enum { EVACUATE_ROUNDS = 16 };

static bool memory_max(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64, resources->memory_bytes);
	return resources->memory_bytes;
}

static bool swap_max(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "0");
	return resources->memory_bytes;
}

static bool cpu_max(const struct resources *resources, char *text, size_t size)
{
	const struct cpu_bandwidth bandwidth = cpu_bandwidth(resources->cpu_millis);

	snprintf(text, size, "%" PRIu64 " %" PRIu64, bandwidth.quota_us, bandwidth.period_us);
	return resources->cpu_millis;
}

static bool weight(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%u", (unsigned)cpu_weight(resources->cpu_shares));
	return resources->cpu_shares;
}

static bool pids(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%u", (unsigned)pids_max(resources->pids));
	return resources->pids;
}

static const struct cgroup_setting settings[] = {
	{CONTROLLER_MEMORY, "memory.max", SETTING_NEEDED, memory_max},
	{CONTROLLER_MEMORY, "memory.swap.max", SETTING_NEEDED_WITH_SWAP, swap_max},
	{CONTROLLER_CPU, "cpu.max", SETTING_NEEDED, cpu_max},
	{CONTROLLER_CPU, "cpu.weight", SETTING_NEEDED, weight},
	{CONTROLLER_PIDS, "pids.max", SETTING_NEEDED, pids},
	{0, NULL, SETTING_OPTIONAL, NULL},
};

const struct cgroup_version cgroup_v2 = {settings, "memory.events"};

/* The controllers that a file names, separated by blanks. */
static unsigned read_controllers(int group_fd, const char *file)
{
	unsigned controllers = 0;
	char text[512];
	char *rest = text;
	char *word;

	if (cgroup_read(group_fd, file, text, sizeof(text)) < 0)
		return 0;
	while ((word = strsep(&rest, " \n")))
		for (int i = 0; i < CONTROLLER_COUNT; i++)
			if (strcmp(word, controller_name((enum controller)i)) == 0)
				controllers |= CONTROLLER_BIT(i);
	return controllers;
}

unsigned cgroup_v2_available(int group_fd)
{
	return read_controllers(group_fd, "cgroup.controllers");
}

int cgroup_v2_enable(int group_fd, unsigned controllers)
{
	unsigned missing = controllers & ~read_controllers(group_fd, "cgroup.subtree_control");
	char text[64];
	int used = 0;

	if (!missing)
		return 0;
	for (int i = 0; i < CONTROLLER_COUNT; i++)
		if (missing & CONTROLLER_BIT(i))
			used += snprintf(text + used, sizeof(text) - (size_t)used, "%s+%s",
				used ? " " : "", controller_name((enum controller)i));
	return cgroup_write(group_fd, "cgroup.subtree_control", text);
}

static int move_once(int group_fd, int child_fd, bool *ret_moved)
{
	char text[4096];
	char *rest = text;
	char *pid;
	int r = cgroup_read(group_fd, "cgroup.procs", text, sizeof(text));

	*ret_moved = false;
	if (r < 0)
		return r;
	while ((pid = strsep(&rest, "\n"))) {
		if (!*pid)
			continue;
		*ret_moved = true;
		r = cgroup_write(child_fd, "cgroup.procs", pid);
		if (r < 0 && r != -ESRCH && r != -EINVAL)
			return r;
	}
	return 0;
}

/* What is forked meanwhile takes another round. */
int cgroup_v2_evacuate(int group_fd)
{
	_cleanup_(fd_closep) int child_fd = -1;
	bool moved = true;
	int r = 0;

	if (mkdirat(group_fd, SUPERVISOR, 0755) < 0 && errno != EEXIST)
		return -errno;
	child_fd = openat(group_fd, SUPERVISOR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child_fd < 0)
		return -errno;
	for (int i = 0; r == 0 && moved && i < EVACUATE_ROUNDS; i++)
		r = move_once(group_fd, child_fd, &moved);
	return r;
}

/* systemd.resource-control(5), Delegate=: marked for both kinds of readers since version 251. */
static bool is_delegated(int group_fd)
{
	static const char *const names[] = {"user.delegate", "trusted.delegate"};
	char value[8];

	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (fgetxattr(group_fd, names[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

static bool is_writable(int group_fd)
{
	static const char *const files[] = {".", "cgroup.procs", "cgroup.subtree_control"};

	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (faccessat(group_fd, files[i], W_OK, AT_EACCESS) < 0)
			return false;
	return true;
}

static int try_base(const char *path, unsigned controllers, bool is_own, bool is_top)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	if (!is_writable(fd) || (cgroup_v2_available(fd) & controllers) != controllers)
		return -EACCES;
	r = cgroup_v2_enable(fd, controllers);
	if (r != -EBUSY || !is_own || !(is_delegated(fd) || is_top))
		return r;
	r = cgroup_v2_evacuate(fd);
	return r < 0 ? r : cgroup_v2_enable(fd, controllers);
}

int cgroup_v2_find_base(const struct cgroup_place *place, unsigned controllers, char **ret_base)
{
	_cleanup_(freep) char *path = strdup(place->path);
	size_t top = strlen(place->mount);
	bool is_own = true;

	if (!path)
		return -ENOMEM;
	for (;; is_own = false) {
		bool is_top = strlen(path) <= top;

		if (try_base(path, controllers, is_own, is_top) == 0) {
			*ret_base = TAKE_PTR(path);
			return 0;
		}
		if (is_top)
			return -EACCES;
		*strrchr(path, '/') = '\0';
	}
}
