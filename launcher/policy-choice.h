/*
 * Which policy is in force.
 */
#pragma once

#include "launcher/codebase.h"
#include "policy/project.h"

/*
 * Loads the policy `name` for `codebase`: a preset's name, or a file. NULL is the codebase's own
 * ward.yaml, or the preset agent-safe where it has none. A file inside the codebase is repo content
 * (TRUST_PROJECT), any other the user's own (TRUST_USER). A preset's name always means the preset,
 * so that no file of the codebase can pass for one; a file of such a name is `./NAME`.
 */
int policy_choose(const struct codebase *codebase, const char *name, struct project **ret_project,
	struct ward_error *error);

/* The same name for a caller with another working directory: a preset's stays, a file's becomes
 * absolute. The caller's; NULL where memory ran out. */
char *policy_choice_absolute(const char *name);

/* What policy_choose() would load, for messages; "preset NAME" or a path. The caller's. NULL where
 * memory ran out. */
char *policy_choice_name(const struct codebase *codebase, const char *name);
