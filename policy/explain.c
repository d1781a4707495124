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

/* What the winner says, or the default. */
static enum ward_level winner_level(const struct ranked_rules *rules, const struct entry *winner)
{
	return winner ? entry_rule(rules, winner)->permission : rule_set_default(rules->set);
}

static bool lowers(const struct ranked_rules *rules, const struct entry *cap,
	const struct entry *winner, const struct path_parts *path)
{
	enum rule_outcome outcome;

	return entry_rule(rules, cap)->permission < winner_level(rules, winner) &&
	       (!winner || entry_compare(rules, cap, winner, &outcome) < 0) &&
	       match_entry(cap, path);
}

static const struct entry *find_winner(
	const struct ranked_rules *rules, const struct path_parts *path)
{
	for (size_t i = 0; i < rules->entry_count; i++) {
		const struct entry *entry = &rules->entries[i];

		if (match_entry(entry, path) && !match_excepts(&rules->rules[entry->rule], path))
			return entry;
	}
	return NULL;
}

static void explain_caps(struct explaining *e)
{
	const struct entry *winner = find_winner(e->rules, e->path);

	for (size_t i = 0; i < e->rules->cap_count; i++) {
		const struct entry *cap = &e->rules->caps[i];

		if (!e->seen[cap->rule] && lowers(e->rules, cap, winner, e->path)) {
			e->seen[cap->rule] = true;
			add_rule(e, cap->rule, OUTCOME_LIMITS);
		}
	}
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
	explain_caps(e);
	for (size_t i = 0; i < e->rules->entry_count; i++)
		explain_entry(e, &e->rules->entries[i]);
	for (uint32_t i = 0; i < e->rules->rule_count; i++)
		if (excepted[i])
			add_rule(e, i, OUTCOME_EXCEPTED);
	return 0;
}

/* The level of an explained path by the rules alone, self-protection apart. */
static enum ward_level ruled_level(const struct explaining *e)
{
	enum ward_level level = winner_level(e->rules, e->winner);

	for (size_t i = 0; i < e->explanation->count; i++) {
		const struct explained_rule *explained = &e->explanation->rules[i];

		if (explained->outcome == OUTCOME_LIMITS && explained->rule->permission < level)
			level = explained->rule->permission;
	}
	return level;
}

int policy_explain(
	const struct policy *policy, const char *path, struct explanation *ret_explanation)
{
	struct explanation explanation = {0};
	struct path_parts parts;
	struct explaining e = {.rules = policy->rules, .path = &parts, .explanation = &explanation};
	policy_state state;
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
	explanation.verdict = policy_verdict(policy, state);
	explanation.defaulted = !e.winner;
	explanation.capped = ruled_level(&e) > explanation.verdict.level;
	*ret_explanation = explanation;
	return 0;
}

void explanation_release(struct explanation *explanation)
{
	free(explanation->rules);
	*explanation = (struct explanation){0};
}

const struct rule *policy_winning_rule(const struct policy *policy, const char *path)
{
	const struct entry *winner;
	struct path_parts parts;

	if (path_cut(path, &parts) < 0)
		return NULL;
	winner = find_winner(policy->rules, &parts);
	free(parts.items);
	return winner ? entry_rule(policy->rules, winner) : NULL;
}

const struct rule *policy_deciding_rule(const struct policy *policy, const char *path)
{
	const struct ranked_rules *rules = policy->rules;
	const struct entry *winner;
	const struct rule *deciding;
	struct path_parts parts;

	if (path_cut(path, &parts) < 0)
		return NULL;
	winner = find_winner(rules, &parts);
	deciding = winner ? entry_rule(rules, winner) : NULL;
	for (size_t i = 0; i < rules->cap_count; i++) {
		const struct rule *cap = entry_rule(rules, &rules->caps[i]);
		bool lowest = !deciding || !deciding->cap || cap->permission < deciding->permission;

		if (lowest && lowers(rules, &rules->caps[i], winner, &parts))
			deciding = cap;
	}
	free(parts.items);
	return deciding;
}
