#include "tests/unit/unit.h"

#include "common/cleanup.h"
#include "common/suggest.h"

static const char *const words[] = {
	"version", "extends", "default", "rules", "run", "sandbox", "labels", "env", NULL};

static const struct {
	const char *word;
	const char *expected;
} table[] = {
	{"rules", "rules"},
	{"rule", "rules"},
	{"ruels", "rules"},
	{"Rules", "rules"},
	{"rn", "run"},
	{"extend", "extends"},
	{"extned", "extends"},
	{"sandox", "sandbox"},
	{"label", "labels"},
	{"verison", "version"},
	{"defualt", "default"},
	{"", NULL},
	{"x", NULL},
	{"permissions", NULL},
	{"zzzzzzz", NULL},
};

static void the_closest_word_is_found(void **state)
{
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		const char *found = suggest(table[i].word, words);

		if (table[i].expected) {
			assert_non_null(found);
			assert_string_equal(found, table[i].expected);
		} else if (found) {
			fail_msg("\"%s\" suggests \"%s\"", table[i].word, found);
		}
	}
}

static void long_words_are_close_to_nothing(void **state)
{
	char word[1001] = {0};

	for (size_t i = 0; i < sizeof(word) - 1; i++)
		word[i] = 'a';
	assert_null(suggest(word, words));
	assert_null(suggest("run", (const char *const[]){word, NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_closest_word_is_found),
		cmocka_unit_test(long_words_are_close_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
