/*
 * What git tracks, read from the index itself.
 *
 * git is not asked: a repository's own configuration can make it run programs, and the repository
 * is what is to be guarded. The format is that of gitformat-index(5), versions 2 to 4, with either
 * hash.
 */
#pragma once

#include <stddef.h>

#include "common/error.h"

struct git_index {
	char **paths; /* relative to the codebase, sorted, each once */
	size_t count;
};

/*
 * Reads the index of the repository whose top is the directory `codebase`. -ENOENT where there is
 * no repository or nothing tracked; -EOPNOTSUPP where it is a worktree of another repository or its
 * index is split; -EBADMSG where it is damaged. Release with git_index_release().
 */
int git_index_read(int codebase, struct git_index *ret_index);

/* The same from memory. */
int git_index_parse(const char *data, size_t size, struct git_index *ret_index);

void git_index_release(struct git_index *index);
