/*
 * The stage: a file system in memory that only the monitor's mount namespace has, mounted over the
 * runtime directory. It holds what a backend binds into the sandbox, and goes with the namespace.
 */
#pragma once

#include "common/error.h"

struct stage {
	char *view; /* an empty directory, to mount the view on */
	char *etc;  /* an empty directory, for the backend */
	char *init; /* ward-init */
	char *ward; /* ward */
};

/*
 * Mounts it over the directory `base_path`, open at `base_fd`. The directories above must let the
 * sandbox's user pass; the stage itself does.
 */
int stage_make(
	const char *base_path, int base_fd, struct stage *ret_stage, struct ward_error *error);
void stage_release(struct stage *stage);
