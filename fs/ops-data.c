#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fs/caller.h"
#include "fs/ops.h"
#include "fs/table.h"

/* What fuse_file_info.fh points to. */
struct handle {
	struct open_handle open;
	struct open_file file;
	struct node *node;
};

/* Flags of open(2) that the lower file gets too. O_APPEND is left out: each WRITE tells it. */
enum { PASSED_FLAGS = O_SYNC | O_DSYNC | O_NOATIME };

static struct handle *get_handle(const struct fuse_file_info *info)
{
	return (struct handle *)(uintptr_t)info->fh;
}

int file_fd(const struct fuse_file_info *info)
{
	return get_handle(info)->file.fd;
}

bool file_writable(const struct fuse_file_info *info)
{
	return get_handle(info)->file.writable;
}

/* --- Opening and closing ------------------------------------------------------------------------- */

static void close_handle(struct view *view, struct handle *handle)
{
	handles_remove(&view->handles, &handle->open);
	node_remove_file(view->nodes, handle->node, &handle->file);
	fd_close(handle->file.fd);
	free(handle);
}

static void free_handle(struct view *view, struct open_handle *open)
{
	close_handle(view, container_of(open, struct handle, open));
}

/* Takes the descriptor and a reference on the node. */
static int make_handle(
	struct view *view, struct node *node, int *fd, int mode, struct fuse_file_info *info)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	handle->node = node;
	handle->file.readable = mode != O_WRONLY;
	handle->file.writable = mode != O_RDONLY;
	handle->file.fd = TAKE_FD(*fd);
	handle->open.free = free_handle;
	node_add_file(view->nodes, node, &handle->file);
	handles_add(&view->handles, &handle->open);
	info->fh = (uintptr_t)handle;
	return 0;
}

/* The access mode that the lower file is opened with. Mode 3, which means "check for reading and
 * writing", and truncation, which needs a writable descriptor, count as both. */
static int lower_mode(int flags)
{
	int mode = flags & O_ACCMODE;

	if (mode == O_ACCMODE || (mode == O_RDONLY && flags & O_TRUNC))
		return O_RDWR;
	return mode;
}

static enum ward_level required_level(int flags)
{
	return lower_mode(flags) == O_RDONLY ? LEVEL_READ : LEVEL_WRITE;
}

/*
 * Pages that the kernel kept from an earlier opening are good where the file is still the same. So
 * are its attributes: with a size from before the host wrote, it would not read all that is there.
 */
static bool keep_cache(struct view *view, struct node *node, const struct lower_stat *lower)
{
	struct stamp stamp = view_stamp(lower);

	if (!node_told_stamp(view->nodes, node, &stamp))
		fuse_lowlevel_notify_inval_inode(view->session, node_id(node), -1, 0);
	return node_check_stamp(view->nodes, node, &stamp);
}

static int open_lower(struct view *view, struct node *node, const struct reached *reached,
	struct fuse_file_info *info, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	if (!S_ISREG(reached->lower.st.st_mode))
		return -EACCES;
	r = lower_open_file(reached->directory, reached->place.name,
		lower_mode(info->flags) | (info->flags & PASSED_FLAGS), 0, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return r == -ELOOP ? -ESTALE : r;
	if (!lower_identity_equal(&lower.identity, &reached->place.identity))
		return -ESTALE;
	if (info->flags & O_TRUNC && ftruncate(fd, 0) < 0)
		return -errno;
	info->keep_cache = !(info->flags & O_TRUNC) && keep_cache(view, node, &lower);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A file whose name is gone can be opened again as far as it is open now. */
static int open_unnamed(
	struct view *view, struct node *node, struct fuse_file_info *info, int lost, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = -1;
	int mode = lower_mode(info->flags);

	/* At its name the host has put another one: told so, the kernel looks again. */
	if (node_unplace(view->nodes, node))
		return -ESTALE;
	if (node_level(node) < required_level(info->flags))
		return -EACCES;
	if (node_dup_file(view->nodes, node, mode != O_WRONLY, mode != O_RDONLY, &fd) < 0)
		return lost;
	if (info->flags & O_TRUNC && ftruncate(fd, 0) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_node(
	struct view *view, fuse_req_t request, struct node *node, struct fuse_file_info *info)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	enum ward_level required = required_level(info->flags);
	int r;

	r = view_reach_node(view, node, &reached);
	if (r == 0 && reached.place.verdict.level < required)
		return view_deny(view, request, "open", &reached.place, required, EACCES);
	if (r == 0)
		r = open_lower(view, node, &reached, info, &fd);
	else if (view_lost_name(&reached, &r, required))
		r = open_unnamed(view, node, info, r, &fd);
	return r < 0 ? r : make_handle(view, node, &fd, lower_mode(info->flags), info);
}

void op_open(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	int r = node ? open_node(view, request, node, info) : -ESTALE;

	if (r < 0)
		view_reply_error(request, r);
	else if (fuse_reply_open(request, info) != 0)
		close_handle(view, get_handle(info));
	node_put(view->nodes, node);
}

static int create_lower(struct view *view, fuse_req_t request, const struct place *place,
	int directory, mode_t mode, struct fuse_file_info *info, int *ret_fd)
{
	struct caller caller;
	int r;

	r = caller_enter(view, request, &caller);
	if (r < 0)
		return r;
	/* What a racing process puts there first is never opened unjudged. */
	r = lower_open_file(directory, place->name,
		O_CREAT | O_EXCL | lower_mode(info->flags) | (info->flags & PASSED_FLAGS),
		mode & 01777, ret_fd);
	caller_leave(&caller);
	return r;
}

static int create_file(struct view *view, fuse_req_t request, struct node *parent, const char *name,
	mode_t mode, struct fuse_entry_param *ret_entry, struct fuse_file_info *info)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct lower_stat made;
	struct node *node;
	int r;

	r = view_place_child(view, parent, name, &place);
	if (r == 0)
		r = view_judge_create(view, request, "create", &place, &directory);
	if (r == 0)
		r = create_lower(view, request, &place, directory, mode, info, &fd);
	if (r == -EEXIST && view_has_vanished_at(view, &place, directory))
		return view_deny(view, request, "create", &place, LEVEL_WRITE, EACCES);
	/* Someone else made it meanwhile: the kernel looks again and opens it. */
	if (r == -EEXIST && !(info->flags & O_EXCL))
		return -ESTALE;
	if (r == 0)
		r = lower_stat_fd(fd, &made);
	if (r == 0)
		r = view_entry(view, parent, &place, directory, ret_entry);
	if (r < 0)
		return r;
	/* The host may have put something else there already. */
	if (ret_entry->attr.st_ino == made.st.st_ino) {
		node = node_get(view->nodes, ret_entry->ino);
		r = make_handle(view, node, &fd, lower_mode(info->flags), info);
		node_put(view->nodes, node);
	} else {
		r = -ESTALE;
	}
	if (r < 0)
		node_forget(view->nodes, ret_entry->ino, 1);
	return r;
}

void op_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, parent);
	struct fuse_entry_param entry;
	int r = node ? create_file(view, request, node, name, mode, &entry, info) : -ESTALE;

	if (r < 0)
		view_reply_error(request, r);
	else if (fuse_reply_create(request, &entry, info) != 0) {
		close_handle(view, get_handle(info));
		node_forget(view->nodes, entry.ino, 1);
	}
	node_put(view->nodes, node);
}

void op_release(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
	close_handle(fuse_req_userdata(request), get_handle(info));
	fuse_reply_err(request, 0);
}

/* --- Data: judged by the handle, which was opened with no more than the node's level ------------- */

void op_read(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);
	const struct handle *handle = get_handle(info);

	if (!handle->file.readable) {
		fuse_reply_err(request, EBADF);
		return;
	}
	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	data.buf[0].fd = handle->file.fd;
	data.buf[0].pos = offset;
	fuse_reply_data(request, &data, FUSE_BUF_SPLICE_MOVE);
}

void op_write(fuse_req_t request, fuse_ino_t id, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info)
{
	const struct handle *handle = get_handle(info);
	struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
	/* Appending is asked for by the request, so that two views and the host may append to one
	 * file at once and lose nothing. */
	int flags = info->flags & O_APPEND ? RWF_APPEND : 0;
	ssize_t n;

	if (!handle->file.writable || node_level(handle->node) < LEVEL_WRITE) {
		fuse_reply_err(request, EBADF);
		return;
	}
	n = pwritev2(handle->file.fd, &iov, 1, offset, flags);
	if (n < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_write(request, (size_t)n);
}

void op_fsync(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info)
{
	int fd = file_fd(info);
	int r = data_only ? fdatasync(fd) : fsync(fd);

	fuse_reply_err(request, r < 0 ? errno : 0);
}

void op_fallocate(fuse_req_t request, fuse_ino_t id, int mode, off_t offset, off_t length,
	struct fuse_file_info *info)
{
	int r;

	if (!file_writable(info)) {
		fuse_reply_err(request, EBADF);
		return;
	}
	r = fallocate(file_fd(info), mode, offset, length);
	fuse_reply_err(request, r < 0 ? errno : 0);
}

void op_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_info, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_info, size_t size, int flags)
{
	ssize_t n;

	if (!get_handle(from_info)->file.readable || !file_writable(to_info)) {
		fuse_reply_err(request, EBADF);
		return;
	}
	n = copy_file_range(file_fd(from_info), &from_offset, file_fd(to_info), &to_offset, size,
		(unsigned)flags);
	if (n < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_write(request, (size_t)n);
}

void op_lseek(
	fuse_req_t request, fuse_ino_t id, off_t offset, int whence, struct fuse_file_info *info)
{
	off_t found;

	/* The others are the kernel's own business, and would move the shared offset only. */
	if (whence != SEEK_DATA && whence != SEEK_HOLE) {
		fuse_reply_err(request, EINVAL);
		return;
	}
	found = lseek(file_fd(info), offset, whence);
	if (found < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_lseek(request, found);
}

/* No ioctl is passed: what it would do is not ours to judge (FS_IOC_SETFLAGS makes files
 * immutable, FICLONE writes). */
void op_ioctl(fuse_req_t request, fuse_ino_t id, unsigned command, void *argument,
	struct fuse_file_info *info, unsigned flags, const void *input, size_t input_size,
	size_t output_size)
{
	fuse_reply_err(request, ENOTTY);
}
