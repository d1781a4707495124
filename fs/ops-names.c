#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "fs/caller.h"
#include "fs/ops.h"

/* One way of making a name; returns 0 or -1 with errno, as the system call does. */
struct making {
	const char *operation;
	mode_t mode;
	const char *target;
	int (*make)(int directory, const char *name, const struct making *making);
};

static int make_directory(int directory, const char *name, const struct making *making)
{
	return mkdirat(directory, name, making->mode & 01777);
}

static int make_special(int directory, const char *name, const struct making *making)
{
	return mknodat(directory, name, making->mode & (S_IFMT | 01777), 0);
}

static int make_symlink(int directory, const char *name, const struct making *making)
{
	return symlinkat(making->target, directory, name);
}

static int make_lower(struct view *view, fuse_req_t request, const struct place *place,
	int directory, const struct making *making)
{
	struct caller caller;
	int r;

	r = caller_enter(view, request, &caller);
	if (r < 0)
		return r;
	r = making->make(directory, place->name, making) < 0 ? -errno : 0;
	caller_leave(&caller);
	return r;
}

/* A directory that comes back is its maker's, as a new one would be. */
static void own_again(
	fuse_req_t request, const struct place *place, int directory, const struct stat *lower)
{
	const struct fuse_ctx *context = fuse_req_ctx(request);
	gid_t gid = lower->st_mode & S_ISGID ? (gid_t)-1 : context->gid;

	if (fchownat(directory, place->name, context->uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		log_warning("a directory that is made again keeps its owner: %s", strerror(errno));
}

/*
 * Something that the view does not show is where a name shall be made: a directory that had left
 * the view. As a directory it comes back, with the mode and the times of a new one; as anything
 * else it cannot be made without touching what is hidden in it.
 */
static int make_again(struct view *view, fuse_req_t request, const struct place *place,
	int directory, const struct making *making)
{
	_cleanup_(freep) char *path = place_path(place);
	struct lower_stat lower;
	int r;

	if (!path)
		return -ENOMEM;
	r = lower_stat(directory, place->name, &lower);
	if (r < 0)
		return r;
	if (!vanish_has(view->vanished, path, &lower.identity))
		return -EEXIST;
	if (making->make != make_directory)
		return view_deny(view, request, making->operation, place, LEVEL_WRITE, EACCES);
	lower_chmod(directory, place->name,
		(making->mode & 0777 & ~fuse_req_ctx(request)->umask) |
			(lower.st.st_mode & S_ISGID));
	utimensat(directory, place->name, NULL, AT_SYMLINK_NOFOLLOW);
	if (view->as_caller)
		own_again(request, place, directory, &lower.st);
	vanish_remove(view->vanished, path);
	return 0;
}

static int make(struct view *view, fuse_req_t request, struct node *parent, const char *name,
	const struct making *making, struct fuse_entry_param *ret_entry)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	int r;

	r = view_place_child(view, parent, name, &place);
	if (r == 0)
		r = view_judge_create(view, request, making->operation, &place, &directory);
	if (r < 0)
		return r;
	r = make_lower(view, request, &place, directory, making);
	if (r == -EEXIST)
		r = make_again(view, request, &place, directory, making);
	return r < 0 ? r : view_entry(view, parent, &place, directory, ret_entry);
}

static void make_and_reply(
	fuse_req_t request, fuse_ino_t parent, const char *name, const struct making *making)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, parent);
	struct fuse_entry_param entry;
	int r = node ? make(view, request, node, name, making, &entry) : -ESTALE;

	node_put(view->nodes, node);
	view_reply_entry(request, r, &entry);
}

void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct making making = {.operation = "mkdir", .mode = mode, .make = make_directory};

	make_and_reply(request, parent, name, &making);
}

static int refuse_device(int directory, const char *name, const struct making *making)
{
	errno = EPERM;
	return -1;
}

void op_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	struct making making = {.operation = "mknod", .mode = mode, .make = make_special};

	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		making.make = refuse_device;
	make_and_reply(request, parent, name, &making);
}

void op_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name)
{
	struct making making = {.operation = "symlink", .target = target, .make = make_symlink};

	make_and_reply(request, parent, name, &making);
}

/* --- Links --------------------------------------------------------------------------------------- */

static int link_lower(struct view *view, fuse_req_t request, struct node *node,
	const struct place *place, int directory)
{
	_cleanup_(reached_release) struct reached source = REACHED_INIT;
	int r;

	r = view_reach_node(view, node, &source);
	if (r < 0)
		return r;
	if (source.place.verdict.level < LEVEL_WRITE)
		return view_deny(view, request, "link", &source.place, LEVEL_WRITE, EACCES);
	if (linkat(source.directory, source.place.name, directory, place->name, 0) < 0)
		return errno == EEXIST
			       ? view_deny(view, request, "link", place, LEVEL_WRITE, EACCES)
			       : -errno;
	return 0;
}

static int link_node(struct view *view, fuse_req_t request, struct node *node, struct node *parent,
	const char *name, struct fuse_entry_param *ret_entry)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	int r;

	r = view_place_child(view, parent, name, &place);
	if (r == 0)
		r = view_judge_create(view, request, "link", &place, &directory);
	if (r == 0)
		r = link_lower(view, request, node, &place, directory);
	return r < 0 ? r : view_entry(view, parent, &place, directory, ret_entry);
}

void op_link(fuse_req_t request, fuse_ino_t id, fuse_ino_t new_parent, const char *new_name)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	struct node *parent = node_get(view->nodes, new_parent);
	struct fuse_entry_param entry;
	int r = -ESTALE;

	if (node && parent)
		r = link_node(view, request, node, parent, new_name, &entry);
	node_put(view->nodes, node);
	node_put(view->nodes, parent);
	view_reply_entry(request, r, &entry);
}

/* --- Removal ------------------------------------------------------------------------------------- */

static int unlink_lower(
	struct view *view, fuse_req_t request, struct node *parent, const struct place *place)
{
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(fd_closep) int inode = -1;
	struct lower_stat lower;
	int r;

	r = view_judge_change(view, request, "unlink", place, &directory);
	if (r == 0)
		r = lower_stat(directory, place->name, &lower);
	/* Its other names may be removed at the same time: only afterwards it shows whose was last. */
	if (r == 0 && lower.st.st_nlink > 1)
		r = lower_open_inode(directory, place->name, &inode);
	if (r < 0)
		return r;
	if (unlinkat(directory, place->name, 0) < 0)
		return -errno;
	if (inode >= 0 && lower_stat_fd(inode, &lower) == 0)
		lower.st.st_nlink++;
	node_unbind(view->nodes, parent, place->name, lower.st.st_nlink <= 1);
	return 0;
}

static int leave_view(struct view *view, const struct place *place, int directory)
{
	_cleanup_(freep) char *path = NULL;
	struct lower_stat lower;
	int r;

	r = lower_stat(directory, place->name, &lower);
	if (r == 0)
		r = view_only_hidden(view, place, directory, &lower);
	if (r < 0)
		return r;
	path = place_path(place);
	return path ? vanish_add(view->vanished, path, &lower.identity) : -ENOMEM;
}

static int rmdir_lower(
	struct view *view, fuse_req_t request, struct node *parent, const struct place *place)
{
	_cleanup_(fd_closep) int directory = -1;
	int r;

	r = view_judge_change(view, request, "rmdir", place, &directory);
	if (r < 0)
		return r;
	if (unlinkat(directory, place->name, AT_REMOVEDIR) < 0)
		r = errno == ENOTEMPTY || errno == EEXIST ? leave_view(view, place, directory)
							  : -errno;
	if (r == 0)
		node_unbind(view->nodes, parent, place->name, true);
	return r;
}

static int remove_name(struct view *view, fuse_req_t request, struct node *parent, const char *name,
	int (*removal)(struct view *, fuse_req_t, struct node *, const struct place *))
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	int r;

	r = view_place_child(view, parent, name, &place);
	return r < 0 ? r : removal(view, request, parent, &place);
}

void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, parent);
	int r = node ? remove_name(view, request, node, name, unlink_lower) : -ESTALE;

	node_put(view->nodes, node);
	view_reply_error(request, r);
}

void op_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, parent);
	int r = node ? remove_name(view, request, node, name, rmdir_lower) : -ESTALE;

	node_put(view->nodes, node);
	view_reply_error(request, r);
}
