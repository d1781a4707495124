/*
 * The small thing in which backends differ: how a namespace with ward-init as PID 1 is made around
 * a view. Everything else is written once, on top of it. Called by ward-monitor only, from one
 * thread.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"
#include "runtime/identity.h"
#include "runtime/limits.h"
#include "runtime/spec.h"

/* What a backend starts. All is borrowed for the time of start(); the paths hold in the caller's
 * mount namespace, can be reached by the sandbox's user, and are nobody's to change. */
struct sandbox_plan {
	const struct spec *spec;
	const struct identity *identity;
	const char *view; /* mounted; its daemon may still be starting */
	const char *init; /* ward-init, executable */
	const char *ward; /* ward itself, for `ward doctor --inside`; needs the host's libraries */
	const char *etc;  /* a directory for the backend to use: becomes /etc */
	const struct limits *limits; /* all that the sandbox starts is in them from its beginning */
	int error_fd;                /* standard error of the programs that a backend runs */
};

struct sandbox_instance;

struct ward_backend {
	const char *name;

	/* 0, or why it can't run here and what to do. May run programs; not on the fast path. */
	int (*check)(struct ward_error *error);

	/*
	 * Starts the namespace; does not wait for init. `*ret_control_fd` is the caller's: a
	 * connected socket on which ward-init will say HELLO. On failure nothing is left behind.
	 */
	int (*start)(const struct sandbox_plan *plan, struct sandbox_instance **ret_instance,
		int *ret_control_fd, struct ward_error *error);

	/* A descriptor that polls readable once the sandbox is gone; the instance's. */
	int (*watch_fd)(const struct sandbox_instance *instance);

	bool (*alive)(const struct sandbox_instance *instance);

	/* Kills everything inside and waits for its end: 0, or -ETIMEDOUT (what is stuck in the
	 * view does not die while its daemon hangs). May be called again. */
	int (*stop)(struct sandbox_instance *instance, int timeout_ms);

	/* Says in `error` why a start failed, from what the backend's programs wrote to
	 * `error_fd`. */
	void (*explain)(const char *output, struct ward_error *error);

	/* Frees a stopped instance. Returns NULL. */
	struct sandbox_instance *(*free)(struct sandbox_instance *instance);
};

extern const struct ward_backend backend_bwrap;
