#include <fcntl.h>
#include <unistd.h>

#include "fs/caller.h"
#include "fs/ops.h"

/* The set-id bits of a file would work on the host, where nothing is mounted nosuid: a process
 * inside could leave a program that runs as the codebase's owner. Bits that are there may stay. */
static int refuse_new_set_id(const struct stat *lower, mode_t wanted)
{
	mode_t added = wanted & ~lower->st_mode & (S_ISUID | S_ISGID);

	return S_ISDIR(lower->st_mode) || !added ? 0 : -EPERM;
}

static struct timespec pick_time(int which, int set, int now, struct timespec wanted)
{
	if (which & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	if (which & set)
		return wanted;
	return (struct timespec){.tv_nsec = UTIME_OMIT};
}

static void pick_times(const struct stat *wanted, int which, struct timespec times[2])
{
	times[0] = pick_time(which, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, wanted->st_atim);
	times[1] = pick_time(which, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, wanted->st_mtim);
}

enum {
	SET_OWNER = FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID,
	SET_TIMES = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME |
		    FUSE_SET_ATTR_MTIME_NOW,
};

static uid_t pick_uid(struct view *view, const struct stat *wanted, int which)
{
	return which & FUSE_SET_ATTR_UID ? owner_map_lower_uid(&view->owners, wanted->st_uid)
					 : (uid_t)-1;
}

static gid_t pick_gid(struct view *view, const struct stat *wanted, int which)
{
	return which & FUSE_SET_ATTR_GID ? owner_map_lower_gid(&view->owners, wanted->st_gid)
					 : (gid_t)-1;
}

static int truncate_named(const struct reached *reached, off_t size)
{
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	if (!S_ISREG(reached->lower.st.st_mode))
		return S_ISDIR(reached->lower.st.st_mode) ? -EISDIR : -EINVAL;
	r = lower_open_file(reached->directory, reached->place.name, O_WRONLY, 0, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return r;
	if (!lower_identity_equal(&lower.identity, &reached->lower.identity))
		return -ESTALE;
	return ftruncate(fd, size) < 0 ? -errno : 0;
}

/* Without CAP_FSETID the lower kernel takes the set-group-ID bit away from who is not in the group.
 * The caller may be, by a supplementary group or by privilege: the view's kernel has judged that. */
static int set_mode(struct view *view, const struct caller *caller, const struct reached *reached,
	const struct stat *wanted, int which)
{
	mode_t mode = attr_lower_mode(
		reached->place.verdict, reached->lower.st.st_mode, wanted->st_mode);
	gid_t gid = pick_gid(view, wanted, which);

	if (mode & S_ISGID)
		caller_join(caller, gid == (gid_t)-1 ? reached->lower.st.st_gid : gid);
	return lower_chmod(reached->directory, reached->place.name, mode);
}

/* The owner first, for it clears set-id bits; the times last, for truncation sets them. */
static int set_named(struct view *view, const struct caller *caller, const struct reached *reached,
	const struct stat *wanted, int which, int open_fd)
{
	const char *name = reached->place.name;
	int directory = reached->directory;
	int r = 0;

	if (which & FUSE_SET_ATTR_MODE)
		r = refuse_new_set_id(&reached->lower.st, wanted->st_mode);
	if (r == 0 && which & SET_OWNER &&
		fchownat(directory, name, pick_uid(view, wanted, which),
			pick_gid(view, wanted, which), AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && which & FUSE_SET_ATTR_MODE)
		r = set_mode(view, caller, reached, wanted, which);
	if (r == 0 && which & FUSE_SET_ATTR_SIZE) {
		if (open_fd >= 0)
			r = ftruncate(open_fd, wanted->st_size) < 0 ? -errno : 0;
		else
			r = truncate_named(reached, wanted->st_size);
	}
	if (r == 0 && which & SET_TIMES) {
		struct timespec times[2];

		pick_times(wanted, which, times);
		if (utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) < 0)
			r = -errno;
	}
	return r;
}

/* The same for a file that only its open descriptors lead to. */
static int set_open(struct view *view, int fd, const struct stat *wanted, int which)
{
	struct lower_stat lower;
	int r;

	r = lower_stat_fd(fd, &lower);
	if (r == 0 && which & FUSE_SET_ATTR_MODE)
		r = refuse_new_set_id(&lower.st, wanted->st_mode);
	if (r == 0 && which & SET_OWNER &&
		fchown(fd, pick_uid(view, wanted, which), pick_gid(view, wanted, which)) < 0)
		r = -errno;
	if (r == 0 && which & FUSE_SET_ATTR_MODE && fchmod(fd, wanted->st_mode & 07777) < 0)
		r = -errno;
	if (r == 0 && which & FUSE_SET_ATTR_SIZE && ftruncate(fd, wanted->st_size) < 0)
		r = -errno;
	if (r == 0 && which & SET_TIMES) {
		struct timespec times[2];

		pick_times(wanted, which, times);
		if (futimens(fd, times) < 0)
			r = -errno;
	}
	return r;
}

static int set_unnamed(
	struct view *view, struct node *node, const struct stat *wanted, int which, int lost)
{
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (node_level(node) < LEVEL_WRITE)
		return -EACCES;
	r = node_dup_file(view->nodes, node, false, which & FUSE_SET_ATTR_SIZE, &fd);
	return r < 0 ? lost : set_open(view, fd, wanted, which);
}

static int set_attributes(struct view *view, fuse_req_t request, struct node *node,
	const struct stat *wanted, int which, struct fuse_file_info *info)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	bool by_file = info && which & FUSE_SET_ATTR_SIZE && file_writable(info);
	struct caller caller;
	int r;

	r = view_reach_node(view, node, &reached);
	if (view_lost_name(&reached, &r, LEVEL_WRITE))
		return set_unnamed(view, node, wanted, which, r);
	if (r < 0)
		return r;
	if (reached.place.verdict.level < LEVEL_WRITE)
		return view_deny(view, request, "setattr", &reached.place, LEVEL_WRITE, EACCES);
	r = caller_enter(view, request, &caller);
	if (r < 0)
		return r;
	r = set_named(view, &caller, &reached, wanted, which, by_file ? file_fd(info) : -1);
	caller_leave(&caller);
	return r;
}

void op_setattr(fuse_req_t request, fuse_ino_t id, struct stat *wanted, int which,
	struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	int r = node ? set_attributes(view, request, node, wanted, which, info) : -ESTALE;

	node_put(view->nodes, node);
	if (r < 0)
		view_reply_error(request, r);
	else
		op_getattr(request, id, info);
}
