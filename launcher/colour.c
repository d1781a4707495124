#include "launcher/colour.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const sequences[] = {
	[COLOUR_BOLD] = "\033[1m",
	[COLOUR_RED] = "\033[31m",
	[COLOUR_GREEN] = "\033[32m",
	[COLOUR_YELLOW] = "\033[33m",
	[COLOUR_BLUE] = "\033[34m",
};

/* https://no-color.org: set and not empty. */
static bool wants_colour(FILE *file)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && no_color[0])
		return false;
	if (term && strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(file));
}

const char *colour_begin(FILE *file, enum colour colour)
{
	return wants_colour(file) ? sequences[colour] : "";
}

const char *colour_end(FILE *file)
{
	return wants_colour(file) ? "\033[0m" : "";
}
