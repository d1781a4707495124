#include "tests/unit/unit.h"

#include <string.h>

#include "launcher/spawn.h"

static void output_and_status_come_back(void **state)
{
	static const struct {
		const char *argv[4];
		int status;
		const char *output;
	} table[] = {
		{{"echo", "hello", NULL}, 0, "hello\n"},
		{{"sh", "-c", "echo a; echo b >&2; exit 3", NULL}, 3, "a\nb\n"},
		{{"sh", "-c", "kill -9 $$", NULL}, 128 + 9, ""},
		{{"cat", NULL}, 0, ""},
		{{"sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x", NULL}, 0, "xxxxxxx"},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		char output[8] = "?";

		assert_int_equal(spawn_collect(table[i].argv, output, sizeof(output), NULL),
			table[i].status);
		assert_string_equal(output, table[i].output);
	}
}

static void a_missing_program_is_an_error(void **state)
{
	static const char *const argv[] = {"no-such-program", NULL};
	struct ward_error error = {0};
	char output[8];

	assert_int_equal(spawn_collect(argv, output, sizeof(output), &error), -ENOENT);
	assert_string_equal(
		error.message, "no-such-program can't be run: No such file or directory");
	assert_int_equal(spawn_wait(argv, &error), -ENOENT);
}

static void waiting_gives_the_status(void **state)
{
	static const char *const argv[] = {"sh", "-c", "exit 5", NULL};

	assert_int_equal(spawn_wait(argv, NULL), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status_come_back),
		cmocka_unit_test(a_missing_program_is_an_error),
		cmocka_unit_test(waiting_gives_the_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
