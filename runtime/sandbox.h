/*
 * A sandbox, as its user sees it: start it, run commands in it, stop it.
 *
 * This is what launcher/ uses. Behind it a ward-monitor process owns the view, the sandbox process
 * and the control socket; this header hides the protocol between them. Not thread-safe; a `struct
 * sandbox` belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "policy/project.h"

/* What to start. Everything is borrowed for the time of the call. */
struct sandbox_spec {
	const char *codebase; /* absolute real path, for messages and records */
	int codebase_fd;      /* O_PATH|O_DIRECTORY of it: what is bound is this, not the path */
	const struct project *project; /* resolved and protected: project_protect() */
};

/* One command. Everything is borrowed for the time of the call. */
struct exec_request {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in the sandbox's PATH */
	const struct env_entry *env; /* on top of the sandbox's environment */
	size_t env_count;
	const char *workdir; /* inside; relative to the mount point; NULL: the mount point */
	int stdio[3];        /* the command's 0, 1, 2; never the user's own terminal */
	bool terminal;       /* stdio includes a pty: make it the controlling terminal */
	uint32_t timeout_ms; /* 0: none */
};

struct exec_result {
	int exit_code; /* ward's own convention: 0 to 125 as given, 124 timed out, 126, 127, 128+N
			*/
	int signal;    /* what killed it, or 0 */
	uint64_t duration_ms;
	bool timed_out;
	bool oom_killed; /* it failed, and the memory limit has killed something meanwhile */
};

struct sandbox;
struct exec;

/*
 * Starts ward-monitor and waits until the view is served and ward-init answers. When the returned
 * handle (or this whole process) goes, so do the monitor, the view and everything inside. Fails
 * with one clear message: no bwrap, no /dev/fuse, user namespaces forbidden, mount point unusable;
 * then nothing is left behind.
 */
int sandbox_start(
	const struct sandbox_spec *spec, struct sandbox **ret_sandbox, struct ward_error *error);

/*
 * The same for a sandbox that outlives this process, on record as `id` in the directory open at
 * `records`; its monitor keeps the record from then on. Returns when sandbox_connect() may be called.
 * -EBUSY where it runs already. Used by runtime_start() alone.
 */
int sandbox_launch(
	const struct sandbox_spec *spec, int records, const char *id, struct ward_error *error);

/* Connects to the monitor of such a sandbox, whose runtime directory is `id` in `base`. -ENOTCONN
 * where there is none. */
int sandbox_connect(
	const char *base, const char *id, struct sandbox **ret_sandbox, struct ward_error *error);

/* Stops a sandbox that was connected to, for everybody: SIGTERM to all inside, SIGKILL after
 * `grace_ms`. Returns when its monitor has put it on record; one that hangs is killed. */
int sandbox_halt(struct sandbox *sandbox, uint32_t grace_ms, struct ward_error *error);

/*
 * Frees the handle. What sandbox_start() has started ends first, with everything inside; what was
 * connected to lives on. Returns NULL.
 */
struct sandbox *sandbox_stop(struct sandbox *sandbox);
DEFINE_CLEANUP(struct sandbox *, sandbox_stop)

/*
 * Asks for a command; its end is told by exec_wait(). Does not wait for its start. -E2BIG where argv
 * and environment are too long together, -EINVAL where a name in the environment is impossible,
 * -EPIPE where the sandbox is gone. Any number of commands may run at once.
 */
int sandbox_exec(struct sandbox *sandbox, const struct exec_request *request,
	struct exec **ret_exec, struct ward_error *error);

/* A descriptor that polls readable when exec_wait() would not block. Belongs to the exec. */
int exec_fd(const struct exec *exec);

/* Sends a signal to the command's process group, or to the foreground group of its terminal. 0, or
 * -EPIPE where the command has ended. */
int exec_signal(struct exec *exec, int signal);

/*
 * Waits for the end; to be called once. A command that could not be started has ended, too: with
 * exit code 127 where it was not found, else 126, and then `error` says why (its code is 0
 * otherwise). A time-out kills all that descends from the command, daemons too; where that can't be
 * done within seconds, the whole sandbox. What a command leaves behind at its own end lives on.
 * Fails (-EPIPE, with the reason in `error`) where the sandbox died under the command.
 */
int exec_wait(struct exec *exec, struct exec_result *ret_result, struct ward_error *error);

/* Frees the handle. A command that still runs is killed, with all that descends from it. Returns
 * NULL. */
struct exec *exec_free(struct exec *exec);
DEFINE_CLEANUP(struct exec *, exec_free)

/*
 * Removes what killed monitors left in the runtime directory (nothing else is ever left). Called by
 * every ward command; cheap when there is nothing.
 */
void sandbox_reap_stale(void);
