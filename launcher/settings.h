/*
 * What `ward run` and `ward shell` are told: the command line over the policy.
 */
#pragma once

#include <stdint.h>

#include "launcher/codebase.h"
#include "launcher/options.h"
#include "policy/project.h"

struct settings {
	struct codebase codebase;
	struct project *project; /* with the command line's rules; protected */
	struct env_entry *env;   /* the command line's; the policy's is in `project` */
	size_t env_count;
	char *workdir; /* inside; NULL: the mount point */
	uint32_t timeout_ms;
};

#define SETTINGS_NONE                                                                              \
	{                                                                                          \
		.codebase = CODEBASE_NONE                                                          \
	}

/*
 * Opens the codebase, loads its policy, puts the options on top, and checks that all of it can be
 * done: rules that do not compile are errors, with their place. Whether limits can be kept shows
 * when the sandbox starts.
 * Release with settings_release().
 */
int settings_load(
	const struct arguments *arguments, struct settings *ret_settings, struct ward_error *error);

/* The same for a sandbox that is to live: the codebase is `directory`, as in codebase_open(), and
 * the command line's variables are the sandbox's own, in `project`. */
int settings_load_lasting(const char *directory, const struct arguments *arguments,
	struct settings *ret_settings, struct ward_error *error);

/* Takes the variables of the command line alone. Release with settings_release(), also on failure. */
int settings_take_env(
	struct settings *settings, const struct arguments *arguments, struct ward_error *error);

void settings_release(struct settings *settings);

/* Parses a time in seconds, such as "90" or "0.5", into milliseconds. -EINVAL, -ERANGE. */
int parse_seconds(const char *text, uint32_t *ret_ms);
