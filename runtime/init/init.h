/* The parts of ward-init. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "runtime/protocol.h"

/* Payload, stdin, stdout, stderr. */
enum { EXEC_FDS = 4 };

/* What comes through the status pipe of a child that could not execute its program. */
struct exec_failure {
	uint32_t stage; /* enum message_stage */
	int32_t code;   /* negative errno */
};

/*
 * Forks a child that becomes the program which `fds` (EXEC_FDS of them; they stay the caller's) ask
 * for, in a session of its own. Returns its pid and `*ret_status_fd`, from which a `struct
 * exec_failure` can be read, or the end of file once the program was executed. Returns 0 with
 * `*ret_failure` where no child could be made.
 */
pid_t exec_spawn(const struct message_exec *request, const int *fds, int *ret_status_fd,
	struct exec_failure *ret_failure);

/* The foreground process group of the terminal of session leader `pid`; 0 where there is none. */
pid_t foreground_group(pid_t pid);

/*
 * Confines this process and all below it, where the kernel can (Linux 6.12), to abstract unix
 * sockets and signals of its own: with the host's network they could be reached otherwise.
 */
void scope_by_landlock(void);
