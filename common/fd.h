/*
 * Descriptors: closing, whole reads and writes, and passing them over a socket.
 *
 * Everything returns 0 (or a count) or a negative errno. All functions are thread-safe.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/cleanup.h"

/* Closes `fd` unless it is negative; keeps errno. Returns -1, for `fd = fd_close(fd)`. */
int fd_close(int fd);

static inline void fd_closep(int *fd)
{
	fd_close(*fd);
}

/* Writes all of `data`, resuming after short writes and EINTR. The descriptor must be blocking. */
int fd_write_all(int fd, const void *data, size_t size);

/* Reads until `size` bytes or the end of the file. Returns the number of bytes read. */
ssize_t fd_read_full(int fd, void *data, size_t size);

/*
 * Reads a whole file of at most `max` bytes. `*ret_data` is malloc()ed, NUL-terminated beyond
 * `*ret_size`, and owned by the caller. -EFBIG where the file is larger.
 */
int fd_read_file(int fd, size_t max, char **ret_data, size_t *ret_size);

/* Sets or clears FD_CLOEXEC. */
int fd_set_cloexec(int fd, int on);

/* Sets or clears O_NONBLOCK on the open file description. */
int fd_set_nonblock(int fd, int on);

/*
 * Closes every descriptor from `first` on, except those of `keep` (ascending, `count` of them).
 * close_range(2) where the kernel has it (5.9), else a walk over /proc/self/fd. Async-signal-safe
 * where close_range exists.
 */
int fd_close_from(int first, const int *keep, size_t count);

enum { FD_MAX_PASSED = 8 };

/*
 * Sends one message with up to FD_MAX_PASSED descriptors over a unix socket (unix(7), SCM_RIGHTS).
 * The descriptors stay the caller's. MSG_NOSIGNAL is set: a vanished peer is -EPIPE.
 */
int fd_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count);

/*
 * Receives one message and up to `*fd_count` descriptors (O_CLOEXEC, the caller's to close); sets
 * `*fd_count` to what came. Descriptors beyond that number are closed, and the message is refused
 * with -EMSGSIZE; so is a truncated message. Returns its length, 0 at the end of the stream.
 */
ssize_t fd_receive(int socket, void *data, size_t size, int *fds, size_t *fd_count);
