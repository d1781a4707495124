#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/project.h"
#include "policy/resolve.h"

/* A directory with a codebase in it, and the way back. */
struct place {
	char top[64];
	char before[4096];
};

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place || !getcwd(place->before, sizeof(place->before)))
		return -1;
	memcpy(place->top, "/tmp/ward-test-XXXXXX", sizeof("/tmp/ward-test-XXXXXX"));
	if (!mkdtemp(place->top) || chdir(place->top) < 0 || mkdir("code", 0755) < 0)
		return -1;
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	if (chdir(place->before) < 0)
		return -1;
	nftw(place->top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct project *load(const char *name, enum trust trust)
{
	struct project *project = NULL;
	struct ward_error error = {0};

	if (project_load(name, trust, &project, &error) < 0)
		fail_msg("%s: %s:%u:%u: %s", name, error.file, error.line, error.column,
			error.message);
	return project;
}

/* Loads what must fail; the error for more checks. */
static struct ward_error load_bad(
	const char *name, enum trust trust, int code, const char *file, const char *message)
{
	struct project *project = NULL;
	struct ward_error error = {0};
	int r = project_load(name, trust, &project, &error);

	if (r != code || error.code != code || strcmp(error.file, file) != 0 ||
		!strstr(error.message, message))
		fail_msg("%s: %d: %s:%u:%u: %s; %s", name, r, error.file, error.line, error.column,
			error.message, error.hint);
	assert_null(project);
	return error;
}

static void later_wins_over_earlier_and_the_file_over_all(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;

	mkdir("code/sub", 0755);
	put("code/sub/a.yaml", "version: 1\nextends: b.yaml\ndefault: view\nrules: [{read: a}]\n"
			       "sandbox: {shell: /bin/a, network: none, resources: {pids: 10}, "
			       "env: {A: a, S: a}}\n"
			       "labels: {l: a}\n");
	put("code/sub/b.yaml", "version: 1\ndefault: write\nrules: [{read: b}]\n"
			       "sandbox: {shell: /bin/b, mount_point: /b}\n");
	put("code/c.yaml", "version: 1\nrules: [{read: c}]\n"
			   "sandbox: {shell: /bin/c, resources: {pids: 30}, env: {C: c, S: c}}\n");
	/* What the file itself says wins wherever its `extends` stands. */
	put("code/ward.yaml", "version: 1\nsandbox: {env: {S: own}, resources: {cpus: 2}}\n"
			      "rules: [{read: own}]\nextends: [sub/a.yaml, ./c.yaml]\n");
	project = load("code/ward.yaml", TRUST_PROJECT);
	assert_int_equal(rule_set_count(project->rules), 4);
	assert_string_equal(rule_set_get(project->rules, 0)->pattern, "b");
	assert_string_equal(rule_set_get(project->rules, 0)->place.file, "code/sub/b.yaml");
	assert_string_equal(rule_set_get(project->rules, 1)->pattern, "a");
	assert_string_equal(rule_set_get(project->rules, 2)->pattern, "c");
	assert_string_equal(rule_set_get(project->rules, 2)->place.file, "code/./c.yaml");
	assert_string_equal(rule_set_get(project->rules, 3)->pattern, "own");
	assert_int_equal(rule_set_default(project->rules), LEVEL_VIEW);
	assert_string_equal(project->shell, "/bin/c");
	assert_string_equal(project->mount_point, "/b");
	assert_int_equal(project->network, NETWORK_NONE);
	assert_int_equal(project->resources.pids, 30);
	assert_int_equal(project->resources.cpu_millis, 2000);
	assert_int_equal(project->env_count, 3);
	assert_string_equal(project->env[1].name, "S");
	assert_string_equal(project->env[1].value, "own");
	assert_int_equal(project->source_count, 4);
}

static void a_preset_is_never_replaced_by_a_file(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;
	_cleanup_(project_freep) struct project *file = NULL;

	put("full-access", "version: 1\nrules: [{view: own}]\n");
	project = load("full-access", TRUST_USER);
	assert_string_equal(rule_set_get(project->rules, 0)->place.file, "preset full-access");
	assert_int_equal(project->source_count, 0);
	file = load("./full-access", TRUST_USER);
	assert_string_equal(rule_set_get(file->rules, 0)->pattern, "own");
	assert_int_equal(file->source_count, 1);
}

static void a_file_without_a_slash_is_found(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error;

	put("mine", "version: 1\nrules: [{view: own}]\n");
	project = load("mine", TRUST_USER);
	assert_int_equal(rule_set_count(project->rules), 1);
	error = load_bad("agent-save", TRUST_USER, -ENOENT, "", "no preset and no file");
	assert_non_null(strstr(error.hint, "agent-safe"));
	load_bad("./agent-safe", TRUST_USER, -ENOENT, "", "can't find the policy");
	load_bad("nowhere/ward.yaml", TRUST_USER, -ENOENT, "", "can't find the policy");
}

static void cycles_are_errors(void **state)
{
	struct ward_error error;

	put("code/a.yaml", "version: 1\nextends: b.yaml\n");
	put("code/b.yaml", "version: 1\nextends: [no-secrets, ../code/a.yaml]\n");
	error = load_bad("code/a.yaml", TRUST_PROJECT, -ELOOP, "code/b.yaml", "extends itself");
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 23);
	put("code/c.yaml", "version: 1\nextends: ./c.yaml\n");
	load_bad("code/c.yaml", TRUST_USER, -ELOOP, "code/c.yaml", "extends itself");
}

static void depth_and_number_are_bounded(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;
	char path[64], text[512];

	for (int i = 0; i <= 17; i++) {
		snprintf(path, sizeof(path), "code/%d.yaml", i);
		snprintf(text, sizeof(text),
			i == 0 ? "version: 1\n" : "version: 1\nextends: %d.yaml\n", i - 1);
		put(path, text);
	}
	project = load("code/16.yaml", TRUST_PROJECT);
	assert_int_equal(project->source_count, 17);
	load_bad("code/17.yaml", TRUST_PROJECT, -E2BIG, "code/1.yaml", "deeper than 16");
	/* Each level doubles: 2^16 texts, if nothing counted them. */
	for (int i = 1; i <= 16; i++) {
		snprintf(path, sizeof(path), "code/%d.yaml", i);
		snprintf(text, sizeof(text), "version: 1\nextends: [%d.yaml, %d.yaml]\n", i - 1,
			i - 1);
		put(path, text);
	}
	load_bad("code/16.yaml", TRUST_PROJECT, -E2BIG, "code/0.yaml", "more than 256");
}

/* What a policy in a codebase can't extend; the content must not show in the message. */
static const struct {
	const char *extends;
	int code;
} outside[] = {
	{"../outside.yaml", -EPERM},
	{"../code/../outside.yaml", -EPERM},
	{"/etc/passwd", -EPERM},
	{"/etc/hostname", -EPERM},
	{"/proc/self/environ", -EPERM},
	{"link-out.yaml", -EPERM},
	{"link-absolute.yaml", -EPERM},
	{"dir-out/outside.yaml", -EPERM},
	{"link-out-and-in.yaml", -EPERM},
	{"link-link.yaml", -EPERM},
	{"../codeX/x.yaml", -EPERM},
	{"loop.yaml", -ELOOP},
	{"sub", -EISDIR},
	{".", -EPERM},
	{"fifo", -EINVAL},
	{"missing.yaml", -ENOENT},
};

static void make_traps(const char *top)
{
	char target[128];

	put("outside.yaml", "secret_token_1234: x\n");
	mkdir("codeX", 0755);
	put("codeX/x.yaml", "secret_token_1234: x\n");
	mkdir("code/sub", 0755);
	put("code/real.yaml", "version: 1\nrules: [{read: real}]\n");
	assert_int_equal(symlink("../outside.yaml", "code/link-out.yaml"), 0);
	snprintf(target, sizeof(target), "%s/outside.yaml", top);
	assert_int_equal(symlink(target, "code/link-absolute.yaml"), 0);
	assert_int_equal(symlink("..", "code/dir-out"), 0);
	assert_int_equal(symlink("code/real.yaml", "back.yaml"), 0);
	assert_int_equal(symlink("../back.yaml", "code/link-out-and-in.yaml"), 0);
	assert_int_equal(symlink("link-out.yaml", "code/link-link.yaml"), 0);
	assert_int_equal(symlink("loop.yaml", "code/loop.yaml"), 0);
	assert_int_equal(mkfifo("code/fifo", 0600), 0);
}

static void a_codebase_extends_only_itself(void **state)
{
	struct place *place = *state;

	make_traps(place->top);
	for (size_t i = 0; i < ELEMENTS(outside); i++) {
		struct project *project = NULL;
		struct ward_error error = {0};
		char text[256];
		int r;

		snprintf(text, sizeof(text), "version: 1\nextends: %s\n", outside[i].extends);
		put("code/ward.yaml", text);
		r = project_load("code/ward.yaml", TRUST_PROJECT, &project, &error);
		if (r != outside[i].code || error.line != 2 || error.column != 10 ||
			strcmp(error.file, "code/ward.yaml") != 0 ||
			strstr(error.message, "secret") || strstr(error.message, "root:"))
			fail_msg("%s: %d: %s:%u:%u: %s; %s", outside[i].extends, r, error.file,
				error.line, error.column, error.message, error.hint);
	}
}

static void what_a_codebase_extends_is_trusted_no_more(void **state)
{
	put("code/ward.yaml", "version: 1\nextends: base.yaml\n");
	put("code/base.yaml", "version: 1\nsandbox: {network: host}\n");
	load_bad("code/ward.yaml", TRUST_PROJECT, -EPERM, "code/base.yaml", "network: host");
	project_free(load("code/ward.yaml", TRUST_USER));
}

static void links_that_stay_inside_are_followed(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct place *place = *state;
	char target[128];

	mkdir("code/sub", 0755);
	put("code/sub/real.yaml", "version: 1\nrules: [{read: real}]\n");
	snprintf(target, sizeof(target), "%s/code/sub", place->top);
	assert_int_equal(symlink(target, "code/dir"), 0);
	assert_int_equal(symlink("dir/real.yaml", "code/name.yaml"), 0);
	put("code/ward.yaml", "version: 1\nextends: name.yaml\n");
	project = load("code/ward.yaml", TRUST_PROJECT);
	assert_int_equal(rule_set_count(project->rules), 1);
	assert_int_equal(project->source_count, 2);
	assert_int_equal(project->link_count, 2);
}

static void a_user_extends_what_he_likes(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;

	put("outside.yaml", "version: 1\nrules: [{read: outside}]\n");
	put("code/ward.yaml", "version: 1\nextends: ../outside.yaml\n");
	project = load("code/ward.yaml", TRUST_USER);
	assert_int_equal(rule_set_count(project->rules), 1);
}

static void a_policy_that_is_a_link_out_is_not_read(void **state)
{
	struct ward_error error;

	put("outside.yaml", "secret_token_1234: x\n");
	assert_int_equal(symlink("../outside.yaml", "code/ward.yaml"), 0);
	error = load_bad("code/ward.yaml", TRUST_PROJECT, -EPERM, "", "outside of the codebase");
	assert_null(strstr(error.message, "secret"));
	load_bad("code/ward.yaml", TRUST_USER, -EINVAL, "code/ward.yaml", "secret_token_1234");
}

static void big_files_are_refused(void **state)
{
	FILE *f = fopen("code/ward.yaml", "we");

	for (int i = 0; i < 1 << 20; i++)
		fputc('#', f);
	fputc('\n', f);
	fclose(f);
	load_bad("code/ward.yaml", TRUST_PROJECT, -EFBIG, "", "larger than 1024 KiB");
}

static bool is_protected(const struct project *project, const char *path)
{
	for (size_t i = 0; i < rule_set_protected_count(project->rules); i++)
		if (strcmp(rule_set_protected(project->rules, i), path) == 0)
			return true;
	return false;
}

static void policies_protect_themselves(void **state)
{
	struct place *place = *state;
	_cleanup_(project_freep) struct project *project = NULL;
	char codebase[128];

	mkdir("code/policies", 0755);
	put("code/policies/base.yaml", "version: 1\n");
	put("code/policies/unused.yaml", "version: 1\n");
	put("outside.yaml", "version: 1\n");
	assert_int_equal(symlink("policies", "code/p"), 0);
	assert_int_equal(symlink("p/base.yaml", "code/name.yaml"), 0);
	put("code/main.yaml", "version: 1\nextends: [name.yaml, ../outside.yaml, no-secrets]\n");
	project = load("code/main.yaml", TRUST_USER);
	snprintf(codebase, sizeof(codebase), "%s/code", place->top);
	assert_int_equal(project_protect(project, codebase), 0);
	assert_true(is_protected(project, "ward.yaml"));
	assert_true(is_protected(project, "main.yaml"));
	assert_true(is_protected(project, "policies/base.yaml"));
	assert_true(is_protected(project, "p"));
	assert_true(is_protected(project, "name.yaml"));
	assert_false(is_protected(project, "policies/unused.yaml"));
	assert_int_equal(rule_set_protected_count(project->rules), 5);
}

static void a_preset_protects_the_future_policy(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error = {0};

	assert_int_equal(project_load_preset("full-access", &project, &error), 0);
	assert_int_equal(project_protect(project, "/"), 0);
	assert_int_equal(rule_set_protected_count(project->rules), 1);
	assert_true(is_protected(project, "ward.yaml"));
}

static const struct {
	const char *directory, *path, *below;
} below_table[] = {
	{"/a", "/a/b", "b"},
	{"/a/", "/a/b", "b"},
	{"/a", "/a/b/c", "b/c"},
	{"/", "/a", "a"},
	{"/a", "/a", NULL},
	{"/a", "/a/", NULL},
	{"/a", "/ab/c", NULL},
	{"/a/b", "/a", NULL},
	{"/", "/", NULL},
};

static void below_is_by_components(void **state)
{
	for (size_t i = 0; i < ELEMENTS(below_table); i++) {
		const char *below = path_below(below_table[i].directory, below_table[i].path);

		if (below_table[i].below)
			assert_string_equal(below, below_table[i].below);
		else
			assert_null(below);
	}
}

static void paths_resolve_as_the_kernel_does(void **state)
{
	static const char *const paths[] = {"code", "code/", "./code//../code/.", "l", "l/../x",
		"/", "/..", "code/x", "../../../../..", "chain", "missing", "code/x/y", ""};
	struct place *place = *state;

	put("code/x", "");
	put("x", "");
	assert_int_equal(symlink("code", "l"), 0);
	assert_int_equal(symlink("./l/../l/x", "chain"), 0);
	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		struct resolved resolved = {.fd = -1};
		int r = resolve(place->top, paths[i], &resolved);
		_cleanup_(freep) char *real = realpath(paths[i], NULL);

		if (real) {
			assert_int_equal(r, 0);
			assert_string_equal(resolved.path, real);
			resolved_release(&resolved);
		} else {
			assert_int_equal(r, -errno);
			assert_int_equal(resolved.fd, -1);
		}
	}
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(later_wins_over_earlier_and_the_file_over_all),
		IN_PLACE(a_preset_is_never_replaced_by_a_file),
		IN_PLACE(a_file_without_a_slash_is_found),
		IN_PLACE(cycles_are_errors),
		IN_PLACE(depth_and_number_are_bounded),
		IN_PLACE(a_codebase_extends_only_itself),
		IN_PLACE(what_a_codebase_extends_is_trusted_no_more),
		IN_PLACE(links_that_stay_inside_are_followed),
		IN_PLACE(a_user_extends_what_he_likes),
		IN_PLACE(a_policy_that_is_a_link_out_is_not_read),
		IN_PLACE(big_files_are_refused),
		IN_PLACE(policies_protect_themselves),
		IN_PLACE(a_preset_protects_the_future_policy),
		cmocka_unit_test(below_is_by_components),
		IN_PLACE(paths_resolve_as_the_kernel_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
