/*
 * From a path to what it names, with every symlink on the way on record.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

enum { RESOLVE_LINKS_MAX = 40 };

struct resolved {
	int fd;       /* O_PATH, on what `path` names */
	char *path;   /* absolute, no symlinks in it */
	char **links; /* where each symlink lies that was followed: absolute, its directory real */
	size_t link_count;
};

/*
 * Resolves `path` from the absolute path `directory` (ignored where `path` is absolute). Each
 * component is opened by descriptor and without following, so `path` and `links` are what was
 * really passed, whatever is swapped meanwhile. Negative errno as of open(2). Release with
 * resolved_release().
 */
int resolve(const char *directory, const char *path, struct resolved *ret_resolved);
void resolved_release(struct resolved *resolved);

/* `path` relative to `directory` (both absolute and normalised) where it lies below; else NULL. */
const char *path_below(const char *directory, const char *path);
