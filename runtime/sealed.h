/*
 * Sealed files: data in memory that is handed to another process by descriptor and that nobody,
 * its maker included, can change any more (memfd_create(2), F_ADD_SEALS).
 *
 * Safe to use after fork(2): no memory of the C library is touched, except by sealed_file_new().
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

/* Makes one. `name` shows in /proc/PID/fd only. `*ret_fd` is the caller's and stands at offset 0. */
int sealed_file_new(const char *name, const void *data, size_t size, int *ret_fd);

/* A private mapping of a sealed file, at least one byte long. */
struct sealed_map {
	char *data;
	size_t size;
};

/*
 * Maps one that came from elsewhere, so that writes through the mapping stay private. -EPERM where
 * it is not sealed against every change, -EFBIG where it is larger than `max` bytes, -EBADMSG where
 * it is empty. Release with sealed_map_release().
 */
int sealed_file_map(int fd, size_t max, struct sealed_map *ret_map);
void sealed_map_release(struct sealed_map *map);
