/*
 * Typed values out of a YAML tree. Each reader fails with the place of the node, says what was
 * expected, and leaves its result untouched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "policy/yaml-tree.h"

/* The text that nodes belong to, and where its errors go. */
struct document {
	const char *file; /* as the user would name it */
	struct ward_error *error;
};

/* Fails with -EINVAL at `node`. */
int value_fail(const struct document *document, const struct yaml_node *node, const char *format,
	...) _printf_(3, 4);

/* A scalar that is not null. The string is the tree's. `what` names the value in messages. */
int value_string(const struct document *document, const struct yaml_node *node, const char *what,
	const char **ret_string);

/* A decimal integer in a range. */
int value_integer(const struct document *document, const struct yaml_node *node, const char *what,
	int64_t min, int64_t max, int64_t *ret_integer);

/* `true` or `false`. */
int value_bool(const struct document *document, const struct yaml_node *node, const char *what,
	bool *ret_bool);

/* One of `words` (NULL-terminated); its index. Misspelt ones get a "did you mean". */
int value_word(const struct document *document, const struct yaml_node *node, const char *what,
	const char *const *words, unsigned *ret_index);

/* Fails for a key of `mapping` that is not among `known` (NULL-terminated). */
int value_check_keys(const struct document *document, const struct yaml_node *mapping,
	const char *what, const char *const *known);

/* Reads the value of one key; `context` is what was given to value_mapping(). */
typedef int (*value_reader)(
	void *context, const struct document *document, const struct yaml_node *node);

enum { VALUE_KEYS_MAX = 16 };

/* A key that a mapping may have; a table of them ends with a NULL name. */
struct value_key {
	const char *name;
	value_reader read;
};

/*
 * Reads a mapping by its table, in the table's order. Null (nothing after the colon) is an empty
 * mapping.
 */
int value_mapping(void *context, const struct document *document, const struct yaml_node *node,
	const char *what, const struct value_key *keys);
