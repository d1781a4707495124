#include "tests/unit/unit.h"

#include <string.h>

#include "policy/project.h"

/* Texts that are refused, the place, and a part of the message (of the hint, after " ; "). */
static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} refused[] = {
	/* the top level */
	{"", 1, 1, "no version"},
	{"# nothing\n", 1, 1, "no version"},
	{"rules: []\n", 1, 1, "no version"},
	{"- version: 1\n", 1, 1, "must be a mapping, not a list"},
	{"hello\n", 1, 1, "must be a mapping, not a string"},
	{"version: 2\n", 1, 10, "unknown version \"2\" ; version: 1"},
	{"version:\n", 1, 9, "version has no value"},
	{"version: [1]\n", 1, 10, "version must be a string"},
	{"verison: 1\n", 1, 1, "unknown key \"verison\" in the policy ; did you mean \"version\"?"},
	{"version: 1\nrule: []\n", 2, 1, "unknown key \"rule\" ; \"rules\""},
	{"version: 1\nxyzzy: []\n", 2, 1, "unknown key \"xyzzy\" ; known are: version, extends"},
	{"version: 1\nversion: 1\n", 2, 1, "duplicate key \"version\" ; line 1"},
	{"version: 1\ndefault: red\n", 2, 10, "unknown default \"red\" ; did you mean \"read\"?"},
	{"version: 1\ndefault: rw\n", 2, 10, "unknown default \"rw\""},
	{"version: 1\ndefault:\n", 2, 9, "default has no value"},
	/* rules */
	{"version: 1\nrules: {read: a}\n", 2, 8, "rules must be a list ; start each rule"},
	{"version: 1\nrules: a\n", 2, 8, "rules must be a list"},
	{"version: 1\nrules:\n  - \"**/*\"\n", 3, 5, "a rule must be a mapping ; LEVEL: "},
	{"version: 1\nrules:\n  -\n", 3, 4, "a rule must be a mapping"},
	{"version: 1\nrules:\n  - {}\n", 3, 5, "the rule has no pattern"},
	{"version: 1\nrules:\n  - {permission: read}\n", 3, 5, "the rule has no pattern"},
	{"version: 1\nrules:\n  - {pattern: a}\n", 3, 5, "the rule has no permission"},
	{"version: 1\nrules:\n  - {read: a, write: b}\n", 3, 15, "one level only"},
	{"version: 1\nrules:\n  - {read: a, pattern: b}\n", 3, 6, "one level only"},
	{"version: 1\nrules:\n  - {read: a, permission: read}\n", 3, 6, "one level only"},
	{"version: 1\nrules:\n  - {pattern: a, permision: read}\n", 3, 18,
		"unknown key \"permision\" in a rule ; did you mean \"permission\"?"},
	{"version: 1\nrules:\n  - {raed: a}\n", 3, 6, "unknown key \"raed\" ; \"read\""},
	{"version: 1\nrules:\n  - {pattern: a, permission: raed}\n", 3, 30,
		"unknown permission \"raed\" ; \"read\""},
	{"version: 1\nrules:\n  - {pattern: a, permission: read, type: dir}\n", 3, 42,
		"unknown type \"dir\" ; glob, directory, file"},
	{"version: 1\nrules:\n  - {read: a, priority: high}\n", 3, 25, "whole number"},
	{"version: 1\nrules:\n  - {write: a, cap: true}\n", 3, 13, "view or read, not write"},
	{"version: 1\nrules:\n  - {none: a, cap: true}\n", 3, 12, "view or read, not none"},
	{"version: 1\nrules:\n  - {read: a, cap: true, except: b}\n", 3, 12, "no excepts"},
	{"version: 1\nrules:\n  - {read: a, cap: maybe}\n", 3, 20, ""},
	{"version: 1\nrules:\n  - {read: a, priority: 1.5}\n", 3, 25, "whole number"},
	{"version: 1\nrules:\n  - {read: a, priority: 1000000}\n", 3, 25, "between"},
	{"version: 1\nrules:\n  - {read: a, priority: 99999999999999999999}\n", 3, 25, "between"},
	{"version: 1\nrules:\n  - {read: a, priority: -1000000}\n", 3, 25, "between"},
	{"version: 1\nrules:\n  - {read: a, priority: }\n", 3, 25, "priority has no value"},
	{"version: 1\nrules:\n  - {read: a/, type: file}\n", 3, 12, "ends in '/'"},
	/* patterns: the column of the byte, where it can be known */
	{"version: 1\nrules:\n  - {read: \"\"}\n", 3, 13, "bad pattern"},
	{"version: 1\nrules:\n  - {read: }\n", 3, 12, "pattern has no value"},
	{"version: 1\nrules:\n  - {read: a**b}\n", 3, 13, "bad pattern \"a**b\""},
	{"version: 1\nrules:\n  - {read: \"a**b\"}\n", 3, 14, "bad pattern \"a**b\""},
	{"version: 1\nrules:\n  - {read: 'x/../y'}\n", 3, 15, "bad pattern \"x/../y\""},
	{"version: 1\nrules:\n  - read: [ok, 'x[a']\n", 3, 18, "bad pattern \"x[a\""},
	{"version: 1\nrules:\n  - read: \"\\ta**b\"\n", 3, 11, "byte 3"},
	{"version: 1\nrules:\n  - read: >\n      a**b\n", 3, 11, "byte 2"},
	{"version: 1\nrules:\n  - {pattern: 'x{a', permission: read}\n", 3, 17, "bad pattern"},
	{"version: 1\nrules:\n  - {pattern: [a], permission: read}\n", 3, 15, "must be a string"},
	{"version: 1\nrules:\n  - {pattern: {a, b}, permission: read}\n", 3, 15,
		"must be a string ; in quotes"},
	{"version: 1\nrules:\n  - {read: [a, [b]]}\n", 3, 16, "must be a string"},
	{"version: 1\nrules:\n  - {read: a, except: ['b', 'x**']}\n", 3, 31, "bad except \"x**\""},
	{"version: 1\nrules:\n  - {read: a, except: {b: c}}\n", 3, 23, "except must be a string"},
	{"version: 1\nrules:\n  - read: **/*.pem\n", 3, 11, "aliases and anchors ; in quotes"},
	{"version: 1\nrules:\n  - read: \"a\\0\"\n", 3, 11, "NUL"},
	/* extends */
	{"version: 1\nextends: agent-saf\n", 2, 10, "no preset and no file ; \"agent-safe\""},
	{"version: 1\nextends: [no-secrets, nonesuch]\n", 2, 23, "\"nonesuch\" ; `ward presets`"},
	{"version: 1\nextends:\n", 2, 9, "extends has no value"},
	{"version: 1\nextends: {a: b}\n", 2, 10, "extends must be a string"},
	{"version: 1\nextends: ./missing.yaml\n", 2, 10,
		"can't find the policy \"./missing.yaml\""},
	{"version: 1\nextends: \"\"\n", 2, 10, "extends has no value"},
	/* sandbox */
	{"version: 1\nsandbox: []\n", 2, 10, "sandbox must be a mapping, not a list"},
	{"version: 1\nsandbox: {runtim: x}\n", 2, 11,
		"unknown key \"runtim\" in sandbox ; \"runtime\""},
	{"version: 1\nsandbox: {runtime: bwarp}\n", 2, 20, "unknown runtime \"bwarp\" ; \"bwrap\""},
	{"version: 1\nsandbox: {network: nonne}\n", 2, 20, "unknown network ; \"none\""},
	{"version: 1\nsandbox: {shell: bash}\n", 2, 18, "shell must be an absolute path"},
	{"version: 1\nsandbox: {resources: {memory: lots}}\n", 2, 31, "no size ; 512M"},
	{"version: 1\nsandbox: {resources: {memory: 512}}\n", 2, 31, "less than 8M ; 512M"},
	{"version: 1\nsandbox: {resources: {memory: 99999999T}}\n", 2, 31, "too much"},
	{"version: 1\nsandbox: {resources: {cpus: 0}}\n", 2, 29, "no number of processors"},
	{"version: 1\nsandbox: {resources: {cpus: -1}}\n", 2, 29, "no number of processors"},
	{"version: 1\nsandbox: {resources: {cpu_shares: 1}}\n", 2, 35, "between 2 and 262144"},
	{"version: 1\nsandbox: {resources: {pids: 0}}\n", 2, 29, "between 4 and"},
	{"version: 1\nsandbox: {resources: {pid: 9}}\n", 2, 23, "unknown key ; \"pids\""},
	{"version: 1\nsandbox: {env: [A]}\n", 2, 16, "env must be a mapping ; NAME: VALUE"},
	{"version: 1\nsandbox: {env: {A-B: c}}\n", 2, 17, "\"A-B\" is no name"},
	{"version: 1\nsandbox: {env: {\"\": c}}\n", 2, 17, "is no name"},
	{"version: 1\nsandbox: {env: {A: [b]}}\n", 2, 20, "must be a string"},
	{"version: 1\nsandbox: {docker: {image: --privileged}}\n", 2, 27, "bad image"},
	{"version: 1\nsandbox: {docker: {image: \"a b\"}}\n", 2, 27, "bad image"},
	{"version: 1\nsandbox: {docker: {user: nobody}}\n", 2, 26, "bad user ; 1000:1000"},
	{"version: 1\nsandbox: {docker: {user: \"1:\"}}\n", 2, 26, "bad user"},
	{"version: 1\nsandbox: {docker: {user: \"1:2:3\"}}\n", 2, 26, "bad user"},
	{"version: 1\nsandbox: {docker: {user: 4294967295}}\n", 2, 26, "bad user"},
	{"version: 1\nsandbox: {docker: {writable_root: 1}}\n", 2, 35, "unknown writable_root"},
	{"version: 1\nsandbox: {docker: {privileged: true}}\n", 2, 20,
		"unknown key \"privileged\""},
	/* labels */
	{"version: 1\nlabels: [a]\n", 2, 9, "labels must be a mapping"},
	{"version: 1\nlabels: {a: }\n", 2, 13, "a label has no value"},
	{"version: 1\nlabels: {-a: b}\n", 2, 10, "no name for a label"},
	{"version: 1\nlabels: {a=b: c}\n", 2, 10, "no name for a label"},
};

/* What a user may say and a policy in a codebase may not; what to do instead. */
static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} untrusted[] = {
	{"version: 1\nsandbox: {network: host}\n", 2, 20, "network: host ; --net host"},
	{"version: 1\nsandbox: {network: bridge}\n", 2, 20, "network: bridge ; -p"},
	{"version: 1\nsandbox: {docker: {network: host}}\n", 2, 29, "docker network: host ; --net"},
	{"version: 1\nsandbox: {docker: {network: bridge}}\n", 2, 29, "docker network: bridge"},
	{"version: 1\nsandbox: {docker: {user: 0}}\n", 2, 26, "user or group 0 ; -p"},
	{"version: 1\nsandbox: {docker: {user: \"00\"}}\n", 2, 26, "user or group 0 ; -p"},
	{"version: 1\nsandbox: {docker: {user: \"0:0\"}}\n", 2, 26, "user or group 0"},
	{"version: 1\nsandbox: {docker: {user: \"1000:0\"}}\n", 2, 26, "user or group 0"},
	{"version: 1\nsandbox: {docker: {oci_runtime: crun}}\n", 2, 33, "OCI runtime ; -p"},
	{"version: 1\nsandbox: {env: {HOME: }}\n", 2, 17, "a variable of the host ; -e"},
	{"version: 1\nsandbox: {env: {HOME: ~}}\n", 2, 17, "a variable of the host"},
};

static const char *const accepted[] = {
	"version: 1\n",
	"version: \"1\"\n",
	"---\nversion: 1\n",
	"\xef\xbb\xbfversion: 1\r\nrules:\r\n  - read: a\r\n",
	"version: 1\nrules:\nsandbox:\nlabels: ~\n",
	"version: 1\nrules: []\nsandbox: {resources: , env: , docker: }\n",
	"version: 1\nrules:\n  - none: []\n",
	"version: 1\nextends: [agent-safe, development]\n",
	"version: 1\nextends: []\n",
	"version: 1\nsandbox: {network: none, docker: {network: none, user: \"1000:1000\"}}\n",
	"version: 1\nsandbox: {docker: {user: 1000, writable_root: true}}\n",
	"version: 1\nsandbox: {env: {A: \"\", B: '~', C: 1, D: \"null\"}}\n",
};

/* Checks "message ; hint" against both. */
static bool has_message(const struct ward_error *error, const char *expected)
{
	const char *separator = strstr(expected, " ; ");
	char message[256];

	if (!separator)
		return strstr(error->message, expected);
	snprintf(message, sizeof(message), "%.*s", (int)(separator - expected), expected);
	return strstr(error->message, message) && strstr(error->hint, separator + 3);
}

static int parse(
	const char *text, enum trust trust, struct project **ret_project, struct ward_error *error)
{
	return project_parse(
		text, strlen(text), "/nonexistent/dir/x.yaml", trust, ret_project, error);
}

static void check_refused(
	const char *text, enum trust trust, unsigned line, unsigned column, const char *message)
{
	_cleanup_(project_freep) struct project *project = NULL;
	struct ward_error error = {0};
	int r = parse(text, trust, &project, &error);

	if (r >= 0 || r != error.code || error.line != line || error.column != column ||
		!has_message(&error, message))
		fail_msg("\"%s\": %d, %u:%u: %s; %s", text, r, error.line, error.column,
			error.message, error.hint);
	assert_string_equal(error.file, "/nonexistent/dir/x.yaml");
	assert_null(project);
}

static void bad_policies_are_refused_with_their_place(void **state)
{
	for (size_t i = 0; i < ELEMENTS(refused); i++) {
		check_refused(refused[i].text, TRUST_PROJECT, refused[i].line, refused[i].column,
			refused[i].message);
		check_refused(refused[i].text, TRUST_USER, refused[i].line, refused[i].column,
			refused[i].message);
	}
}

static void good_policies_are_read(void **state)
{
	for (size_t i = 0; i < ELEMENTS(accepted); i++) {
		_cleanup_(project_freep) struct project *project = NULL;
		struct ward_error error = {0};

		if (parse(accepted[i], TRUST_PROJECT, &project, &error) < 0)
			fail_msg("\"%s\": %u:%u: %s", accepted[i], error.line, error.column,
				error.message);
	}
}

static void a_codebase_may_not_reach_outside(void **state)
{
	for (size_t i = 0; i < ELEMENTS(untrusted); i++) {
		_cleanup_(project_freep) struct project *project = NULL;
		struct ward_error error = {0};

		check_refused(untrusted[i].text, TRUST_PROJECT, untrusted[i].line,
			untrusted[i].column, untrusted[i].message);
		if (parse(untrusted[i].text, TRUST_USER, &project, &error) < 0)
			fail_msg("\"%s\": %s", untrusted[i].text, error.message);
	}
}

static struct project *parse_good(const char *text, enum trust trust)
{
	struct project *project = NULL;
	struct ward_error error = {0};

	if (parse(text, trust, &project, &error) < 0)
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	return project;
}

static void every_kind_of_rule_is_read(void **state)
{
	_cleanup_(project_freep) struct project *project = parse_good(
		"version: 1\n"
		"default: view\n"
		"rules:\n"
		"  - {pattern: \"**/*\", permission: read}\n"
		"  - {pattern: /docs/, permission: write}\n"
		"  - {pattern: /c.yaml, permission: read, type: file, priority: 10}\n"
		"  - {pattern: \"**/.env*\", permission: none, except: [\"**/.env.example\"]}\n"
		"  - none: [\"**/*.pem\", \"**/*.key\"]\n"
		"    priority: -5\n"
		"    except: x.pem\n",
		TRUST_PROJECT);
	const struct rule expected[] = {
		{"**/*", LEVEL_READ, RULE_GLOB, 0, false, NULL, {NULL, 4, 16}},
		{"/docs/", LEVEL_WRITE, RULE_DIRECTORY, 0, false, NULL, {NULL, 5, 15}},
		{"/c.yaml", LEVEL_READ, RULE_FILE, 10, false, NULL, {NULL, 6, 15}},
		{"**/.env*", LEVEL_NONE, RULE_GLOB, 0, false, (const char *[]){"**/.env.example"},
			{NULL, 7, 16}},
		{"**/*.pem", LEVEL_NONE, RULE_GLOB, -5, false, (const char *[]){"x.pem"},
			{NULL, 8, 13}},
		{"**/*.key", LEVEL_NONE, RULE_GLOB, -5, false, (const char *[]){"x.pem"},
			{NULL, 8, 25}},
	};

	assert_int_equal(rule_set_default(project->rules), LEVEL_VIEW);
	assert_int_equal(rule_set_count(project->rules), ELEMENTS(expected));
	for (size_t i = 0; i < ELEMENTS(expected); i++) {
		const struct rule *rule = rule_set_get(project->rules, i);

		assert_string_equal(rule->pattern, expected[i].pattern);
		assert_int_equal(rule->permission, expected[i].permission);
		assert_int_equal(rule->type, expected[i].type);
		assert_int_equal(rule->priority, expected[i].priority);
		assert_string_equal(rule->place.file, "/nonexistent/dir/x.yaml");
		assert_int_equal(rule->place.line, expected[i].place.line);
		assert_int_equal(rule->place.column, expected[i].place.column);
		assert_int_equal(rule->excepts != NULL, expected[i].excepts != NULL);
		if (rule->excepts)
			assert_string_equal(rule->excepts[0], expected[i].excepts[0]);
		if (rule->excepts)
			assert_null(rule->excepts[1]);
	}
}

static void every_key_of_the_sandbox_has_its_effect(void **state)
{
	_cleanup_(project_freep) struct project *project = parse_good(
		"version: 1\n"
		"sandbox:\n"
		"  runtime: docker\n"
		"  mount_point: //guarded//tree/\n"
		"  network: bridge\n"
		"  resources: {memory: 512M, cpus: 1.5, cpu_shares: 512, pids: 256}\n"
		"  env: {CI: \"1\", EMPTY: \"\"}\n"
		"  shell: /bin/bash\n"
		"  docker: {image: \"python:3.11-slim\", network: none, user: \"1000:1000\",\n"
		"           oci_runtime: crun, writable_root: true}\n"
		"labels: {team: payments}\n",
		TRUST_USER);

	assert_int_equal(project->runtime, RUNTIME_DOCKER);
	assert_string_equal(project->mount_point, "/guarded/tree");
	assert_int_equal(project->network, NETWORK_BRIDGE);
	assert_int_equal(project->resources.memory_bytes, 512 << 20);
	assert_int_equal(project->resources.cpu_millis, 1500);
	assert_int_equal(project->resources.cpu_shares, 512);
	assert_int_equal(project->resources.pids, 256);
	assert_int_equal(project->env_count, 2);
	assert_string_equal(project->env[0].name, "CI");
	assert_string_equal(project->env[0].value, "1");
	assert_string_equal(project->env[1].value, "");
	assert_string_equal(project->shell, "/bin/bash");
	assert_string_equal(project->docker.image, "python:3.11-slim");
	assert_string_equal(project->docker.user, "1000:1000");
	assert_string_equal(project->docker.oci_runtime, "crun");
	assert_int_equal(project->docker.network, NETWORK_NONE);
	assert_true(project->docker.writable_root);
	assert_int_equal(project->label_count, 1);
	assert_string_equal(project->labels[0].name, "team");
	assert_string_equal(project->labels[0].value, "payments");
	assert_int_equal(project->source_count, 0);
}

static void nothing_said_is_nothing_set(void **state)
{
	_cleanup_(project_freep) struct project *project = parse_good(
		"version: 1\n", TRUST_PROJECT);

	assert_int_equal(rule_set_default(project->rules), LEVEL_NONE);
	assert_int_equal(rule_set_count(project->rules), 0);
	assert_int_equal(project->runtime, RUNTIME_UNSET);
	assert_null(project->mount_point);
	assert_int_equal(project->network, NETWORK_UNSET);
	assert_int_equal(project->resources.memory_bytes, 0);
	assert_int_equal(project->env_count, 0);
	assert_null(project->docker.image);
	assert_int_equal(project->docker.network, NETWORK_UNSET);
}

static void a_user_may_pass_variables_of_the_host(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;

	setenv("WARD_TEST_SET", "value", 1);
	unsetenv("WARD_TEST_UNSET");
	project = parse_good("version: 1\n"
			     "sandbox: {env: {WARD_TEST_SET: , WARD_TEST_UNSET: }}\n",
		TRUST_USER);
	assert_int_equal(project->env_count, 1);
	assert_string_equal(project->env[0].name, "WARD_TEST_SET");
	assert_string_equal(project->env[0].value, "value");
}

/* NULL: refused. */
static const struct {
	const char *text;
	const char *normal;
} mount_points[] = {
	{"/workspace", "/workspace"},
	{"/workspace/", "/workspace"},
	{"//a///b//", "/a/b"},
	{"/home/user", "/home/user"},
	{"/home/user/project", "/home/user/project"},
	{"/tmp/x", "/tmp/x"},
	{"/run/x", "/run/x"},
	{"/var/lib/x", "/var/lib/x"},
	{"/usrx", "/usrx"},
	{"/libs", "/libs"},
	{"/a..b/...", "/a..b/..."},
	{"/w\xc3\xa4rd", "/w\xc3\xa4rd"},
	{"/", NULL},
	{"//", NULL},
	{"workspace", NULL},
	{"./workspace", NULL},
	{"", NULL},
	{"/a/../b", NULL},
	{"/a/./b", NULL},
	{"/..", NULL},
	{"/usr", NULL},
	{"/usr/", NULL},
	{"//usr", NULL},
	{"/usr/local/x", NULL},
	{"/bin", NULL},
	{"/bin/x", NULL},
	{"/sbin", NULL},
	{"/lib", NULL},
	{"/lib64/x", NULL},
	{"/lib32", NULL},
	{"/libx32", NULL},
	{"/etc", NULL},
	{"/etc/x", NULL},
	{"/proc", NULL},
	{"/proc/self/x", NULL},
	{"/dev", NULL},
	{"/dev/shm/x", NULL},
	{"/sys/x", NULL},
	{"/boot", NULL},
	{"/run", NULL},
	{"/run/ward", NULL},
	{"/run/ward/x", NULL},
	{"/tmp", NULL},
	{"/tmp//", NULL},
	{"/home", NULL},
	{"/root", NULL},
	{"/var", NULL},
	{"/var/tmp", NULL},
	{"/var/run/x", NULL},
	{"/a:b", NULL},
	{"/a,b", NULL},
	{"/a\\x01b", NULL},
	{"/a\\nb", NULL},
};

static void mount_points_are_normal_and_out_of_the_way(void **state)
{
	for (size_t i = 0; i < ELEMENTS(mount_points); i++) {
		_cleanup_(project_freep) struct project *project = NULL;
		struct ward_error error = {0};
		char text[256];
		int r;

		snprintf(text, sizeof(text), "version: 1\nsandbox:\n  mount_point: \"%s\"\n",
			mount_points[i].text);
		r = parse(text, TRUST_USER, &project, &error);
		if (!mount_points[i].normal &&
			(r != -EINVAL || error.line != 3 || error.column != 16))
			fail_msg("%s: %d, %u:%u", text, r, error.line, error.column);
		if (mount_points[i].normal)
			assert_int_equal(r, 0);
		if (mount_points[i].normal)
			assert_string_equal(project->mount_point, mount_points[i].normal);
	}
}

static void an_error_is_not_needed(void **state)
{
	_cleanup_(project_freep) struct project *project = NULL;

	for (size_t i = 0; i < ELEMENTS(refused); i++)
		assert_true(parse(refused[i].text, TRUST_PROJECT, &project, NULL) < 0);
	for (size_t i = 0; i < ELEMENTS(untrusted); i++)
		assert_true(parse(untrusted[i].text, TRUST_PROJECT, &project, NULL) < 0);
	assert_null(project);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_policies_are_refused_with_their_place),
		cmocka_unit_test(good_policies_are_read),
		cmocka_unit_test(a_codebase_may_not_reach_outside),
		cmocka_unit_test(every_kind_of_rule_is_read),
		cmocka_unit_test(every_key_of_the_sandbox_has_its_effect),
		cmocka_unit_test(nothing_said_is_nothing_set),
		cmocka_unit_test(a_user_may_pass_variables_of_the_host),
		cmocka_unit_test(mount_points_are_normal_and_out_of_the_way),
		cmocka_unit_test(an_error_is_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
