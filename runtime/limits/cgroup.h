/*
 * What differs between the two versions of control groups.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "policy/project.h"
#include "runtime/limits/place.h"

enum setting_need {
	SETTING_NEEDED,
	SETTING_NEEDED_WITH_SWAP, /* may lack where the machine has no swap */
	SETTING_OPTIONAL,         /* only restores a default */
};

/* One file of a group. */
struct cgroup_setting {
	enum controller controller;
	const char *file; /* NULL ends a table */
	enum setting_need need;
	/* Formats what the file is to hold; false where no limit asks for it. */
	bool (*value)(const struct resources *resources, char *text, size_t size);
};

struct cgroup_version {
	const struct cgroup_setting *settings; /* in the order in which they are written */
	const char *oom_file;                  /* has a line "oom_kill COUNT" */
};

extern const struct cgroup_version cgroup_v1, cgroup_v2;

/* The bits of a set of controllers. */
#define CONTROLLER_BIT(controller) (1U << (controller))

/* --- Version 1: a hierarchy for each controller, groups below the caller's own. ---------------- */

/* 0 where the caller may make groups below its own, else -EACCES. */
int cgroup_v1_check(const struct cgroup_place *place);

/* --- Version 2: one hierarchy, in which groups have either processes or children. -------------- */

/*
 * Finds the nearest group, from the caller's own upwards, in which the caller may make groups with
 * these controllers, and turns them on for its children. The own group, where systemd has delegated
 * it or it is the top of what is mounted, first gets rid of its processes, which would forbid that:
 * they move into a child. `*ret_base` is malloc()ed. -EACCES where there is none.
 */
int cgroup_v2_find_base(const struct cgroup_place *place, unsigned controllers, char **ret_base);

/* Turns controllers on for the children of the group open at `group_fd`. */
int cgroup_v2_enable(int group_fd, unsigned controllers);

/* The controllers that the group has. */
unsigned cgroup_v2_available(int group_fd);

/* Moves all processes of the group into its child "ward-supervisor", which is made if need be. */
int cgroup_v2_evacuate(int group_fd);

/* --- Both -------------------------------------------------------------------------------------- */

/* Writes a file of the group. Short and at once, as the kernel wants it. */
int cgroup_write(int group_fd, const char *file, const char *text);

/* Reads a file of the group, NUL-terminated; what does not fit is cut. */
int cgroup_read(int group_fd, const char *file, char *text, size_t size);

/* Writes the settings of `controllers`. -ENOTSUP where the kernel has no way to limit swap, with
 * the file's name in `*ret_file`, as for all errors. */
int cgroup_apply(int group_fd, const struct cgroup_version *version, unsigned controllers,
	const struct resources *resources, bool has_swap, const char **ret_file);
