/*
 * A growing byte string.
 *
 * Start from STRBUF_INIT. The first failed allocation sticks: later calls do nothing and return
 * -ENOMEM, so a caller may append freely and check once. `data` is always NUL-terminated when not
 * NULL. Not thread-safe.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct strbuf {
	char *data; /* NULL while empty */
	size_t size;
	size_t capacity;
	int failed; /* -ENOMEM once an allocation failed */
};

#define STRBUF_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

/* Each returns 0 or -ENOMEM. */
int strbuf_add(struct strbuf *buf, const void *data, size_t size);
int strbuf_add_string(struct strbuf *buf, const char *string);
int strbuf_add_char(struct strbuf *buf, char c);
int strbuf_addf(struct strbuf *buf, const char *format, ...) _printf_(2, 3);

/* Cuts to `size` bytes, which must not exceed buf->size; keeps the memory. */
void strbuf_truncate(struct strbuf *buf, size_t size);

/* Hands the malloc()ed string over ("" where nothing was added) and leaves an empty buffer. NULL if
 * failed. */
char *strbuf_detach(struct strbuf *buf);

/* Frees the memory and makes the buffer empty again. */
void strbuf_release(struct strbuf *buf);
