#include "tests/unit/unit.h"

#include <string.h>

#include "common/json.h"

static void assert_prints(const struct json_writer *writer, const char *wanted)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(json_print(writer, file), 0);
	fclose(file);
	assert_string_equal(text, wanted);
	free(text);
}

static void containers_nest(void **state)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;

	assert_int_equal(json_writer_new(&writer), 0);
	json_begin_object(writer, NULL);
	json_add_integer(writer, "count", 1);
	json_begin_array(writer, "list");
	json_add_string(writer, NULL, "a\"b\n");
	json_add_string(writer, NULL, NULL);
	json_add_boolean(writer, NULL, true);
	json_end(writer);
	json_end(writer);
	assert_prints(writer, "{\n  \"count\": 1,\n  \"list\": [\n    \"a\\\"b\\n\",\n    null,\n"
			      "    true\n  ]\n}\n");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	static const struct {
		const char *given, *written;
	} table[] = {
		{"caf\xc3\xa9", "\"caf\xc3\xa9\"\n"},
		{"caf\xe9", "\"caf\xef\xbf\xbd\"\n"},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n"},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"},
		{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"},
		{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"\n"},
		{"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n"},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(json_writer_freep) struct json_writer *writer = NULL;

		assert_int_equal(json_writer_new(&writer), 0);
		json_add_string(writer, NULL, table[i].given);
		assert_prints(writer, table[i].written);
	}
}

static void misuse_sticks(void **state)
{
	_cleanup_(json_writer_freep) struct json_writer *open = NULL;
	_cleanup_(json_writer_freep) struct json_writer *unnamed = NULL;
	_cleanup_(json_writer_freep) struct json_writer *two = NULL;
	_cleanup_(json_writer_freep) struct json_writer *deep = NULL;

	assert_int_equal(json_writer_new(&open), 0);
	json_begin_array(open, NULL);
	assert_int_equal(json_print(open, stderr), -EINVAL);

	assert_int_equal(json_writer_new(&unnamed), 0);
	json_begin_object(unnamed, NULL);
	json_add_integer(unnamed, NULL, 1);
	json_end(unnamed);
	assert_int_equal(json_print(unnamed, stderr), -EINVAL);

	assert_int_equal(json_writer_new(&two), 0);
	json_add_integer(two, NULL, 1);
	json_add_integer(two, NULL, 2);
	assert_int_equal(json_print(two, stderr), -EINVAL);

	assert_int_equal(json_writer_new(&deep), 0);
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		json_begin_array(deep, NULL);
	assert_int_equal(json_print(deep, stderr), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_nest),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(misuse_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
