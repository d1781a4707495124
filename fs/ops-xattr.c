/*
 * Extended attributes, where they were asked for: only user.*, which mean nothing to the kernel.
 * Reading needs LEVEL_READ, changing needs LEVEL_WRITE.
 */
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "fs/ops.h"

static const char shown_prefix[] = "user.";

static bool is_shown(const char *name)
{
	return strncmp(name, shown_prefix, sizeof(shown_prefix) - 1) == 0;
}

/* Opens the inode itself; the kernel's calls by name would follow a path. */
static int open_inode(struct view *view, fuse_req_t request, struct node *node,
	const char *operation, enum ward_level required, int *ret_fd)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct lower_stat lower;
	int r;

	r = view_reach_node(view, node, &reached);
	if (r < 0)
		return r;
	if (reached.place.verdict.level < required)
		return view_deny(view, request, operation, &reached.place, required, EACCES);
	if (S_ISDIR(reached.lower.st.st_mode))
		r = lower_open_child(reached.directory, reached.place.name, O_RDONLY, &fd);
	else if (S_ISREG(reached.lower.st.st_mode))
		r = lower_open_file(reached.directory, reached.place.name,
			required == LEVEL_WRITE ? O_WRONLY : O_RDONLY, 0, &fd);
	else
		r = -EOPNOTSUPP;
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return r;
	if (!lower_identity_equal(&lower.identity, &reached.place.identity))
		return -ESTALE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_id(fuse_req_t request, fuse_ino_t id, const char *operation,
	enum ward_level required, int *ret_fd)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	int r = node ? open_inode(view, request, node, operation, required, ret_fd) : -ESTALE;

	node_put(view->nodes, node);
	return r;
}

/* Answers with the length where the caller asked for it (size 0), else with the bytes. */
static void reply_bytes(fuse_req_t request, const char *bytes, size_t length, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(request, length);
	else if (length > size)
		fuse_reply_err(request, ERANGE);
	else
		fuse_reply_buf(request, bytes, length);
}

void op_getxattr(fuse_req_t request, fuse_ino_t id, const char *name, size_t size)
{
	_cleanup_(freep) char *value = NULL;
	_cleanup_(fd_closep) int fd = -1;
	ssize_t n;
	int r;

	if (!is_shown(name)) {
		fuse_reply_err(request, EOPNOTSUPP);
		return;
	}
	r = open_id(request, id, "getxattr", LEVEL_READ, &fd);
	value = malloc(XATTR_SIZE_MAX);
	if (r == 0 && !value)
		r = -ENOMEM;
	if (r < 0) {
		view_reply_error(request, r);
		return;
	}
	n = fgetxattr(fd, name, value, XATTR_SIZE_MAX);
	if (n < 0)
		fuse_reply_err(request, errno);
	else
		reply_bytes(request, value, (size_t)n, size);
}

/* Keeps the names that are shown, in place. Returns their length. */
static size_t filter_names(char *names, size_t length)
{
	size_t kept = 0;

	for (size_t at = 0; at < length;) {
		size_t size = strlen(names + at) + 1;

		if (is_shown(names + at)) {
			memmove(names + kept, names + at, size);
			kept += size;
		}
		at += size;
	}
	return kept;
}

void op_listxattr(fuse_req_t request, fuse_ino_t id, size_t size)
{
	_cleanup_(freep) char *names = NULL;
	_cleanup_(fd_closep) int fd = -1;
	ssize_t n;
	int r;

	r = open_id(request, id, "listxattr", LEVEL_READ, &fd);
	names = malloc(XATTR_LIST_MAX);
	if (r == 0 && !names)
		r = -ENOMEM;
	if (r == -EOPNOTSUPP) {
		reply_bytes(request, "", 0, size);
		return;
	}
	if (r < 0) {
		view_reply_error(request, r);
		return;
	}
	n = flistxattr(fd, names, XATTR_LIST_MAX);
	if (n < 0)
		fuse_reply_err(request, errno);
	else
		reply_bytes(request, names, filter_names(names, (size_t)n), size);
}

void op_setxattr(fuse_req_t request, fuse_ino_t id, const char *name, const char *value,
	size_t size, int flags)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = is_shown(name) ? open_id(request, id, "setxattr", LEVEL_WRITE, &fd) : -EOPNOTSUPP;

	if (r == 0 && fsetxattr(fd, name, value, size, flags) < 0)
		r = -errno;
	view_reply_error(request, r);
}

void op_removexattr(fuse_req_t request, fuse_ino_t id, const char *name)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = is_shown(name) ? open_id(request, id, "removexattr", LEVEL_WRITE, &fd)
			       : -EOPNOTSUPP;

	if (r == 0 && fremovexattr(fd, name) < 0)
		r = -errno;
	view_reply_error(request, r);
}
