#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/command.h"
#include "launcher/help.h"

/* The text of man/ward.1; the build says where the source is. */
static char *read_manual(void)
{
	_cleanup_(fd_closep) int fd = open(WARD_SOURCE_DIR "/man/ward.1", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(fd_read_file(fd, 1 << 20, &text, &size), 0);
	return text;
}

static char *help_of(const struct command *command)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	if (command)
		help_print_command(file, command);
	else
		help_print_overview(file);
	fclose(file);
	return text;
}

static void assert_has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("there is no \"%s\"", wanted);
}

static void every_command_has_its_help(void **state)
{
	_cleanup_(freep) char *overview = help_of(NULL);

	for (const struct command *c = commands; c->name; c++) {
		_cleanup_(freep) char *help = help_of(c);
		char line[128];

		snprintf(line, sizeof(line), "%-9s %s\n", c->name, c->summary);
		assert_has(overview, line);
		assert_has(help, c->description);
		assert_non_null(c->run);
		for (const struct option_spec *o = c->options; o->name; o++) {
			assert_has(help, o->name);
			assert_has(help, o->summary);
		}
	}
}

static void every_option_is_told_apart(void **state)
{
	for (const struct command *c = commands; c->name; c++) {
		for (const struct option_spec *a = c->options; a->name; a++) {
			assert_true(a->id > 0);
			for (const struct option_spec *b = a + 1; b->name; b++) {
				assert_int_not_equal(a->id, b->id);
				assert_string_not_equal(a->name, b->name);
				if (a->letter)
					assert_int_not_equal(a->letter, b->letter);
			}
		}
	}
}

static void the_manual_has_all_of_them(void **state)
{
	_cleanup_(freep) char *manual = read_manual();

	for (const struct command *c = commands; c->name; c++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), ".It Cm %s", c->name);
		assert_has(manual, wanted);
		for (const struct option_spec *o = c->options; o->name; o++) {
			snprintf(wanted, sizeof(wanted), "Fl -%s", o->name);
			if (o->letter && o->id != OPTION_HELP)
				snprintf(wanted, sizeof(wanted), ".It Fl %c , -%s", o->letter,
					o->name);
			assert_has(manual, wanted);
		}
	}
}

static void misspelt_commands_are_guessed(void **state)
{
	struct ward_error error = {0};

	assert_null(command_find("chekc", &error));
	assert_string_equal(error.message, "chekc is no command");
	assert_string_equal(error.hint, "did you mean ward check?");
	assert_null(command_find("quite-something-else", &error));
	assert_string_equal(error.hint, "see ward help");
	assert_non_null(command_find("check", &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_its_help),
		cmocka_unit_test(every_option_is_told_apart),
		cmocka_unit_test(the_manual_has_all_of_them),
		cmocka_unit_test(misspelt_commands_are_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
