#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/command.h"
#include "launcher/settings.h"
#include "policy/policy.h"

static char top[] = "/tmp/ward-test-XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ward.yaml", top);
	unlink(path);
	return rmdir(top);
}

/* Writes the codebase's own policy, or removes it. */
static void set_policy(const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ward.yaml", top);
	unlink(path);
	if (!text)
		return;
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* settings_load() for a command line of `ward run`; argv[0] and -C are added. */
static int load(const char *const *options, struct settings *settings, struct ward_error *error)
{
	_cleanup_(arguments_release) struct arguments arguments = {0};
	const struct command *run = command_find("run", NULL);
	const char *argv[16] = {"run", "-C", top};
	int argc = 3;

	for (; *options; options++)
		argv[argc++] = *options;
	assert_int_equal(options_parse(run->options, run->order, "run", argc, (char **)argv,
				 &arguments, error),
		0);
	return settings_load(&arguments, settings, error);
}

static enum ward_level level_of(const struct settings *settings, const char *path)
{
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	policy_state state;

	assert_int_equal(policy_compile(settings->project->rules, &policy, NULL), 0);
	assert_int_equal(policy_walk(policy, path, &state), 0);
	return policy_verdict(policy, state).level;
}

static void the_command_line_wins(void **state)
{
	static const char *const policy =
		"version: 1\nrules:\n  - {pattern: '**', permission: write, priority: 1000}\n"
		"  - {pattern: 'hidden', permission: none, priority: 1000}\n";
	static const struct {
		const char *options[6];
		const char *path;
		enum ward_level level;
	} table[] = {
		{{NULL}, "a", LEVEL_WRITE},
		{{"--none", "a", NULL}, "a", LEVEL_NONE},
		{{"--view", "a", NULL}, "a", LEVEL_VIEW},
		{{"--read=a", NULL}, "a", LEVEL_READ},
		{{"--none", "**", "--write", "a", NULL}, "a", LEVEL_NONE},
		{{"--none", "d/", NULL}, "d/e/f", LEVEL_NONE},
		{{"--none", "d/e", "--write", "d/", NULL}, "d/e", LEVEL_NONE},
		{{"--none", "d/e", "--write", "d/", NULL}, "d/f", LEVEL_WRITE},
		{{"--read", "**", "--write", "d/", NULL}, "d/f", LEVEL_WRITE},
		{{NULL}, "hidden", LEVEL_NONE},
		{{"--read", "hidden", NULL}, "hidden", LEVEL_READ},
		{{"--write", "**", NULL}, "ward.yaml", LEVEL_READ},
	};

	set_policy(policy);
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
		struct ward_error error = {0};

		if (load(table[i].options, &settings, &error) < 0)
			fail_msg("%s", error.message);
		assert_int_equal(level_of(&settings, table[i].path), table[i].level);
	}
}

static void agent_safe_is_the_default(void **state)
{
	static const char *const none[] = {NULL};
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	struct ward_error error = {0};

	set_policy(NULL);
	if (load(none, &settings, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(level_of(&settings, "src/main.c"), LEVEL_READ);
	assert_int_equal(level_of(&settings, ".env"), LEVEL_NONE);
	assert_int_equal(level_of(&settings, "output/x"), LEVEL_WRITE);
}

static void options_reach_the_settings(void **state)
{
	static const char *const options[] = {"-e", "A=b=c", "-eWARD_TEST_SET", "-e",
		"WARD_TEST_UNSET", "-t", "1.5", "-w", "sub", "--net=host", "--mount-point", "/code",
		NULL};
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;

	set_policy(NULL);
	setenv("WARD_TEST_SET", "here", 1);
	unsetenv("WARD_TEST_UNSET");
	assert_int_equal(load(options, &settings, NULL), 0);
	assert_int_equal(settings.env_count, 2);
	assert_string_equal(settings.env[0].name, "A");
	assert_string_equal(settings.env[0].value, "b=c");
	assert_string_equal(settings.env[1].name, "WARD_TEST_SET");
	assert_string_equal(settings.env[1].value, "here");
	assert_int_equal(settings.timeout_ms, 1500);
	assert_string_equal(settings.workdir, "sub");
	assert_int_equal(settings.project->network, NETWORK_HOST);
	assert_string_equal(settings.project->mount_point, "/code");
}

static void limits_come_from_policy_and_options(void **state)
{
	static const char policy[] = "version: 1\nsandbox: {resources: {memory: 512M, cpus: 2, "
				     "cpu_shares: 512, pids: 10}}\n";
	static const struct {
		const char *policy;
		const char *options[10];
		struct resources resources;
	} table[] = {
		{NULL, {NULL}, {0}},
		{policy, {NULL}, {512 << 20, 2000, 512, 10}},
		{policy, {"-m", "64M", "--pids=99", NULL}, {64 << 20, 2000, 512, 99}},
		{policy,
			{"-m", "none", "--cpus", "none", "--cpu-shares=none", "--pids", "none",
				NULL},
			{0}},
		{NULL, {"-m", "8M", "--cpus", "0.001", "--cpu-shares", "2", "--pids", "4", NULL},
			{8 << 20, 1, 2, 4}},
		{NULL, {"--cpu-shares", "262144", "--pids", "4194304", NULL},
			{0, 0, 262144, 4194304}},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
		struct ward_error error = {0};

		set_policy(table[i].policy);
		if (load(table[i].options, &settings, &error) < 0)
			fail_msg("%s", error.message);
		assert_memory_equal(&settings.project->resources, &table[i].resources,
			sizeof(struct resources));
	}
}

static void what_can_not_be_done_is_refused(void **state)
{
	static const struct {
		const char *policy;
		const char *options[4];
		const char *message;
	} table[] = {
		{"version: 1\nsandbox: {runtime: docker}\n", {NULL},
			"the policy asks for the runtime docker, and this Ward has only bwrap"},
		{NULL, {"--net", "bridge", NULL}, "--net bridge is no network"},
		{NULL, {"--mount-point", "code", NULL}, "--mount-point code is not absolute"},
		{NULL, {"-t", "soon", NULL}, "-t soon is no time"},
		{NULL, {"-m", "much", NULL}, "--memory much is no limit"},
		{NULL, {"-m", "1M", NULL}, "--memory 1M is no limit"},
		{NULL, {"-m", "0", NULL}, "--memory 0 is no limit"},
		{NULL, {"-m", "16777215T", NULL}, "--memory 16777215T is no limit"},
		{NULL, {"--cpus", "0", NULL}, "--cpus 0 is no limit"},
		{NULL, {"--cpus=-1", NULL}, "--cpus -1 is no limit"},
		{NULL, {"--cpu-shares", "1", NULL}, "--cpu-shares 1 is no limit"},
		{NULL, {"--cpu-shares", "262145", NULL}, "--cpu-shares 262145 is no limit"},
		{NULL, {"--pids", "3", NULL}, "--pids 3 is no limit"},
		{NULL, {"--pids", "4294967300", NULL}, "--pids 4294967300 is no limit"},
		{NULL, {"--pids", "10x", NULL}, "--pids 10x is no limit"},
		{NULL, {"--pids", "", NULL}, "--pids  is no limit"},
		{NULL, {"-t", "0", NULL}, "-t 0 is no time"},
		{NULL, {"-e", "=x", NULL}, "-e =x names no variable"},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct settings settings = SETTINGS_NONE;
		struct ward_error error = {0};

		set_policy(table[i].policy);
		assert_true(load(table[i].options, &settings, &error) < 0);
		assert_string_equal(error.message, table[i].message);
		assert_true(error.hint[0]);
		assert_null(settings.project);
	}
}

static void bad_patterns_name_the_command_line(void **state)
{
	static const char *const options[] = {"--none", "a**b", NULL};
	struct settings settings = SETTINGS_NONE;
	struct ward_error error = {0};

	set_policy(NULL);
	assert_true(load(options, &settings, &error) < 0);
	assert_string_equal(error.file, RULE_PLACE_COMMAND_LINE);
}

static void seconds_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t ms;
	} table[] = {
		{"1", 0, 1000},
		{"0.5", 0, 500},
		{"90", 0, 90000},
		{"1.2345", 0, 1234},
		{"4294967", 0, 4294967000},
		{"4294968", -ERANGE, 0},
		{"0", -ERANGE, 0},
		{"0.0001", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1s", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{" 1", -EINVAL, 0},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		uint32_t ms = 7;

		assert_int_equal(parse_seconds(table[i].text, &ms), table[i].result);
		assert_int_equal(ms, table[i].result < 0 ? 7 : table[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(agent_safe_is_the_default),
		cmocka_unit_test(options_reach_the_settings),
		cmocka_unit_test(limits_come_from_policy_and_options),
		cmocka_unit_test(what_can_not_be_done_is_refused),
		cmocka_unit_test(bad_patterns_name_the_command_line),
		cmocka_unit_test(seconds_are_parsed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
