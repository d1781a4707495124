#include "tests/unit/unit.h"

#include <string.h>

#include "policy/pattern.h"

static const struct {
	const char *text;
	size_t offset;
	int code;
} bad[] = {
	{"", 0, -EINVAL},
	{"//", 0, -EINVAL},
	{"a//b", 2, -EINVAL},
	{"a**b", 1, -EINVAL},
	{"x/a**", 3, -EINVAL},
	{"a{*,b}*", 2, -EINVAL},
	{"***", 0, -EINVAL},
	{"[a", 0, -EINVAL},
	{"ab[", 2, -EINVAL},
	{"[]", 0, -EINVAL},
	{"[!]", 0, -EINVAL},
	{"[z-a]", 1, -EINVAL},
	{"[/]", 0, -EINVAL},
	{"[[:alpha:]]", 1, -EINVAL},
	{"a/{b", 2, -EINVAL},
	{"{a,{b,c}", 0, -EINVAL},
	{"{a}", 0, -EINVAL},
	{"x{}", 1, -EINVAL},
	{"..", 0, -EINVAL},
	{"a/../b", 2, -EINVAL},
	{"a/.", 2, -EINVAL},
	{"./a", 0, -EINVAL},
	{"\\.\\.", 0, -EINVAL},
	{"[.]{.,x}", 0, -EINVAL},
	{"a\\", 1, -EINVAL},
	{"a\\/b", 1, -EINVAL},
	{"{,a}", 4, -EINVAL},
	{"a/{b,}", 1, -EINVAL},
	{"{{{{{{{{{{{{{{{{{a,b}", 16, -E2BIG},
	{"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", 0, -E2BIG},
};

static void bad_patterns_are_refused_at_the_byte(void **state)
{
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		struct pattern *pattern = NULL;
		struct pattern_error error = {SIZE_MAX, NULL};
		int r = pattern_parse(bad[i].text, &pattern, &error);

		if (r != bad[i].code || error.offset != bad[i].offset || !error.message || pattern)
			fail_msg("\"%s\": %d at %zu", bad[i].text, r, error.offset);
	}
}

/*
 * Components: literal text as it is, G for a glob, ** for itself; a trailing + says that it covers
 * what is below.
 */
static const struct {
	const char *text;
	const char *alternatives; /* separated by spaces */
	bool wildcard;            /* of the first */
	unsigned leading, bytes;
} good[] = {
	{"/", "+", false, 0, 0},
	{"**", "+", true, 0, 0},
	{"**/", "+", true, 0, 0},
	{"a", "a", false, 1, 1},
	{"/a", "a", false, 1, 1},
	{"a/", "a+", false, 1, 1},
	{"a/**", "a+", true, 1, 1},
	{"a/b/c", "a/b/c", false, 3, 3},
	{"**/a", "**/a", true, 0, 1},
	{"**/**/a/**/**", "**/a+", true, 0, 1},
	{"a/**/b", "a/**/b", true, 1, 2},
	{"a/*.key", "a/G", true, 1, 5},
	{"*", "G", true, 0, 0},
	{"[a]", "a", false, 1, 1},
	{"[a]b", "ab", false, 1, 2},
	{"\\*", "*", false, 1, 1},
	{"\\[a]", "[a]", false, 1, 3},
	{"\\{a\\,b}", "{a,b}", false, 1, 5},
	{"a,b}", "a,b}", false, 1, 4},
	{"[]a]", "G", true, 0, 0},
	{"[\\]]", "]", false, 1, 1},
	{"[!/]x", "G", true, 0, 1},
	{"{a,b}/c", "a/c b/c", false, 2, 2},
	{"{a,b/{c,d}}e/", "ae+ b/ce+ b/de+", false, 1, 2},
	{"a{,b}", "a ab", false, 1, 1},
	{"{,x/}a", "a x/a", false, 1, 1},
	{"[{,}]{a,b}", "G G", true, 0, 1},
	{"...", "...", false, 1, 3},
	{"{**,a}/b", "**/b a/b", true, 0, 1},
};

static void describe(const struct pattern *pattern, char *text)
{
	for (size_t i = 0; i < pattern->count; i++) {
		const struct alternative *alternative = &pattern->alternatives[i];

		if (i > 0)
			*text++ = ' ';
		for (size_t j = 0; j < alternative->count; j++) {
			const struct component *component = &alternative->components[j];

			if (j > 0)
				*text++ = '/';
			if (component->kind == COMPONENT_GLOB)
				*text++ = 'G';
			if (component->kind == COMPONENT_DEEP)
				text = (char *)mempcpy(text, "**", 2);
			for (size_t k = 0;
				component->kind == COMPONENT_LITERAL && k < component->count; k++)
				*text++ = (char)component->atoms[k].value;
		}
		if (alternative->covers)
			*text++ = '+';
	}
	*text = '\0';
}

static void good_patterns_become_components(void **state)
{
	for (size_t i = 0; i < ELEMENTS(good); i++) {
		_cleanup_(pattern_freep) struct pattern *pattern = NULL;
		struct pattern_error error;
		char text[256];

		if (pattern_parse(good[i].text, &pattern, &error) < 0)
			fail_msg("\"%s\": %s", good[i].text, error.message);
		describe(pattern, text);
		assert_string_equal(text, good[i].alternatives);
		assert_int_equal(pattern->alternatives[0].wildcard, good[i].wildcard);
		assert_int_equal(pattern->alternatives[0].leading_literals, good[i].leading);
		assert_int_equal(pattern->alternatives[0].literal_bytes, good[i].bytes);
	}
}

static void lengths_are_limited(void **state)
{
	char text[PATTERN_LENGTH_MAX + 2];
	struct pattern *pattern = NULL;
	struct pattern_error error;

	memset(text, 'a', sizeof(text));
	text[PATTERN_COMPONENT_MAX] = '\0';
	assert_int_equal(pattern_parse(text, &pattern, &error), 0);
	pattern = pattern_free(pattern);
	text[PATTERN_COMPONENT_MAX] = 'a';
	text[PATTERN_COMPONENT_MAX + 1] = '\0';
	assert_int_equal(pattern_parse(text, &pattern, &error), -EINVAL);
	memset(text, '?', sizeof(text));
	text[PATTERN_LENGTH_MAX] = '\0';
	assert_int_equal(pattern_parse(text, &pattern, &error), 0);
	pattern = pattern_free(pattern);
	text[PATTERN_LENGTH_MAX] = '?';
	text[PATTERN_LENGTH_MAX + 1] = '\0';
	assert_int_equal(pattern_parse(text, &pattern, &error), -EINVAL);
	assert_int_equal(error.offset, PATTERN_LENGTH_MAX);
}

static void sets_hold_what_they_say(void **state)
{
	_cleanup_(pattern_freep) struct pattern *pattern = NULL;
	const struct byte_set *set;

	assert_int_equal(pattern_parse("[a-c.\\-]", &pattern, NULL), 0);
	set = &pattern->sets[0];
	for (unsigned byte = 0; byte < 256; byte++)
		assert_int_equal(
			byte_set_has(set, byte), byte > 0 && strchr("abc.-", (int)byte) != NULL);
	pattern = pattern_free(pattern);
	assert_int_equal(pattern_parse("[^a]", &pattern, NULL), 0);
	set = &pattern->sets[0];
	for (unsigned byte = 0; byte < 256; byte++)
		assert_int_equal(byte_set_has(set, byte), byte != 0 && byte != '/' && byte != 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_patterns_are_refused_at_the_byte),
		cmocka_unit_test(good_patterns_become_components),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(sets_hold_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
