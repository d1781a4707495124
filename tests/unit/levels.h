/* Tables of paths and the levels that a policy gives them. */
#pragma once

#include "policy/policy.h"
#include "policy/project.h"

struct level_case {
	const char *path;
	const char *level; /* "none", "view", "read", "write", or "passage" */
};

/* What the view shows at `path`: a level's name, or "passage". */
static inline const char *shown_level(const struct policy *policy, const char *path)
{
	policy_state state;
	struct verdict verdict;

	if (policy_walk(policy, path, &state) < 0)
		return "bad path";
	verdict = policy_verdict(policy, state);
	if (verdict.level == LEVEL_NONE && verdict.passage)
		return "passage";
	return level_name(verdict.level);
}

/* Compiles the rules of a project, protected for a codebase at "/codebase". */
static inline struct policy *compile_project(struct project *project)
{
	struct policy *policy = NULL;
	struct ward_error error = {0};

	assert_int_equal(project_protect(project, "/codebase"), 0);
	if (policy_compile(project->rules, &policy, &error) < 0)
		fail_msg("%s:%u:%u: %s", error.file, error.line, error.column, error.message);
	return policy;
}

/* Prints each path that is not as the table says; their number. */
static inline int count_wrong(
	const char *name, const struct policy *policy, const struct level_case *cases, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const char *level = shown_level(policy, cases[i].path);

		if (strcmp(level, cases[i].level) == 0)
			continue;
		print_error("%s: %s is %s, not %s\n", name, cases[i].path, level, cases[i].level);
		wrong++;
	}
	return wrong;
}
