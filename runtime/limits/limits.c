#include "runtime/limits.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/strbuf.h"
#include "runtime/limits/cgroup.h"
#include "runtime/limits/nproc.h"
#include "runtime/limits/values.h"

/* In the sandbox's runtime directory: the groups' paths, a line each, children last. */
#define RECORD "cgroups"

#define GROUP_PREFIX "ward-"

enum { RECORD_MAX = 65536, REMOVE_ROUNDS = 100, REMOVE_PAUSE_MS = 10 };

struct group {
	char *path;
	int fd; /* -1 until it is made */
	const struct cgroup_version *version;
	unsigned
		controllers; /* whose settings it gets; 0 for a child that only has the processes */
	bool is_entrance;
};

struct limits {
	struct group groups[2 * CONTROLLER_COUNT];
	size_t group_count;
	int entrances[LIMITS_ENTRANCES_MAX];
	size_t entrance_count;
	uint32_t nproc;
	int directory_fd;
	char id[64];
};

/* How people ask for what a controller does. */
static const struct asked {
	const char *what;
	const char *options;
} asked_for[] = {
	[CONTROLLER_MEMORY] = {"the memory", "--memory none"},
	[CONTROLLER_CPU] = {"processor time", "--cpus none --cpu-shares none"},
	[CONTROLLER_PIDS] = {"the number of processes", "--pids none"},
};

static unsigned wanted_controllers(const struct resources *resources)
{
	return (resources->memory_bytes ? CONTROLLER_BIT(CONTROLLER_MEMORY) : 0) |
	       (resources->cpu_millis || resources->cpu_shares ? CONTROLLER_BIT(CONTROLLER_CPU)
							       : 0) |
	       (resources->pids ? CONTROLLER_BIT(CONTROLLER_PIDS) : 0);
}

static int no_memory(struct ward_error *error)
{
	return error_set_errno(error, -ENOMEM, "can't set limits");
}

/* --- Why not ----------------------------------------------------------------------------------- */

static int refuse_delegation(enum controller controller, struct ward_error *error)
{
	bool has_systemd = access("/run/systemd/system", F_OK) == 0;
	bool is_root = geteuid() == 0;

	error_set(error, -EACCES,
		"%s can't be limited: no control group with the controller %s is %s",
		asked_for[controller].what, controller_name(controller),
		is_root ? "to be had here" : "delegated to this user");
	if (has_systemd)
		return error_hint(error,
			"start it as `systemd-run %s--scope -p Delegate=yes ward …`, or say %s",
			is_root ? "" : "--user ", asked_for[controller].options);
	return error_hint(error, "%s, or say %s",
		is_root ? "mount the control groups (cgroup2) writable" : "run ward as root",
		asked_for[controller].options);
}

static int refuse(
	enum controller controller, const struct cgroup_place *place, struct ward_error *error)
{
	const struct asked *asked = &asked_for[controller];

	if (place->version == 2)
		return refuse_delegation(controller, error);
	if (place->version == 1) {
		error_set(error, -EACCES,
			"%s can't be limited: the control groups here are of version 1, %s",
			asked->what, geteuid() == 0 ? "and read-only" : "which only root may use");
		return error_hint(error, "%s, or say %s",
			geteuid() == 0 ? "mount them writable" : "run ward as root",
			asked->options);
	}
	error_set(error, -EOPNOTSUPP, "%s can't be limited: no control groups (cgroup) are mounted",
		asked->what);
	return error_hint(error, "mount them: mount -t cgroup2 none /sys/fs/cgroup, or say %s",
		asked->options);
}

/* --- Which groups ------------------------------------------------------------------------------ */

static struct group *find_group(struct limits *limits, const char *path)
{
	for (size_t i = 0; i < limits->group_count; i++)
		if (strcmp(limits->groups[i].path, path) == 0)
			return &limits->groups[i];
	return NULL;
}

/* Takes the path. Two controllers of version 1 may share a hierarchy, and so the group. */
static struct group *add_group(
	struct limits *limits, char *path, const struct cgroup_version *version)
{
	struct group *group = find_group(limits, path);

	if (group) {
		free(path);
		return group;
	}
	group = &limits->groups[limits->group_count++];
	*group = (struct group){.path = path, .fd = -1, .version = version};
	return group;
}

static bool can_use(const struct cgroup_place *place, enum controller controller)
{
	_cleanup_(freep) char *base = NULL;

	if (place->version == 1)
		return cgroup_v1_check(place) == 0;
	return place->version == 2 &&
	       cgroup_v2_find_base(place, CONTROLLER_BIT(controller), &base) == 0;
}

/*
 * The directory for the groups below `base`. The top of a hierarchy has mode 555: what is made there
 * takes CAP_DAC_OVERRIDE, also to remove it, and the monitor has that at the beginning only. So
 * there the groups lie in one more, named "ward", which stays.
 */
static int find_parent(const char *base, unsigned unified, char **ret_parent)
{
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *parent = NULL;
	struct stat stat;
	int r;

	if (lstat(base, &stat) < 0)
		return -errno;
	if (asprintf(&parent, "%s%s", base, stat.st_mode & S_IWUSR ? "" : "/ward") < 0)
		return -ENOMEM;
	if (!(stat.st_mode & S_IWUSR)) {
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno : unified ? cgroup_v2_enable(fd, unified) : 0;
		if (r < 0)
			return r;
	}
	*ret_parent = TAKE_PTR(parent);
	return 0;
}

static int plan_v1(struct limits *limits, enum controller controller,
	const struct cgroup_place *place, struct ward_error *error)
{
	_cleanup_(freep) char *parent = NULL;
	struct group *group;
	char *path;

	if (cgroup_v1_check(place) < 0 || find_parent(place->path, 0, &parent) < 0)
		return refuse(controller, place, error);
	if (asprintf(&path, "%s/" GROUP_PREFIX "%s", parent, limits->id) < 0)
		return no_memory(error);
	group = add_group(limits, path, &cgroup_v1);
	group->controllers |= CONTROLLER_BIT(controller);
	group->is_entrance = true;
	return 0;
}

/*
 * Two groups, the processes being in the inner one. A controller that has been turned on for
 * children can't be turned off above: so nobody who thinks that the hierarchy is his alone, as
 * systemd does, takes it away.
 */
static int plan_v2(struct limits *limits, unsigned controllers, const struct cgroup_place *place,
	struct ward_error *error)
{
	_cleanup_(freep) char *parent = NULL;
	_cleanup_(freep) char *base = NULL;
	char *path;
	int r;

	if (cgroup_v2_find_base(place, controllers, &base) < 0) {
		for (int i = 0; i < CONTROLLER_COUNT; i++)
			if (controllers & CONTROLLER_BIT(i) && !can_use(place, (enum controller)i))
				return refuse((enum controller)i, place, error);
		return refuse_delegation(CONTROLLER_CPU, error);
	}
	r = find_parent(base, controllers, &parent);
	if (r < 0)
		return error_set_errno(error, r, "can't make a control group in %s", base);
	if (asprintf(&path, "%s/" GROUP_PREFIX "%s", parent, limits->id) < 0)
		return no_memory(error);
	add_group(limits, path, &cgroup_v2)->controllers = controllers;
	if (asprintf(&path, "%s/" GROUP_PREFIX "%s/inside", parent, limits->id) < 0)
		return no_memory(error);
	add_group(limits, path, &cgroup_v2)->is_entrance = true;
	return 0;
}

static int plan(struct limits *limits, const struct resources *resources, struct ward_error *error)
{
	_cleanup_(cgroup_places_release) struct cgroup_places places = {0};
	unsigned controllers = wanted_controllers(resources);
	unsigned unified = 0;
	int r = cgroup_places_find(&places);

	if (r < 0)
		return error_set_errno(error, r, "can't set limits");
	if (resources->pids && !can_use(&places.of[CONTROLLER_PIDS], CONTROLLER_PIDS) &&
		nproc_is_per_sandbox()) {
		limits->nproc = pids_max(resources->pids) - 1; /* bwrap stays outside */
		controllers &= ~CONTROLLER_BIT(CONTROLLER_PIDS);
	}
	for (int i = 0; r == 0 && i < CONTROLLER_COUNT; i++) {
		if (!(controllers & CONTROLLER_BIT(i)))
			continue;
		if (places.of[i].version == 2)
			unified |= CONTROLLER_BIT(i);
		else if (places.of[i].version == 1)
			r = plan_v1(limits, (enum controller)i, &places.of[i], error);
		else
			r = refuse((enum controller)i, &places.of[i], error);
	}
	for (int i = 0; r == 0 && i < CONTROLLER_COUNT; i++)
		if (unified & CONTROLLER_BIT(i))
			return plan_v2(limits, unified, &places.of[i], error);
	return r;
}

/* --- Making ------------------------------------------------------------------------------------ */

static int write_record(const struct limits *limits)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	_cleanup_(fd_closep) int fd = -1;

	for (size_t i = 0; i < limits->group_count; i++)
		strbuf_addf(&text, "%s\n", limits->groups[i].path);
	if (text.failed)
		return text.failed;
	if (text.size == 0 || limits->directory_fd < 0)
		return 0;
	fd = openat(limits->directory_fd, RECORD,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd_write_all(fd, text.data, text.size);
}

/* proc(5): a heading, and a line for each area. */
static bool machine_has_swap(void)
{
	_cleanup_(fd_closep) int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	char text[4096] = "";
	const char *end;

	if (fd < 0 || fd_read_full(fd, text, sizeof(text) - 1) < 0)
		return fd >= 0 || errno != ENOENT;
	end = strchr(text, '\n');
	return end && end[1];
}

static int apply(struct group *group, const struct resources *resources, struct ward_error *error)
{
	const char *file = "";
	int r = cgroup_apply(group->fd, group->version, group->controllers, resources,
		machine_has_swap(), &file);

	if (r == -ENOTSUP) {
		error_set(error, r, "the memory can't be limited: this kernel does not count swap");
		return error_hint(
			error, "start it with swapaccount=1, turn swap off, or say --memory none");
	}
	if (r < 0)
		return error_set_errno(error, r, "can't set the limit %s of %s", file, group->path);
	return 0;
}

static int make_group(struct limits *limits, struct group *group, const struct resources *resources,
	struct ward_error *error)
{
	int r;

	if (mkdir(group->path, 0755) < 0)
		return error_set_errno(
			error, -errno, "can't make the control group %s", group->path);
	group->fd = open(group->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (group->fd < 0)
		return error_set_errno(
			error, -errno, "can't use the control group %s", group->path);
	if (group->controllers) {
		r = apply(group, resources, error);
		if (r < 0)
			return r;
	}
	if (group->controllers && !group->is_entrance) {
		r = cgroup_v2_enable(group->fd, group->controllers);
		if (r < 0)
			return error_set_errno(
				error, r, "can't use the control group %s", group->path);
	}
	if (group->is_entrance) {
		int fd = openat(group->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			return error_set_errno(
				error, -errno, "can't use the control group %s", group->path);
		limits->entrances[limits->entrance_count++] = fd;
	}
	return 0;
}

int limits_make(const struct resources *resources, int directory_fd, const char *id,
	struct limits **ret_limits, struct ward_error *error)
{
	_cleanup_(limits_freep) struct limits *limits = NULL;
	int r;

	if (!wanted_controllers(resources)) {
		*ret_limits = NULL;
		return 0;
	}
	limits = calloc(1, sizeof(*limits));
	if (!limits)
		return no_memory(error);
	snprintf(limits->id, sizeof(limits->id), "%s", id);
	limits->directory_fd = directory_fd < 0 ? -1 : fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	if (limits->directory_fd < 0 && directory_fd >= 0)
		return error_set_errno(error, -errno, "can't set limits");
	r = plan(limits, resources, error);
	if (r < 0)
		return r;
	r = write_record(limits);
	if (r < 0)
		return error_set_errno(error, r, "can't write down the control groups");
	for (size_t i = 0; i < limits->group_count; i++) {
		r = make_group(limits, &limits->groups[i], resources, error);
		if (r < 0)
			return r;
	}
	*ret_limits = TAKE_PTR(limits);
	return 0;
}

/* --- While it runs ----------------------------------------------------------------------------- */

size_t limits_entrances(const struct limits *limits, int *fds)
{
	if (!limits)
		return 0;
	memcpy(fds, limits->entrances, limits->entrance_count * sizeof(*fds));
	return limits->entrance_count;
}

uint32_t limits_nproc(const struct limits *limits)
{
	return limits ? limits->nproc : 0;
}

static uint64_t oom_kills_of(const struct group *group)
{
	const char *line;
	char text[4096];

	if (!(group->controllers & CONTROLLER_BIT(CONTROLLER_MEMORY)) ||
		cgroup_read(group->fd, group->version->oom_file, text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "oom_kill ");
	return line ? strtoull(line + strlen("oom_kill "), NULL, 10) : 0;
}

uint64_t limits_oom_kills(const struct limits *limits)
{
	uint64_t kills = 0;

	for (size_t i = 0; limits && i < limits->group_count; i++)
		kills += oom_kills_of(&limits->groups[i]);
	return kills;
}

/* --- The end ----------------------------------------------------------------------------------- */

/* What was just killed may take a moment to leave. */
static bool remove_group(const struct group *group)
{
	for (int i = 0; i < REMOVE_ROUNDS; i++) {
		if (rmdir(group->path) == 0 || errno == ENOENT)
			return true;
		if (errno != EBUSY)
			return false;
		if (i == 0)
			cgroup_write(group->fd, "cgroup.kill", "1");
		poll(NULL, 0, REMOVE_PAUSE_MS);
	}
	return false;
}

struct limits *limits_free(struct limits *limits)
{
	bool is_clean = true;
	int saved = errno;

	if (!limits)
		return NULL;
	for (size_t i = 0; i < limits->entrance_count; i++)
		fd_close(limits->entrances[i]);
	for (size_t i = limits->group_count; i > 0; i--) {
		struct group *group = &limits->groups[i - 1];

		is_clean = remove_group(group) && is_clean;
		fd_close(group->fd);
		free(group->path);
	}
	if (is_clean && limits->directory_fd >= 0)
		unlinkat(limits->directory_fd, RECORD, 0);
	fd_close(limits->directory_fd);
	free(limits);
	errno = saved;
	return NULL;
}

/* Only a control group named as Ward names them is removed, whatever the record says. */
static int reap_group(const char *path)
{
	struct statfs stat;
	int r = 0;

	if (statfs(path, &stat) < 0)
		return 0;
	if ((stat.f_type != CGROUP_SUPER_MAGIC && stat.f_type != CGROUP2_SUPER_MAGIC) ||
		!strstr(path, "/" GROUP_PREFIX))
		return 0;
	if (rmdir(path) < 0 && errno == EBUSY)
		r = -EBUSY;
	return r;
}

int limits_reap(int directory_fd)
{
	_cleanup_(fd_closep) int fd = openat(
		directory_fd, RECORD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r = 0;

	if (fd < 0 || fd_read_file(fd, RECORD_MAX, &text, &size) < 0)
		return 0;
	while (size > 0) {
		char *line;

		text[size - 1] = '\0';
		line = strrchr(text, '\n');
		line = line ? line + 1 : text;
		if (*line && reap_group(line) < 0)
			r = -EBUSY;
		size = (size_t)(line - text);
	}
	if (r == 0)
		unlinkat(directory_fd, RECORD, 0);
	return r;
}

/* --- Probing ----------------------------------------------------------------------------------- */

int limits_probe(enum limit_kind kind, const char **ret_means, struct ward_error *error)
{
	static const struct resources asked[LIMIT_KINDS] = {
		[LIMIT_MEMORY] = {.memory_bytes = 64 << 20},
		[LIMIT_CPU] = {.cpu_millis = 1000, .cpu_shares = 1024},
		[LIMIT_PROCESSES] = {.pids = 64},
	};
	_cleanup_(limits_freep) struct limits *limits = NULL;
	char id[32];
	int r;

	snprintf(id, sizeof(id), "probe-%d", (int)getpid());
	r = limits_make(&asked[kind], -1, id, &limits, error);
	if (r < 0)
		return r;
	*ret_means = limits->group_count == 0                  ? "RLIMIT_NPROC"
		     : limits->groups[0].version == &cgroup_v1 ? "cgroup v1"
							       : "cgroup v2";
	return 0;
}
