#include "tests/unit/unit.h"

#include <string.h>

#include "common/strbuf.h"

static void it_grows_and_stays_terminated(void **state)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(strbuf_addf(&buf, "%03d,", i), 0);
	assert_int_equal(buf.size, 4000);
	assert_int_equal(strlen(buf.data), 4000);
	assert_memory_equal(buf.data + 3996, "999,", 5);
}

static void bytes_are_exact(void **state)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;

	assert_int_equal(strbuf_add(&buf, "a\0b", 3), 0);
	assert_int_equal(strbuf_add_char(&buf, '\0'), 0);
	assert_int_equal(strbuf_add_string(&buf, "c"), 0);
	assert_int_equal(strbuf_add(&buf, NULL, 0), 0);
	assert_int_equal(buf.size, 5);
	assert_memory_equal(buf.data, "a\0b\0c", 6);
	strbuf_truncate(&buf, 1);
	assert_string_equal(buf.data, "a");
}

static void detaching_leaves_an_empty_buffer(void **state)
{
	struct strbuf buf = STRBUF_INIT;
	char *text = strbuf_detach(&buf);

	assert_string_equal(text, "");
	free(text);
	strbuf_add_string(&buf, "text");
	text = strbuf_detach(&buf);
	assert_string_equal(text, "text");
	assert_null(buf.data);
	assert_int_equal(buf.size, 0);
	free(text);
}

static void an_impossible_size_fails_and_sticks(void **state)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;

	assert_int_equal(strbuf_add(&buf, "x", SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(strbuf_add_string(&buf, "x"), -ENOMEM);
	assert_null(strbuf_detach(&buf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_stays_terminated),
		cmocka_unit_test(bytes_are_exact),
		cmocka_unit_test(detaching_leaves_an_empty_buffer),
		cmocka_unit_test(an_impossible_size_fails_and_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
