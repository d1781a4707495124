/*
 * JSON that people and scripts read: a writer over jansson, which nothing else of ours includes.
 *
 * Containers nest: json_begin_object() and json_begin_array() open one, json_end() closes the
 * innermost. `key` names the member of an object and is NULL inside an array and for the outermost
 * value. The first failure sticks, as in a strbuf, so that a caller may add freely and check once,
 * when it prints. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

enum { JSON_DEPTH_MAX = 16 };

struct json_writer;

int json_writer_new(struct json_writer **ret_writer);
struct json_writer *json_writer_free(struct json_writer *writer);
DEFINE_CLEANUP(struct json_writer *, json_writer_free)

void json_begin_object(struct json_writer *writer, const char *key);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end(struct json_writer *writer);

/* A string; NULL is written as null. JSON has only Unicode: each byte that is not part of valid
 * UTF-8 is shown as U+FFFD. */
void json_add_string(struct json_writer *writer, const char *key, const char *value);

/*
 * Bytes, so that they can be had back exactly: each byte B that is not part of valid UTF-8 is
 * written as the private character U+10FF00 + B (B is 0x80 or more), and so are the bytes of such a
 * character itself, should it occur. json_bytes_of() in common/json-read.h is the reverse.
 */
void json_add_bytes(struct json_writer *writer, const char *key, const char *data, size_t size);

void json_add_integer(struct json_writer *writer, const char *key, int64_t value);
void json_add_boolean(struct json_writer *writer, const char *key, bool value);

/* Prints the finished value, indented, with a newline. -EINVAL where a container is still open,
 * -ENOMEM where memory ran out on the way, -EIO where `file` did not take it. */
int json_print(const struct json_writer *writer, FILE *file);

/* Formats the finished value as one compact line that ends in a newline; malloc()ed, the caller's.
 * Fails as json_print() does. */
int json_format_line(const struct json_writer *writer, char **ret_line);
