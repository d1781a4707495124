/*
 * The log of a sandbox: what happened to it, and what its view has denied. One JSON object a line,
 * in ID.log beside its record; when that has grown to JOURNAL_SIZE it becomes ID.log.1, and what was
 * there goes, so that nothing inside can fill a disk. Every line has `event` and `time_ms` (since
 * 1970):
 *
 *   created, started, stopped, failed   `reason` where there is one
 *   denied                              as fs/events.h has it
 *
 * Several processes may write; lines don't mix.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

enum { JOURNAL_SIZE = 1 << 20, JOURNAL_LINE_MAX = 16 << 10 };

/* Appends lines as they are; `size` bytes that end in a newline. 0 or a negative errno. */
int journal_append(int records, const char *id, const char *lines, size_t size);

/* Appends a line for `event`; `reason` may be NULL. A log that can't be written stops nothing. */
void journal_event(int records, const char *id, const char *event, const char *reason);

/* Opens the log for reading: the current file, or the one before it. -ENOENT where there is none. */
int journal_open(int records, const char *id, int *ret_fd);
int journal_open_older(int records, const char *id, int *ret_fd);
