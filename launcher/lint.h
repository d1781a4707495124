/*
 * Mistakes in a policy: what `ward check` looks for.
 *
 * Not thread-safe.
 */
#pragma once

#include <stddef.h>

#include "launcher/codebase.h"
#include "policy/policy.h"

enum lint_kind {
	LINT_DEAD,        /* the rule can never win */
	LINT_UNCOVERED,   /* what the rule hides, another one shows */
	LINT_TOP_ONLY,    /* the pattern has no slash: it matches at the top only */
	LINT_NO_MATCH,    /* nothing in the codebase matches */
	LINT_GIT_DELETED, /* git inside shows hidden files as deleted */
	LINT_GIT_CONTENT, /* what the rule withholds can be read from .git */
	LINT_UNCHECKED,   /* something could not be looked at */
};

struct lint_finding {
	enum lint_kind kind;
	const struct rule *rule; /* valid as long as the policy; NULL where no rule is meant */
	char *path;              /* an example, relative to the codebase, or NULL */
	char *message;           /* what is wrong */
	const char *hint;        /* what to do; static */
};

struct lint {
	struct lint_finding *findings;
	size_t count;
};

/* "dead-rule", "uncovered" … The string is static. */
const char *lint_kind_name(enum lint_kind kind);

/*
 * Looks for all of them. `presets_too`: rules of presets are judged as well; otherwise only where
 * one of the user's own has to do with it. Fails only where nothing can be said at all. Release
 * with lint_release().
 */
int lint_run(const struct policy *policy, const struct rule_set *rules,
	const struct codebase *codebase, int presets_too, struct lint *ret_lint,
	struct ward_error *error);

void lint_release(struct lint *lint);
