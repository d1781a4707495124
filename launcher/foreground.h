/*
 * One guarded command in the foreground, until the last byte of its output.
 */
#pragma once

#include "launcher/settings.h"
#include "runtime/sandbox.h"

struct foreground_command {
	const char *const *argv;
	const struct env_entry *env;
	size_t env_count;
	const char *workdir;
	uint32_t timeout_ms;
	uint64_t memory_limit; /* of the sandbox, bytes; for messages */
	bool suspendable;      /* as in terminal_open() */
};

/*
 * Runs `argv` in a sandbox of its own, as `settings` say, with this process's streams, terminal and
 * signals forwarded, and returns its exit status by ward's convention. A negative errno, with a
 * message, where Ward failed: then nothing is left running. `suspendable` as in terminal_open().
 */
int foreground_run(const struct settings *settings, const char *const *argv, bool suspendable,
	struct ward_error *error);

/* The same in a sandbox that runs, and that goes on running with what the command leaves behind. */
int foreground_exec(struct sandbox *sandbox, const struct foreground_command *command,
	struct ward_error *error);

/* Says on standard error that the command could not be run in its sandbox, and why. */
void foreground_print_refusal(const char *command, const struct ward_error *why);
