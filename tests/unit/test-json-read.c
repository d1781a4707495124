#include "tests/unit/unit.h"

#include <string.h>

#include "common/json-read.h"
#include "common/json.h"

static struct json_value *parse(const char *text)
{
	struct json_value *document = NULL;

	assert_int_equal(json_parse(text, strlen(text), &document), 0);
	return document;
}

static void values_are_found(void **state)
{
	_cleanup_(json_document_freep) struct json_value *document = parse(
		"{\"s\": \"x\", \"n\": -7, \"b\": true, \"a\": [1, \"two\"], \"z\": null}");
	const struct json_value *array = json_member(document, "a");

	assert_string_equal(json_string_of(json_member(document, "s")), "x");
	assert_int_equal(json_integer_of(json_member(document, "n"), 0), -7);
	assert_true(json_boolean_of(json_member(document, "b"), false));
	assert_int_equal(json_count(array), 2);
	assert_string_equal(json_string_of(json_element(array, 1)), "two");
	assert_int_equal(json_count(document), 5);
	assert_string_equal(json_key(document, 3), "a");
	assert_null(json_key(document, 5));
	assert_null(json_key(array, 0));
}

static void what_is_not_there_is_nothing(void **state)
{
	_cleanup_(json_document_freep) struct json_value *document = parse("{\"s\": \"x\"}");
	const struct json_value *string = json_member(document, "s");
	const struct json_value *none = json_member(document, "none");
	char *bytes = NULL;

	assert_null(none);
	assert_null(json_member(string, "s"));
	assert_null(json_member(none, "s"));
	assert_null(json_element(string, 0));
	assert_int_equal(json_count(none), 0);
	assert_null(json_string_of(document));
	assert_int_equal(json_integer_of(string, 3), 3);
	assert_true(json_boolean_of(string, true));
	assert_int_equal(json_bytes_of(document, &bytes, NULL), -ENOENT);
	assert_null(bytes);
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "{", "{\"a\": 1} x", "{\"a\": 1, \"a\": 2}", "\"\xff\"", "{'a': 1}"};

	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		struct json_value *document = NULL;

		assert_int_equal(json_parse(texts[i], strlen(texts[i]), &document), -EBADMSG);
		assert_null(document);
	}
}

static void check_bytes(const char *data, size_t size)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	_cleanup_(json_document_freep) struct json_value *document = NULL;
	_cleanup_(freep) char *line = NULL;
	_cleanup_(freep) char *bytes = NULL;
	size_t got = 0;

	assert_int_equal(json_writer_new(&writer), 0);
	json_begin_object(writer, NULL);
	json_add_bytes(writer, "data", data, size);
	json_end(writer);
	assert_int_equal(json_format_line(writer, &line), 0);
	document = parse(line);
	assert_int_equal(json_bytes_of(json_member(document, "data"), &bytes, &got), 0);
	assert_int_equal(got, size);
	assert_memory_equal(bytes, data, size);
}

static void bytes_come_back_exactly(void **state)
{
	char all[3 * 256];
	unsigned seed = 1;

	for (int i = 0; i < 256; i++) {
		char byte = (char)i;

		check_bytes(&byte, 1);
		all[i] = byte;
	}
	check_bytes(all, 256);
	check_bytes("caf\xc3\xa9 \xf0\x9f\x98\x80", 10);
	check_bytes("\xf4\x8f\xbe\x80\xf4\x8f\xbf\xbf\xf4\x8f\xbd\xbf", 12);
	check_bytes("", 0);
	for (int round = 0; round < 2000; round++) {
		size_t size = (size_t)rand_r(&seed) % sizeof(all);

		for (size_t i = 0; i < size; i++)
			all[i] = (char)("\xf4\x8f\xbe\xbf\x80\xff\0a\xc3\xa9"[rand_r(&seed) % 10]);
		check_bytes(all, size);
	}
}

static void text_stays_readable(void **state)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	_cleanup_(freep) char *line = NULL;

	assert_int_equal(json_writer_new(&writer), 0);
	json_add_bytes(writer, NULL, "caf\xc3\xa9\xe9", 6);
	assert_int_equal(json_format_line(writer, &line), 0);
	assert_string_equal(line, "\"caf\xc3\xa9\xf4\x8f\xbf\xa9\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(what_is_not_there_is_nothing),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(bytes_come_back_exactly),
		cmocka_unit_test(text_stays_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
