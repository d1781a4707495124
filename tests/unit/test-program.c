#include "tests/unit/unit.h"

#include <string.h>

#include "common/program.h"

static void a_stranger_is_refused(void **state)
{
	struct ward_error error = {0};
	char *path = NULL;

	assert_int_equal(program_find("sh", &path, &error), -EINVAL);
	assert_null(path);
}

/* This test is no program of Ward's, so that only the installed place is left; it may or may not be
 * there. */
static void the_path_is_absolute_or_the_error_says_what_to_do(void **state)
{
	struct ward_error error = {0};
	_cleanup_(freep) char *path = NULL;
	int r = program_find("ward-init", &path, &error);

	if (r == 0) {
		assert_int_equal(path[0], '/');
	} else {
		assert_non_null(strstr(error.message, "ward-init"));
		assert_true(error.hint[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_is_refused),
		cmocka_unit_test(the_path_is_absolute_or_the_error_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
