#include <string.h>
#include <sys/statvfs.h>

#include "fs/ops.h"

void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, parent);
	struct fuse_entry_param entry = {0};
	int r = node ? view_lookup(view, request, node, name, &entry) : -ESTALE;

	node_put(view->nodes, node);
	/* A negative entry is an answer, which the kernel keeps for the time that it names. */
	if (r == -ENOENT)
		fuse_reply_entry(request, &entry);
	else
		view_reply_entry(request, r, &entry);
}

void op_forget(fuse_req_t request, fuse_ino_t id, uint64_t count)
{
	struct view *view = fuse_req_userdata(request);

	node_forget(view->nodes, id, count);
	fuse_reply_none(request);
}

void op_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
	struct view *view = fuse_req_userdata(request);

	for (size_t i = 0; i < count; i++)
		node_forget(view->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(request);
}

/* A file that no name leads to any more, but that someone has open. */
static int show_open(struct view *view, struct node *node, int lost, struct stat *ret_shown)
{
	struct place nowhere = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	r = node_dup_file(view->nodes, node, false, false, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return lost;
	nowhere.verdict.level = node_level(node);
	attr_show(&view->owners, nowhere.verdict, &lower.st, 07, node_links(view->nodes, node),
		ret_shown);
	return 0;
}

static int get_attributes(struct view *view, struct node *node, struct stat *ret_shown)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct stamp stamp;
	int r;

	r = view_reach_node(view, node, &reached);
	if (view_lost_name(&reached, &r, LEVEL_NONE))
		return show_open(view, node, r, ret_shown);
	if (r < 0)
		return r;
	stamp = view_stamp(&reached.lower);
	node_tell_stamp(view->nodes, node, &stamp);
	view_show(view, &reached.place, reached.directory, &reached.lower,
		node_links(view->nodes, node), ret_shown);
	return 0;
}

void op_getattr(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	struct stat shown;
	int r = node ? get_attributes(view, node, &shown) : -ESTALE;

	node_put(view->nodes, node);
	if (r < 0)
		view_reply_error(request, r);
	else
		fuse_reply_attr(request, &shown, VIEW_TIMEOUT);
}

static int read_link(struct view *view, struct node *node, char **ret_target)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	int r;

	r = view_reach_node(view, node, &reached);
	return r < 0 ? r : lower_readlink(reached.directory, reached.place.name, ret_target);
}

void op_readlink(fuse_req_t request, fuse_ino_t id)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	_cleanup_(freep) char *target = NULL;
	int r = node ? read_link(view, node, &target) : -ESTALE;

	node_put(view->nodes, node);
	if (r < 0)
		view_reply_error(request, r);
	else
		fuse_reply_readlink(request, target);
}

void op_statfs(fuse_req_t request, fuse_ino_t id)
{
	struct view *view = fuse_req_userdata(request);
	struct statvfs fs;

	if (fstatvfs(view->root_fd, &fs) < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_statfs(request, &fs);
}
