#include "policy/match.h"
#include "policy/policy-internal.h"

/*
 * Explanations judge every rule by itself, without the automaton. They are for people, and for
 * events of denials.
 */

struct explaining {
	const struct ranked_rules *rules;
	const struct path_parts *path;
	const struct entry *winner;
	bool *seen;     /* by rule */
	bool *excepted; /* by rule */
	struct explanation *explanation;
};

static void add_rule(struct explaining *e, uint32_t rule, enum rule_outcome outcome)
{
	e->explanation->rules[e->explanation->count++] = (struct explained_rule){
		e->rules->rules[rule].rule, outcome};
}

static void explain_entry(struct explaining *e, const struct entry *entry)
{
	enum rule_outcome outcome = OUTCOME_WINS;

	if (e->seen[entry->rule] || !match_entry(entry, e->path))
		return;
	e->seen[entry->rule] = true;
	if (match_excepts(&e->rules->rules[entry->rule], e->path)) {
		e->excepted[entry->rule] = true;
		return;
	}
	if (e->winner)
		entry_compare(e->rules, e->winner, entry, &outcome);
	else
		e->winner = entry;
	add_rule(e, entry->rule, outcome);
}

static int explain(struct explaining *e)
{
	size_t count = e->rules->rule_count + 1;
	_cleanup_(freep) bool *seen = calloc(count, sizeof(*seen));
	_cleanup_(freep) bool *excepted = calloc(count, sizeof(*excepted));

	e->seen = seen;
	e->excepted = excepted;
	e->explanation->rules = calloc(count, sizeof(*e->explanation->rules));
	if (!seen || !excepted || !e->explanation->rules)
		return -ENOMEM;
	for (size_t i = 0; i < e->rules->entry_count; i++)
		explain_entry(e, &e->rules->entries[i]);
	for (uint32_t i = 0; i < e->rules->rule_count; i++)
		if (excepted[i])
			add_rule(e, i, OUTCOME_EXCEPTED);
	return 0;
}

int policy_explain(
	const struct policy *policy, const char *path, struct explanation *ret_explanation)
{
	struct explanation explanation = {0};
	struct path_parts parts;
	struct explaining e = {.rules = policy->rules, .path = &parts, .explanation = &explanation};
	policy_state state;
	enum ward_level level;
	int r = policy_walk(policy, path, &state);

	if (r == 0)
		r = path_cut(path, &parts);
	if (r < 0)
		return r;
	r = explain(&e);
	free(parts.items);
	if (r < 0) {
		explanation_release(&explanation);
		return r;
	}
	level = e.winner ? entry_rule(e.rules, e.winner)->permission
			 : rule_set_default(e.rules->set);
	explanation.verdict = policy_verdict(policy, state);
	explanation.defaulted = !e.winner;
	explanation.capped = level > explanation.verdict.level;
	*ret_explanation = explanation;
	return 0;
}

void explanation_release(struct explanation *explanation)
{
	free(explanation->rules);
	*explanation = (struct explanation){0};
}

const struct rule *policy_deciding_rule(const struct policy *policy, const char *path)
{
	const struct ranked_rules *rules = policy->rules;
	const struct rule *rule = NULL;
	struct path_parts parts;

	if (path_cut(path, &parts) < 0)
		return NULL;
	for (size_t i = 0; !rule && i < rules->entry_count; i++) {
		const struct entry *entry = &rules->entries[i];

		if (match_entry(entry, &parts) &&
			!match_excepts(&rules->rules[entry->rule], &parts))
			rule = entry_rule(rules, entry);
	}
	free(parts.items);
	return rule;
}
