#include "policy/policy.h"

#include <assert.h>
#include <string.h>

#include "policy/match.h"
#include "policy/policy-internal.h"

static_assert((int)AUTOMATON_STATES_MAX == (int)POLICY_STATES_MAX, "policy.h states the limit");
static_assert((uint64_t)AUTOMATON_STATES_MAX << VALUE_SHIFT <= UINT32_MAX,
	"a value fits into policy_state");

int policy_too_big(const struct ranked_rules *rules, uint32_t rule, struct ward_error *error)
{
	const struct rule *at = rules->rule_count > 0 ? rules->rules[rule].rule : NULL;

	if (!at)
		return error_set(error, -E2BIG, "the protected paths are too many");
	error_set_at(error, -E2BIG, at->place.file, at->place.line, at->place.column,
		"pattern \"%.200s\" and others multiply beyond what can be compiled", at->pattern);
	return error_hint(
		error, "use fewer patterns with several '*' or '**', or give them one priority");
}

static int build(
	const struct ranked_rules *rules, struct automaton **ret_automaton, struct budget *budget)
{
	_cleanup_(automaton_freep) struct automaton *automaton = NULL;
	int r = automaton_new(&automaton);

	if (r == 0)
		r = ranked_rules_add(rules, automaton, 0);
	if (r == 0)
		r = automaton_finish(automaton, budget);
	if (r == 0)
		r = automaton_look_ahead(automaton);
	if (r < 0)
		return r;
	*ret_automaton = TAKE_PTR(automaton);
	return 0;
}

int policy_compile(
	const struct rule_set *rules, struct policy **ret_policy, struct ward_error *error)
{
	_cleanup_(policy_unrefp) struct policy *policy = calloc(1, sizeof(*policy));
	struct budget budget = {.work = BUDGET_WORK, .bytes = BUDGET_BYTES};
	int r;

	if (!policy)
		return error_set_errno(error, -ENOMEM, "the rules can't be compiled");
	policy->references = 1;
	r = ranked_rules_new(rules, &policy->rules, error);
	if (r < 0)
		return r;
	r = build(policy->rules, &policy->automaton, &budget);
	if (r == -E2BIG)
		return policy_too_big(policy->rules, budget.rule, error);
	if (r < 0)
		return error_set_errno(error, r, "the rules can't be compiled");
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

struct policy *policy_ref(struct policy *policy)
{
	__atomic_add_fetch(&policy->references, 1, __ATOMIC_RELAXED);
	return policy;
}

struct policy *policy_unref(struct policy *policy)
{
	if (policy && __atomic_sub_fetch(&policy->references, 1, __ATOMIC_ACQ_REL) == 0) {
		int saved = errno;

		automaton_free(policy->automaton);
		ranked_rules_free(policy->rules);
		free(policy);
		errno = saved;
	}
	return NULL;
}

policy_state policy_root(const struct policy *policy)
{
	return policy->automaton->root;
}

policy_state policy_step(
	const struct policy *policy, policy_state parent, const char *name, size_t length)
{
	return automaton_step(policy->automaton, value_state(parent), name, length);
}

struct verdict policy_verdict(const struct policy *policy, policy_state state)
{
	const struct outlook *outlook = &policy->automaton->outlooks[value_state(state)];
	enum ward_level level = value_level(state, 0);

	return (struct verdict){
		.level = level,
		.passage = level == LEVEL_NONE &&
			   (outlook->below_max > LEVEL_NONE || (state & VALUE_ROOT)),
		.child_max = (enum ward_level)outlook->child_max,
		.below_min = (enum ward_level)outlook->below_min,
		.below_max = (enum ward_level)outlook->below_max,
	};
}

int policy_walk(const struct policy *policy, const char *path, policy_state *ret_state)
{
	policy_state state = policy_root(policy);
	int length;

	while ((length = path_component(&path)) > 0) {
		state = policy_step(policy, state, path, (size_t)length);
		path += length;
	}
	if (length < 0)
		return length;
	*ret_state = state;
	return 0;
}
