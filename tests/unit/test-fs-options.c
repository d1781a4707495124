#include "tests/unit/unit.h"

#include <string.h>

#include "fs/options.h"

enum { ARGUMENTS_MAX = 12 };

static int parse(const char *const *words, struct options *options, struct ward_error *error)
{
	char *argv[ARGUMENTS_MAX + 2] = {(char *)"wardfs"};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return options_parse(argc, argv, options, error);
}

static const struct {
	const char *words[ARGUMENTS_MAX];
	int result;
	const char *message; /* a part of it */
} lines[] = {
	{{"code", "mnt"}, 0, NULL},
	{{"-f", "-p", "read-only", "code", "mnt"}, 0, NULL},
	{{"--rule=none:/a/", "--rule", "write:b:c", "--xattr", "--allow-other", "c", "m"}, 0, NULL},
	{{"--help"}, 0, NULL},
	{{"-V"}, 0, NULL},
	{{NULL}, -EINVAL, "CODEBASE and MOUNTPOINT"},
	{{"code"}, -EINVAL, "CODEBASE and MOUNTPOINT"},
	{{"a", "b", "c"}, -EINVAL, "CODEBASE and MOUNTPOINT"},
	{{"--bogus", "a", "b"}, -EINVAL, "option"},
	{{"-p"}, -EINVAL, "option"},
	{{"--rule=secret", "a", "b"}, -EINVAL, "LEVEL:PATTERN"},
	{{"--rule=rad:x", "a", "b"}, -EINVAL, "'rad' is no level"},
	{{"--rule=a-very-long-level-name:x", "a", "b"}, -EINVAL, "LEVEL:PATTERN"},
	{{"--rule=none:a**b", "a", "b"}, -EINVAL, ""},
	{{"--fuse-fd=3"}, -EINVAL, "--codebase-fd"},
	{{"--fuse-fd=x"}, -EINVAL, "descriptor"},
	{{"--fuse-fd=-1"}, -EINVAL, "descriptor"},
	{{"--fuse-fd=99999999999"}, -EINVAL, "descriptor"},
	{{"--codebase-fd=3", "a", "b"}, -EINVAL, "--fuse-fd"},
	{{"--run-as=1:1", "a", "b"}, -EINVAL, "--fuse-fd"},
	{{"--fuse-fd=3", "--codebase-fd=4", "--rules-fd=5", "--ready-fd=6", "--lifeline-fd=7"}, 0,
		NULL},
	{{"--fuse-fd=3", "--codebase-fd=4", "--rules-fd=5", "--ready-fd=6", "--lifeline-fd=7", "a"},
		-EINVAL, "neither"},
	{{"--run-as=1000"}, -EINVAL, "UID:GID"},
	{{"--run-as=4294967295:0"}, -EINVAL, "UID:GID"},
	{{"--show-as=a:b"}, -EINVAL, "UID:GID"},
};

static void command_lines(void **state)
{
	for (size_t i = 0; i < ELEMENTS(lines); i++) {
		_cleanup_(options_release) struct options options = {0};
		struct ward_error error = {0};

		assert_int_equal(parse(lines[i].words, &options, &error), lines[i].result);
		if (lines[i].message)
			assert_non_null(strstr(error.message, lines[i].message));
	}
}

static void values(void **state)
{
	static const char *const words[] = {"--fuse-fd=3", "--codebase-fd=4", "--rules-fd=5",
		"--ready-fd=6", "--lifeline-fd=7", "--events-fd=8", "--run-as=1000:1001",
		"--show-as=0:65534", NULL};
	_cleanup_(options_release) struct options options = {0};

	assert_int_equal(parse(words, &options, NULL), 0);
	assert_int_equal(options.fuse_fd, 3);
	assert_int_equal(options.events_fd, 8);
	assert_true(options.run_as.given);
	assert_int_equal(options.run_as.uid, 1000);
	assert_int_equal(options.run_as.gid, 1001);
	assert_int_equal(options.show_as.gid, 65534);
}

static void rules_are_kept(void **state)
{
	static const char *const words[] = {
		"--rule=none:/a/", "--rule=write:b:c", "code", "mnt", NULL};
	_cleanup_(options_release) struct options options = {0};

	assert_int_equal(parse(words, &options, NULL), 0);
	assert_int_equal(rule_set_count(options.rules), 2);
	assert_string_equal(rule_set_get(options.rules, 1)->pattern, "b:c");
	assert_int_equal(rule_set_get(options.rules, 1)->permission, LEVEL_WRITE);
	assert_int_equal(
		rule_set_get(options.rules, 0)->priority, rule_command_line_priority(LEVEL_NONE));
	assert_int_equal(
		rule_set_get(options.rules, 1)->priority, rule_command_line_priority(LEVEL_WRITE));
	assert_string_equal(options.codebase, "code");
	assert_string_equal(options.mount_point, "mnt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(values),
		cmocka_unit_test(rules_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
