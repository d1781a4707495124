/* Any bytes as a policy file: read or refused with a reason, never more. */
#include <stdint.h>
#include <string.h>

#include "policy/policy.h"
#include "policy/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Compiles what was accepted, and asks about a few paths. */
static void judge(const struct project *project)
{
	static const char *const paths[] = {"", "a", ".env", "src/.env.example", "docs/a/b/c",
		"secrets/x", ".git/hooks/x", "ward.yaml"};
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	struct ward_error error = {0};

	if (policy_compile(project->rules, &policy, &error) < 0)
		return;
	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		struct explanation explanation;

		if (policy_explain(policy, paths[i], &explanation) == 0)
			explanation_release(&explanation);
	}
}

static void load(const uint8_t *data, size_t size, enum trust trust)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error = {0};
	int r = project_parse(
		(const char *)data, size, "/nonexistent/x.yaml", trust, &project, &error);

	if (r < 0 ? project || error.code != r || !error.message[0] : !project)
		abort();
	if (r >= 0 && project_protect(project, "/nonexistent") < 0)
		abort();
	if (r >= 0)
		judge(project);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(data, size, TRUST_PROJECT);
	/* A user's policy may extend any file, and a test should not. */
	if (!memmem(data, size, "extends", 7))
		load(data, size, TRUST_USER);
	return 0;
}
