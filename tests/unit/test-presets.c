#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/levels.h"

static struct policy *compile_preset(const char *name)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error = {0};

	if (project_load_preset(name, &project, &error) < 0)
		fail_msg("%s:%u:%u: %s", error.file, error.line, error.column, error.message);
	return compile_project(project);
}

/* Names that are hidden wherever they are, by each preset that hides secrets. */
static const char *const secrets[] = {".env", ".env.local", ".env.production", ".env-prod",
	".env_x", ".env~", ".env.swp", ".#.env", "#.env#", "prod.env", ".envrc", ".env/lib",
	"server.pem", "server.key", "a.p12", "a.pfx", "a.p8", "a.jks", "a.ppk", "a.keystore",
	"a.kdbx", "a.ovpn", "server.pem.bak", "server.key~", "id_rsa", "id_dsa", "id_ecdsa",
	"id_ed25519", "id_ed25519_sk", "id_rsa.old", "id_rsa_work", "secring.gpg",
	".aws/credentials", ".aws", ".ssh/known_hosts", ".gnupg/x/y", ".kube/config", ".azure/x",
	".config/gcloud/x", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf",
	".htpasswd", ".git-credentials", ".docker/config.json", ".dockercfg",
	".cargo/credentials.toml", ".m2/settings.xml", ".vault-token", ".vault_pass.txt",
	".bash_history", "kubeconfig", "dev.kubeconfig", "credentials.json", "credentials.yml",
	"secrets.yaml", "secrets.toml", "secret.json", "my-credentials.json",
	"client_secret_1.json", "service-account.json", "service_account_x.json",
	"x-firebase-adminsdk-y.json", "local.settings.json", "passwords.txt", "terraform.tfstate",
	"terraform.tfstate.backup", "prod.tfvars", "secrets/x", "secrets", "secrets/deep/er/x.txt",
	".secrets/x"};

/* Files of these names are hidden; directories are shown, with what is in them. */
static const char *const secret_files[] = {
	"credentials", "secret", "credential", "deploy_rsa", "ci_ed25519"};

/* Names that look alike and are none. */
static const char *const harmless[] = {".env.example", ".env.sample", ".env.template", ".env.dist",
	".env.local.example", "example.env", ".environment", "environment.py", "key.c", "keys.py",
	"monkey", "pem.c", "id_rsa.pub", "id_ed25519.pub", "id_rsa_work.pub", "certifi/cacert.pem",
	"roots.pem", "credentials/provider.go", "secret/handler.go", "secrets.py", "secretary/x",
	"tokens.py", "aws/x", "ssh/x", "ssh.c", "npmrc", ".npmignore", "terraform.tf",
	"settings.xml", "config.json", "auth.json", "password.c", "rsa.c", "crypto_rsa/rsa.c",
	"deploy_rsa/x", ".dockerignore", ".gitignore", ".gitattributes", ".config/x",
	"docker/config.json"};

static const char *const places[] = {"", "a/", "a/b c/.d/"};

static int count_other(
	const struct policy *policy, const char *const *names, size_t count, const char *level)
{
	int wrong = 0;

	for (size_t i = 0; i < count * ELEMENTS(places); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s", places[i % ELEMENTS(places)],
			names[i / ELEMENTS(places)]);
		if (strcmp(path, "auth.json") == 0)
			continue;
		wrong += count_wrong("look-alike", policy, &(struct level_case){path, level}, 1);
	}
	return wrong;
}

static void secrets_are_hidden_and_nothing_else(void **state)
{
	static const struct {
		const char *preset, *harmless;
	} table[] = {{"agent-safe", "read"}, {"development", "write"}, {"read-only", "read"}};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(policy_unrefp) struct policy *policy = compile_preset(table[i].preset);

		assert_int_equal(count_other(policy, secrets, ELEMENTS(secrets), "none"), 0);
		assert_int_equal(
			count_other(policy, secret_files, ELEMENTS(secret_files), "passage"), 0);
		assert_int_equal(
			count_other(policy, harmless, ELEMENTS(harmless), table[i].harmless), 0);
	}
}

static const struct level_case agent_safe[] = {
	{"", "read"},
	{"src/main.c", "read"},
	{".hidden", "read"},
	{"output", "write"},
	{"output/a/b", "write"},
	{"tmp/x", "write"},
	{"a/tmp/x", "read"},
	{"output/.env", "none"},
	{"output/.git/hooks/x", "none"},
	{".git", "none"},
	{".git/config", "none"},
	{".git/refs/heads/id_rsa", "none"},
	{"sub/module/.git", "none"},
	{".github/workflows/ci.yml", "read"},
	{".gitignore", "read"},
	{"auth.json", "none"},
	{"ward.yaml", "read"},
	{"output/ward.yaml", "write"},
	{"credentials", "passage"},
};

/* What git, editors and agents outside would execute or obey is `read`, existing or not. */
static const struct level_case development[] = {
	{"", "write"},
	{"src/main.c", "write"},
	{"ward.yaml", "read"},
	{"sub/ward.yaml", "write"},
	{".git", "read"},
	{".git/HEAD", "write"},
	{".git/index", "write"},
	{".git/index.lock", "write"},
	{".git/objects/ab/cdef", "write"},
	{".git/objects/info/packs", "write"},
	{".git/objects/info/commit-graphs/x", "write"},
	{".git/objects/info/alternates", "read"},
	{".git/objects/info/http-alternates", "read"},
	{".git/refs/heads/main", "write"},
	{".git/refs/heads/config", "write"},
	{".git/refs/heads/hooks/x", "write"},
	{".git/refs/heads/secrets/x", "write"},
	{".git/refs/heads/feature/.env", "write"},
	{".git/logs/refs/heads/feature/x.key", "write"},
	{".git/refs/heads/secrets", "write"},
	{".git/packed-refs", "write"},
	{".git/rebase-merge/git-rebase-todo", "write"},
	{".git/hooks", "read"},
	{".git/hooks/pre-commit", "read"},
	{".git/hooks/a/b", "read"},
	{".git/config", "read"},
	{".git/config.lock", "read"},
	{".git/config.worktree", "read"},
	{".git/commondir", "read"},
	{".git/info", "read"},
	{".git/info/exclude", "read"},
	{".git/info/attributes", "read"},
	{".git/info/grafts", "read"},
	{".git/branches/origin", "read"},
	{".git/remotes/origin", "read"},
	{".git/secrets/x", "none"},
	{".git/hooks/refs", "read"},
	{".git/hooks/refs/heads/x", "read"},
	{".git/modules/refs/config", "read"},
	{".git/modules/refs/hooks/x", "read"},
	{".git/worktrees/refs/commondir", "read"},
	{".git/worktrees/w/logs/refs/bisect/x.key", "write"},
	{".git/modules/m/refs/heads/main", "write"},
	{".git/modules/refs/heads/hooks/x", "read"},
	{"a/secrets/x", "none"},
	{"a/.env.local", "none"},
	{"a/.env.local/.git/hooks/x", "none"},
	{"a/secrets/.git/hooks/x", "none"},
	{"a/.git/refs/heads/secrets/x", "none"},
	{"a/b/.git", "read"},
	{"a/b/.git/config", "read"},
	{"a/b/.git/hooks/x", "read"},
	{"a/b/.git/HEAD", "write"},
	{".git/worktrees/w/HEAD", "write"},
	{".git/worktrees/w/index.lock", "write"},
	{".git/worktrees/w/commondir", "read"},
	{".git/worktrees/w/gitdir", "read"},
	{".git/worktrees/w/config.worktree", "read"},
	{".git/worktrees/w/logs/HEAD", "write"},
	{".git/modules/m/HEAD", "write"},
	{".git/modules/m/objects/ab/cd", "write"},
	{".git/modules/m/objects/info/commit-graph", "write"},
	{".git/modules/m/objects/info/alternates", "read"},
	{".git/modules/m/config", "read"},
	{".git/modules/m/hooks/x", "read"},
	{".git/modules/m/info/attributes", "read"},
	{".git/modules/m/commondir", "read"},
	{".git/modules/a/b/config", "read"},
	{".git/modules/a/modules/b/hooks/x", "read"},
	{".git/modules/m/refs/heads/main", "write"},
	{".git/modules/m/refs/heads/config", "read"},
	{".git/modules/refs/hooks/post-checkout", "read"},
	{".git/modules/refs/config", "read"},
	{".git/modules/a/refs/hooks/post-checkout", "read"},
	{".git/worktrees/w/refs/bisect/config", "write"},
	{".git/worktrees/refs/config.worktree", "read"},
	{".git/modules/m/worktrees/w/commondir", "read"},
	{".husky/pre-commit", "read"},
	{"a/.githooks/x", "read"},
	{".gitconfig", "read"},
	{".pre-commit-config.yaml", "read"},
	{"lefthook.yml", "read"},
	{".gitattributes", "write"},
	{".gitmodules", "write"},
	{".github/workflows/ci.yml", "write"},
	{".vscode/tasks.json", "read"},
	{"a/.idea/workspace.xml", "read"},
	{"x.code-workspace", "read"},
	{".devcontainer/devcontainer.json", "read"},
	{".claude/settings.json", "read"},
	{".claude/hooks/x", "read"},
	{".claude/notes.md", "write"},
	{".mcp.json", "read"},
	{"hooks/x", "write"},
	{"config", "write"},
	{"git/hooks/x", "write"},
};

static const struct level_case read_only[] = {
	{"", "read"},
	{"a/b", "read"},
	{".git/config", "read"},
	{".git/refs/heads/fix/credentials", "read"},
	{".git/logs/refs/heads/fix/credentials", "read"},
	{".env", "none"},
	{"ward.yaml", "read"},
};

static const struct level_case view_only[] = {
	{"", "view"},
	{"a/b", "view"},
	{".env", "view"},
	{"ward.yaml", "view"},
};

static const struct level_case full_access[] = {
	{"", "write"},
	{"a/b", "write"},
	{".env", "write"},
	{".git/hooks/x", "write"},
	{"ward.yaml", "read"},
	{"a/ward.yaml", "write"},
};

static void each_preset_does_what_it_says(void **state)
{
	static const struct {
		const char *name;
		const struct level_case *cases;
		size_t count;
	} table[] = {
		{"agent-safe", agent_safe, ELEMENTS(agent_safe)},
		{"development", development, ELEMENTS(development)},
		{"read-only", read_only, ELEMENTS(read_only)},
		{"view-only", view_only, ELEMENTS(view_only)},
		{"full-access", full_access, ELEMENTS(full_access)},
	};
	int wrong = 0;

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(policy_unrefp) struct policy *policy = compile_preset(table[i].name);

		wrong += count_wrong(table[i].name, policy, table[i].cases, table[i].count);
	}
	assert_int_equal(wrong, 0);
}

/* A rule without a priority, however specific, uncovers neither secrets nor git's own. */
static void rules_without_priority_uncover_nothing(void **state)
{
	static const struct level_case cases[] = {
		{"src/x.c", "write"},
		{"src/.env", "none"},
		{"src/secrets/x", "none"},
		{"src/.git/hooks/x", "none"},
		{"src/id_rsa", "none"},
	};
	static const char text[] =
		"version: 1\nextends: agent-safe\nrules:\n"
		"  - write: [\"**\", /src/, \"/src/**\"]\n"
		"  - {write: [/src/.env, /src/secrets/x], type: file}\n"
		"  - {write: [/src/id_rsa, /src/.git/hooks/x], type: file, priority: 99}\n";
	_cleanup_(project_freep) struct project *project = NULL;
	_cleanup_(policy_unrefp) struct policy *policy = NULL;

	assert_int_equal(
		project_parse(text, strlen(text), "/nonexistent/x", TRUST_PROJECT, &project, NULL),
		0);
	policy = compile_project(project);
	assert_int_equal(count_wrong("extended", policy, cases, ELEMENTS(cases)), 0);
}

/* What development makes read-only is not shown where the policy that extends it hides. */
static void what_is_hidden_stays_hidden(void **state)
{
	static const struct level_case cases[] = {
		{"x", "write"},
		{".git/hooks/x", "read"},
		{"vault", "none"},
		{"vault/.git", "none"},
		{"vault/a/.git/config", "none"},
		{"vault/.vscode/settings.json", "none"},
		{"listed/.git/hooks/x", "view"},
		{"mine/.vscode/settings.json", "write"},
		{"mine/.git/config", "read"},
	};
	static const char text[] = "version: 1\nextends: development\nrules:\n"
				   "  - {pattern: /vault/, permission: none}\n"
				   "  - {pattern: /listed/, permission: view}\n"
				   "  - {write: /mine/.vscode/, priority: 91}\n";
	_cleanup_(project_freep) struct project *project = NULL;
	_cleanup_(policy_unrefp) struct policy *policy = NULL;

	assert_int_equal(
		project_parse(text, strlen(text), "/nonexistent/x", TRUST_PROJECT, &project, NULL),
		0);
	policy = compile_project(project);
	assert_int_equal(count_wrong("hidden", policy, cases, ELEMENTS(cases)), 0);
}

static void presets_have_names_summaries_and_no_dead_rules(void **state)
{
	static const char *const names[] = {"agent-safe", "development", "read-only", "view-only",
		"full-access", "no-secrets", NULL};

	for (size_t i = 0; names[i] || presets[i].name; i++) {
		_cleanup_(policy_unrefp) struct policy *policy = NULL;
		struct finding *findings = NULL;
		size_t count = 0;
		struct ward_error error = {0};

		assert_non_null(names[i]);
		assert_string_equal(presets[i].name, names[i]);
		assert_true(strlen(presets[i].summary) > 10 && strlen(presets[i].summary) < 80);
		assert_null(strchr(presets[i].summary, '\n'));
		assert_int_equal(presets[i].text[strlen(presets[i].text) - 1], '\n');
		policy = compile_preset(names[i]);
		assert_int_equal(policy_find(policy, &findings, &count, &error), 0);
		for (size_t j = 0; j < count; j++)
			if (findings[j].kind == FINDING_DEAD)
				print_error("%s: %s:%u:%u can never win\n", names[i],
					findings[j].rule->place.file, findings[j].rule->place.line,
					findings[j].rule->place.column);
		findings_free(findings, count);
		assert_int_equal(count, 0);
	}
}

static void an_unknown_preset_gets_a_suggestion(void **state)
{
	struct project *project = NULL;
	struct ward_error error = {0};

	assert_int_equal(project_load_preset("developmnt", &project, &error), -ENOENT);
	assert_non_null(strstr(error.hint, "\"development\""));
	assert_int_equal(project_load_preset("zzz", &project, &error), -ENOENT);
	assert_non_null(strstr(error.hint, "ward presets"));
	assert_null(project);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_hidden_and_nothing_else),
		cmocka_unit_test(each_preset_does_what_it_says),
		cmocka_unit_test(rules_without_priority_uncover_nothing),
		cmocka_unit_test(what_is_hidden_stays_hidden),
		cmocka_unit_test(presets_have_names_summaries_and_no_dead_rules),
		cmocka_unit_test(an_unknown_preset_gets_a_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
