/*
 * Rules, parsed and in the order in which they win.
 *
 * A pattern with braces stands for several brace-free ones; each of them is an entry with a rank of its own, so that
 * braces never change which rule wins. Immutable once prepared.
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
};

struct ranked_rules {
	struct rule_set *set; /* a copy */
	struct ranked_rule *rules;
	size_t rule_count;
	struct entry *entries; /* strongest first */
	size_t entry_count;
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
 * Negative where `a` wins over `b`; `*ret_outcome` is the criterion by which the other one lost. 0 for alternatives of
 * one rule that are equally strong.
 */
int entry_compare(const struct ranked_rules *rules, const struct entry *a, const struct entry *b,
	enum rule_outcome *ret_outcome);

/* Adds all rules to a family of an automaton, with the default and the protected paths. */
int ranked_rules_add(
	const struct ranked_rules *rules, struct automaton *automaton, unsigned family);

/* Adds one entry to a group. */
int ranked_entry_add(
	struct automaton *automaton, unsigned family, uint32_t group, const struct entry *entry);

/* Adds the excepts of a rule to a group. */
int ranked_excepts_add(struct automaton *automaton, unsigned family, uint32_t group,
	const struct ranked_rule *rule, uint32_t index);
