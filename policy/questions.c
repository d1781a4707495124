#include <string.h>

#include "policy/match.h"
#include "policy/policy-internal.h"

/*
 * The exact questions. Each is asked of an automaton of its own, made only of the rules that bear
 * on it, so that it stays small: which paths one rule decides among the stronger rules that it
 * meets, and so on. Family 1 carries the rule in question where its match must be told apart from
 * who wins.
 */

enum { QUESTIONS_WORK = 1000 * 1000 * 1000 };

struct questions {
	const struct policy *policy;
	const struct ranked_rules *rules;
	struct budget budget;
	struct finding *findings;
	size_t count, capacity;
	uint32_t *first_entry; /* by rule: entries_of starts */
	uint32_t *entries_of;  /* entry numbers, by rule, strongest first */
};

static void questions_release(struct questions *q)
{
	findings_free(q->findings, q->count);
	free(q->first_entry);
	free(q->entries_of);
}

void findings_free(struct finding *findings, size_t count)
{
	int saved = errno;

	for (size_t i = 0; i < count; i++)
		free(findings[i].path);
	free(findings);
	errno = saved;
}

static int add_finding(struct questions *q, struct finding finding)
{
	if (q->count == q->capacity) {
		size_t capacity = q->capacity ? 2 * q->capacity : 16;
		struct finding *grown = realloc(q->findings, capacity * sizeof(*grown));

		if (!grown) {
			free(finding.path);
			return -ENOMEM;
		}
		q->findings = grown;
		q->capacity = capacity;
	}
	q->findings[q->count++] = finding;
	return 0;
}

static int list_entries(struct questions *q)
{
	const struct ranked_rules *rules = q->rules;

	q->first_entry = calloc(rules->rule_count + 2, sizeof(*q->first_entry));
	q->entries_of = calloc(rules->entry_count + 1, sizeof(*q->entries_of));
	if (!q->first_entry || !q->entries_of)
		return -ENOMEM;
	for (size_t i = 0; i < rules->entry_count; i++)
		q->first_entry[rules->entries[i].rule + 2]++;
	for (size_t i = 2; i < rules->rule_count + 2; i++)
		q->first_entry[i] += q->first_entry[i - 1];
	for (size_t i = 0; i < rules->entry_count; i++)
		q->entries_of[q->first_entry[rules->entries[i].rule + 1]++] = (uint32_t)i;
	return 0;
}

/* True where an entry meets one of the rule's. */
static bool meets(const struct questions *q, uint32_t rule, const struct entry *entry)
{
	for (uint32_t i = q->first_entry[rule]; i < q->first_entry[rule + 1]; i++)
		if (entries_may_meet(&q->rules->entries[q->entries_of[i]], entry))
			return true;
	return false;
}

/* --- Dead rules ----------------------------------------------------------------------------------- */

static const enum ward_level wins = LEVEL_WRITE, loses = LEVEL_VIEW, beaten = LEVEL_NONE;

static bool is_won(automaton_value value)
{
	return value_level(value, 0) == wins;
}

/*
 * The rule's own entries win, stronger ones that it meets beat it. Sets `*ret_other` to one of
 * these.
 */
static int add_contest(struct questions *q, struct automaton *automaton, uint32_t rule,
	const struct rule **ret_other)
{
	struct family family = {.rules = q->rules, .automaton = automaton};
	uint32_t last = q->entries_of[q->first_entry[rule + 1] - 1];

	automaton->rankings[0].fallback = loses;
	for (uint32_t i = 0; i <= last; i++) {
		const struct entry *entry = &q->rules->entries[i];
		bool own = entry->rule == rule;
		int r;

		if (!own && !meets(q, rule, entry))
			continue;
		if (!own && !*ret_other)
			*ret_other = entry_rule(q->rules, entry);
		r = family_add(&family, entry, own ? wins : beaten);
		if (r < 0)
			return r;
	}
	return 0;
}

static int find_dead(struct questions *q, uint32_t rule)
{
	_cleanup_(automaton_freep) struct automaton *automaton = NULL;
	_cleanup_(freep) char *path = NULL;
	struct finding finding = {.kind = FINDING_DEAD, .rule = q->rules->rules[rule].rule};
	int r = automaton_new(&automaton);

	if (r == 0)
		r = add_contest(q, automaton, rule, &finding.other);
	if (r == 0)
		r = automaton_finish(automaton, &q->budget);
	if (r == 0)
		r = automaton_witness(automaton, is_won, &path);
	if (r != 0)
		return r < 0 ? r : 0;
	return add_finding(q, finding);
}

/* --- Uncovered rules ------------------------------------------------------------------------------ */

static bool is_uncovered(automaton_value value)
{
	return value_level(value, 0) > LEVEL_NONE && value_level(value, 1) > LEVEL_NONE;
}

/* True where `other` outranks `rule` before what they say or how specific they are is asked. */
static bool outranks(const struct rule *other, const struct rule *rule)
{
	return other->priority > rule->priority ||
	       (other->priority == rule->priority && other->type > rule->type);
}

/* A rule of type file names its paths, and is an exception that somebody meant. */
static bool uncovers(const struct rule *other)
{
	return other->permission > LEVEL_NONE && other->type != RULE_FILE;
}

/* Family 0: who wins among the rules that outrank it. Family 1: whether the rule matches. */
static int add_uncovering(
	struct questions *q, struct automaton *automaton, uint32_t rule, bool *ret_any)
{
	struct family stronger = {.rules = q->rules, .automaton = automaton},
		      own = {.rules = q->rules, .automaton = automaton, .number = 1};
	const struct rule *hiding = q->rules->rules[rule].rule;
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->rules->entry_count; i++) {
		const struct entry *entry = &q->rules->entries[i];
		const struct rule *other = entry_rule(q->rules, entry);

		if (!outranks(other, hiding))
			break;
		if (!meets(q, rule, entry))
			continue;
		*ret_any |= uncovers(other);
		r = family_add(&stronger, entry, uncovers(other) ? LEVEL_READ : LEVEL_NONE);
	}
	for (uint32_t i = q->first_entry[rule]; r == 0 && *ret_any && i < q->first_entry[rule + 1];
		i++)
		r = family_add(&own, &q->rules->entries[q->entries_of[i]], LEVEL_READ);
	return r;
}

static int find_uncovered(struct questions *q, uint32_t rule)
{
	_cleanup_(automaton_freep) struct automaton *automaton = NULL;
	struct finding finding = {.kind = FINDING_UNCOVERED, .rule = q->rules->rules[rule].rule};
	bool any = false;
	int r;

	if (finding.rule->permission != LEVEL_NONE)
		return 0;
	r = automaton_new(&automaton);
	if (r == 0)
		r = add_uncovering(q, automaton, rule, &any);
	if (r < 0 || !any)
		return r;
	r = automaton_finish(automaton, &q->budget);
	if (r == 0)
		r = automaton_witness(automaton, is_uncovered, &finding.path);
	if (r <= 0)
		return r;
	finding.other = policy_winning_rule(q->policy, finding.path);
	return add_finding(q, finding);
}

int policy_find(const struct policy *policy, struct finding **ret_findings, size_t *ret_count,
	struct ward_error *error)
{
	_cleanup_(questions_release) struct questions q = {
		.policy = policy, .rules = policy->rules};
	int r = list_entries(&q);

	q.budget = (struct budget){.work = QUESTIONS_WORK};
	for (uint32_t rule = 0; r == 0 && rule < q.rules->rule_count; rule++) {
		if (q.rules->rules[rule].rule->cap)
			continue; /* neither wins nor hides */
		q.budget.bytes = BUDGET_BYTES;
		r = budget_pay(&q.budget, 10 * q.rules->entry_count, 0, rule);
		if (r == 0)
			r = find_dead(&q, rule);
		q.budget.bytes = BUDGET_BYTES;
		if (r == 0)
			r = find_uncovered(&q, rule);
	}
	if (r == -E2BIG)
		return policy_too_big(q.rules, q.budget.rule, error);
	if (r < 0)
		return error_set_errno(error, r, "the rules can't be examined");
	*ret_findings = TAKE_PTR(q.findings);
	*ret_count = q.count;
	q.count = 0;
	return 0;
}

/* --- Differences ---------------------------------------------------------------------------------- */

static bool is_different(automaton_value value)
{
	return value_level(value, 0) != value_level(value, 1);
}

int policy_differ(const struct policy *a, const struct policy *b, char **ret_path)
{
	_cleanup_(automaton_freep) struct automaton *automaton = NULL;
	struct budget budget = {.work = BUDGET_WORK, .bytes = BUDGET_BYTES};
	int r = automaton_new(&automaton);

	if (r == 0)
		r = ranked_rules_add(a->rules, automaton, 0);
	if (r == 0)
		r = ranked_rules_add(b->rules, automaton, 1);
	if (r == 0)
		r = automaton_finish(automaton, &budget);
	return r < 0 ? r : automaton_witness(automaton, is_different, ret_path);
}
