#include "tests/unit/unit.h"

#include "fs/vanish.h"

static const struct lower_identity first = {.dev = 1, .ino = 10, .birth_seconds = 5};
static const struct lower_identity reused = {.dev = 1, .ino = 10, .birth_seconds = 6};

static void comes_and_goes(void **state)
{
	_cleanup_(vanish_freep) struct vanish *vanish = NULL;

	assert_int_equal(vanish_new(&vanish), 0);
	assert_true(vanish_empty(vanish));
	assert_false(vanish_has(vanish, "a/b", &first));
	assert_int_equal(vanish_add(vanish, "a/b", &first), 0);
	assert_int_equal(vanish_add(vanish, "a/b", &first), 0);
	assert_false(vanish_empty(vanish));
	assert_true(vanish_has(vanish, "a/b", &first));
	assert_false(vanish_has(vanish, "a", &first));
	assert_false(vanish_has(vanish, "a/b/c", &first));
	vanish_remove(vanish, "a/b");
	vanish_remove(vanish, "a/b");
	assert_false(vanish_has(vanish, "a/b", &first));
	assert_true(vanish_empty(vanish));
}

static void another_inode_voids_it(void **state)
{
	_cleanup_(vanish_freep) struct vanish *vanish = NULL;

	assert_int_equal(vanish_new(&vanish), 0);
	assert_int_equal(vanish_add(vanish, "d", &first), 0);
	assert_false(vanish_has(vanish, "d", &reused));
	assert_false(vanish_has(vanish, "d", &first));
	assert_true(vanish_empty(vanish));
}

static void many(void **state)
{
	_cleanup_(vanish_freep) struct vanish *vanish = NULL;
	char path[32];

	assert_int_equal(vanish_new(&vanish), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "d/%d", i);
		assert_int_equal(vanish_add(vanish, path, &first), 0);
	}
	for (int i = 0; i < 5000; i += 2) {
		snprintf(path, sizeof(path), "d/%d", i);
		vanish_remove(vanish, path);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "d/%d", i);
		assert_int_equal(vanish_has(vanish, path, &first), i % 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(another_inode_voids_it),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
