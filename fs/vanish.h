/*
 * Directories that left the view while they stay on the host: rmdir(2) of a directory in which only
 * hidden entries remain succeeds, as it would without them.
 *
 * They are known by their path and their lower identity. A path never changes: what holds a
 * vanished directory holds something hidden, and so is never moved as a whole. The set is as large
 * as there are such directories at most. Thread-safe.
 */
#pragma once

#include "fs/lower.h"

struct vanish;

int vanish_new(struct vanish **ret_vanish);
struct vanish *vanish_free(struct vanish *vanish);
DEFINE_CLEANUP(struct vanish *, vanish_free)

/* The directory at `path` leaves the view. 0 also where it had left before. */
int vanish_add(struct vanish *vanish, const char *path, const struct lower_identity *identity);

/* The directory at `path` is in the view again. */
void vanish_remove(struct vanish *vanish, const char *path);

/* True where this inode left the view at this path. Another inode at the path makes the entry void.
 */
bool vanish_has(struct vanish *vanish, const char *path, const struct lower_identity *identity);

/* True where nothing has vanished: saves the callers from building paths. */
bool vanish_empty(struct vanish *vanish);
