/*
 * Denials as events: one JSON line each on a descriptor given by the parent.
 *
 * Rate-limited: a hostile loop gets a burst and then a few lines a second; what was left out is
 * counted in the next line. Whoever reads slowly loses lines, never stops the view. Thread-safe.
 */
#pragma once

#include <sys/types.h>

#include "fs/node.h"

struct events;

enum { EVENTS_BURST = 200, EVENTS_PER_SECOND = 20 };

/* `fd` stays the caller's; it is made non-blocking. */
int events_new(int fd, struct policy *policy, struct events **ret_events);
struct events *events_free(struct events *events);
DEFINE_CLEANUP(struct events *, events_free)

struct denial {
	pid_t pid; /* as the daemon's pid namespace sees it; 0: not at all */
	const char *operation;
	const struct place *place;
	enum ward_level required;
	int error; /* positive errno */
};

/* Writes one line, or counts it. Keeps errno. */
void events_deny(struct events *events, const struct denial *denial);
