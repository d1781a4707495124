/* The parts of ward-init. */
#pragma once

#include <stdbool.h>
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

/* --- runtime/init/supervisor.c -----------------------------------------------------------------
 *
 * Between init and each program stands a supervisor: a child subreaper (prctl(2)), so that whatever
 * descends from the program, daemonised or not, has the supervisor as an ancestor. It ends with the
 * program, and what the program left behind becomes init's; unless it was told to kill: then it
 * ends when nothing is left that descends from it.
 *
 * Those inside can kill a supervisor. That is the end of the exec, as if its program had been
 * killed, and what it has started stays, as what a program leaves behind does.
 */

enum report_kind { REPORT_STARTED = 1, REPORT_FAILED = 2, REPORT_EXITED = 3 };

/* What a supervisor tells init: STARTED and then EXITED, or FAILED alone. */
struct report {
	uint32_t kind;
	int32_t pid;                 /* STARTED */
	struct exec_failure failure; /* FAILED */
	int32_t status;              /* EXITED: as wait(2) has it */
	uint32_t lineage_killed;     /* EXITED: 1 where it was told to kill, and has */
	uint64_t user_us;            /* EXITED, as the two below */
	uint64_t system_us;
	uint64_t max_rss_kib;
};

/*
 * Forks a supervisor for the program. Returns its pid and `*ret_socket` (SOCK_SEQPACKET): reports
 * come from it, and supervisor_kill() writes to it. Returns 0 with `*ret_failure` where that could
 * not be done.
 */
pid_t supervisor_start(const struct message_exec *request, const int *fds, int *ret_socket,
	struct exec_failure *ret_failure);

/* Tells a supervisor to kill all that descends from it, also where somebody stopped it. */
void supervisor_kill(pid_t supervisor, int socket);

/* --- runtime/init/lineage.c --------------------------------------------------------------------- */

/*
 * One attempt to kill all that descends from the calling process, a subreaper: stops what runs, so
 * that it can't fork any more, and kills it. Reaps nothing. To be repeated, with a reaping between,
 * until there are no children.
 */
void lineage_strike(void);

/*
 * Confines this process and all below it, where the kernel can (Linux 6.12), to abstract unix
 * sockets and signals of its own: with the host's network they could be reached otherwise.
 */
void scope_by_landlock(void);
