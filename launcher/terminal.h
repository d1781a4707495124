/*
 * The user's terminal, and the pseudo-terminal that a guarded command gets in its place.
 *
 * Nothing inside ever holds the user's terminal: what it prints is carried from the
 * pseudo-terminal, and keys are carried to it. Where both standard input and output are terminals,
 * the user's one is raw meanwhile: every key, ^C included, belongs to the command. In a pipeline
 * (`ward run x | less`) it stays as it is and whole lines are carried, and only while no other
 * program of the pipeline has switched it to single keys. Ward in the background touches neither
 * keys nor modes.
 *
 * Not thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"
#include "launcher/relay.h"

struct terminal;

/* How often terminal_update() wants to be called while keys are held back, in milliseconds. */
enum { TERMINAL_PERIOD = 100 };

/*
 * Makes the pseudo-terminal, with the size and modes of the user's. `input` and `output` are
 * descriptors of terminals, or -1; one of them is not. `interactive`: both standard input and
 * output are terminals. `suspendable`: the suspend key stops Ward where the command itself is in
 * the foreground (an interactive shell inside wants the key for its jobs instead).
 */
int terminal_open(int input, int output, bool interactive, bool suspendable,
	struct terminal **ret_terminal, struct ward_error *error);

/* Gives the user's terminal its modes back and frees everything. Returns NULL. */
struct terminal *terminal_free(struct terminal *terminal);
DEFINE_CLEANUP(struct terminal *, terminal_free)

/* The command's side. Open until terminal_close_inside(): while it is, output may come. After that
 * keys stay where they are: they are typed for the shell outside. */
int terminal_inside(const struct terminal *terminal);
void terminal_close_inside(struct terminal *terminal);

/* The two flows: keys towards the command, and what it prints. */
struct flow *terminal_keys(struct terminal *terminal);
struct flow *terminal_display(struct terminal *terminal);

/* Follows what happened outside: sets raw mode when in the foreground, holds keys back when not.
 * True where it must be called again within TERMINAL_PERIOD. */
bool terminal_update(struct terminal *terminal);

/* Gives the modes back; terminal_update() takes the terminal again. */
void terminal_restore(struct terminal *terminal);

/* Copies the size of the user's terminal. */
void terminal_resize(struct terminal *terminal);

/* True once after the suspend key was pressed and is Ward's to obey. */
bool terminal_take_suspend(struct terminal *terminal);
