#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/ops.h"
#include "fs/split.h"

/* One end of a rename. */
struct end {
	struct node *parent;
	struct place place;
	int directory;
};

struct renaming {
	struct view *view;
	fuse_req_t request;
	unsigned flags;
	struct end from;
	struct end to;
};

static int judge(struct renaming *renaming)
{
	struct end *from = &renaming->from;
	struct end *to = &renaming->to;
	int r;

	r = view_judge_change(
		renaming->view, renaming->request, "rename", &from->place, &from->directory);
	if (r < 0)
		return r;
	if (renaming->flags & RENAME_EXCHANGE)
		return view_judge_change(
			renaming->view, renaming->request, "rename", &to->place, &to->directory);
	if (to->place.verdict.level < LEVEL_WRITE)
		return view_deny(renaming->view, renaming->request, "rename", &to->place,
			LEVEL_WRITE, EACCES);
	r = view_reach(renaming->view, &to->place, &to->directory);
	return r < 0 ? r : view_refuse_mounted(&to->place, to->directory);
}

/* True where nothing below either name can be anything but writable. */
static bool all_writable_below(const struct renaming *renaming)
{
	return renaming->from.place.verdict.below_min == LEVEL_WRITE &&
	       renaming->to.place.verdict.below_min == LEVEL_WRITE;
}

static int rename_plain(struct renaming *renaming)
{
	const struct end *from = &renaming->from;
	const struct end *to = &renaming->to;

	if (syscall(SYS_renameat2, from->directory, from->place.name, to->directory, to->place.name,
		    renaming->flags) < 0)
		return -errno;
	if (renaming->flags & RENAME_EXCHANGE)
		node_exchange(renaming->view->nodes, from->parent, from->place.name, to->parent,
			to->place.name);
	else
		node_move(renaming->view->nodes, from->parent, from->place.name, to->parent,
			to->place.name);
	return 0;
}

static int deny_end(struct renaming *renaming, const struct end *end)
{
	return view_deny(
		renaming->view, renaming->request, "rename", &end->place, LEVEL_WRITE, EACCES);
}

/* True where a directory that had left the view is at the new name. */
static bool onto_vanished(struct renaming *renaming)
{
	return view_has_vanished_at(renaming->view, &renaming->to.place, renaming->to.directory);
}

/*
 * Whether the new name can take a directory by being filled: *ret_reuse tells that a directory
 * which shows nothing is there. Otherwise nothing is there, or it is an error.
 */
static int check_target(struct renaming *renaming, bool *ret_reuse)
{
	struct end *to = &renaming->to;
	struct lower_stat lower;
	int r;

	if (onto_vanished(renaming)) {
		*ret_reuse = true;
		return 0;
	}
	r = lower_stat(to->directory, to->place.name, &lower);
	*ret_reuse = r == 0;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (renaming->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!S_ISDIR(lower.st.st_mode))
		return -ENOTDIR;
	return view_only_hidden(renaming->view, &to->place, to->directory, &lower);
}

static int rename_split(struct renaming *renaming, struct split *split)
{
	bool reuse;
	int r;

	r = check_target(renaming, &reuse);
	if (r == 0)
		r = split_move(split, reuse);
	return r < 0 ? r : split_commit(split, renaming->from.parent, renaming->to.parent);
}

static int rename_directory(struct renaming *renaming)
{
	_cleanup_(split_freep) struct split *split = NULL;
	int r;

	r = split_survey(renaming->view, &renaming->from.place, &renaming->to.place, &split);
	if (r == -EACCES)
		return deny_end(renaming, &renaming->from);
	if (r < 0)
		return r;
	if (!split_has_hidden(split)) {
		r = rename_plain(renaming);
		if (r != -ENOTEMPTY && r != -EEXIST)
			return r;
	}
	return rename_split(renaming, split);
}

/* Exchanging a directory below which the rules do not make everything writable is refused from the
 * rules alone: two trees with hidden things in them cannot change places without moving these. */
static int rename_exchange(struct renaming *renaming, bool from_directory)
{
	struct lower_stat other;
	int r;

	r = lower_stat(renaming->to.directory, renaming->to.place.name, &other);
	if (r < 0)
		return r;
	if ((from_directory || S_ISDIR(other.st.st_mode)) && !all_writable_below(renaming))
		return deny_end(renaming, &renaming->to);
	return rename_plain(renaming);
}

static int rename_judged(struct renaming *renaming)
{
	struct lower_stat lower;
	int r;

	r = lower_stat(renaming->from.directory, renaming->from.place.name, &lower);
	if (r < 0)
		return r;
	if (renaming->flags & RENAME_EXCHANGE)
		return rename_exchange(renaming, S_ISDIR(lower.st.st_mode));
	if (S_ISDIR(lower.st.st_mode) && !all_writable_below(renaming))
		return rename_directory(renaming);
	/* As anything but a directory, a name that had left the view can't be taken. */
	if (!S_ISDIR(lower.st.st_mode) && onto_vanished(renaming))
		return deny_end(renaming, &renaming->to);
	return rename_plain(renaming);
}

static int rename_names(struct renaming *renaming, const char *from_name, const char *to_name)
{
	_cleanup_(tree_release) tree_hold held = tree_exclusive(renaming->view);
	struct view *view = renaming->view;
	int r;

	if (!renaming->from.parent || !renaming->to.parent)
		return -ESTALE;
	r = view_place_child(view, renaming->from.parent, from_name, &renaming->from.place);
	if (r == 0)
		r = view_place_child(view, renaming->to.parent, to_name, &renaming->to.place);
	if (r == 0)
		r = judge(renaming);
	return r < 0 ? r : rename_judged(renaming);
}

static void end_release(struct view *view, struct end *end)
{
	node_put(view->nodes, end->parent);
	place_release(&end->place);
	fd_close(end->directory);
}

void op_rename(fuse_req_t request, fuse_ino_t from, const char *from_name, fuse_ino_t to,
	const char *to_name, unsigned flags)
{
	struct view *view = fuse_req_userdata(request);
	struct renaming renaming = {.view = view,
		.request = request,
		.flags = flags,
		.from = {.parent = node_get(view->nodes, from),
			.place = PLACE_INIT,
			.directory = -1},
		.to = {.parent = node_get(view->nodes, to), .place = PLACE_INIT, .directory = -1}};
	int r = -EINVAL;

	/* RENAME_WHITEOUT would leave a device node behind. */
	if (!(flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)))
		r = rename_names(&renaming, from_name, to_name);
	end_release(view, &renaming.from);
	end_release(view, &renaming.to);
	view_reply_error(request, r);
}
