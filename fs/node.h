/*
 * Nodes: the inodes of the view that the kernel knows, and where they are.
 *
 * A node has one or more bindings (parent, name). A directory has one: it is known by its place.
 * Anything else is known by its lower identity and its level, so that hard links of one level are
 * one node and hard links of different levels are different ones. Identifiers are never used twice:
 * that is what other file systems need generations for. A node that lost its bindings, or whose
 * place holds another inode by now, is stale.
 *
 * A directory caches its policy state; after a directory was renamed, every cached state is
 * recomputed from its parent at its next use.
 *
 * The kernel's lookup count and our own references keep a node alive; so do bindings below it.
 *
 * Thread-safe: the table has one mutex, the innermost lock of all, never held over a system call.
 */
#pragma once

#include "fs/place.h"

struct node_table;
struct node;

enum { NODE_ROOT = 1 };

int node_table_new(
	struct policy *policy, const struct lower_identity *root, struct node_table **ret_table);

/* Frees every node. No reference may be in use. Returns NULL. */
struct node_table *node_table_free(struct node_table *table);
DEFINE_CLEANUP(struct node_table *, node_table_free)

/* The node of an identifier that the kernel gave, with a reference; NULL: there is none. */
struct node *node_get(struct node_table *table, uint64_t id);
void node_put(struct node_table *table, struct node *node);

uint64_t node_id(const struct node *node);
mode_t node_type(const struct node *node);           /* S_IFMT bits */
enum ward_level node_level(const struct node *node); /* the level that it was found with */

/* What tells one state of a file from another one. */
struct stamp {
	struct timespec mtime;
	struct timespec ctime;
	off_t size;
};

/* What a lookup found. */
struct found {
	struct lower_identity identity;
	mode_t type;           /* S_IFMT bits */
	enum ward_level level; /* the verdict's, or less where the inode itself is protected */
	nlink_t names;         /* the lower link count */
	struct stamp stamp;    /* what the kernel is told with it */
};

/*
 * Binds `name` in `parent` to the node of `found`, made where there is none yet, and counts one
 * lookup. Another node at this place loses its binding. `*ret_links` is the number of its bindings;
 * `*ret_made` tells whether the node is new. -ENOMEM.
 */
int node_bind(struct node_table *table, struct node *parent, const char *name,
	const struct found *found, uint64_t *ret_id, nlink_t *ret_links, bool *ret_made);

/* The kernel forgets `count` lookups. */
void node_forget(struct node_table *table, uint64_t id, uint64_t count);

/* Where the node is now. Its verdict's level is never above the one it was found with. -ESTALE:
 * nowhere any more. `place` must be PLACE_INIT. */
int node_place(struct node_table *table, struct node *node, struct place *place);

/* The place of a name in a directory. -EINVAL, -ENAMETOOLONG, -ESTALE, -ENOMEM. */
int node_place_child(
	struct node_table *table, struct node *parent, const char *name, struct place *place);

/* How many names the view knows the node by. */
nlink_t node_links(struct node_table *table, struct node *node);

/* `name` in `parent` is gone. `last` where no other name of the inode is left: its node, as long as
 * it lives, is then never found again. */
void node_unbind(struct node_table *table, struct node *parent, const char *name, bool last);

/* The host has put something else, or nothing, at the latest place of a node: drops that binding.
 * False where the node has none. */
bool node_unplace(struct node_table *table, struct node *node);

/* After a rename: what was bound at (from, from_name) is at (to, to_name), whatever was there is
 * gone. */
void node_move(struct node_table *table, struct node *from, const char *from_name, struct node *to,
	const char *to_name);

/* The same after two names were exchanged. */
void node_exchange(struct node_table *table, struct node *from, const char *from_name,
	struct node *to, const char *to_name);

/* The directory bound at the end of `path` below `base` (NUL-terminated; "" is `base`), if the view
 * knows it, has become another lower inode. */
void node_reidentify(struct node_table *table, struct node *base, const char *path,
	const struct lower_identity *identity);

/* --- Open files of a node ----------------------------------------------------------------------- */

/* An open file; embedded in the handle that the kernel is given. */
struct open_file {
	struct open_file *next;
	int fd;
	bool readable;
	bool writable;
};

void node_add_file(struct node_table *table, struct node *node, struct open_file *file);
void node_remove_file(struct node_table *table, struct node *node, struct open_file *file);

/* A duplicate of the descriptor of an open file of the node that allows what is asked; -ENOENT. For
 * files that no name leads to any more. */
int node_dup_file(
	struct node_table *table, struct node *node, bool readable, bool writable, int *ret_fd);

/* The kernel is told attributes of the node that go with `stamp`. */
void node_tell_stamp(struct node_table *table, struct node *node, const struct stamp *stamp);

/* True where the kernel was last told of the same state: its attributes of the node still hold. */
bool node_told_stamp(struct node_table *table, struct node *node, const struct stamp *stamp);

/* True where `stamp` is what was noted at the last call: cached pages are still good. Notes the new
 * one; a stamp whose ctime is too recent to tell the next change from this one is not trusted. */
bool node_check_stamp(struct node_table *table, struct node *node, const struct stamp *stamp);

/* How many nodes there are. For tests. */
size_t node_count(struct node_table *table);
