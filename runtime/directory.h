/*
 * The runtime directory: one directory per sandbox, each with a `lock` file that its monitor holds
 * (flock(2)) for as long as it lives. What nobody holds was left by a killed monitor and is reaped.
 *
 * $XDG_RUNTIME_DIR/ward, for root /run/ward, else /tmp/ward-UID; mode 0700.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"

enum { SANDBOX_ID_LENGTH = 12 };

/* One sandbox's directory, locked by the caller. */
struct runtime_directory {
	char *base_path; /* absolute */
	int base_fd;
	char id[SANDBOX_ID_LENGTH + 1]; /* hexadecimal; the directory's name below the base */
	int lock_fd;
};

#define RUNTIME_DIRECTORY_NONE                                                                     \
	{                                                                                          \
		NULL, -1, "", -1                                                                   \
	}

/* Makes a directory with a fresh id and locks it. -EPERM where the base is not safe to use. */
int runtime_directory_make(struct runtime_directory *ret_directory, struct ward_error *error);

/*
 * The same for the given id. -EBUSY where somebody holds it: that sandbox runs. What a killed
 * monitor has left of it is replaced.
 */
int runtime_directory_make_for(
	const char *id, struct runtime_directory *ret_directory, struct ward_error *error);

/* Makes a fresh id. 0 or a negative errno. */
int sandbox_id_make(char id[static SANDBOX_ID_LENGTH + 1]);

/* True where somebody holds the directory `id` below the base `base_path`: that sandbox runs. */
bool runtime_directory_is_held(const char *base_path, const char *id);

/* Removes it from the disk, unlocks it, frees everything. */
void runtime_directory_remove(struct runtime_directory *directory);

/*
 * Removes the directories that nobody holds. Never waits, never touches one that is being made.
 * Returns how many, or a negative errno where there is no safe base.
 */
int runtime_directory_reap(void);
