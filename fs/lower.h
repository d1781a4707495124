/*
 * The lower tree: the codebase itself. The only place that makes system calls on it by name.
 *
 * Everything is reached as (directory descriptor, one name). A directory is opened from the root
 * descriptor with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), and the
 * last name is never followed, so that a symlink swapped in by a racing process leads nowhere. No
 * descriptor outlives an operation, but those of open files.
 *
 * Functions return 0 or a negative errno, and are thread-safe. Names are one component, or "." for
 * the directory itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/strbuf.h"

/* Which inode: the birth time tells a reused inode number from the one before, where the file
 * system keeps one. */
struct lower_identity {
	uint64_t dev;
	uint64_t ino;
	int64_t birth_seconds;
	uint32_t birth_nanoseconds;
};

bool lower_identity_equal(const struct lower_identity *a, const struct lower_identity *b);

struct lower_stat {
	struct stat st;
	struct lower_identity identity;
	bool mounted; /* something of the host's is mounted there; this is what */
};

/* Longer paths are refused: each operation costs time in proportion to its path. */
enum { LOWER_PATH_MAX = 64 * 1024 };

/*
 * Opens the directory at `path` (components joined by one slash, "" for the root; any length below
 * LOWER_PATH_MAX) with `flags` (O_PATH or O_RDONLY). Where a component is no directory any more:
 * -ESTALE.
 */
int lower_open_directory(int root, const char *path, int flags, int *ret_fd);

/* Opens a directory by name: -ENOTDIR for anything else. */
int lower_open_child(int directory, const char *name, int flags, int *ret_fd);

/* Opens a regular file by name with open(2)'s access mode and flags. Never blocks on what is not
 * one; whoever calls compares the identity afterwards. */
int lower_open_file(int directory, const char *name, int flags, mode_t mode, int *ret_fd);

/* Refers to an inode of any type without opening it (O_PATH). */
int lower_open_inode(int directory, const char *name, int *ret_fd);

int lower_stat(int directory, const char *name, struct lower_stat *ret_stat);
int lower_stat_fd(int fd, struct lower_stat *ret_stat);

/* What the daemon itself may do with a name, as R_OK, W_OK and X_OK bits. */
int lower_access(int directory, const char *name);

/*
 * Sets the permission bits without following. fchmodat2(2) where the kernel has it (6.6), else by
 * opening the file, which fails with -EACCES where the daemon may neither read nor write it, and
 * with -EOPNOTSUPP where it is neither a file nor a directory.
 */
int lower_chmod(int directory, const char *name, mode_t mode);

/* The target of a symbolic link, malloc()ed. */
int lower_readlink(int directory, const char *name, char **ret_target);

/* One entry of a listing. */
struct lower_entry {
	uint64_t ino;
	size_t name;        /* offset in lower_list.names */
	unsigned char type; /* DT_*, never DT_UNKNOWN */
};

/* A whole directory, "." and ".." left out, sorted by name: the order must not tell of what is left
 * out later. */
struct lower_list {
	struct lower_entry *entries;
	size_t count;
	size_t capacity;
	struct strbuf names; /* NUL-terminated names */
};

/* Reads the directory open at `fd` (O_RDONLY). */
int lower_list(int fd, struct lower_list *ret_list);
void lower_list_release(struct lower_list *list);
const char *lower_list_name(const struct lower_list *list, size_t index);

/* True where names in this directory fold case, so that two spellings are one file. `fd` is
 * O_RDONLY or O_PATH; what cannot be asked is taken to be case-sensitive. */
bool lower_folds_case(int fd);
