/*
 * What a monitor does for a sandbox that outlives the command that started it: it keeps the record
 * and the log, and serves any number of clients on a socket of its own.
 *
 * Whoever may enter the runtime directory, mode 0700, may connect; and must be of the monitor's own
 * uid.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"

struct monitor;
struct client;
struct event_source;

struct detached {
	int records_fd; /* -1: attached, and all below is empty */
	const char *id;
	int socket; /* bound from the start, listening once the sandbox runs */
	int events_fd;
	struct event_source *events_source;
	char *events; /* what came of a line that has not ended yet */
	size_t events_size;
	struct client *clients;
	size_t client_count;
	bool recorded; /* as running */
};

/* Makes the socket in the runtime directory, which must not be covered by the stage yet. */
int detached_bind(struct monitor *monitor, struct ward_error *error);

/* Writes the log: what comes through `fd`, the reading end of a pipe, which it takes. */
int detached_read_events(struct monitor *monitor, int fd);

/* The sandbox runs: tells the record, and lets clients in. */
int detached_run(struct monitor *monitor);

/* The sandbox is gone, for monitor->error or because it was asked to: tells the record, frees all. */
void detached_end(struct monitor *monitor);
