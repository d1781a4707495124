/*
 * The system call filter of a sandbox: what is denied, and how.
 *
 * A deny list over what capabilities, namespaces and no_new_privs already refuse; it takes away the
 * kernel's rarely needed, often broken parts, and what would reach around the sandbox. Only the
 * machine's own ABI may be used (32-bit and x32 calls end the process). Denied calls fail with
 * EPERM, or with ENOSYS where programs have a fallback for kernels that lack the call.
 */
#pragma once

#include "common/error.h"

/*
 * The filter as a BPF program in a descriptor, the caller's, at offset 0: what bwrap's --seccomp
 * and PR_SET_SECCOMP take.
 */
int seccomp_filter_new(int *ret_fd, struct ward_error *error);
