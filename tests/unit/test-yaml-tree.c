#include "tests/unit/unit.h"

#include <string.h>

#include "common/strbuf.h"
#include "policy/yaml-tree.h"

/* Texts that are refused, and where. */
static const struct {
	const char *text;
	size_t size; /* 0: strlen */
	unsigned line, column;
	const char *message; /* a part of it */
} refused[] = {
	{"a: 1\na: 2\n", 0, 2, 1, "duplicate key \"a\""},
	{"{a: 1, b: 2, a: 3}", 0, 1, 14, "duplicate key \"a\""},
	{"x:\n  - {a: 1,\n     \"a\": 2}", 0, 3, 6, "duplicate key \"a\""},
	{"a: &x 1\n", 0, 1, 4, "aliases and anchors"},
	{"a: *x\n", 0, 1, 4, "aliases and anchors"},
	{"- *.pem\n", 0, 1, 3, "aliases and anchors"},
	{"- **/*.pem\n", 0, 1, 3, "aliases and anchors"},
	{"- [ok, *.pem]\n", 0, 1, 8, "aliases and anchors"},
	{"a: &.b c\n", 0, 1, 4, "aliases and anchors"},
	{"a: !!str 1\n", 0, 1, 4, "tags"},
	{"a: !x {}\n", 0, 1, 4, "tags"},
	{"a: !x []\n", 0, 1, 4, "tags"},
	{"%TAG ! tag:x,2000:\n---\na: 1\n", 0, 1, 1, "tags"},
	{"<<: {a: 1}\n", 0, 1, 1, "merge keys"},
	{"a: 1\n---\nb: 2\n", 0, 2, 1, "second YAML document"},
	{"? [a]\n: 1\n", 0, 1, 3, "key must be"},
	{"{[a]: 1}", 0, 1, 2, "key must be"},
	{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 0, 1, 17, "nested deeper than 16"},
	{"a:\n\t- b\n", 0, 2, 1, "not valid YAML"},
	{"a: b: c\n", 0, 1, 5, "not valid YAML"},
	{"a: [b\n", 0, 2, 1, "not valid YAML"},
	{"a: \"b\n", 0, 2, 1, "not valid YAML"},
	{"a: 1\n b: 2\n", 0, 2, 3, "not valid YAML"},
	{"a: @b\n", 0, 1, 4, "not valid YAML"},
	{"a: \"\\q\"\n", 0, 1, 5, "not valid YAML"},
	{"a: 1\nb: x\0y\n", 12, 2, 5, "NUL"},
	{"a: \"x\\0y\"\n", 0, 1, 4, "NUL"},
	{"\0", 1, 1, 1, "NUL"},
	{"a: x\x01y\n", 0, 1, 5, "control character 0x01"},
	{"a: 1\nb: \x7f\n", 0, 2, 4, "control character 0x7f"},
	{"# c\rb: 1\n", 0, 1, 4, "carriage return"},
	{"a: 1\r", 0, 1, 5, "carriage return"},
	/* columns are bytes, of characters and of what is none */
	{"\xc3\xa4: &x 1\n", 0, 1, 5, "aliases and anchors"},
	{"\xe4: &x 1\n", 0, 1, 4, "aliases and anchors"},
	{"\xf4\x8f\xba\x80: &x 1\n", 0, 1, 7, "aliases and anchors"},
	{"\xef\xbb\xbf"
	 "a: &x 1\n",
		0, 1, 7, "aliases and anchors"},
};

static void bad_texts_are_refused_with_their_place(void **state)
{
	for (size_t i = 0; i < ELEMENTS(refused); i++) {
		_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct ward_error error = {0};
		size_t size = refused[i].size ? refused[i].size : strlen(refused[i].text);
		int r = yaml_tree_parse(refused[i].text, size, "x.yaml", &tree, &error);

		if (r >= 0 || r != error.code || error.line != refused[i].line ||
			error.column != refused[i].column ||
			!strstr(error.message, refused[i].message))
			fail_msg("\"%s\": %d, %s:%u:%u: %s; %s", refused[i].text, r, error.file,
				error.line, error.column, error.message, error.hint);
		assert_null(tree);
		assert_string_equal(error.file, "x.yaml");
	}
}

static struct yaml_tree *parse(const char *text)
{
	struct yaml_tree *tree = NULL;
	struct ward_error error = {0};

	if (yaml_tree_parse(text, strlen(text), "x.yaml", &tree, &error) < 0)
		fail_msg("\"%s\": %u:%u: %s", text, error.line, error.column, error.message);
	return tree;
}

/* What the value of `a` is. */
static const struct {
	const char *text;
	const char *value;
	unsigned line, column, text_column;
} scalars[] = {
	{"a: b", "b", 1, 4, 4},
	{"a: 'b c'", "b c", 1, 4, 5},
	{"a: \"b\"", "b", 1, 4, 5},
	{"a: 'it''s'", "it's", 1, 4, 0},
	{"a: \"b\\tc\"", "b\tc", 1, 4, 0},
	{"\n\n  a:   b  # c", "b", 3, 8, 8},
	{"a: b\n  c", "b c", 1, 4, 0},
	{"a: |\n  b\n", "b\n", 1, 4, 0},
	{"a: >-\n  b\n  c", "b c", 1, 4, 0},
	{"{x: 1, a: b}", "b", 1, 11, 11},
	{"a:", "", 1, 3, 3},
	{"a: \"\"", "", 1, 4, 5},
	{"a: ~", "~", 1, 4, 4},
	{"a: b\r\n", "b", 1, 4, 4},
	{"---\na: b\n...\n", "b", 2, 4, 4},
	{"%YAML 1.1\n---\na: b\n", "b", 3, 4, 4},
	{"\xef\xbb\xbf"
	 "a: b",
		"b", 1, 7, 7},
	/* bytes: whatever they are, they come out as they went in */
	{"a: \xc3\xa4", "\xc3\xa4", 1, 4, 4},
	{"a: \xe4", "\xe4", 1, 4, 4},
	{"a: '\xe4\xff\x80'", "\xe4\xff\x80", 1, 4, 5},
	{"a: \xed\xa0\x80", "\xed\xa0\x80", 1, 4, 4},
	{"a: \xc0\xaf", "\xc0\xaf", 1, 4, 4},
	{"a: \xf4\x8f\xba\x80", "\xf4\x8f\xba\x80", 1, 4, 4},
	{"a: \xf4\x8f\xbb\xbf|", "\xf4\x8f\xbb\xbf|", 1, 4, 4},
	{"a: \xc2\x85x", "\xc2\x85x", 1, 4, 4},
	{"a: x\xe2\x80\xa8y", "x\xe2\x80\xa8y", 1, 4, 4},
	{"a: x\xef\xbb\xbfy", "x\xef\xbb\xbfy", 1, 4, 4},
	{"a: \xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 1, 4, 4},
	{"\xc3\xa4: 1\na: \xc3\xa4", "\xc3\xa4", 2, 4, 4},
	/* a comment does not end at what only libyaml takes for a line's end */
	{"# c \xe2\x80\xa8 x: 1\na: b", "b", 2, 4, 4},
	{"# c \xc2\x85 x: 1\na: b", "b", 2, 4, 4},
	/* escapes are Unicode, as YAML says, but for the private way to write a byte */
	{"a: \"\\xe4\"", "\xc3\xa4", 1, 4, 0},
	{"a: \"\\u00e4\"", "\xc3\xa4", 1, 4, 0},
	{"a: \"\\U0010FEE4\"", "\xe4", 1, 4, 0},
	{"a: \"\\x01\"", "\x01", 1, 4, 0},
};

static void scalars_are_exact_and_know_their_place(void **state)
{
	for (size_t i = 0; i < ELEMENTS(scalars); i++) {
		_cleanup_(yaml_tree_freep) struct yaml_tree *tree = parse(scalars[i].text);
		const struct yaml_node *node = yaml_get(yaml_tree_root(tree), "a");

		assert_non_null(node);
		assert_int_equal(node->kind, YAML_SCALAR);
		if (strcmp(node->text, scalars[i].value) != 0 || node->line != scalars[i].line ||
			node->column != scalars[i].column ||
			node->text_column != scalars[i].text_column)
			fail_msg("\"%s\": \"%s\" at %u:%u, text at %u", scalars[i].text, node->text,
				node->line, node->column, node->text_column);
		assert_int_equal(node->length, strlen(scalars[i].value));
	}
}

static void every_byte_but_controls_goes_through(void **state)
{
	for (unsigned byte = 0x80; byte <= 0xff; byte++) {
		for (unsigned next = 0x80; next <= 0xff; next += 7) {
			const char value[] = {(char)byte, (char)next, 'x', (char)byte, '\0'};
			char text[16];
			_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;

			snprintf(text, sizeof(text), "a: %s", value);
			tree = parse(text);
			assert_string_equal(yaml_get(yaml_tree_root(tree), "a")->text, value);
		}
	}
}

static void collections_keep_their_order(void **state)
{
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = parse("b: [x, {y: z}, []]\na: {}\n");
	const struct yaml_node *root = yaml_tree_root(tree);
	const struct yaml_node *list = yaml_get(root, "b");

	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 2);
	assert_string_equal(root->first->key->text, "b");
	assert_string_equal(root->first->next->key->text, "a");
	assert_int_equal(root->first->next->kind, YAML_MAPPING);
	assert_int_equal(list->kind, YAML_SEQUENCE);
	assert_int_equal(list->count, 3);
	assert_string_equal(list->first->text, "x");
	assert_null(list->first->key);
	assert_string_equal(yaml_get(list->first->next, "y")->text, "z");
	assert_int_equal(list->first->next->next->kind, YAML_SEQUENCE);
	assert_int_equal(list->first->next->next->count, 0);
	assert_null(yaml_get(root, "c"));
}

static void null_is_a_plain_nothing(void **state)
{
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = parse(
		"[~, null, \"\", '~', x, [], {}]");
	static const bool expected[] = {true, true, false, false, false, false, false};
	const struct yaml_node *node = yaml_tree_root(tree)->first;

	for (size_t i = 0; node; i++, node = node->next)
		assert_int_equal(yaml_is_null(node), expected[i]);
}

static void a_text_of_nothing_has_no_root(void **state)
{
	static const char *const texts[] = {"", "# nothing\n", "\n\n", "\xef\xbb\xbf"};

	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		_cleanup_(yaml_tree_freep) struct yaml_tree *tree = parse(texts[i]);

		assert_null(yaml_tree_root(tree));
	}
}

static void depth_sixteen_is_deep_enough(void **state)
{
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = parse(
		"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");

	assert_non_null(yaml_tree_root(tree));
}

/* Parses `unit` repeated up to `size` bytes; the result. */
static int parse_repeated(const char *unit, size_t size, struct ward_error *error)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;

	while (text.size < size)
		strbuf_add_string(&text, unit);
	strbuf_truncate(&text, size);
	return yaml_tree_parse(text.data, text.size, "x.yaml", &tree, error);
}

static void size_and_number_are_bounded(void **state)
{
	struct ward_error error = {0};

	assert_int_equal(parse_repeated("# comment\n", YAML_SIZE_MAX, &error), 0);
	assert_int_equal(parse_repeated("# comment\n", YAML_SIZE_MAX + 1, &error), -E2BIG);
	assert_int_equal(parse_repeated("- - -\n", YAML_SIZE_MAX, &error), -E2BIG);
	assert_non_null(strstr(error.message, "YAML nodes"));
	assert_true(parse_repeated("[", YAML_SIZE_MAX, &error) < 0);
	assert_true(parse_repeated("{", YAML_SIZE_MAX, &error) < 0);
	assert_true(parse_repeated("\"", YAML_SIZE_MAX, &error) < 0);
	assert_true(parse_repeated("? ", YAML_SIZE_MAX, &error) < 0);
}

static void the_number_of_keys_is_bounded(void **state)
{
	for (int keys = YAML_KEYS_MAX; keys <= YAML_KEYS_MAX + 1; keys++) {
		_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;
		_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct ward_error error = {0};

		for (int i = 0; i < keys; i++)
			strbuf_addf(&text, "k%d: 1\n", i);
		assert_int_equal(yaml_tree_parse(text.data, text.size, "x.yaml", &tree, &error),
			keys > YAML_KEYS_MAX ? -E2BIG : 0);
		assert_int_equal(error.line, keys > YAML_KEYS_MAX ? keys : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_texts_are_refused_with_their_place),
		cmocka_unit_test(scalars_are_exact_and_know_their_place),
		cmocka_unit_test(every_byte_but_controls_goes_through),
		cmocka_unit_test(collections_keep_their_order),
		cmocka_unit_test(null_is_a_plain_nothing),
		cmocka_unit_test(a_text_of_nothing_has_no_root),
		cmocka_unit_test(depth_sixteen_is_deep_enough),
		cmocka_unit_test(size_and_number_are_bounded),
		cmocka_unit_test(the_number_of_keys_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
