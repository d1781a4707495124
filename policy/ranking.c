#include "policy/ranking.h"

#include <string.h>

struct ranked_rules *ranked_rules_free(struct ranked_rules *rules)
{
	int saved = errno;

	if (rules) {
		for (size_t i = 0; rules->rules && i < rules->rule_count; i++) {
			for (size_t j = 0; j < rules->rules[i].except_count; j++)
				pattern_free(rules->rules[i].excepts[j]);
			free(rules->rules[i].excepts);
			pattern_free(rules->rules[i].pattern);
		}
		rule_set_free(rules->set);
		free(rules->rules);
		free(rules->entries);
		free(rules);
	}
	errno = saved;
	return NULL;
}

/* --- Order ---------------------------------------------------------------------------------------- */

/* Negative where the greater of two numbers is on the left. */
static int greater(int64_t a, int64_t b)
{
	return (a < b) - (a > b);
}

static int compare_specificity(const struct alternative *a, const struct alternative *b)
{
	int order = greater(!a->wildcard, !b->wildcard);

	if (order == 0)
		order = greater(a->leading_literals, b->leading_literals);
	return order ? order : greater(a->literal_bytes, b->literal_bytes);
}

int entry_compare(const struct ranked_rules *rules, const struct entry *a, const struct entry *b,
	enum rule_outcome *ret_outcome)
{
	const struct rule *x = entry_rule(rules, a), *y = entry_rule(rules, b);
	const struct {
		int order;
		enum rule_outcome outcome;
	} criteria[] = {
		{greater(x->priority, y->priority), OUTCOME_LOST_PRIORITY},
		{greater(x->type, y->type), OUTCOME_LOST_TYPE},
		{greater(x->permission == LEVEL_NONE, y->permission == LEVEL_NONE),
			OUTCOME_LOST_TO_NONE},
		{compare_specificity(a->alternative, b->alternative), OUTCOME_LOST_SPECIFICITY},
		{greater(y->permission, x->permission), OUTCOME_LOST_LEVEL},
		{greater(a->rule, b->rule), OUTCOME_LOST_LATER},
	};

	for (size_t i = 0; i < ELEMENTS(criteria); i++) {
		if (criteria[i].order != 0) {
			*ret_outcome = criteria[i].outcome;
			return criteria[i].order;
		}
	}
	return 0;
}

static int compare_entries(const void *a, const void *b, void *rules)
{
	const struct entry *x = a, *y = b;
	enum rule_outcome outcome;
	int order = entry_compare(rules, x, y, &outcome);

	return order ? order
		     : (x->alternative > y->alternative) - (x->alternative < y->alternative);
}

/* --- Preparing ------------------------------------------------------------------------------------ */

static int parse_excepts(struct ranked_rule *ranked)
{
	size_t count = 0;

	while (ranked->rule->excepts && ranked->rule->excepts[count])
		count++;
	ranked->excepts = calloc(count + 1, sizeof(struct pattern *));
	if (!ranked->excepts)
		return -ENOMEM;
	for (; ranked->except_count < count; ranked->except_count++) {
		int r = pattern_parse(ranked->rule->excepts[ranked->except_count],
			&ranked->excepts[ranked->except_count], NULL);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_rules(struct ranked_rules *rules, size_t *ret_entries, struct ward_error *error)
{
	size_t entries = 0;

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct ranked_rule *ranked = &rules->rules[i];
		int r;

		ranked->rule = rule_set_get(rules->set, i);
		r = pattern_parse(ranked->rule->pattern, &ranked->pattern, NULL);
		if (r == 0)
			r = parse_excepts(ranked);
		if (r < 0)
			return error_set_errno(error, r, "the rules can't be compiled");
		entries += ranked->pattern->count;
		if (entries > RANKED_ENTRIES_MAX)
			return error_set_at(error, -E2BIG, ranked->rule->place.file,
				ranked->rule->place.line, ranked->rule->place.column,
				"the braces of all rules multiply to more than %d patterns",
				RANKED_ENTRIES_MAX);
	}
	*ret_entries = entries;
	return 0;
}

static int make_entries(struct ranked_rules *rules, size_t count)
{
	rules->entries = calloc(count + 1, sizeof(*rules->entries));
	if (!rules->entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->rule_count; i++) {
		const struct ranked_rule *ranked = &rules->rules[i];

		for (size_t j = 0; j < ranked->pattern->count; j++) {
			const struct alternative *alternative = &ranked->pattern->alternatives[j];

			rules->entries[rules->entry_count++] = (struct entry){i,
				alternative->covers || ranked->rule->type == RULE_DIRECTORY,
				ranked->pattern, alternative};
		}
	}
	qsort_r(rules->entries, count, sizeof(*rules->entries), compare_entries, rules);
	return 0;
}

int ranked_rules_new(
	const struct rule_set *set, struct ranked_rules **ret_rules, struct ward_error *error)
{
	_cleanup_(ranked_rules_freep) struct ranked_rules *rules = calloc(1, sizeof(*rules));
	size_t entries = 0;
	int r = rules ? rule_set_new(&rules->set) : -ENOMEM;

	if (r == 0)
		r = rule_set_append(rules->set, set, error);
	if (r < 0)
		return error_set_errno(error, r, "the rules can't be compiled");
	rules->rule_count = rule_set_count(rules->set);
	rules->rules = calloc(rules->rule_count + 1, sizeof(*rules->rules));
	if (!rules->rules)
		return error_set_errno(error, -ENOMEM, "the rules can't be compiled");
	r = parse_rules(rules, &entries, error);
	if (r < 0)
		return r;
	if (make_entries(rules, entries) < 0)
		return error_set_errno(error, -ENOMEM, "the rules can't be compiled");
	*ret_rules = TAKE_PTR(rules);
	return 0;
}

/* --- Into an automaton ---------------------------------------------------------------------------- */

int ranked_entry_add(
	struct automaton *automaton, unsigned family, uint32_t group, const struct entry *entry)
{
	return nfa_add(&automaton->nfa, entry->pattern, entry->alternative, entry->covers,
		mark_make(family, group, false), entry->rule);
}

int ranked_excepts_add(struct automaton *automaton, unsigned family, uint32_t group,
	const struct ranked_rule *rule, uint32_t index)
{
	for (size_t i = 0; i < rule->except_count; i++) {
		const struct pattern *except = rule->excepts[i];

		for (size_t j = 0; j < except->count; j++) {
			int r = nfa_add(&automaton->nfa, except, &except->alternatives[j],
				except->alternatives[j].covers, mark_make(family, group, true),
				index);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/*
 * Neighbours in rank that give the same level are a stretch: which of them wins makes no difference to the
 * verdict. So within a stretch the order is free, and entries with the same excepts share a group, whichever
 * others lie between. Groups are few then, and what they cover below is one position for each and not one for
 * each rule: without that, every combination of covering rules that a path can collect would be a state.
 */
enum { STRETCH_GROUPS_MAX = 64 };

struct stretch {
	enum ward_level level;
	struct {
		const struct ranked_rule *rule;
		uint32_t group;
	} groups[STRETCH_GROUPS_MAX]; /* the latest ones; what falls out is no longer shared */
	size_t count;
};

static bool same_excepts(const struct ranked_rule *a, const struct ranked_rule *b)
{
	if (a == b)
		return true;
	if (a->except_count != b->except_count)
		return false;
	for (size_t i = 0; i < a->except_count; i++)
		if (strcmp(a->rule->excepts[i], b->rule->excepts[i]) != 0)
			return false;
	return true;
}

/* The group of the next entry in rank: one of its stretch, or a new one with the excepts of its rule. */
static int stretch_group(struct stretch *stretch, const struct ranked_rules *rules,
	const struct entry *entry, struct automaton *automaton, unsigned family,
	uint32_t *ret_group)
{
	const struct ranked_rule *rule = &rules->rules[entry->rule];
	enum ward_level level = rule->rule->permission;
	size_t known, slot;
	int group;

	if (level != stretch->level)
		stretch->count = 0;
	stretch->level = level;
	known = stretch->count < STRETCH_GROUPS_MAX ? stretch->count : STRETCH_GROUPS_MAX;
	for (size_t i = 0; i < known; i++) {
		if (same_excepts(stretch->groups[i].rule, rule)) {
			*ret_group = stretch->groups[i].group;
			return 0;
		}
	}
	group = automaton_add_group(automaton, family, level);
	if (group < 0)
		return group;
	slot = stretch->count++ % STRETCH_GROUPS_MAX;
	stretch->groups[slot].rule = rule;
	stretch->groups[slot].group = *ret_group = (uint32_t)group;
	return ranked_excepts_add(automaton, family, (uint32_t)group, rule, entry->rule);
}

int ranked_rules_add(const struct ranked_rules *rules, struct automaton *automaton, unsigned family)
{
	struct stretch stretch = {.count = 0};
	int r = 0;

	automaton->rankings[family].fallback = rule_set_default(rules->set);
	for (size_t i = 0; i < rules->entry_count && r == 0; i++) {
		const struct entry *entry = &rules->entries[i];
		uint32_t group;

		r = stretch_group(&stretch, rules, entry, automaton, family, &group);
		if (r == 0)
			r = ranked_entry_add(automaton, family, group, entry);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < rule_set_protected_count(rules->set); i++) {
		r = nfa_add_path(&automaton->nfa, rule_set_protected(rules->set, i),
			mark_make(family, GROUP_CAP, false));
		if (r < 0)
			return r;
	}
	return 0;
}
