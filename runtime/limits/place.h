/*
 * Where the calling process stands in the hierarchies of control groups, from what the kernel says
 * in /proc/self/cgroup and /proc/self/mountinfo.
 */
#pragma once

#include "common/error.h"

enum controller { CONTROLLER_MEMORY, CONTROLLER_CPU, CONTROLLER_PIDS, CONTROLLER_COUNT };

/* As the kernel calls it. */
const char *controller_name(enum controller controller);

struct cgroup_place {
	int version; /* 1 or 2; 0: no hierarchy that could have the controller is mounted */
	char *mount; /* where the hierarchy is mounted */
	char *path;  /* the process's own group: `mount` or a directory below */
};

/* One for each controller. */
struct cgroup_places {
	struct cgroup_place of[CONTROLLER_COUNT];
};

/*
 * Reads the two texts. A controller that a hierarchy of version 1 has is there; all others are
 * where version 2 is, whether that has them or not. Release with cgroup_places_release(). -ENOMEM.
 */
int cgroup_places_parse(
	const char *cgroup, const char *mountinfo, struct cgroup_places *ret_places);

/* The same for the calling process. */
int cgroup_places_find(struct cgroup_places *ret_places);

void cgroup_places_release(struct cgroup_places *places);
