/*
 * Rules as written: a mutable, ordered set, from which policy_compile() makes the immutable policy.
 *
 * Everything here is about text; nothing touches a file system. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "policy/level.h"

enum rule_type {
	RULE_GLOB = 0,      /* the paths that the pattern matches */
	RULE_DIRECTORY = 1, /* those, and all below them */
	RULE_FILE = 2,      /* those exact paths; stronger than the others at equal priority */
};

/* Where a rule was written. */
struct rule_place {
	const char *file; /* path as the user would name it, "preset NAME" or "<command line>" */
	unsigned line;    /* 1-based; 0 on the command line */
	unsigned column;  /* 1-based, bytes */
};

/* One PermissionRule. Strings belong to the rule set that it is in. */
struct rule {
	const char *pattern; /* bytes, no NUL; ends in '/' only where the user wrote it so */
	enum ward_level permission;
	enum rule_type type;
	int priority;
	bool cap; /* only lowers: what weaker rules say, or the default, is at most `permission`,
		     which is view or read. Has no excepts */
	const char *const *excepts; /* NULL-terminated patterns, or NULL */
	struct rule_place place;
};

enum {
	RULE_COUNT_MAX = 10000,
	RULE_EXCEPTS_MAX = 1000,   /* of one rule */
	RULE_CAPS_MAX = 200,       /* rules of one set that are caps */
	RULE_PROTECTED_MAX = 1000, /* paths of one set */
};

/* Where the command line's rules say they are from. */
#define RULE_PLACE_COMMAND_LINE "<command line>"

/*
 * The priority of a rule given on a command line: above all that a file can say; and what is hidden
 * there stays hidden, whatever the types of the other rules there.
 */
static inline int rule_command_line_priority(enum ward_level permission)
{
	return permission == LEVEL_NONE ? 1000001 : 1000000;
}

struct rule_set;

int rule_set_new(struct rule_set **ret_set);
struct rule_set *rule_set_free(struct rule_set *set);
DEFINE_CLEANUP(struct rule_set *, rule_set_free)

/*
 * Appends a copy of `rule`; a later rule wins full ties. A pattern that ends in '/' and is
 * RULE_GLOB becomes RULE_DIRECTORY. Checks the pattern and the excepts as pattern_parse() does, and
 * the limits on their number: -EINVAL or -E2BIG with the place in `error`. A bad byte of the
 * pattern is named by place.column plus its offset, so place.column is that of the pattern's first
 * byte. RULE_FILE with a pattern that ends in '/' is -EINVAL.
 */
int rule_set_add(struct rule_set *set, const struct rule *rule, struct ward_error *error);

/* Appends all rules of `other`; its default and its protected paths are merged too (its default
 * wins if set). */
int rule_set_append(struct rule_set *set, const struct rule_set *other, struct ward_error *error);

/* The level of what no rule matches. LEVEL_NONE unless set. */
void rule_set_set_default(struct rule_set *set, enum ward_level level);
enum ward_level rule_set_default(const struct rule_set *set);

/* True once rule_set_set_default() was called, here or in an appended set. */
bool rule_set_default_is_set(const struct rule_set *set);

/*
 * Caps one exact path (relative to the codebase, no leading slash, no "." or ".." components) at
 * LEVEL_READ whatever the rules say: self-protection of the policy files in force and of the places
 * where a loader would look for one. A directory above it keeps its verdict but is never uniformly
 * writable below. -EINVAL for what is no such path, -E2BIG, -ENOMEM.
 */
int rule_set_protect(struct rule_set *set, const char *path);

size_t rule_set_count(const struct rule_set *set);
const struct rule *rule_set_get(const struct rule_set *set, size_t index);
size_t rule_set_protected_count(const struct rule_set *set);
const char *rule_set_protected(const struct rule_set *set, size_t index);

/*
 * The set as bytes for another program of the same build, places included, and back. Reading
 * refuses whatever rule_set_add() would, and every truncation and trailing byte (-EINVAL,
 * -EBADMSG).
 */
int rule_set_write(const struct rule_set *set, int fd);
int rule_set_read(int fd, struct rule_set **ret_set, struct ward_error *error);
