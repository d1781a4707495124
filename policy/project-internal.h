/* What the parts of the loader share: project.c, extends.c, project-rules.c, project-sandbox.c. */
#pragma once

#include "policy/project.h"
#include "policy/values.h"

enum {
	EXTENDS_DEPTH_MAX = 16,
	EXTENDS_COUNT_MAX = 256,         /* texts in all, repeated ones too */
	EXTENDS_BYTES_MAX = 8 * 1048576, /* their bytes */
	FILE_PRIORITY_MAX = 999999,      /* what the command line says has 1000000 */
};

struct loader;

/* One text that is being read, and the one that extends it. */
struct reading {
	struct loader *loader;
	const struct reading *extended_by;
	const char *directory; /* real; what relative paths in it start from; NULL: it has none */
	const char *real_path; /* NULL for presets and texts from memory */
};

struct loader {
	struct project *project;
	enum trust trust;
	char *tree; /* real: what a TRUST_PROJECT policy may not leave */
	size_t count;
	size_t bytes;
	struct ward_error *error;
};

/* Reads one text and all that it extends into the project. */
int read_policy(struct reading *reading, const char *text, size_t size, const char *file);

/* Readers of the top level's values. `context` is the struct reading. */
int read_extends(void *context, const struct document *document, const struct yaml_node *node);
int read_rules(void *context, const struct document *document, const struct yaml_node *node);
int read_sandbox(void *context, const struct document *document, const struct yaml_node *node);
int read_labels(void *context, const struct document *document, const struct yaml_node *node);

/*
 * Loads a policy file or a preset by its name, as `extends` and the command line give it.
 * `document` and `node` are where it was named, both NULL on the command line.
 */
int load_named(struct loader *loader, const struct reading *extended_by, const char *name,
	const struct document *document, const struct yaml_node *node);
int load_preset(struct loader *loader, const struct reading *extended_by, const char *name,
	const struct document *document, const struct yaml_node *node);

/* Writes the normalised mount point; `*ret_why` says what is wrong where it is -EINVAL. */
int normalise_mount_point(const char *text, char **ret_path, const char **ret_why);

/* Replaces `*string` by a copy of `text`. */
int set_string(char **string, const char *text, struct ward_error *error);
