/* What the files behind policy.h share. */
#pragma once

#include "policy/automaton.h"
#include "policy/policy.h"
#include "policy/ranking.h"

struct policy {
	unsigned references; /* atomic */
	struct ranked_rules *rules;
	struct automaton *automaton;
};

/* The rule that wins at `path` where no cap is counted, or NULL for the default. */
const struct rule *policy_winning_rule(const struct policy *policy, const char *path);

/*
 * Says in `error` that the rules are too intertwined, and at which rule that came out. Returns
 * -E2BIG.
 */
int policy_too_big(const struct ranked_rules *rules, uint32_t rule, struct ward_error *error);
