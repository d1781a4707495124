/*
 * A YAML text as a small tree in which every node knows where it was written.
 *
 * Only what a policy needs: one document of scalars, sequences and mappings with scalar keys.
 * Aliases, anchors, tags, merge keys and further documents are errors, and so are duplicate keys.
 * Nothing is resolved: `yes`, `1` and `~` are strings; the reader of the tree decides.
 *
 * Scalars are bytes. libyaml accepts nothing but UTF-8, so each byte that is not part of a valid
 * character is carried through it as a private character (U+10FE80 to U+10FEFF) and turned back
 * afterwards; characters that look like those in the text are carried byte by byte too, so the way
 * there and back is exact. In double quotes "\U0010FExx" is therefore a way to write the byte xx in
 * an editor that knows only UTF-8.
 *
 * Line breaks are LF and CRLF alone: what else libyaml takes for one (NEL, LS, PS) is an ordinary
 * character here, so that no comment ends where an editor shows that it goes on.
 *
 * A tree never changes after yaml_tree_parse(); reading it is thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum {
	YAML_SIZE_MAX = 1 << 20, /* bytes of a text */
	YAML_DEPTH_MAX = 16,     /* collections inside collections */
	YAML_NODES_MAX = 1 << 18,
	YAML_KEYS_MAX = 256, /* of one mapping */
};

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;   /* 1-based */
	unsigned column; /* 1-based, in bytes of the text as given */

	/* A scalar. */
	char *text; /* NUL-terminated, no NUL inside */
	size_t length;
	bool plain;           /* written without quotes */
	unsigned text_column; /* where text[0] stands when the scalar is written as it is, in one
				 line and without escapes: text[i] is then at text_column + i. Else
				 0 */

	/* A sequence or a mapping. */
	struct yaml_node *first;
	size_t count;

	/* An element of a sequence or a value of a mapping. */
	struct yaml_node *key; /* the key of a value, else NULL */
	struct yaml_node *next;
};

struct yaml_tree;

/*
 * Parses `size` bytes. `file` is for errors, which are -EINVAL (-E2BIG beyond the limits, -ENOMEM)
 * with file:line:column, and never quote the text except for keys that occur twice.
 */
int yaml_tree_parse(const char *text, size_t size, const char *file, struct yaml_tree **ret_tree,
	struct ward_error *error);

struct yaml_tree *yaml_tree_free(struct yaml_tree *tree);
DEFINE_CLEANUP(struct yaml_tree *, yaml_tree_free)

/* The root, or NULL where the text holds nothing but comments. Valid as long as the tree. */
const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree);

/* The value of `key` in a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/* True for a plain scalar that is empty, `~` or `null`: a key without a value. */
bool yaml_is_null(const struct yaml_node *node);
