/*
 * Standard input, output and error of a guarded command.
 *
 * What a stream is decides how the command gets it:
 *
 *   terminal                     a pseudo-terminal in its place (terminal.h)
 *   pipe, connected unix stream  as it is
 *   /dev/null                    as it is
 *   regular file, block device   carried through a pipe: a descriptor of a file can be opened again
 *                                with other access through /proc/self/fd inside
 *   any other socket             carried: it belongs to the host's network and could be connected
 *                                anew from inside (connect(2) with AF_UNSPEC)
 *   other character device       carried: it takes ioctl(2)
 *   directory, anything else     refused
 *
 * Not thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"
#include "launcher/relay.h"
#include "launcher/terminal.h"

enum stdio_kind {
	STDIO_PASSED,
	STDIO_CARRIED,
	STDIO_TERMINAL,
};

/*
 * Opens something at each of 0, 1 and 2 that is closed, so that no other descriptor can get that
 * number. It fails as a closed one does: reading and writing are EBADF. The first thing that main()
 * does.
 */
void stdio_fill_gaps(void);

/* What `fd` is, by the table above. -EINVAL with a message where it is refused. */
int stdio_classify(int fd, enum stdio_kind *ret_kind, struct ward_error *error);

struct stdio;

/*
 * Prepares the three streams of this process for a command. `suspendable` as in terminal_open().
 * Fails where one of them is refused.
 */
int stdio_open(bool suspendable, struct stdio **ret_stdio, struct ward_error *error);

/* Gives the terminal back and frees everything. Returns NULL. */
struct stdio *stdio_free(struct stdio *stdio);
DEFINE_CLEANUP(struct stdio *, stdio_free)

/* The command's three descriptors. Valid until stdio_started(). */
const int *stdio_inside(const struct stdio *stdio);

/* The terminal, or NULL where no stream is one. */
struct terminal *stdio_terminal(const struct stdio *stdio);

/* The command has its descriptors: our copies are closed, so that ends of files are seen. */
void stdio_started(struct stdio *stdio);

/* The command is gone and all its children are: what is left in the pipes is all that will come. */
void stdio_ended(struct stdio *stdio);

/*
 * The command is gone, and what it left behind may live on with the other ends of the pipes: what is
 * in them now is all that will come. A terminal has been hung up for all of them by the kernel: what
 * still comes from it comes at once.
 */
void stdio_settled(struct stdio *stdio);

enum { STDIO_POLLS = 10 };

/* The flows of all streams, for poll(2): fills `polls`; then moves what can be moved. */
void stdio_prepare(struct stdio *stdio, struct pollfd polls[STDIO_POLLS]);
void stdio_step(struct stdio *stdio, const struct pollfd polls[STDIO_POLLS]);

/* True while output may still come. */
bool stdio_output_active(const struct stdio *stdio);

/* True while output lies here that could not be written yet. */
bool stdio_output_held(const struct stdio *stdio);

/*
 * Puts the offset of a carried standard input back to what was really read, and tells (negative
 * errno) where output could not be delivered.
 */
int stdio_finish(struct stdio *stdio, struct ward_error *error);
