/*
 * Where a view is mounted when wardfs runs by itself.
 */
#pragma once

#include <stdbool.h>

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

/*
 * Mounts a session: root by mount(2), others through fusermount3(1). When the daemon ends, however
 * it ends, fusermount3 takes the mount away.
 */
int mount_session(struct fuse_session *session, const char *mount_point, struct ward_error *error);

/* The arguments of fuse_session_new() for a view that wardfs mounts itself; fuse_opt_free_args() them.
 */
int mount_arguments(bool allow_other, struct fuse_args *ret_arguments);
