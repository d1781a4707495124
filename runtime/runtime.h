/*
 * Sandboxes that live: they are created, started, entered, stopped and destroyed by different
 * commands, and are on record meanwhile. What runs in one goes through runtime/sandbox.h.
 *
 * Safe against other commands that do the same at the same time, also against those that are killed
 * on the way. A sandbox runs exactly while its monitor holds the lock in its runtime directory; a
 * record that says otherwise is put right by whoever reads it. Not thread-safe.
 */
#pragma once

#include "runtime/record.h"
#include "runtime/sandbox.h"

/* The name of the backend that a project asks for: "bwrap" … */
const char *runtime_name(const struct project *project);

/* Takes over what the project says of a sandbox: mount point, labels, limits, network … */
int record_describe(struct record *record, const struct project *project);

/*
 * Puts a new sandbox on record, in the state pending. Of `record`, codebase is given and name,
 * policy, options may be, with what record_describe() sets; the rest is filled in here. -EEXIST where
 * the name is taken, -EINVAL where it is none.
 */
int runtime_create(struct record *record, struct ward_error *error);

/*
 * Starts a sandbox that does not run, by `spec`, and returns when commands can be run in it. -EBUSY
 * where it runs already. Where it can't start, its state is error, with the reason.
 */
int runtime_start(const char *id, const struct sandbox_spec *spec, struct ward_error *error);

/* A sandbox could not even be described: state error, with the message as the reason. */
void runtime_fail(const char *id, const struct ward_error *why);

/*
 * Stops a sandbox: SIGTERM to all inside, SIGKILL after `grace_ms`, and returns when nothing is left.
 * One that does not run is left as it is.
 */
int runtime_stop(const char *id, uint32_t grace_ms, struct ward_error *error);

/* Forgets a sandbox. One that runs is stopped at once where `force`, else -EBUSY. */
int runtime_destroy(const char *id, bool force, struct ward_error *error);

/* Finds a sandbox by its id, its name, or a beginning of its id that no other has. -ENOENT, -ENOTUNIQ.
 * Release with record_release(). */
int runtime_get(const char *word, struct record *ret_record, struct ward_error *error);

/* All sandboxes, oldest first. Free with records_free(). */
int runtime_list(struct record **ret_list, size_t *ret_count, struct ward_error *error);

/* Enters a running sandbox: see sandbox_exec(). -ENOTCONN where it does not run. sandbox_stop() frees
 * the handle and leaves the sandbox running. */
int runtime_open(
	const struct record *record, struct sandbox **ret_sandbox, struct ward_error *error);
