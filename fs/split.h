/*
 * Renaming a directory below which something is hidden: what is visible moves into a directory made
 * at the new name, what is hidden stays where it is, and the old directory leaves the view.
 *
 * The caller holds view.tree exclusively throughout.
 */
#pragma once

#include "fs/view.h"

struct split;

/*
 * Walks the real tree below the directory at `from` and judges each name there and where it would
 * go below `to`. -EACCES where something visible is not writable at both ends; whether something
 * hidden is there has no influence. Names below directories of which the rules say that everything
 * is writable at both ends are not looked at.
 */
int split_survey(struct view *view, const struct place *from, const struct place *to,
	struct split **ret_split);
struct split *split_free(struct split *split);
DEFINE_CLEANUP(struct split *, split_free)

/* True where something hidden lies below, so that the directory cannot be moved as one. */
bool split_has_hidden(const struct split *split);

/*
 * Moves what is visible. `reuse` tells that a directory which shows nothing is at the new name
 * already: it is filled. All or nothing: after a failure everything is where it was.
 */
int split_move(struct split *split, bool reuse);

/* Tells the nodes and the vanished about a successful move; the parents are the nodes in which the
 * two names are. */
int split_commit(struct split *split, struct node *from_parent, struct node *to_parent);
