/*
 * bubblewrap's arguments: what a sandbox looks like from inside.
 *
 * They travel NUL-separated through --args, each option with exactly the values that it takes, so
 * that no name can become an option.
 */
#pragma once

#include "common/strbuf.h"
#include "runtime/backend.h"

/* Where things are inside. */
#define SANDBOX_INIT "/run/ward/ward-init"
#define SANDBOX_WARD "/run/ward/ward"

/* Descriptors of the bwrap process. */
struct bwrap_fds {
	int seccomp;
};

/*
 * Appends them, each followed by NUL. -EINVAL, with a message, where the mount point can't be used:
 * the root, or in a directory that the sandbox itself needs.
 */
int bwrap_arguments(const struct sandbox_plan *plan, const struct bwrap_fds *fds,
	struct strbuf *arguments, struct ward_error *error);
