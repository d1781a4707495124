/*
 * As whom a sandbox and its view's daemon run, on the host.
 *
 * A sandboxed process never has host uid 0: with it, files of /proc/sys can be written even from a
 * user namespace without capabilities. The rules:
 *
 *   started by              the codebase is of   sandbox                 daemon
 *   an ordinary user        anybody              that user               that user
 *   root                    user U               U                       U
 *   root                    root                 SUDO_UID, else 65534    root, without capabilities;
 *                                                                        shows root's files as the
 *                                                                        sandbox's user's
 *
 * Groups: the user's primary group where the user database knows it, else the codebase's, never 0;
 * no supplementary groups when started by root.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

enum { NOBODY_ID = 65534 };

/* What decides. */
struct identity_facts {
	uid_t uid; /* effective, of the caller */
	gid_t gid;
	uid_t codebase_uid;
	gid_t codebase_gid;
	const char *sudo_uid; /* $SUDO_UID and $SUDO_GID, or NULL */
	const char *sudo_gid;
};

struct identity {
	uid_t uid; /* of the sandbox */
	gid_t gid;
	uid_t daemon_uid;
	gid_t daemon_gid;
	bool changes_user; /* started by root: children change to these ids */
	bool shows_as;     /* the daemon shows its own files as the sandbox's user's */
	char name[33];     /* a login name for inside: made of [a-z0-9_-] */
};

/* Decides. -EPERM, with a message, where no safe identity exists. Looks into the user database. */
int identity_decide(const struct identity_facts *facts, struct identity *ret_identity,
	struct ward_error *error);

/* Decides for the calling process and the codebase open at `codebase_fd`. */
int identity_of_caller(int codebase_fd, struct identity *ret_identity, struct ward_error *error);
