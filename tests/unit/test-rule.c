#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "policy/rule.h"

static struct rule_set *new_set(void)
{
	struct rule_set *set = NULL;

	assert_int_equal(rule_set_new(&set), 0);
	return set;
}

static void a_bad_pattern_is_named_at_its_byte(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = new_set();
	struct rule rule = {.pattern = "src/a**b", .place = {"ward.yaml", 7, 15}};
	struct ward_error error = {0};

	assert_int_equal(rule_set_add(set, &rule, &error), -EINVAL);
	assert_string_equal(error.file, "ward.yaml");
	assert_int_equal(error.line, 7);
	assert_int_equal(error.column, 15 + 5);
	assert_non_null(strstr(error.message, "src/a**b"));
	assert_int_equal(rule_set_count(set), 0);
}

static void a_bad_except_is_named(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = new_set();
	const char *excepts[] = {"fine", "{", NULL};
	struct rule rule = {.pattern = "a", .excepts = excepts, .place = {"<command line>", 0, 0}};
	struct ward_error error = {0};

	assert_int_equal(rule_set_add(set, &rule, &error), -EINVAL);
	assert_string_equal(error.file, "<command line>");
	assert_non_null(strstr(error.message, "\"{\""));
	excepts[1] = NULL;
	assert_int_equal(rule_set_add(set, &rule, &error), 0);
	assert_string_equal(rule_set_get(set, 0)->excepts[0], "fine");
	assert_null(rule_set_get(set, 0)->excepts[1]);
}

static const struct {
	const char *pattern;
	enum rule_type type;
	int code;
	enum rule_type becomes;
} types[] = {
	{"a", RULE_GLOB, 0, RULE_GLOB},
	{"a/", RULE_GLOB, 0, RULE_DIRECTORY},
	{"a/", RULE_DIRECTORY, 0, RULE_DIRECTORY},
	{"a", RULE_DIRECTORY, 0, RULE_DIRECTORY},
	{"a", RULE_FILE, 0, RULE_FILE},
	{"a/", RULE_FILE, -EINVAL, RULE_FILE},
	{"a/**", RULE_GLOB, 0, RULE_GLOB},
};

static void a_trailing_slash_makes_a_directory(void **state)
{
	for (size_t i = 0; i < ELEMENTS(types); i++) {
		_cleanup_(rule_set_freep) struct rule_set *set = new_set();
		struct rule rule = {.pattern = types[i].pattern, .type = types[i].type};

		assert_int_equal(rule_set_add(set, &rule, NULL), types[i].code);
		if (types[i].code == 0)
			assert_int_equal(rule_set_get(set, 0)->type, types[i].becomes);
	}
}

static void rules_are_limited(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = new_set();
	struct rule rule = {.pattern = "a", .place = {"f", 1, 1}};
	struct ward_error error = {0};

	for (int i = 0; i < RULE_COUNT_MAX; i++)
		assert_int_equal(rule_set_add(set, &rule, &error), 0);
	assert_int_equal(rule_set_add(set, &rule, &error), -E2BIG);
	assert_int_equal(error.line, 1);
}

static const struct {
	const char *path;
	int code;
} protected_paths[] = {
	{"ward.yaml", 0},
	{"a/b.yaml", 0},
	{"...", 0},
	{"", -EINVAL},
	{"/a", -EINVAL},
	{"a/", -EINVAL},
	{"a//b", -EINVAL},
	{".", -EINVAL},
	{"a/../b", -EINVAL},
};

static void protected_paths_are_plain(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = new_set();
	size_t count = 0;

	for (size_t i = 0; i < ELEMENTS(protected_paths); i++) {
		assert_int_equal(
			rule_set_protect(set, protected_paths[i].path), protected_paths[i].code);
		count += protected_paths[i].code == 0;
		assert_int_equal(rule_set_protected_count(set), count);
	}
	assert_int_equal(rule_set_protect(set, "ward.yaml"), 0);
	assert_int_equal(rule_set_protected_count(set), count);
}

static void the_last_default_wins(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *a = new_set();
	_cleanup_(rule_set_freep) struct rule_set *b = new_set();

	assert_int_equal(rule_set_default(a), LEVEL_NONE);
	assert_false(rule_set_default_is_set(a));
	rule_set_set_default(a, LEVEL_WRITE);
	assert_int_equal(rule_set_append(a, b, NULL), 0);
	assert_int_equal(rule_set_default(a), LEVEL_WRITE);
	rule_set_set_default(b, LEVEL_NONE);
	assert_int_equal(rule_set_append(a, b, NULL), 0);
	assert_int_equal(rule_set_default(a), LEVEL_NONE);
}

static struct rule_set *sample(void)
{
	static const char *const excepts[] = {"**/x", "y/", NULL};
	const struct rule rules[] = {
		{"**/*.k\xff", LEVEL_NONE, RULE_GLOB, -5, false, excepts, {"a file", 3, 9}},
		{"docs/", LEVEL_WRITE, RULE_GLOB, 1000000, false, NULL, {"<command line>", 0, 0}},
		{"c", LEVEL_READ, RULE_FILE, 0, true, NULL, {"", 1, 1}},
	};
	struct rule_set *set = new_set();

	for (size_t i = 0; i < ELEMENTS(rules); i++)
		assert_int_equal(rule_set_add(set, &rules[i], NULL), 0);
	assert_int_equal(rule_set_protect(set, "ward.yaml"), 0);
	rule_set_set_default(set, LEVEL_VIEW);
	return set;
}

static char *written(const struct rule_set *set, size_t *ret_size)
{
	FILE *file = tmpfile();
	char *data = NULL;

	assert_non_null(file);
	assert_int_equal(rule_set_write(set, fileno(file)), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	assert_int_equal(fd_read_file(fileno(file), 1 << 20, &data, ret_size), 0);
	fclose(file);
	return data;
}

static int read_back(
	const char *data, size_t size, struct rule_set **ret_set, struct ward_error *error)
{
	FILE *file = tmpfile();
	int r;

	assert_non_null(file);
	assert_int_equal(fd_write_all(fileno(file), data, size), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	r = rule_set_read(fileno(file), ret_set, error);
	fclose(file);
	return r;
}

static void what_is_written_is_read(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = sample();
	_cleanup_(rule_set_freep) struct rule_set *copy = NULL;
	size_t size, copy_size;
	_cleanup_(freep) char *data = written(set, &size);
	_cleanup_(freep) char *copy_data = NULL;
	const struct rule *rule;

	assert_int_equal(read_back(data, size, &copy, NULL), 0);
	copy_data = written(copy, &copy_size);
	assert_int_equal(copy_size, size);
	assert_memory_equal(copy_data, data, size);
	rule = rule_set_get(copy, 0);
	assert_string_equal(rule->pattern, "**/*.k\xff");
	assert_int_equal(rule->priority, -5);
	assert_string_equal(rule->excepts[1], "y/");
	assert_string_equal(rule->place.file, "a file");
	assert_int_equal(rule->place.column, 9);
	assert_int_equal(rule_set_default(copy), LEVEL_VIEW);
	assert_string_equal(rule_set_protected(copy, 0), "ward.yaml");
}

static void damage_is_refused(void **state)
{
	_cleanup_(rule_set_freep) struct rule_set *set = sample();
	size_t size;
	_cleanup_(freep) char *data = written(set, &size);
	_cleanup_(freep) char *longer = calloc(1, size + 1);

	for (size_t cut = 0; cut < size; cut++) {
		struct rule_set *copy = NULL;
		struct ward_error error = {0};

		assert_true(read_back(data, cut, &copy, &error) < 0);
		assert_null(copy);
		assert_true(error.message[0] != '\0');
	}
	memcpy(longer, data, size);
	for (size_t i = 0; i <= size; i++) {
		struct rule_set *copy = NULL;

		/* Every byte wrong once: read or refused, never more. Then one byte too many. */
		longer[i] = (char)(i < size ? ~data[i] : 0);
		if (read_back(longer, i < size ? size : size + 1, &copy, NULL) == 0)
			assert_true(i < size);
		rule_set_free(copy);
		longer[i] = i < size ? data[i] : 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_pattern_is_named_at_its_byte),
		cmocka_unit_test(a_bad_except_is_named),
		cmocka_unit_test(a_trailing_slash_makes_a_directory),
		cmocka_unit_test(rules_are_limited),
		cmocka_unit_test(protected_paths_are_plain),
		cmocka_unit_test(the_last_default_wins),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
