#include "runtime/doctor/finding.h"
#include "runtime/limits.h"

static void examine_limit(struct finding *finding, enum limit_kind kind, const char *what)
{
	struct ward_error error = {0};
	const char *means;

	if (limits_probe(kind, &means, &error) < 0)
		finding_set_error(finding, FINDING_OPTIONAL, &error);
	else
		finding_set(finding, FINDING_GOOD, "%s can be limited, by %s", what, means);
}

static void examine_memory_limit(struct finding *finding)
{
	examine_limit(finding, LIMIT_MEMORY, "memory");
}

static void examine_cpu_limit(struct finding *finding)
{
	examine_limit(finding, LIMIT_CPU, "processor time");
}

static void examine_process_limit(struct finding *finding)
{
	examine_limit(finding, LIMIT_PROCESSES, "the number of processes");
}

static const struct examination examinations[] = {
	{"kernel", examine_kernel},
	{"openat2", examine_openat2},
	{"seccomp", examine_seccomp},
	{"namespaces", examine_user_namespaces},
	{"fuse-device", examine_fuse_device},
	{"fuse-mount", examine_fuse_mount},
	{"bwrap", examine_bwrap},
	{"bwrap-run", examine_bwrap_run},
	{"landlock", examine_landlock},
	{"memory-limit", examine_memory_limit},
	{"cpu-limit", examine_cpu_limit},
	{"pids-limit", examine_process_limit},
	{"fusermount3", examine_fusermount},
	{"allow-other", examine_allow_other},
	{"inotify", examine_inotify},
	{"fanotify", examine_fanotify},
	{"passthrough", examine_passthrough},
	{"docker", examine_docker},
	{NULL, NULL},
};

int doctor_examine_machine(finding_handler handler, void *data)
{
	return finding_run(examinations, handler, data);
}
