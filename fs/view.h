/*
 * The view: one codebase seen through one policy, and what all operations share.
 *
 * An operation goes through three steps, always in this order: it finds the place of what it is
 * asked about (node.h), judges the place by its verdict, and only then reaches into the lower tree
 * (lower.h). So no answer depends on whether a hidden thing exists.
 *
 * Locks, outermost first: view.tree, then those inside node.h, vanish.h and events.h. view.tree is
 * held shared by whatever uses a path, from finding its place to the last call on the lower tree,
 * and exclusively by renames: a path that was judged is the path that is used.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "fs/attr.h"
#include "fs/events.h"
#include "fs/fuse.h"
#include "fs/handles.h"
#include "fs/lower.h"
#include "fs/node.h"
#include "fs/vanish.h"
#include "policy/policy.h"

struct view {
	struct policy *policy;
	int root_fd;
	struct owner_map owners;
	struct node_table *nodes;
	struct vanish *vanished;
	struct events *events;        /* NULL: nobody listens */
	struct fuse_session *session; /* set once there is one */
	pthread_rwlock_t tree;
	struct handles handles; /* what the kernel has open */
	char **protected;       /* paths capped by self-protection; so are their inodes */
	size_t protected_count;
	atomic_size_t listed; /* bytes of the listings that open directories hold */
	bool xattr;           /* extended attributes were asked for */
	bool as_caller;       /* many uids reach the mount: what they make is theirs */
	int ready_fd;         /* told when the kernel's INIT is being answered, or -1 */
};

/* Seconds for which the kernel may believe us: the host may change anything at any time. Also what
 * the policy hides: a renamed directory takes the kernel's negative entries along to where other
 * rules hold. */
#define VIEW_TIMEOUT 1.0

/* Takes over nothing but copies: `policy` gets a reference, `root_fd` is duplicated, `rules` name
 * the protected paths. */
struct view_options {
	struct policy *policy;
	const struct rule_set *rules;
	int root_fd;
	const struct owner_map *owners;
	bool xattr;
	bool as_caller;
	int events_fd; /* or -1 */
	int ready_fd;  /* or -1; the view's from then on */
};

/* -EOPNOTSUPP: the codebase folds case, so that a name could be reached by a spelling that the policy
 * judges otherwise. */
int view_new(const struct view_options *options, struct view **ret_view);
struct view *view_free(struct view *view);
DEFINE_CLEANUP(struct view *, view_free)

/* Holds view.tree for the scope of a variable: `_cleanup_(tree_release) tree_hold held = …`. */
typedef pthread_rwlock_t *tree_hold __attribute__((unused));
tree_hold tree_shared(struct view *view);
tree_hold tree_exclusive(struct view *view);
void tree_release(tree_hold *held);

/* Opens the directory of a place. -ESTALE where another inode is there than the view knew. */
int view_reach(struct view *view, const struct place *place, int *ret_directory);

/* A node's place, its directory and its lower inode, compared with what the node was. */
struct reached {
	struct place place;
	int directory;
	struct lower_stat lower;
};

#define REACHED_INIT                                                                               \
	{                                                                                          \
		.place = PLACE_INIT, .directory = -1                                               \
	}

void reached_release(struct reached *reached);
int view_reach_node(struct view *view, struct node *node, struct reached *reached);

/*
 * After view_reach_node() gave `*r`: whether an open file of the node is to be asked instead. Its
 * name is gone, or a directory on the way to it has been closed to the daemon; then the place, which
 * is known, must allow `level`. `*r` becomes the error where no file is open.
 */
bool view_lost_name(const struct reached *reached, int *r, enum ward_level level);

/* A place that is only a name; judged, its directory not yet opened. */
int view_place_child(struct view *view, struct node *parent, const char *name, struct place *place);

/*
 * Whether what lies at a visible place is in the view: a passage must be a directory, a directory
 * must not have vanished. -ENOENT where it is not.
 */
int view_admit(struct view *view, const struct place *place, int directory,
	const struct lower_stat *lower);

/*
 * True where a directory that had left the view is at a place. Its name can be made again only as a
 * directory. As anything else it would need the one name on the host that the directory with the
 * hidden content keeps: that must not move, and what is made must not be somewhere else.
 */
bool view_has_vanished_at(struct view *view, const struct place *place, int directory);

/* Stats a visible place: -ENOENT where nothing of the view is there. */
int view_stat_child(
	struct view *view, const struct place *place, int directory, struct lower_stat *ret_lower);

/*
 * Whether a directory shows nothing: 0, or -ENOTEMPTY. Also where its mode keeps the daemon from
 * looking, which must not tell an empty directory from one that only looks so.
 */
int view_only_hidden(struct view *view, const struct place *place, int directory,
	const struct lower_stat *lower);

/* What the view shows of a lower inode at a place. */
void view_show(struct view *view, const struct place *place, int directory,
	const struct lower_stat *lower, nlink_t links, struct stat *ret_shown);

/* What tells the state of a lower inode from another one. */
struct stamp view_stamp(const struct lower_stat *lower);

/* Looks the place up and counts it for the kernel. The entry is complete. */
int view_entry(struct view *view, struct node *parent, const struct place *place, int directory,
	struct fuse_entry_param *ret_entry);

/* The whole of a lookup by name; ret_entry->ino 0 with -ENOENT tells for how long to believe it. */
int view_lookup(struct view *view, fuse_req_t request, struct node *parent, const char *name,
	struct fuse_entry_param *ret_entry);

/*
 * Judges the removal or change of a name that needs LEVEL_WRITE: 0, -ENOENT where it is hidden or
 * not there, -EACCES (an event) where it is visible but not writable, -EBUSY where something is
 * mounted. Opens the directory.
 */
int view_judge_change(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, int *ret_directory);

/*
 * -EBUSY where the host has mounted something at a place. The kernel says so only to processes of
 * the mount's own namespace; when the daemon, which is in another one, removes or replaces what is
 * underneath, the kernel takes the host's mount away.
 */
int view_refuse_mounted(const struct place *place, int directory);

/*
 * Judges the making of a name: 0 and the open directory; -EACCES where it is not writable, whether
 * or not something hidden is there; -EEXIST where something visible is.
 */
int view_judge_create(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, int *ret_directory);

/* Reports a denial; returns -error for `return view_deny(…)`. */
int view_deny(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, enum ward_level required, int error);

/* Replies, with a negative errno or an entry; an entry that did not arrive is forgotten. */
void view_reply_error(fuse_req_t request, int r);
void view_reply_entry(fuse_req_t request, int r, const struct fuse_entry_param *entry);
