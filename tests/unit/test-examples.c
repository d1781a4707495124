#include "tests/unit/unit.h"

#include <limits.h>
#include <string.h>

#include "tests/unit/levels.h"

/* A glob that hides a file leaves a directory of that name a passage. */
static const struct level_case python_service[] = {
	{"app/main.py", "write"},
	{"app/.env", "none"},
	{"ward.yaml", "read"},
	{".git/index", "write"},
	{".git/hooks/pre-commit", "read"},
	{"deploy/run.sh", "read"},
	{"deploy/secrets/token", "none"},
	{".github/workflows/ci.yml", "read"},
	{"Dockerfile", "read"},
	{"requirements.lock", "read"},
	{"requirements.txt", "write"},
	{"migrations/0001.py", "read"},
	{"migrations/draft/0002.py", "write"},
	{"dumps", "view"},
	{"dumps/2024/customers.csv", "view"},
	{"config/production.ini", "passage"},
	{"config/dev.local.ini", "passage"},
	{"config/dev.ini", "write"},
	{"tests/fixtures/jwt-test.key", "read"},
	{"tests/fixtures/other.key", "none"},
};

static const struct level_case node_monorepo[] = {
	{"packages/web/src/index.ts", "write"},
	{"packages/web/package.json", "read"},
	{"packages/web/.env", "none"},
	{"packages/web/.npmrc", "none"},
	{"packages/web/node_modules/x/index.js", "read"},
	{"packages/ui/src/button.ts", "read"},
	{"packages/ui/dist/button.js", "write"},
	{"packages/ui/scripts/build.js", "read"},
	{"packages/billing", "view"},
	{"packages/billing/src/index.ts", "view"},
	{"packages/billing/src/index.d.ts", "read"},
	{"packages/billing/.env.production", "none"},
	{"node_modules/react/index.js", "read"},
	{"package-lock.json", "read"},
	{"coverage/lcov.info", "write"},
	{".git/index", "write"},
	{".git/config", "read"},
	{"ward.yaml", "read"},
};

static const struct level_case docs_writer[] = {
	{"src/main.c", "read"},
	{"docs/guide.md", "write"},
	{"docs/img/a.png", "write"},
	{"docs/legal/terms.md", "read"},
	{"docs/legal/README.md", "read"},
	{"docs/internal/plan.md", "none"},
	{"docs/next.draft.md", "passage"},
	{"README.md", "write"},
	{"src/lib/README.md", "write"},
	{"vendor/x/README.md", "read"},
	{"CHANGELOG.md", "write"},
	{"docs/.env", "none"},
	{".git/HEAD", "read"},
	{"ward.yaml", "read"},
};

static const struct level_case reviewer[] = {
	{"src/main.py", "read"},
	{"review", "write"},
	{"review/report.md", "write"},
	{"src/__pycache__/main.pyc", "write"},
	{".pytest_cache/v/x", "write"},
	{"vendor", "view"},
	{"vendor/lib/x.py", "view"},
	{"vendor/__pycache__/x.pyc", "view"},
	{"src/api_pb2.py", "view"},
	{"web/app.min.js", "view"},
	{"hr", "none"},
	{"hr/salaries.csv", "none"},
	{"hr/__pycache__/x.pyc", "none"},
	{"src/id_rsa", "none"},
	{".git/config", "read"},
	{"ward.yaml", "read"},
};

static const struct level_case data_list_only[] = {
	{"pipeline/run.py", "write"},
	{"results/out.csv", "write"},
	{"README.md", "read"},
	{"data", "view"},
	{"data/2024/a.csv", "view"},
	{"data/2024/schema.json", "read"},
	{"data/samples/a.csv", "read"},
	{"data/patients", "none"},
	{"data/patients/4711/scan.dcm", "none"},
	{"data/patients/schema.json", "none"},
	{"data/secrets/x", "none"},
	{"ward.yaml", "read"},
};

static const struct {
	const char *file;
	const struct level_case *cases;
	size_t count;
} examples[] = {
	{"python-service.yaml", python_service, ELEMENTS(python_service)},
	{"node-monorepo.yaml", node_monorepo, ELEMENTS(node_monorepo)},
	{"docs-writer.yaml", docs_writer, ELEMENTS(docs_writer)},
	{"reviewer.yaml", reviewer, ELEMENTS(reviewer)},
	{"data-list-only.yaml", data_list_only, ELEMENTS(data_list_only)},
};

/* Loads an example as a codebase's own policy would be. */
static struct policy *load_example(const char *file)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/examples/%s", getenv("srcdir") ? getenv("srcdir") : ".",
		file);
	if (project_load(path, TRUST_PROJECT, &project, &error) < 0)
		fail_msg("%s:%u:%u: %s; %s", error.file, error.line, error.column, error.message,
			error.hint);
	return compile_project(project);
}

static void examples_do_what_they_say(void **state)
{
	int wrong = 0;

	for (size_t i = 0; i < ELEMENTS(examples); i++) {
		_cleanup_(policy_unrefp) struct policy *policy = load_example(examples[i].file);

		wrong += count_wrong(
			examples[i].file, policy, examples[i].cases, examples[i].count);
	}
	assert_int_equal(wrong, 0);
}

static void their_rules_can_win(void **state)
{
	for (size_t i = 0; i < ELEMENTS(examples); i++) {
		_cleanup_(policy_unrefp) struct policy *policy = load_example(examples[i].file);
		struct finding *findings = NULL;
		size_t count = 0, dead = 0;

		assert_int_equal(policy_find(policy, &findings, &count, NULL), 0);
		for (size_t j = 0; j < count; j++) {
			const struct rule_place *place = &findings[j].rule->place;

			/* What is extended may well be overruled throughout. */
			if (findings[j].kind != FINDING_DEAD ||
				strncmp(place->file, "preset ", 7) == 0)
				continue;
			print_error("%s:%u:%u can never win\n", place->file, place->line,
				place->column);
			dead++;
		}
		findings_free(findings, count);
		assert_int_equal(dead, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_do_what_they_say),
		cmocka_unit_test(their_rules_can_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
