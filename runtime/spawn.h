/*
 * Starting a helper program with exactly the descriptors, the identity and the environment that it
 * should have.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

enum { SPAWN_FDS_MAX = 16 };

struct spawn {
	const char *path;
	const char *const *argv;
	const char *const *env; /* NULL: that of the caller */
	int fds[SPAWN_FDS_MAX]; /* fds[i] becomes descriptor i; -1: /dev/null. All others close */
	size_t fd_count;        /* at least 3 */
	const int *groups;      /* cgroup.procs of control groups that it enters first of all */
	size_t group_count;
	bool change_user; /* to uid and gid, without supplementary groups */
	uid_t uid;
	gid_t gid;
	uint64_t ambient; /* capabilities to keep through execve(2), as a mask */
	bool no_new_privs;
	bool die_with_parent; /* SIGKILL when the calling thread ends */
	bool new_session;
	bool own_proc; /* /proc shows the child's own pid namespace, where that can be had */
};

/* A child and its pidfd. */
struct process {
	pid_t pid; /* 0: none */
	int pidfd; /* -1: none */
};

#define PROCESS_NONE                                                                               \
	{                                                                                          \
		0, -1                                                                              \
	}

/*
 * Starts it and returns when it was executed; the signal mask and all handlers are the default's.
 * A negative errno with a message where it could not be.
 */
int spawn_process(const struct spawn *spawn, struct process *ret_process, struct ward_error *error);

/* Sends a signal; nothing happens where the process is none or gone. */
void process_kill(const struct process *process, int signal);

/* True where it has ended, reaped or not, or is none. */
bool process_has_ended(const struct process *process);

/*
 * Waits up to `timeout_ms` (-1: for ever) for the end. A child is reaped and `*ret_status` (may be
 * NULL) set. 0, or -ETIMEDOUT. Closes the pidfd and makes it none on success.
 */
int process_wait(struct process *process, int timeout_ms, int *ret_status);
