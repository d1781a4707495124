/*
 * Making files as the caller.
 *
 * The umask is the caller's in every mode of operation: a worker thread has its own file-system
 * attributes (caller_thread_start()), so that a default ACL of the lower directory counts as it
 * would without the view. Where many uids reach the mount, the thread also takes the caller's
 * fsuid and fsgid for the time of the call (setfsuid(2)).
 */
#pragma once

#include "fs/view.h"

/* To be called by each thread that serves requests before it serves the first: unshare(CLONE_FS).
 */
int caller_thread_start(void);

struct caller {
	bool taken;
	uid_t own_uid;
	gid_t own_gid;
};

/* Takes the caller's umask and, where the view wants it, ids; -EPERM where the ids can't be had,
 * and then nothing is taken. */
int caller_enter(struct view *view, fuse_req_t request, struct caller *caller);

/* Acts for a group of the caller's until caller_leave(), where the caller's ids were taken. */
void caller_join(const struct caller *caller, gid_t gid);

/* Goes back; a thread that cannot go back ends the program rather than serve with foreign ids. */
void caller_leave(struct caller *caller);
