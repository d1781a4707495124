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
		if (rules->rules)
			pattern_free(rules->rules[rules->rule_count].pattern);
		rule_set_free(rules->set);
		free(rules->rules);
		free(rules->entries);
		free(rules->caps);
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
	rules->condition_count = (uint32_t)interner_count(&conditions);
	*ret_entries = entries;
	if (pattern_parse("/", &rules->rules[rules->rule_count].pattern, NULL) < 0)
		return error_set_errno(error, -ENOMEM, "the rules can't be compiled");
	return 0;
}

static int make_entries(struct ranked_rules *rules, size_t count)
{
	rules->entries = calloc(count + 1, sizeof(*rules->entries));
	rules->caps = calloc(count + 1, sizeof(*rules->caps));
	if (!rules->entries || !rules->caps)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->rule_count; i++) {
		const struct ranked_rule *ranked = &rules->rules[i];

		for (size_t j = 0; j < ranked->pattern->count; j++) {
			const struct alternative *alternative = &ranked->pattern->alternatives[j];
			const struct entry entry = {i,
				alternative->covers || ranked->rule->type == RULE_DIRECTORY,
				ranked->pattern, alternative};

			if (ranked->rule->cap)
				rules->caps[rules->cap_count++] = entry;
			else
				rules->entries[rules->entry_count++] = entry;
		}
	}
	qsort_r(rules->entries, rules->entry_count, sizeof(*rules->entries), compare_entries,
		rules);
	qsort_r(rules->caps, rules->cap_count, sizeof(*rules->caps), compare_entries, rules);
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

/* When an entry does not hold: where its excepts match, or one of the caps that hold it lower. */
struct reservation {
	uint32_t condition; /* the number of all of it, 0: it always holds */
	size_t caps;        /* so many caps are stronger than the entry */
	enum ward_level level;
};

static int add_negative(const struct family *family, uint32_t condition,
	const struct pattern *pattern, const struct alternative *alternative, bool covers,
	uint32_t rule)
{
	return nfa_add(&family->automaton->nfa, pattern, alternative, covers,
		mark_make(family->number, condition, true), rule);
}

static int add_excepts(const struct family *family, const struct entry *entry, uint32_t condition)
{
	const struct ranked_rule *rule = &family->rules->rules[entry->rule];

	for (size_t i = 0; i < rule->except_count; i++) {
		const struct pattern *except = rule->excepts[i];

		for (size_t j = 0; j < except->count; j++) {
			const struct alternative *alternative = &except->alternatives[j];
			int r = add_negative(family, condition, except, alternative,
				alternative->covers, entry->rule);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int add_caps(const struct family *family, const struct reservation *reservation)
{
	const struct ranked_rules *rules = family->rules;

	for (size_t i = 0; i < reservation->caps; i++) {
		const struct entry *cap = &rules->caps[i];
		int r;

		if (entry_rule(rules, cap)->permission >= reservation->level)
			continue;
		r = add_negative(family, reservation->condition, cap->pattern, cap->alternative,
			cap->covers, cap->rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static int start_group(
	struct family *family, const struct entry *entry, const struct reservation *reservation)
{
	int group = automaton_add_group(family->automaton, family->number, reservation->level);
	int r = 0;

	if (group < 0)
		return group;
	family->stretch[family->stretch_count++ % STRETCH_MAX] = (struct stretch_group){
		reservation->condition, (uint32_t)group};
	if (reservation->condition > 0)
		r = nfa_set_condition(&family->automaton->nfa, family->number, (uint32_t)group,
			reservation->condition);
	if (r > 0) {
		r = add_excepts(family, entry, reservation->condition);
		if (r == 0)
			r = add_caps(family, reservation);
	}
	return r < 0 ? r : group;
}

/* The group for the next entry, or a negative errno. */
static int find_group(
	struct family *family, const struct entry *entry, const struct reservation *reservation)
{
	if (reservation->level != family->level)
		family->stretch_count = 0;
	family->level = reservation->level;
	for (size_t i = 0; i < family->stretch_count && i < STRETCH_MAX; i++)
		if (family->stretch[i].condition == reservation->condition)
			return (int)family->stretch[i].group;
	return start_group(family, entry, reservation);
}

static int add_reserved(
	struct family *family, const struct entry *entry, const struct reservation *reservation)
{
	int group = find_group(family, entry, reservation);

	if (group < 0)
		return group;
	return nfa_add(&family->automaton->nfa, entry->pattern, entry->alternative, entry->covers,
		mark_make(family->number, (uint32_t)group, false), entry->rule);
}

int family_add(struct family *family, const struct entry *entry, enum ward_level level)
{
	struct reservation reservation = {
		.condition = family->rules->rules[entry->rule].condition, .level = level};

	return add_reserved(family, entry, &reservation);
}

/* The strongest level below `level` to which one of the first `caps` caps holds a path, or `level`. */
static enum ward_level next_level(
	const struct ranked_rules *rules, size_t caps, enum ward_level level)
{
	enum ward_level next = LEVEL_NONE;

	for (size_t i = 0; i < caps; i++) {
		enum ward_level cap = entry_rule(rules, &rules->caps[i])->permission;

		if (cap < level && cap > next)
			next = cap;
	}
	return next > LEVEL_NONE ? next : level;
}

/* Adds an entry that the first `caps` caps hold. */
static int add_capped(
	struct family *family, const struct entry *entry, enum ward_level level, size_t caps)
{
	uint32_t own = family->rules->rules[entry->rule].condition;

	for (;;) {
		enum ward_level next = next_level(family->rules, caps, level);
		const uint32_t key[] = {own, (uint32_t)caps, level};
		struct reservation reservation = {own, caps, level};
		uint32_t number;
		int r;

		if (next == level)
			return family_add(family, entry, level);
		r = intern(&family->capped, key, ELEMENTS(key), &number);
		if (r < 0)
			return r;
		reservation.condition = family->rules->condition_count + 1 + number;
		r = add_reserved(family, entry, &reservation);
		if (r < 0)
			return r;
		level = next;
	}
}

/* The default, where caps hold it: as a rule, the weakest of all, about everything. */
static int add_default(struct family *family)
{
	const struct ranked_rules *rules = family->rules;
	const struct entry entry = {
		.rule = (uint32_t)rules->rule_count,
		.covers = true,
		.pattern = rules->rules[rules->rule_count].pattern,
		.alternative = rules->rules[rules->rule_count].pattern->alternatives,
	};

	if (rules->cap_count == 0)
		return 0;
	return add_capped(family, &entry, rule_set_default(rules->set), rules->cap_count);
}

int ranked_rules_add(const struct ranked_rules *rules, struct automaton *automaton, unsigned number)
{
	struct family family = {.rules = rules, .automaton = automaton, .number = number};
	enum rule_outcome outcome;
	size_t caps = 0;
	int r = 0;

	automaton->rankings[number].fallback = rule_set_default(rules->set);
	for (size_t i = 0; r == 0 && i < rules->entry_count; i++) {
		const struct entry *entry = &rules->entries[i];

		while (caps < rules->cap_count &&
			entry_compare(rules, &rules->caps[caps], entry, &outcome) < 0)
			caps++;
		r = add_capped(&family, entry, entry_rule(rules, entry)->permission, caps);
	}
	if (r == 0)
		r = add_default(&family);
	interner_release(&family.capped);
	for (size_t i = 0; r == 0 && i < rule_set_protected_count(rules->set); i++)
		r = nfa_add_path(&automaton->nfa, rule_set_protected(rules->set, i),
			mark_make(number, GROUP_CAP, false));
	return r;
}
