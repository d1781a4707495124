/*
 * Help texts, made from the table of commands.
 */
#pragma once

#include <stdio.h>

#include "launcher/command.h"

/* All commands, one line each. */
void help_print_overview(FILE *file);

/* Usage, description and options of one command. */
void help_print_command(FILE *file, const struct command *command);
