/*
 * A command whose output is collected: the other half of the executor, over sandbox_exec().
 */
#pragma once

#include "runtime/sandbox.h"

/* What it has written, exactly. Release with collected_release(). */
struct collected {
	char *data[2]; /* stdout, stderr; not terminated */
	size_t size[2];
	struct exec_result result;
	bool refused; /* it could not be run: exec_wait() has said why */
};

void collected_release(struct collected *collected);

/*
 * Runs a command to its end and collects what it has written. Of the request, stdio[1] and stdio[2]
 * do not count. What comes from `input` is given to it on standard input, unless `input` is -1: then
 * stdio[0] is. The caller ignores SIGPIPE. -EFBIG, and the command is killed, where it writes more
 * than `max` bytes to one of them. What the command left behind may write on, to nobody.
 */
int sandbox_collect(struct sandbox *sandbox, const struct exec_request *request, int input,
	size_t max, struct collected *ret_collected, struct ward_error *error);
