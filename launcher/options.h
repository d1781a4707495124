/*
 * The command line of one command, parsed by a table.
 *
 * Takes `-x`, `-xVALUE`, `-x VALUE`, several letters at once (`-ab`), `--name`, `--name=VALUE`,
 * `--name VALUE`, and `--`, which ends the options. Long names are never abbreviated: what a script
 * says today must not change its meaning with the next option. Not thread-safe.
 */
#pragma once

#include <stddef.h>

#include "common/error.h"

struct option_spec {
	int id;               /* the command's name for it; not 0 */
	char letter;          /* 0 where there is none */
	const char *name;     /* without dashes; NULL ends a table */
	const char *argument; /* what to call its value in the help; NULL where it takes none */
	const char *summary;  /* one line, no full stop */
};

/* One option as given. */
struct option_given {
	const struct option_spec *spec;
	const char *value; /* NULL where the option takes none; points into argv */
};

enum option_order {
	OPTIONS_ANYWHERE, /* options may follow operands */
	OPTIONS_FIRST,    /* the first operand ends the options: the rest is somebody else's */
};

struct arguments {
	struct option_given *options; /* in the order given */
	size_t option_count;
	char **operands; /* NULL-terminated; points into argv */
	size_t operand_count;
};

/*
 * Parses `argv` (argv[0] is skipped) by `specs`. `command` is how the messages call the command.
 * -EINVAL with a message: an unknown option (with "did you mean"), a missing or a needless value.
 * `ret_arguments` borrows from `argv` and `specs`; release it with arguments_release().
 */
int options_parse(const struct option_spec *specs, enum option_order order, const char *command,
	int argc, char **argv, struct arguments *ret_arguments, struct ward_error *error);

void arguments_release(struct arguments *arguments);

/* True where the option `id` was given. */
int arguments_has(const struct arguments *arguments, int id);

/* The last value given for the option `id`, or NULL. */
const char *arguments_value(const struct arguments *arguments, int id);
