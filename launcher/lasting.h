/*
 * Sandboxes that live, between the command line and their records.
 */
#pragma once

#include "launcher/settings.h"
#include "runtime/runtime.h"

/*
 * Fills a fresh record from `ward create`'s arguments and what they came to: name, codebase, policy,
 * options. Options are kept as `ward start` can read them again wherever it is called: paths
 * absolute, the host's variables with their values of now.
 */
int lasting_record(const struct arguments *arguments, const struct settings *settings,
	struct record *record, struct ward_error *error);

/* Loads what a record says, with the policy as it is now. Release with settings_release(). */
int lasting_settings(
	const struct record *record, struct settings *ret_settings, struct ward_error *error);

/* What to call a sandbox: its name, else its id. */
const char *lasting_name(const struct record *record);
