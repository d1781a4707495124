/*
 * Which directory is guarded.
 */
#pragma once

#include "common/error.h"

struct codebase {
	int fd;        /* O_PATH|O_DIRECTORY; what is guarded is this, not the path */
	char *path;    /* its absolute real path */
	char *subpath; /* where we were called from, below it; "" at its root */
};

#define CODEBASE_NONE                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Opens `directory`, or where that is NULL the codebase that the current directory belongs to: the
 * nearest directory, itself included, that holds a ward.yaml or a .git, else itself. The search
 * stays within one file system and trusts only what the current directory's owner owns, so that
 * nobody makes /tmp a codebase of ours with a /tmp/.git of his. Release with codebase_release().
 */
int codebase_open(const char *directory, struct codebase *ret_codebase, struct ward_error *error);

void codebase_release(struct codebase *codebase);

/* True where the real path `path` is the real directory `top` or lies below it. */
int path_is_below(const char *path, const char *top);
