/*
 * Bytes on their way through libyaml and back: see yaml-tree.h for what is carried how and why.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* A text made fit for libyaml, and where each of its characters came from. */
struct yaml_bytes {
	char *encoded;
	size_t encoded_size;
	uint32_t *offsets; /* of each encoded character in the text, and of its end */
	size_t character_count;
	uint32_t *lines; /* where each line starts in the text */
	size_t line_count;
};

/*
 * Encodes at most UINT32_MAX bytes. A byte order mark at the start is dropped. -EINVAL with the
 * place for NUL, for control characters other than tab, line feed and CR LF, and for a lone CR.
 * Release with yaml_bytes_release().
 */
int yaml_bytes_encode(const char *text, size_t size, const char *file, struct yaml_bytes *ret_bytes,
	struct ward_error *error);
void yaml_bytes_release(struct yaml_bytes *bytes);

/* Turns what libyaml made of encoded text back, in place; returns the new length. */
size_t yaml_bytes_decode(char *text, size_t length);

/* The offset in the text of encoded character `index`, and its place; beyond the end: the end. */
size_t yaml_bytes_place(
	const struct yaml_bytes *bytes, size_t index, unsigned *ret_line, unsigned *ret_column);
