#include "launcher/help.h"

#include "launcher/colour.h"

enum { OPTION_WIDTH = 26 };

void help_print_overview(FILE *file)
{
	const char *bold = colour_begin(file, COLOUR_BOLD);
	const char *plain = colour_end(file);

	fprintf(file,
		"%sward%s: let a command work in a codebase without seeing or touching all of it\n"
		"\nusage: ward COMMAND [OPTIONS] ...\n\n",
		bold, plain);
	for (const struct command *c = commands; c->name; c++)
		fprintf(file, "  %s%-9s%s %s\n", bold, c->name, plain, c->summary);
	fprintf(file, "\nward help COMMAND explains one of them; ward(1) and ward.yaml(5) explain "
		      "all.\n");
}

static void print_option(FILE *file, const struct option_spec *option)
{
	char left[80];
	char letter[5] = "    ";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
		option->argument ? " " : "", option->argument ? option->argument : "");
	fprintf(file, "  %-*s %s\n", OPTION_WIDTH, left, option->summary);
}

void help_print_command(FILE *file, const struct command *command)
{
	const char *bold = colour_begin(file, COLOUR_BOLD);
	const char *plain = colour_end(file);

	fprintf(file, "usage: %sward %s%s [OPTIONS]%s%s\n\n%s\n\n", bold, command->name, plain,
		command->operands[0] ? " " : "", command->operands, command->description);
	for (const struct option_spec *o = command->options; o->name; o++)
		print_option(file, o);
}
