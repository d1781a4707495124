/* Short ways to rules and policies for unit tests. */
#pragma once

#include "policy/policy.h"
#include "tests/unit/unit.h"

/* One rule, as a row of a table; a table ends with a NULL pattern. */
struct row {
	enum ward_level permission;
	const char *pattern;
	int priority;
	enum rule_type type;
	const char *except; /* or NULL */
};

static inline struct rule_set *rules_of(const struct row *rows)
{
	struct rule_set *set = NULL;

	assert_int_equal(rule_set_new(&set), 0);
	for (unsigned i = 0; rows[i].pattern; i++) {
		const char *excepts[] = {rows[i].except, NULL};
		const struct rule rule = {
			.pattern = rows[i].pattern,
			.permission = rows[i].permission,
			.type = rows[i].type,
			.priority = rows[i].priority,
			.excepts = rows[i].except ? excepts : NULL,
			.place = {"test.yaml", i + 1, 1},
		};
		struct ward_error error = {0};

		if (rule_set_add(set, &rule, &error) < 0)
			fail_msg("%s", error.message);
	}
	return set;
}

static inline struct policy *policy_of_set(const struct rule_set *set)
{
	struct policy *policy = NULL;
	struct ward_error error = {0};

	if (policy_compile(set, &policy, &error) < 0)
		fail_msg("%s", error.message);
	return policy;
}

static inline struct policy *policy_of(const struct row *rows)
{
	_cleanup_(rule_set_freep) struct rule_set *set = rules_of(rows);

	return policy_of_set(set);
}

static inline struct verdict verdict_of(const struct policy *policy, const char *path)
{
	policy_state state = 0;

	assert_int_equal(policy_walk(policy, path, &state), 0);
	return policy_verdict(policy, state);
}
