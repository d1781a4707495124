/*
 * A flow of bytes from one descriptor to another, for a poll(2) loop: never more than one buffer
 * under way, so that a reader that stops stops the writer, and nobody else.
 *
 * Not thread-safe.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/cleanup.h"

enum { FLOW_BUFFER_SIZE = 64 * 1024 };

struct flow {
	int source;       /* -1: there is no flow */
	int sink;         /* must not block where the loop must not */
	const char *name; /* for messages: "standard input" … */
	char *buffer;
	size_t begin, end; /* what of the buffer is still to be written */
	bool held;         /* read nothing for now */
	bool ended;        /* the source is at its end */
	bool finished;     /* nothing will move any more */
	bool limited;      /* the source counts as ended after so many bytes more: */
	size_t limit;
	int error; /* negative errno of what cut the flow short, or 0 */

	/* Reads in place of read(2), where set. Returns as read(2), or a negative errno. */
	ssize_t (*read_source)(struct flow *flow, void *data, size_t size);
	void *context;
};

#define FLOW_NONE                                                                                  \
	{                                                                                          \
		.source = -1, .sink = -1                                                           \
	}

/* Begins a flow. The descriptors stay the caller's. 0 or -ENOMEM. */
int flow_open(struct flow *flow, int source, int sink, const char *name);

/* Frees the buffer; closes nothing. */
void flow_release(struct flow *flow);

/* True while bytes may still move. */
bool flow_active(const struct flow *flow);

/* Says what the flow waits for: `polls[0]` for its source, `polls[1]` for its sink. */
void flow_prepare(const struct flow *flow, struct pollfd polls[2]);

/* Moves what can be moved after poll(2) has filled `polls`. */
void flow_step(struct flow *flow, const struct pollfd polls[2]);

/* What lies in the source now, a pipe, is all that is carried on: whoever else may write to it later
 * has no reader any more. */
void flow_settle(struct flow *flow);

/* Bytes that were read from the source and that nobody has read from the sink, a pipe (either end
 * of it is `pipe_end`). */
size_t flow_unread(const struct flow *flow, int pipe_end);
