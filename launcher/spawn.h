/*
 * Running a program of the host and waiting for it.
 */
#pragma once

#include <stddef.h>

#include "common/error.h"

/*
 * Runs `argv` (argv[0] is searched in PATH unless it has a slash) with our standard streams and
 * waits. Returns its exit status, 128+N where a signal ended it, or a negative errno where it could
 * not be started.
 */
int spawn_wait(const char *const *argv, struct ward_error *error);

/*
 * The same, with standard input from /dev/null, and standard output and error collected together in
 * `output` (`size` bytes with the NUL; what is more is read and dropped).
 */
int spawn_collect(const char *const *argv, char *output, size_t size, struct ward_error *error);
