/*
 * JSON, read: a document and views into it, over jansson, which nothing else of ours includes.
 *
 * A view (`const struct json_value *`) belongs to its document. Every function takes NULL for a
 * value that is not there, and a value of the wrong type counts as not there, so that a caller may
 * walk down freely and check once. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct json_value;

/* Parses one value that fills `text`. -EBADMSG where it is no JSON or has duplicate keys. */
int json_parse(const char *text, size_t size, struct json_value **ret_document);
struct json_value *json_document_free(struct json_value *document);
DEFINE_CLEANUP(struct json_value *, json_document_free)

/* The member of an object, or NULL. */
const struct json_value *json_member(const struct json_value *object, const char *key);

/* How many elements an array, or members an object has; 0 where it is neither. */
size_t json_count(const struct json_value *container);

/* The element of an array, and the key of an object's member; NULL where there is none. Members
 * have the order in which they were written. */
const struct json_value *json_element(const struct json_value *array, size_t index);
const char *json_key(const struct json_value *object, size_t index);

/* What they hold, or NULL, `otherwise`, `otherwise`. A string is UTF-8, NUL-terminated. */
const char *json_string_of(const struct json_value *value);
int64_t json_integer_of(const struct json_value *value, int64_t otherwise);
bool json_boolean_of(const struct json_value *value, bool otherwise);

/*
 * The bytes that json_add_bytes() has written, malloc()ed, the caller's, NUL-terminated beyond
 * `*ret_size` (which may be NULL). -ENOENT where `value` is no string, -ENOMEM.
 */
int json_bytes_of(const struct json_value *value, char **ret_bytes, size_t *ret_size);
