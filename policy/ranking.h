/*
 * Rules, parsed and in the order in which they win.
 *
 * A pattern with braces stands for several brace-free ones; each of them is an entry with a rank of
 * its own, so that braces never change which rule wins. Immutable once prepared.
 */
#pragma once

#include "policy/automaton.h"
#include "policy/pattern.h"
#include "policy/policy.h"

struct entry {
	uint32_t rule; /* index in the rule set */
	bool covers;   /* matches everything below what its pattern matches, too */
	const struct pattern *pattern;
	const struct alternative *alternative;
};

/* One rule with its patterns. */
struct ranked_rule {
	const struct rule *rule;
	struct pattern *pattern;
	struct pattern **excepts;
	size_t except_count;
	uint32_t condition; /* a number for its set of excepts, 0 where it has none */
};

struct ranked_rules {
	struct rule_set *set; /* a copy */
	struct ranked_rule *rules;
	size_t rule_count;
	struct entry *entries; /* strongest first; those of caps apart */
	size_t entry_count;
	struct entry *caps; /* strongest first */
	size_t cap_count;
	uint32_t condition_count;
};

enum { RANKED_ENTRIES_MAX = 100 * 1000 };

/* Copies and parses. -ENOMEM, or -E2BIG with the place of a rule. */
int ranked_rules_new(
	const struct rule_set *set, struct ranked_rules **ret_rules, struct ward_error *error);
struct ranked_rules *ranked_rules_free(struct ranked_rules *rules);
DEFINE_CLEANUP(struct ranked_rules *, ranked_rules_free)

static inline const struct rule *entry_rule(
	const struct ranked_rules *rules, const struct entry *entry)
{
	return rules->rules[entry->rule].rule;
}

/*
 * Negative where `a` wins over `b`; `*ret_outcome` is the criterion by which the other one lost. 0
 * for alternatives of one rule that are equally strong.
 */
int entry_compare(const struct ranked_rules *rules, const struct entry *a, const struct entry *b,
	enum rule_outcome *ret_outcome);

/*
 * Adds all rules to a family of an automaton, with the default and the protected paths.
 *
 * A rule with caps above it becomes several: at its own level, except where a lower cap matches;
 * then at each lower level to which some cap holds it, except where a cap still lower matches.
 */
int ranked_rules_add(
	const struct ranked_rules *rules, struct automaton *automaton, unsigned family);

/*
 * Adds entries to one family of an automaton, strongest first.
 *
 * Neighbours in rank that give the same level are a stretch: which of them wins makes no difference
 * to any verdict. So within a stretch the order is free, and entries with the same excepts share a
 * group, whichever others lie between. Groups are few then, and what they cover below is one
 * position for each and not one for each rule: without that, every combination of covering rules
 * that a path can collect would be a state.
 */
enum { STRETCH_MAX = 64 };

struct stretch_group {
	uint32_t condition;
	uint32_t group;
};

struct family {
	const struct ranked_rules *rules;
	struct automaton *automaton;
	unsigned number;
	enum ward_level level; /* of the stretch */
	struct stretch_group
		stretch[STRETCH_MAX]; /* the latest ones; what falls out is no longer shared */
	size_t stretch_count;
	struct interner
		capped; /* own condition, caps above, level: the conditions of capped rules */
};

/* Adds an entry at `level`, as if there were no caps. */
int family_add(struct family *family, const struct entry *entry, enum ward_level level);
