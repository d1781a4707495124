/*
 * One guarded command in the foreground: from its sandbox's start to the last byte of its output.
 */
#pragma once

#include "launcher/settings.h"

/*
 * Runs `argv` as `settings` say, with this process's streams, terminal and signals forwarded, and
 * returns its exit status by ward's convention. A negative errno, with a message, where Ward
 * failed: then nothing is left running. `suspendable` as in terminal_open().
 */
int foreground_run(const struct settings *settings, const char *const *argv, bool suspendable,
	struct ward_error *error);
