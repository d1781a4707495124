/* The limit on processes that needs no control group. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/*
 * Whether the kernel counts the processes of a user for RLIMIT_NPROC in each user namespace by
 * itself (Linux 5.14), tried out: a user with more processes than the limit makes a namespace and
 * forks in it. Before, all sandboxes and everything else of the user would be counted together.
 */
bool nproc_is_per_sandbox(void);
