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

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Gives rules with the same excepts, in whatever order, the same condition. */
static int number_condition(struct ranked_rule *ranked, struct interner *known)
{
	_cleanup_(freep) const char **sorted = calloc(ranked->except_count + 1, sizeof(*sorted));
	_cleanup_(vector_release) struct vector key = {0};
	int r;

	if (ranked->except_count == 0)
		return 0;
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, ranked->rule->excepts, ranked->except_count * sizeof(*sorted));
	qsort(sorted, ranked->except_count, sizeof(*sorted), compare_strings);
	for (size_t i = 0; i < ranked->except_count; i++)
		for (const char *byte = sorted[i]; byte == sorted[i] || byte[-1]; byte++)
			vector_push(&key, (unsigned char)*byte);
	r = key.failed ? key.failed : intern(known, key.items, key.count, &ranked->condition);
	ranked->condition++;
	return r < 0 ? r : 0;
}

static int parse_rules(struct ranked_rules *rules, size_t *ret_entries, struct ward_error *error)
{
	_cleanup_(interner_release) struct interner conditions = {0};
	size_t entries = 0;

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct ranked_rule *ranked = &rules->rules[i];
		int r;

		ranked->rule = rule_set_get(rules->set, i);
		r = pattern_parse(ranked->rule->pattern, &ranked->pattern, NULL);
		if (r == 0)
			r = parse_excepts(ranked);
		if (r == 0)
			r = number_condition(ranked, &conditions);
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

static int add_excepts(const struct family *family, const struct entry *entry)
{
	const struct ranked_rule *rule = &family->rules->rules[entry->rule];
	uint32_t mark = mark_make(family->number, rule->condition, true);

	for (size_t i = 0; i < rule->except_count; i++) {
		const struct pattern *except = rule->excepts[i];

		for (size_t j = 0; j < except->count; j++) {
			const struct alternative *alternative = &except->alternatives[j];
			int r = nfa_add(&family->automaton->nfa, except, alternative,
				alternative->covers, mark, entry->rule);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int start_group(struct family *family, const struct entry *entry, enum ward_level level)
{
	uint32_t condition = family->rules->rules[entry->rule].condition;
	int group = automaton_add_group(family->automaton, family->number, level), r = 0;

	if (group < 0)
		return group;
	family->stretch[family->stretch_count++ % STRETCH_MAX] = (struct stretch_group){
		condition, (uint32_t)group};
	if (condition > 0)
		r = nfa_set_condition(
			&family->automaton->nfa, family->number, (uint32_t)group, condition);
	if (r > 0)
		r = add_excepts(family, entry);
	return r < 0 ? r : group;
}

/* The group for the next entry, or a negative errno. */
static int find_group(struct family *family, const struct entry *entry, enum ward_level level)
{
	uint32_t condition = family->rules->rules[entry->rule].condition;

	if (level != family->level)
		family->stretch_count = 0;
	family->level = level;
	for (size_t i = 0; i < family->stretch_count && i < STRETCH_MAX; i++)
		if (family->stretch[i].condition == condition)
			return (int)family->stretch[i].group;
	return start_group(family, entry, level);
}

int family_add(struct family *family, const struct entry *entry, enum ward_level level)
{
	int group = find_group(family, entry, level);

	if (group < 0)
		return group;
	return nfa_add(&family->automaton->nfa, entry->pattern, entry->alternative, entry->covers,
		mark_make(family->number, (uint32_t)group, false), entry->rule);
}

int ranked_rules_add(const struct ranked_rules *rules, struct automaton *automaton, unsigned number)
{
	struct family family = {.rules = rules, .automaton = automaton, .number = number};
	int r = 0;

	automaton->rankings[number].fallback = rule_set_default(rules->set);
	for (size_t i = 0; r == 0 && i < rules->entry_count; i++)
		r = family_add(&family, &rules->entries[i],
			entry_rule(rules, &rules->entries[i])->permission);
	for (size_t i = 0; r == 0 && i < rule_set_protected_count(rules->set); i++)
		r = nfa_add_path(&automaton->nfa, rule_set_protected(rules->set, i),
			mark_make(number, GROUP_CAP, false));
	return r;
}
