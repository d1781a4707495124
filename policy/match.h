/*
 * One pattern against one path, for explanations; and whether two patterns could meet. Slow beside
 * an automaton, and independent of it. Thread-safe.
 */
#pragma once

#include "policy/ranking.h"

/* A path cut at its slashes. */
struct path_part {
	const char *name;
	size_t length;
};

struct path_parts {
	struct path_part *items;
	size_t count;
};

/*
 * Moves `*path` past slashes to its next component and returns the length of that: 0 at the end, -EINVAL
 * for what is no component (see policy_walk()).
 */
int path_component(const char **path);

/* Cuts; -EINVAL for what is no path (see policy_walk()). Release with free(parts.items). */
int path_cut(const char *path, struct path_parts *ret_parts);

bool match_entry(const struct entry *entry, const struct path_parts *path);

/* True where one of the rule's excepts matches. */
bool match_excepts(const struct ranked_rule *rule, const struct path_parts *path);

/* False only where no path can match both entries. */
bool entries_may_meet(const struct entry *a, const struct entry *b);
