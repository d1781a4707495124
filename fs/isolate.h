/*
 * What the daemon gives up before it serves anybody: it then sees, of the host, the codebase and
 * the descriptors that it holds, and cannot get more.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

struct isolation {
	bool change_ids; /* become run_uid and run_gid */
	uid_t run_uid;
	gid_t run_gid;
	bool serve_many; /* keep what acting as the caller needs: CAP_SETUID, CAP_DAC_OVERRIDE … */
	bool die_with_parent; /* PR_SET_PDEATHSIG */
};

/*
 * Own namespaces with an empty root (where the daemon has CAP_SYS_ADMIN), the ids, then every
 * capability but those named, no new privileges, not dumpable. For single-threaded programs. What
 * cannot be given up is an error; that the namespaces cannot be had is not.
 */
int isolate(const struct isolation *isolation, struct ward_error *error);
