/* Control groups of version 1: Documentation/admin-guide/cgroup-v1/. */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "runtime/limits/cgroup.h"
#include "runtime/limits/values.h"

static bool memory_bytes(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64, resources->memory_bytes);
	return resources->memory_bytes;
}

static bool zero_with_memory(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "0");
	return resources->memory_bytes;
}

static bool cpu_period(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64, cpu_bandwidth(resources->cpu_millis).period_us);
	return resources->cpu_millis;
}

static bool cpu_quota(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64, cpu_bandwidth(resources->cpu_millis).quota_us);
	return resources->cpu_millis;
}

static bool cpu_shares(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%u", (unsigned)resources->cpu_shares);
	return resources->cpu_shares;
}

static bool pids(const struct resources *resources, char *text, size_t size)
{
	snprintf(text, size, "%u", (unsigned)pids_max(resources->pids));
	return resources->pids;
}

/* memsw is memory and swap together, and may not be less than memory alone. A group inherits that
 * the kernel only stops, and does not kill, who needs more: oom_control. */
static const struct cgroup_setting settings[] = {
	{CONTROLLER_MEMORY, "memory.limit_in_bytes", SETTING_NEEDED, memory_bytes},
	{CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", SETTING_NEEDED_WITH_SWAP, memory_bytes},
	{CONTROLLER_MEMORY, "memory.oom_control", SETTING_OPTIONAL, zero_with_memory},
	{CONTROLLER_CPU, "cpu.cfs_period_us", SETTING_NEEDED, cpu_period},
	{CONTROLLER_CPU, "cpu.cfs_quota_us", SETTING_NEEDED, cpu_quota},
	{CONTROLLER_CPU, "cpu.shares", SETTING_NEEDED, cpu_shares},
	{CONTROLLER_PIDS, "pids.max", SETTING_NEEDED, pids},
	{0, NULL, SETTING_OPTIONAL, NULL},
};

const struct cgroup_version cgroup_v1 = {settings, "memory.oom_control"};

int cgroup_v1_check(const struct cgroup_place *place)
{
	return faccessat(AT_FDCWD, place->path, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}
