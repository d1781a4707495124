#include "tests/unit/unit.h"

#include <string.h>

#include "launcher/options.h"

enum { A = 1, B, VALUE };

static const struct option_spec specs[] = {
	{A, 'a', "all", NULL, "everything"},
	{B, 'b', "brief", NULL, "little"},
	{VALUE, 'v', "value", "TEXT", "a text"},
	{0},
};

/* What was parsed, as a text: options as "A", "B", "V=…", then "|" and the operands. */
static void describe(const struct arguments *arguments, char *text, size_t size)
{
	FILE *file = fmemopen(text, size, "w");

	for (size_t i = 0; i < arguments->option_count; i++) {
		const struct option_given *o = &arguments->options[i];

		if (o->spec->id == VALUE)
			fprintf(file, "V=%s ", o->value);
		else
			fprintf(file, "%c ", o->spec->id == A ? 'A' : 'B');
	}
	fputc('|', file);
	for (size_t i = 0; i < arguments->operand_count; i++)
		fprintf(file, " %s", arguments->operands[i]);
	assert_null(arguments->operands[arguments->operand_count]);
	fclose(file);
}

static void command_lines_are_parsed(void **state)
{
	static const struct {
		enum option_order order;
		const char *argv[8];
		const char *result; /* NULL: refused */
		const char *message;
	} table[] = {
		{OPTIONS_FIRST, {"x", NULL}, "|", NULL},
		{OPTIONS_FIRST, {"x", "-a", "-b", NULL}, "A B |", NULL},
		{OPTIONS_FIRST, {"x", "-ab", NULL}, "A B |", NULL},
		{OPTIONS_FIRST, {"x", "-abv", "t", NULL}, "A B V=t |", NULL},
		{OPTIONS_FIRST, {"x", "-vt", NULL}, "V=t |", NULL},
		{OPTIONS_FIRST, {"x", "-v=t", NULL}, "V==t |", NULL},
		{OPTIONS_FIRST, {"x", "--value=t", "--value", "u", NULL}, "V=t V=u |", NULL},
		{OPTIONS_FIRST, {"x", "--value=", NULL}, "V= |", NULL},
		{OPTIONS_FIRST, {"x", "-v", "--all", NULL}, "V=--all |", NULL},
		{OPTIONS_FIRST, {"x", "ls", "-a", NULL}, "| ls -a", NULL},
		{OPTIONS_FIRST, {"x", "-a", "--", "-b", "--", NULL}, "A | -b --", NULL},
		{OPTIONS_FIRST, {"x", "-", "-a", NULL}, "| - -a", NULL},
		{OPTIONS_ANYWHERE, {"x", "ls", "-a", NULL}, "A | ls", NULL},
		{OPTIONS_ANYWHERE, {"x", "ls", "--", "-a", NULL}, "| ls -a", NULL},
		{OPTIONS_FIRST, {"x", "-c", NULL}, NULL, "x: unknown option -c"},
		{OPTIONS_FIRST, {"x", "--al", NULL}, NULL, "x: unknown option --al"},
		{OPTIONS_FIRST, {"x", "--all=1", NULL}, NULL, "x: option --all takes no value"},
		{OPTIONS_FIRST, {"x", "--value", NULL}, NULL, "x: option --value needs a value"},
		{OPTIONS_FIRST, {"x", "-av", NULL}, NULL, "x: option -v needs a value"},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(arguments_release) struct arguments arguments = {0};
		struct ward_error error = {0};
		char text[256] = "";
		int argc = 0, r;

		while (table[i].argv[argc])
			argc++;
		r = options_parse(specs, table[i].order, "x", argc, (char **)table[i].argv,
			&arguments, &error);
		if (!table[i].result) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(error.message, table[i].message);
			assert_null(arguments.options);
			continue;
		}
		assert_int_equal(r, 0);
		describe(&arguments, text, sizeof(text));
		assert_string_equal(text, table[i].result);
	}
}

static void a_misspelt_option_is_guessed(void **state)
{
	const char *argv[] = {"x", "--vlaue=1", NULL};
	struct arguments arguments = {0};
	struct ward_error error = {0};

	assert_int_equal(
		options_parse(specs, OPTIONS_FIRST, "x", 2, (char **)argv, &arguments, &error),
		-EINVAL);
	assert_string_equal(error.hint, "did you mean --value?");
}

static void the_last_value_counts(void **state)
{
	const char *argv[] = {"x", "-vone", "-vtwo", NULL};
	_cleanup_(arguments_release) struct arguments arguments = {0};

	assert_int_equal(
		options_parse(specs, OPTIONS_FIRST, "x", 3, (char **)argv, &arguments, NULL), 0);
	assert_string_equal(arguments_value(&arguments, VALUE), "two");
	assert_true(arguments_has(&arguments, VALUE));
	assert_false(arguments_has(&arguments, A));
	assert_null(arguments_value(&arguments, A));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines_are_parsed),
		cmocka_unit_test(a_misspelt_option_is_guessed),
		cmocka_unit_test(the_last_value_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
