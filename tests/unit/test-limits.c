#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/limits.h"
#include "runtime/limits/cgroup.h"
#include "runtime/limits/values.h"

/* --- Values ------------------------------------------------------------------------------------ */

static void processor_time_becomes_quota_and_period(void **state)
{
	static const struct {
		uint32_t millis;
		uint64_t quota;
		uint64_t period;
	} table[] = {
		{1000, 100000, 100000},
		{1500, 150000, 100000},
		{250, 25000, 100000},
		{10, 1000, 100000},
		{9, 9000, 1000000},
		{1, 1000, 1000000},
		{8192000, 819200000, 100000},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct cpu_bandwidth bandwidth = cpu_bandwidth(table[i].millis);

		assert_int_equal(bandwidth.quota_us, table[i].quota);
		assert_int_equal(bandwidth.period_us, table[i].period);
	}
}

static void shares_become_a_weight(void **state)
{
	static const struct {
		uint32_t shares;
		uint32_t weight;
	} table[] = {{2, 1}, {3, 2}, {512, 59}, {1024, 100}, {2048, 174}, {131072, 5478},
		{262144, 10000}};
	uint32_t last = 0;

	for (size_t i = 0; i < ELEMENTS(table); i++)
		if (cpu_weight(table[i].shares) != table[i].weight)
			fail_msg("%u: %u", table[i].shares, cpu_weight(table[i].shares));
	for (uint32_t shares = 2; shares <= 262144; shares += 7) {
		assert_true(cpu_weight(shares) >= last && cpu_weight(shares) <= 10000);
		last = cpu_weight(shares);
	}
}

/* --- Places ------------------------------------------------------------------------------------ */

#define V1_MOUNTS                                                                                  \
	"22 28 0:20 / /proc rw,nosuid shared:5 - proc proc rw\n"                                   \
	"30 28 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"                 \
	"31 28 0:27 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"  \
	"32 28 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 master:3 - cgroup cgroup "            \
	"rw,cpu,cpuacct\n"                                                                         \
	"33 28 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"                        \
	"34 28 0:30 / /sys/fs/cgroup/memory\\040x rw - cgroup cgroup rw,memory\n"
#define V2_MOUNTS                                                                                  \
	"22 28 0:20 / /proc rw,nosuid shared:5 - proc proc rw\n"                                   \
	"30 28 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static const struct {
	const char *cgroup;
	const char *mountinfo;
	struct {
		int version;
		const char *path;
	} of[CONTROLLER_COUNT]; /* memory, cpu, pids */
} places[] = {
	/* Version 1; pids is in no hierarchy of that, so it could be in version 2. */
	{"5:cpuset:/\n4:memory:/a/b\n3:cpu,cpuacct:/\n1:name=systemd:/x\n0::/u\n", V1_MOUNTS,
		{{1, "/sys/fs/cgroup/memory x/a/b"}, {1, "/sys/fs/cgroup/cpu,cpuacct"},
			{2, "/sys/fs/cgroup/unified/u"}}},
	/* Without the hierarchy's mount there is nothing to use. */
	{"6:pids:/\n4:memory:/\n0::/\n", V1_MOUNTS,
		{{1, "/sys/fs/cgroup/memory x"}, {2, "/sys/fs/cgroup/unified"}, {0, NULL}}},
	{"0::/user.slice/user-1000.slice/a.scope\n", V2_MOUNTS,
		{{2, "/sys/fs/cgroup/user.slice/user-1000.slice/a.scope"},
			{2, "/sys/fs/cgroup/user.slice/user-1000.slice/a.scope"},
			{2, "/sys/fs/cgroup/user.slice/user-1000.slice/a.scope"}}},
	{"0::/\n", V2_MOUNTS,
		{{2, "/sys/fs/cgroup"}, {2, "/sys/fs/cgroup"}, {2, "/sys/fs/cgroup"}}},
	/* Containers: a part of the hierarchy is mounted; the names are the host's or relative. */
	{"4:memory:/docker/1f/x\n0::/\n",
		"1 2 0:3 /docker/1f /c/memory rw - cgroup cgroup rw,memory\n",
		{{1, "/c/memory/x"}, {0, NULL}, {0, NULL}}},
	{"4:memory:/docker/1ff\n", "1 2 0:3 /docker/1f /c/memory rw - cgroup cgroup rw,memory\n",
		{{1, "/c/memory"}, {0, NULL}, {0, NULL}}},
	{"0::/../other\n", V2_MOUNTS,
		{{2, "/sys/fs/cgroup"}, {2, "/sys/fs/cgroup"}, {2, "/sys/fs/cgroup"}}},
	{"", V2_MOUNTS, {{0, NULL}, {0, NULL}, {0, NULL}}},
	{"0::/\n", "", {{0, NULL}, {0, NULL}, {0, NULL}}},
	{"nonsense\n::\n0::", "nonsense\n1 2 - cgroup2\n - \n1 2 3 / - cgroup2 x y\n",
		{{0, NULL}, {0, NULL}, {0, NULL}}},
};

static void own_groups_are_found(void **state)
{
	for (size_t i = 0; i < ELEMENTS(places); i++) {
		_cleanup_(cgroup_places_release) struct cgroup_places found = {0};

		assert_int_equal(
			cgroup_places_parse(places[i].cgroup, places[i].mountinfo, &found), 0);
		for (int j = 0; j < CONTROLLER_COUNT; j++) {
			if (found.of[j].version != places[i].of[j].version)
				fail_msg("row %zu: %s: version %d", i,
					controller_name((enum controller)j), found.of[j].version);
			if (places[i].of[j].path)
				assert_string_equal(found.of[j].path, places[i].of[j].path);
		}
	}
}

/* --- Groups, in directories that look like them ------------------------------------------------- */

static char top[] = "/tmp/ward-test-XXXXXX";

static int make_top(void **state)
{
	memcpy(top + strlen(top) - 6, "XXXXXX", 6);
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	const char *const argv[] = {"rm", "-rf", top, NULL};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(execvp(argv[0], (char *const *)argv));
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void put(const char *group, const char *file, const char *text)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[256];

	snprintf(path, sizeof(path), "%s%s", top, group);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s%s/%s", top, group, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int open_group(const char *group)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s%s", top, group);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void assert_holds(const char *group, const char *file, const char *wanted)
{
	_cleanup_(fd_closep) int fd = open_group(group);
	char text[256];

	assert_int_equal(cgroup_read(fd, file, text, sizeof(text)), 0);
	assert_string_equal(text, wanted);
}

static const struct resources all_resources = {
	.memory_bytes = 64 << 20, .cpu_millis = 1500, .cpu_shares = 1024, .pids = 10};

static void each_version_has_its_files(void **state)
{
	static const struct {
		const struct cgroup_version *version;
		const char *file;
		const char *value;
	} table[] = {
		{&cgroup_v1, "memory.limit_in_bytes", "67108864"},
		{&cgroup_v1, "memory.memsw.limit_in_bytes", "67108864"},
		{&cgroup_v1, "memory.oom_control", "0"},
		{&cgroup_v1, "cpu.cfs_period_us", "100000"},
		{&cgroup_v1, "cpu.cfs_quota_us", "150000"},
		{&cgroup_v1, "cpu.shares", "1024"},
		{&cgroup_v1, "pids.max", "12"},
		{&cgroup_v2, "memory.max", "67108864"},
		{&cgroup_v2, "memory.swap.max", "0"},
		{&cgroup_v2, "cpu.max", "150000 100000"},
		{&cgroup_v2, "cpu.weight", "100"},
	};
	_cleanup_(fd_closep) int fd = -1;
	const char *file = NULL;

	for (size_t i = 0; i < ELEMENTS(table); i++)
		put("/g", table[i].file, "");
	fd = open_group("/g");
	assert_int_equal(cgroup_apply(fd, &cgroup_v1, ~0U, &all_resources, true, &file), 0);
	for (size_t i = 0; i < ELEMENTS(table); i++)
		if (table[i].version == &cgroup_v1)
			assert_holds("/g", table[i].file, table[i].value);
	assert_holds("/g", "memory.max", "");
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, ~0U, &all_resources, true, &file), 0);
	for (size_t i = 0; i < ELEMENTS(table); i++)
		assert_holds("/g", table[i].file, table[i].value);
}

static void only_what_is_asked_for_is_set(void **state)
{
	const struct resources pids_only = {.pids = 98};
	_cleanup_(fd_closep) int fd = -1;
	const char *file = NULL;

	put("/g", "pids.max", "");
	fd = open_group("/g");
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, ~0U, &pids_only, true, &file), 0);
	assert_holds("/g", "pids.max", "100");
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, 0, &all_resources, true, &file), 0);
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, ~0U, &all_resources, true, &file), -ENOENT);
	assert_string_equal(file, "memory.max");
}

static void swap_must_be_limited_where_there_is_some(void **state)
{
	const struct resources memory = {.memory_bytes = 64 << 20};
	_cleanup_(fd_closep) int fd = -1;
	const char *file = NULL;

	put("/g", "memory.max", "");
	put("/g", "memory.limit_in_bytes", "");
	fd = open_group("/g");
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, ~0U, &memory, false, &file), 0);
	assert_int_equal(cgroup_apply(fd, &cgroup_v2, ~0U, &memory, true, &file), -ENOTSUP);
	assert_string_equal(file, "memory.swap.max");
	assert_int_equal(cgroup_apply(fd, &cgroup_v1, ~0U, &memory, false, &file), 0);
	assert_int_equal(cgroup_apply(fd, &cgroup_v1, ~0U, &memory, true, &file), -ENOTSUP);
}

/* A tree of version 2; the kernel's file takes "+memory", and does not look so afterwards. */
static void put_group(const char *group, const char *available, const char *enabled)
{
	put(group, "cgroup.controllers", available);
	put(group, "cgroup.subtree_control", enabled);
	put(group, "cgroup.procs", "");
}

enum { MEMORY = 1 << CONTROLLER_MEMORY, CPU = 1 << CONTROLLER_CPU, PIDS = 1 << CONTROLLER_PIDS };

static void the_nearest_group_with_the_controllers_is_the_base(void **state)
{
	char own[128], wanted[128];
	struct cgroup_place place = {.version = 2, .mount = top, .path = own};
	static const struct {
		unsigned controllers;
		const char *base; /* NULL: there is none */
	} table[] = {
		{PIDS, "/slice/scope"},
		{MEMORY, "/slice"},
		{MEMORY | PIDS, "/slice"},
		{CPU, ""},
		{MEMORY | CPU | PIDS, ""},
	};

	put_group("", "cpuset cpu io memory pids\n", "memory pids\n");
	put_group("/slice", "io memory pids\n", "memory pids\n");
	put_group("/slice/scope", "pids\n", "pids\n");
	snprintf(own, sizeof(own), "%s/slice/scope", top);
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(freep) char *base = NULL;

		assert_int_equal(cgroup_v2_find_base(&place, table[i].controllers, &base), 0);
		snprintf(wanted, sizeof(wanted), "%s%s", top, table[i].base);
		assert_string_equal(base, wanted);
	}
	assert_holds("", "cgroup.subtree_control", "+memory +cpu");
	put_group("", "cpuset io pids\n", "pids\n");
	{
		char *base = NULL;

		assert_int_equal(cgroup_v2_find_base(&place, CPU, &base), -EACCES);
		assert_null(base);
	}
}

static void only_missing_controllers_are_turned_on(void **state)
{
	_cleanup_(fd_closep) int fd = -1;

	put_group("/g", "cpu memory pids\n", "memory\n");
	fd = open_group("/g");
	assert_int_equal(cgroup_v2_available(fd), MEMORY | CPU | PIDS);
	assert_int_equal(cgroup_v2_enable(fd, MEMORY), 0);
	assert_holds("/g", "cgroup.subtree_control", "memory\n");
	assert_int_equal(cgroup_v2_enable(fd, MEMORY | CPU | PIDS), 0);
	assert_holds("/g", "cgroup.subtree_control", "+cpu +pids");
}

static void processes_move_to_the_supervisor(void **state)
{
	_cleanup_(fd_closep) int fd = -1;

	/* As if the process had been moved already: the file of a fake can't empty itself. */
	put_group("/g", "", "");
	put("/g/ward-supervisor", "cgroup.procs", "");
	fd = open_group("/g");
	assert_int_equal(cgroup_v2_evacuate(fd), 0);
	assert_holds("/g/ward-supervisor", "cgroup.procs", "");
	put("/g", "cgroup.procs", "4242\n");
	assert_int_equal(cgroup_v2_evacuate(fd), 0);
	assert_holds("/g/ward-supervisor", "cgroup.procs", "4242");
}

/* --- The whole --------------------------------------------------------------------------------- */

static void no_limits_need_nothing(void **state)
{
	const struct resources none = {0};
	struct limits *limits = (struct limits *)&none;
	int fds[LIMITS_ENTRANCES_MAX];

	assert_int_equal(limits_make(&none, -1, "0", &limits, NULL), 0);
	assert_null(limits);
	assert_int_equal(limits_entrances(NULL, fds), 0);
	assert_int_equal(limits_nproc(NULL), 0);
	assert_int_equal(limits_oom_kills(NULL), 0);
	assert_null(limits_free(NULL));
}

/* What a record names is removed only where it is a control group of Ward's. */
static void a_record_can_not_remove_other_directories(void **state)
{
	_cleanup_(fd_closep) int fd = -1;
	char text[256], path[64];

	put("/run", "x", "");
	fd = open_group("/run");
	assert_int_equal(limits_reap(fd), 0);
	snprintf(path, sizeof(path), "%s/ward-0123", top);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(text, sizeof(text), "%s\n/nowhere/ward-1\n\n", path);
	put("/run", "cgroups", text);
	assert_int_equal(limits_reap(fd), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(faccessat(fd, "cgroups", F_OK, 0), -1);
}

/* Either it works or it says why and what to do. */
static void probing_leaves_an_answer(void **state)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		struct ward_error error = {0};
		const char *means = NULL;
		int r = limits_probe((enum limit_kind)kind, &means, &error);

		if (r == 0)
			assert_non_null(means);
		else
			assert_true(error.message[0] && error.hint[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor_time_becomes_quota_and_period),
		cmocka_unit_test(shares_become_a_weight),
		cmocka_unit_test(own_groups_are_found),
		cmocka_unit_test_setup_teardown(each_version_has_its_files, make_top, remove_top),
		cmocka_unit_test_setup_teardown(
			only_what_is_asked_for_is_set, make_top, remove_top),
		cmocka_unit_test_setup_teardown(
			swap_must_be_limited_where_there_is_some, make_top, remove_top),
		cmocka_unit_test_setup_teardown(
			the_nearest_group_with_the_controllers_is_the_base, make_top, remove_top),
		cmocka_unit_test_setup_teardown(
			only_missing_controllers_are_turned_on, make_top, remove_top),
		cmocka_unit_test_setup_teardown(
			processes_move_to_the_supervisor, make_top, remove_top),
		cmocka_unit_test(no_limits_need_nothing),
		cmocka_unit_test_setup_teardown(
			a_record_can_not_remove_other_directories, make_top, remove_top),
		cmocka_unit_test(probing_leaves_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
