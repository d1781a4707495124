/*
 * The limits of one sandbox: memory, processor time and weight, number of processes.
 *
 * They are kept by control groups (cgroups(7)) that only the sandbox's processes are in: of version
 * 2 where the controllers are there and the caller may make groups (root, or a user to whom systemd
 * has delegated some), else of version 1 (root). The number of processes of a user without groups is
 * kept by RLIMIT_NPROC, which Linux 5.14 counts per user namespace. What can't be kept is an error
 * before anything starts.
 *
 * Memory is all that the sandbox's processes have, with swap, what they put into file systems in
 * memory, and the cache of the files they use; what the view's daemon needs is not counted, nor is
 * its processor time. Groups are named after the sandbox's id and written down in its runtime
 * directory before they are made, so that those of a killed monitor can be removed.
 *
 * All functions that take `limits` accept NULL: no limits. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "policy/project.h"

enum {
	/* bwrap and ward-init, which the number of processes that is asked for leaves out. */
	LIMITS_OWN_PROCESSES = 2,
	LIMITS_ENTRANCES_MAX = 3,
};

struct limits;

/*
 * Makes the groups for `resources`, empty, below the caller's own group. `directory_fd` is the
 * sandbox's runtime directory, `id` its name; both are kept until limits_free(). `*ret_limits` is
 * NULL where `resources` asks for nothing. Errors say which limit can't be kept, why, and what to
 * do; then nothing is left behind. Call it before the process changes namespaces or user.
 */
int limits_make(const struct resources *resources, int directory_fd, const char *id,
	struct limits **ret_limits, struct ward_error *error);

/*
 * The descriptors into which a process writes "0" to put itself and its future children into the
 * groups: returns how many, at most LIMITS_ENTRANCES_MAX. They stay the limits'.
 */
size_t limits_entrances(const struct limits *limits, int *fds);

/* What RLIMIT_NPROC must be in the sandbox's user namespace, ward-init counted; 0: nothing. It is for
 * the first process there to set, of itself: neither it nor its children can raise it again. */
uint32_t limits_nproc(const struct limits *limits);

/* How many processes of the sandbox the memory limit has killed so far. */
uint64_t limits_oom_kills(const struct limits *limits);

/*
 * Removes the groups, killing what still lives in them where the kernel offers that (cgroup.kill),
 * and frees everything. What can't be removed within a second is left to limits_reap(). Returns
 * NULL.
 */
struct limits *limits_free(struct limits *limits);
DEFINE_CLEANUP(struct limits *, limits_free)

/*
 * Removes the groups that are written down in the runtime directory of a sandbox whose monitor is
 * gone. 0: there are none any more; -EBUSY: somebody lives in one, which then stays.
 */
int limits_reap(int directory_fd);

/* --- What `ward doctor` asks ------------------------------------------------------------------- */

/* The limits, by what keeps them. */
enum limit_kind { LIMIT_MEMORY, LIMIT_CPU, LIMIT_PROCESSES, LIMIT_KINDS };

/*
 * Whether the caller could set a limit of that kind, tried out with an empty group that is removed
 * again. `*ret_means` says by what, a static string ("cgroup v2", "cgroup v1", "RLIMIT_NPROC").
 */
int limits_probe(enum limit_kind kind, const char **ret_means, struct ward_error *error);
