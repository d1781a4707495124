/*
 * Where a view is mounted when wardfs runs by itself.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "fs/fuse.h"

/* The codebase and the mount point of a view, checked. */
struct mount_places {
	char *codebase; /* real paths */
	char *mount_point;
	int codebase_fd;
};

/*
 * Resolves both and refuses what cannot work: either missing or no directory, one inside the other,
 * no usable /dev/fuse, no fusermount3. Release with mount_places_release().
 */
int mount_check(const char *codebase, const char *mount_point, struct mount_places *ret_places,
	struct ward_error *error);
void mount_places_release(struct mount_places *places);

/* Mounts a session: root by mount(2), others through fusermount3(1). */
int mount_session(struct fuse_session *session, const char *mount_point, struct ward_error *error);

/* The arguments of fuse_session_new() for a view that wardfs mounts itself; fuse_opt_free_args() them.
 */
int mount_arguments(bool allow_other, struct fuse_args *ret_arguments);

/*
 * Waits for the daemon that serves `mount_point`, a child; SIGTERM, SIGINT and SIGHUP are passed on
 * to it. However it ended, a dead mount that it left is taken away: the daemon itself has given up
 * what that needs. `*ret_status` is its exit status, EXIT_WARD_FAILED's 125 where it was killed.
 */
int mount_keep(pid_t daemon, const char *mount_point, int *ret_status);
