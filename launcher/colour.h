/*
 * Colour, only on a terminal, and not where the user's NO_COLOR or TERM=dumb says no.
 */
#pragma once

#include <stdio.h>

enum colour { COLOUR_BOLD, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_BLUE };

/* The sequences that begin a colour and end any, or "" where `file` gets no colour. Static. */
const char *colour_begin(FILE *file, enum colour colour);
const char *colour_end(FILE *file);
