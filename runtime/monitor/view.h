/*
 * The view, as the monitor has it: a FUSE mount in its own namespace, and the wardfs that serves
 * it.
 */
#pragma once

#include "runtime/identity.h"
#include "runtime/spawn.h"

struct view_plan {
	const char *path; /* where to mount */
	int codebase_fd;
	int rules_fd; /* what rule_set_write() wrote, at its beginning */
	const struct identity *identity;
	int events_fd;           /* where wardfs writes its events; -1: nowhere. The caller's */
	bool own_user_namespace; /* of the monitor's: wardfs may then isolate itself further */
};

struct view {
	struct process daemon;
	int ready_fd;  /* polls readable once the view is served ("READY"), or never will be */
	int output_fd; /* what wardfs says on standard error; non-blocking; the caller's to close */
	int lifeline_fd; /* closing it asks wardfs to end */
	int abort_fd; /* writing to it aborts the FUSE connection; -1 where that is not to be had */
};

#define VIEW_NONE                                                                                  \
	{                                                                                          \
		PROCESS_NONE, -1, -1, -1, -1                                                       \
	}

/* Mounts and starts wardfs; does not wait until it serves. */
int view_start(const struct view_plan *plan, struct view *ret_view, struct ward_error *error);

/* Reads from ready_fd: 0 when the view is served, -EIO when wardfs failed. Closes it. */
int view_finish_start(struct view *view);

/* Ends the daemon: by asking, then by killing, then by aborting the connection. Waits for at most
 * about four seconds. */
void view_stop(struct view *view);

/* Frees everything that waits for the daemon, at once. */
void view_abort(struct view *view);
