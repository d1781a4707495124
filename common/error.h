/*
 * Errors, for programs that a person talks to.
 *
 * A function that can fail returns 0 (or a count) on success and a negative errno on failure, and
 * leaves its `ret_` outputs untouched when it fails. Where a person will read why, the last
 * parameter is a caller-owned `struct ward_error *`; it may be NULL. The message is one line: what,
 * where, why; the hint says what to do. A denial is never an error: see enum ward_level.
 *
 * Not thread-safe: an error belongs to the thread that owns it.
 */
#pragma once

#include "common/cleanup.h"

struct ward_error {
	int code;           /* negative errno, 0 while nothing is wrong */
	char file[512];     /* where: a file, "<command line>", "preset NAME", or "" */
	unsigned line;      /* 1-based, 0 where there is none */
	unsigned column;    /* 1-based in bytes, 0 where there is none */
	char message[1024]; /* what and why, no full stop, no newline */
	char hint[512];     /* what to do, or "" */
};

/*
 * Sets message and code, forgets place and hint; returns `code`, so that callers can
 * `return error_set(error, -EINVAL, "…")`. Control characters in the result are escaped as \xNN, so
 * that a hostile file name can't write to a terminal or forge a line.
 */
int error_set(struct ward_error *error, int code, const char *format, ...) _printf_(3, 4);

/* As error_set(), and appends ": " and strerror(-code). */
int error_set_errno(struct ward_error *error, int code, const char *format, ...) _printf_(3, 4);

/* As error_set(), with a place. */
int error_set_at(struct ward_error *error, int code, const char *file, unsigned line,
	unsigned column, const char *format, ...) _printf_(6, 7);

/* Adds what to do to an error already set. Returns the error's code. */
int error_hint(struct ward_error *error, const char *format, ...) _printf_(2, 3);

/* Prints "PROGRAM: FILE:LINE:COLUMN: MESSAGE; HINT" as one line on standard error. */
void error_print(const struct ward_error *error, const char *program);
