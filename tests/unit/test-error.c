#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "common/error.h"

static void control_characters_are_escaped(void **state)
{
	static const struct {
		const char *given, *shown;
	} table[] = {
		{"plain", "plain"},
		{"two\nlines", "two\\x0alines"},
		{"\033[31mred", "\\x1b[31mred"},
		{"del\x7f", "del\\x7f"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
	};
	struct ward_error error = {0};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		assert_int_equal(error_set(&error, -EINVAL, "%s", table[i].given), -EINVAL);
		assert_string_equal(error.message, table[i].shown);
		assert_int_equal(error.code, -EINVAL);
	}
}

static void long_messages_are_cut(void **state)
{
	struct ward_error error = {0};
	char text[5000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&error, -EIO, "%s", text);
	assert_true(strlen(error.message) < sizeof(error.message));
	assert_true(strlen(error.message) > sizeof(error.message) - 10);
}

static void setting_forgets_place_and_hint(void **state)
{
	struct ward_error error = {0};

	error_set_at(&error, -EINVAL, "ward.yaml", 3, 7, "bad");
	error_hint(&error, "mend it");
	assert_string_equal(error.file, "ward.yaml");
	assert_int_equal(error.line, 3);
	assert_int_equal(error.column, 7);
	assert_string_equal(error.hint, "mend it");
	error_set(&error, -EIO, "worse");
	assert_string_equal(error.file, "");
	assert_int_equal(error.line, 0);
	assert_string_equal(error.hint, "");
}

static void no_error_wanted_is_fine(void **state)
{
	assert_int_equal(error_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(error_set_errno(NULL, -EIO, "x"), -EIO);
	assert_int_equal(error_set_at(NULL, -EIO, "f", 1, 1, "x"), -EIO);
	assert_int_equal(error_hint(NULL, "x"), 0);
}

/* Runs error_print() with standard error on a pipe and gives back what it wrote. */
static void printed(const struct ward_error *error, char *line, size_t size)
{
	int saved = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	error_print(error, "ward");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], line, size - 1);
	assert_true(n > 0);
	line[n] = '\0';
	close(ends[0]);
}

static void it_prints_one_line(void **state)
{
	struct ward_error error = {0};
	char line[2048];

	error_set_at(&error, -EINVAL, "ward.yaml", 3, 7, "unknown key 'rule'");
	error_hint(&error, "did you mean 'rules'?");
	printed(&error, line, sizeof(line));
	assert_string_equal(
		line, "ward: ward.yaml:3:7: unknown key 'rule'; did you mean 'rules'?\n");
	error_set_errno(&error, -ENOENT, "/nowhere can't be opened");
	printed(&error, line, sizeof(line));
	assert_string_equal(line, "ward: /nowhere can't be opened: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(setting_forgets_place_and_hint),
		cmocka_unit_test(no_error_wanted_is_fine),
		cmocka_unit_test(it_prints_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
