/*
 * Listings.
 *
 * An open directory is a snapshot: taken at its first read and again whenever it is read from the
 * start, sorted, without what the policy hides. Offsets are positions in it, dense and made up, so
 * that they tell of nothing that was left out. The lower directory is not kept open.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/ops.h"
#include "fs/table.h"

enum { DOT_ENTRIES = 2 };

/* All open directories of a view together: a process inside must not have the daemon take what
 * memory the host has. */
enum { LISTED_MAX = 256 * 1024 * 1024 };

struct open_directory {
	struct open_handle open;
	pthread_mutex_t mutex;
	bool read;
	uint64_t ino;
	uint64_t parent_ino;
	struct lower_list list;
};

static struct open_directory *get_directory(const struct fuse_file_info *info)
{
	return (struct open_directory *)(uintptr_t)info->fh;
}

static int reach_self(struct view *view, struct node *node, struct place *place, int flags,
	struct lower_stat *ret_lower, int *ret_fd)
{
	_cleanup_(reached_release) struct reached reached = REACHED_INIT;
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	r = view_reach_node(view, node, &reached);
	if (r == 0)
		r = lower_open_child(reached.directory, reached.place.name, flags, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return r;
	if (!lower_identity_equal(&lower.identity, &reached.place.identity))
		return -ESTALE;
	*place = reached.place;
	reached.place = (struct place)PLACE_INIT;
	*ret_lower = lower;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool is_listed(
	struct view *view, struct place *child, int fd, const char *name, unsigned char type)
{
	struct lower_stat lower;

	if (place_aim(view->policy, child, name) < 0 || !verdict_visible(child->verdict))
		return false;
	if (type != DT_DIR)
		return child->verdict.level > LEVEL_NONE;
	return vanish_empty(view->vanished) || view_stat_child(view, child, fd, &lower) == 0;
}

/* Keeps what the view shows, in place. */
static void filter(struct view *view, struct place *child, int fd, struct lower_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (is_listed(view, child, fd, lower_list_name(list, i), list->entries[i].type))
			list->entries[kept++] = list->entries[i];
	list->count = kept;
}

static size_t list_size(const struct lower_list *list)
{
	return list->capacity * sizeof(*list->entries) + list->names.size;
}

static void drop_list(struct view *view, struct lower_list *list)
{
	atomic_fetch_sub(&view->listed, list_size(list));
	lower_list_release(list);
}

static int keep_list(struct view *view, struct lower_list *list, struct lower_list *ret_list)
{
	size_t size = list_size(list);

	if (atomic_fetch_add(&view->listed, size) + size > LISTED_MAX) {
		drop_list(view, list);
		return -ENFILE;
	}
	drop_list(view, ret_list);
	*ret_list = *list;
	return 0;
}

static int take_snapshot(struct view *view, struct node *node, struct open_directory *directory)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(place_release) struct place child = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct lower_list list;
	struct lower_stat lower;
	int r;

	r = reach_self(view, node, &place, O_RDONLY, &lower, &fd);
	if (r < 0)
		return r;
	r = place_inside(&place, &child);
	if (r == 0)
		r = lower_list(fd, &list);
	if (r < 0)
		return r;
	filter(view, &child, fd, &list);
	r = keep_list(view, &list, &directory->list);
	if (r < 0)
		return r;
	directory->ino = lower.identity.ino;
	directory->parent_ino = place.directory_identity.ino;
	directory->read = true;
	return 0;
}

static void free_directory(struct view *view, struct open_directory *directory)
{
	handles_remove(&view->handles, &directory->open);
	drop_list(view, &directory->list);
	pthread_mutex_destroy(&directory->mutex);
	free(directory);
}

static void free_handle(struct view *view, struct open_handle *open)
{
	free_directory(view, container_of(open, struct open_directory, open));
}

static int open_directory(struct view *view, struct node *node, struct fuse_file_info *info)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct open_directory *directory;
	int r;

	if (!S_ISDIR(node_type(node)))
		return -ENOTDIR;
	r = node_place(view->nodes, node, &place);
	if (r < 0)
		return r;
	directory = calloc(1, sizeof(*directory));
	if (!directory)
		return -ENOMEM;
	pthread_mutex_init(&directory->mutex, NULL);
	directory->open.free = free_handle;
	handles_add(&view->handles, &directory->open);
	info->fh = (uintptr_t)directory;
	return 0;
}

void op_opendir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	int r = node ? open_directory(view, node, info) : -ESTALE;

	node_put(view->nodes, node);
	if (r < 0)
		view_reply_error(request, r);
	else if (fuse_reply_open(request, info) != 0)
		free_directory(view, get_directory(info));
}

void op_releasedir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
	free_directory(fuse_req_userdata(request), get_directory(info));
	fuse_reply_err(request, 0);
}

/* One reply being filled. */
struct fill {
	fuse_req_t request;
	struct view *view;
	struct node *node;
	bool plus;
	char *buffer;
	size_t size;
	size_t used;
	struct place place; /* of what is in the directory; only where `plus` */
	int fd;
	uint64_t *counted; /* nodes that the reply counts a lookup of */
	size_t counted_count;
};

/* An entry with attributes takes this much at least: struct fuse_direntplus, fuse(4). */
enum { PLUS_ENTRY_MIN = 152 };

/* The name and inode number at a position of the snapshot; false past its end. */
static bool entry_at(const struct open_directory *directory, size_t position, const char **ret_name,
	struct stat *ret_attr)
{
	const struct lower_entry *entry;

	if (position < DOT_ENTRIES) {
		*ret_name = position == 0 ? "." : "..";
		ret_attr->st_ino = position == 0 ? directory->ino : directory->parent_ino;
		ret_attr->st_mode = S_IFDIR;
		return true;
	}
	position -= DOT_ENTRIES;
	if (position >= directory->list.count)
		return false;
	entry = &directory->list.entries[position];
	*ret_name = lower_list_name(&directory->list, position);
	ret_attr->st_ino = entry->ino;
	ret_attr->st_mode = DTTOIF(entry->type);
	return true;
}

/* Adds one entry; false where the buffer has no room for it. */
static bool add_entry(struct fill *fill, const char *name, const struct stat *attr, off_t next)
{
	struct fuse_entry_param entry = {.attr = *attr};
	size_t room = fill->size - fill->used;
	size_t need;

	if (!fill->plus) {
		need = fuse_add_direntry(
			fill->request, fill->buffer + fill->used, room, name, attr, next);
		if (need > room)
			return false;
		fill->used += need;
		return true;
	}
	if (fuse_add_direntry_plus(fill->request, NULL, 0, name, NULL, 0) > room)
		return false;
	/* Without a node the kernel takes the name and looks it up when it is used. */
	if (next > DOT_ENTRIES && place_aim(fill->view->policy, &fill->place, name) == 0 &&
		view_entry(fill->view, fill->node, &fill->place, fill->fd, &entry) < 0)
		entry = (struct fuse_entry_param){.attr = *attr};
	if (entry.ino)
		fill->counted[fill->counted_count++] = entry.ino;
	fill->used += fuse_add_direntry_plus(
		fill->request, fill->buffer + fill->used, room, name, &entry, next);
	return true;
}

static void fill_from(struct fill *fill, const struct open_directory *directory, off_t offset)
{
	struct stat attr = {0};
	const char *name;

	for (off_t at = offset; at >= 0 && entry_at(directory, (size_t)at, &name, &attr); at++)
		if (!add_entry(fill, name, &attr, at + 1))
			return;
}

static int fill_plus(struct fill *fill, const struct open_directory *directory, off_t offset)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(tree_release) tree_hold held = tree_shared(fill->view);
	struct lower_stat lower;
	int r;

	r = reach_self(fill->view, fill->node, &place, O_PATH, &lower, &fill->fd);
	if (r == 0)
		r = place_inside(&place, &fill->place);
	if (r == 0)
		fill_from(fill, directory, offset);
	return r;
}

static int read_directory(struct fill *fill, struct open_directory *directory, off_t offset)
{
	int r = 0;

	if (offset == 0 || !directory->read)
		r = take_snapshot(fill->view, fill->node, directory);
	if (r < 0)
		return r;
	if (fill->plus)
		return fill_plus(fill, directory, offset);
	fill_from(fill, directory, offset);
	return 0;
}

static void reply_listing(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
	struct fuse_file_info *info, bool plus)
{
	struct view *view = fuse_req_userdata(request);
	struct open_directory *directory = get_directory(info);
	struct fill fill = {.request = request,
		.view = view,
		.node = node_get(view->nodes, id),
		.plus = plus,
		.buffer = malloc(size),
		.counted = calloc(size / PLUS_ENTRY_MIN + 1, sizeof(uint64_t)),
		.size = size,
		.place = PLACE_INIT,
		.fd = -1};
	int r = !fill.buffer || !fill.counted ? -ENOMEM : !fill.node ? -ESTALE : 0;

	pthread_mutex_lock(&directory->mutex);
	if (r == 0)
		r = read_directory(&fill, directory, offset);
	pthread_mutex_unlock(&directory->mutex);
	if (r < 0)
		view_reply_error(request, r);
	else if (fuse_reply_buf(request, fill.buffer, fill.used) != 0)
		for (size_t i = 0; i < fill.counted_count; i++)
			node_forget(view->nodes, fill.counted[i], 1);
	node_put(view->nodes, fill.node);
	place_release(&fill.place);
	fd_close(fill.fd);
	free(fill.buffer);
	free(fill.counted);
}

void op_readdir(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info)
{
	reply_listing(request, id, size, offset, info, false);
}

void op_readdirplus(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info)
{
	reply_listing(request, id, size, offset, info, true);
}

static int sync_directory(struct view *view, struct node *node, int data_only)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	struct lower_stat lower;
	int r;

	r = reach_self(view, node, &place, O_RDONLY, &lower, &fd);
	if (r < 0)
		return r;
	r = data_only ? fdatasync(fd) : fsync(fd);
	return r < 0 ? -errno : 0;
}

void op_fsyncdir(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info)
{
	struct view *view = fuse_req_userdata(request);
	struct node *node = node_get(view->nodes, id);
	int r = node ? sync_directory(view, node, data_only) : -ESTALE;

	node_put(view->nodes, node);
	view_reply_error(request, r);
}
