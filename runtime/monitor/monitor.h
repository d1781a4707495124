/*
 * ward-monitor: owns one sandbox's view, its sandbox process and its control socket. When any of
 * them goes, or the monitor itself, all of it goes. Attached, it ends with the connection to the
 * command that started it; detached, it stays until it is told to stop: see detached.h.
 */
#pragma once

#include <stdbool.h>

#include "common/event-loop.h"
#include "runtime/backend.h"
#include "runtime/directory.h"
#include "runtime/monitor/detached.h"
#include "runtime/monitor/stage.h"
#include "runtime/monitor/view.h"
#include "runtime/protocol.h"

/* What a monitor is given. */
struct monitor_inputs {
	int control_fd;
	int spec_fd;
	int rules_fd;
	int codebase_fd;
	int records_fd; /* the directory of records; -1: attached */
	const char *id; /* of the sandbox; NULL: attached */
};

enum monitor_state {
	MONITOR_STARTING, /* until the view is served and init said HELLO */
	MONITOR_RUNNING,
	MONITOR_STOPPING,
};

/* What a helper program says on standard error: the beginning is kept, for error messages. */
struct output {
	int fd; /* non-blocking, or -1 */
	struct event_source *source;
	const char *program;
	char text[1024];
	size_t size;
	bool ended;    /* its program has, or is about to: nothing has it open any more */
	bool forwards; /* to the monitor's own standard error, from now on */
};

/* One program that a client asked for, from the request until its end was told. */
struct exec {
	struct exec *next;
	struct monitor *monitor;
	uint32_t id; /* towards init */
	int channel; /* to the client, non-blocking */
	bool started;
	bool timed_out;
	bool killing; /* init was told to; the timer is now the limit for that */
	uint64_t requested_ms;
	uint64_t oom_kills; /* of the whole sandbox, when it was requested */
	struct event_source *channel_source;
	struct event_source *timer;
};

struct monitor {
	struct monitor_inputs inputs;
	enum monitor_state state;
	struct event_loop *loop;
	struct spec spec;
	struct identity identity;
	struct runtime_directory directory;
	struct limits *limits;
	struct stage stage;
	struct view view;
	bool view_serves;
	const struct ward_backend *backend;
	struct sandbox_instance *instance;
	int init_fd; /* non-blocking */
	bool init_answered;
	struct output view_output;
	struct output backend_output;
	struct exec *execs;
	size_t exec_count;
	uint32_t last_id;
	struct detached detached;
	bool stop_requested; /* the end of what is inside is no failure any more */
	struct event_source *control_source;
	struct event_source *grace;
	struct ward_error error; /* why it ends; code 0: because it was asked to */
};

/* Runs a sandbox from beginning to end. Returns the exit status for main(). */
int monitor_run(const struct monitor_inputs *inputs);

/* Ends everything, because of `format` (or NULL: as asked); for handlers. The first reason counts. */
void monitor_fail(struct monitor *monitor, int code, const char *format, ...) _printf_(3, 4);
void monitor_end(struct monitor *monitor);

/* Ends everything after SIGTERM to all inside and at most so long. May be asked again, for less. */
void monitor_stop(struct monitor *monitor, uint32_t grace_ms);

/* --- runtime/monitor/start.c ---------------------------------------------------------------- */

/* All up to the point where view and backend are starting; the loop waits for them. */
int monitor_start(struct monitor *monitor, struct ward_error *error);

/* Drops every capability that a running sandbox does not need: all but CAP_KILL. */
int monitor_drop_privileges(void);

/* --- runtime/monitor/exec.c ----------------------------------------------------------------- */

/* Handles an EXEC from a client; takes the descriptors. */
void exec_request(struct monitor *monitor, const struct message *message, int *fds, size_t count);

/* Handles a message from init about an exec. -EBADMSG where it has no right to say it. */
int exec_answer(struct monitor *monitor, const struct message *message);

/* Tells each client that is still waiting how it ended, and frees all. */
void exec_end_all(struct monitor *monitor);
