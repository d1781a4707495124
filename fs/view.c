#include "fs/view.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int copy_protected(struct view *view, const struct rule_set *rules)
{
	size_t count = rule_set_protected_count(rules);

	view->protected = calloc(count + 1, sizeof(*view->protected));
	if (!view->protected)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		view->protected[i] = strdup(rule_set_protected(rules, i));
		if (!view->protected[i])
			return -ENOMEM;
		view->protected_count++;
	}
	return 0;
}

static int init_tree_lock(pthread_rwlock_t *tree)
{
	pthread_rwlockattr_t attributes;
	int r = pthread_rwlockattr_init(&attributes);

	if (r)
		return -r;
	/* Otherwise readers that follow each other closely would keep a rename waiting for good. */
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	r = pthread_rwlock_init(tree, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	return -r;
}

/* The same as refuse_folding(), for what no lookup leads to. */
static int refuse_folding_root(int root_fd)
{
	_cleanup_(fd_closep) int fd = -1;

	if (lower_open_directory(root_fd, "", O_RDONLY, &fd) < 0)
		return 0;
	return lower_folds_case(fd) ? -EOPNOTSUPP : 0;
}

int view_new(const struct view_options *options, struct view **ret_view)
{
	_cleanup_(view_freep) struct view *view = calloc(1, sizeof(*view));
	struct lower_stat root;
	int r;

	if (!view)
		return -ENOMEM;
	view->root_fd = view->ready_fd = -1;
	handles_init(&view->handles);
	r = init_tree_lock(&view->tree);
	if (r < 0)
		return r;
	view->policy = policy_ref(options->policy);
	view->owners = *options->owners;
	view->xattr = options->xattr;
	view->as_caller = options->as_caller;
	view->root_fd = fcntl(options->root_fd, F_DUPFD_CLOEXEC, 3);
	if (view->root_fd < 0)
		return -errno;
	r = refuse_folding_root(view->root_fd);
	if (r == 0)
		r = copy_protected(view, options->rules);
	if (r == 0)
		r = lower_stat_fd(view->root_fd, &root);
	if (r == 0)
		r = node_table_new(view->policy, &root.identity, &view->nodes);
	if (r == 0)
		r = vanish_new(&view->vanished);
	if (r == 0 && options->events_fd >= 0)
		r = events_new(options->events_fd, view->policy, &view->events);
	if (r < 0)
		return r;
	view->ready_fd = options->ready_fd;
	*ret_view = TAKE_PTR(view);
	return 0;
}

struct view *view_free(struct view *view)
{
	if (!view)
		return NULL;
	handles_release(&view->handles, view);
	events_free(view->events);
	vanish_free(view->vanished);
	node_table_free(view->nodes);
	for (size_t i = 0; i < view->protected_count; i++)
		free(view->protected[i]);
	free(view->protected);
	fd_close(view->root_fd);
	fd_close(view->ready_fd);
	policy_unref(view->policy);
	pthread_rwlock_destroy(&view->tree);
	free(view);
	return NULL;
}

tree_hold tree_shared(struct view *view)
{
	pthread_rwlock_rdlock(&view->tree);
	return &view->tree;
}

tree_hold tree_exclusive(struct view *view)
{
	pthread_rwlock_wrlock(&view->tree);
	return &view->tree;
}

void tree_release(tree_hold *held)
{
	if (*held)
		pthread_rwlock_unlock(*held);
}

/* --- Reaching ------------------------------------------------------------------------------------ */

int view_reach(struct view *view, const struct place *place, int *ret_directory)
{
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	r = lower_open_directory(
		view->root_fd, place->directory.data ? place->directory.data : "", O_PATH, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &lower);
	if (r < 0)
		return r;
	if (!lower_identity_equal(&lower.identity, &place->directory_identity))
		return -ESTALE;
	*ret_directory = TAKE_FD(fd);
	return 0;
}

void reached_release(struct reached *reached)
{
	place_release(&reached->place);
	reached->directory = fd_close(reached->directory);
}

int view_reach_node(struct view *view, struct node *node, struct reached *reached)
{
	int r;

	r = node_place(view->nodes, node, &reached->place);
	if (r == 0)
		r = view_reach(view, &reached->place, &reached->directory);
	if (r == 0)
		r = lower_stat(reached->directory, reached->place.name, &reached->lower);
	if (r < 0)
		return r;
	if (!lower_identity_equal(&reached->lower.identity, &reached->place.identity))
		return -ESTALE;
	return 0;
}

bool view_lost_name(const struct reached *reached, int *r, enum ward_level level)
{
	if (*r == -ENOENT)
		*r = -ESTALE;
	return *r == -ESTALE || (*r == -EACCES && reached->place.verdict.level >= level);
}

int view_place_child(struct view *view, struct node *parent, const char *name, struct place *place)
{
	return node_place_child(view->nodes, parent, name, place);
}

/* --- What is in the view ------------------------------------------------------------------------- */

static bool anything_visible(struct view *view, const struct place *place, int directory)
{
	_cleanup_(lower_list_release) struct lower_list list = {0};
	_cleanup_(place_release) struct place child = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	int r;

	r = lower_open_child(directory, place->name, O_RDONLY, &fd);
	if (r == 0)
		r = lower_list(fd, &list);
	if (r == 0)
		r = place_inside(place, &child);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		struct lower_stat lower;

		if (place_aim(view->policy, &child, lower_list_name(&list, i)) == 0 &&
			verdict_visible(child.verdict) &&
			view_stat_child(view, &child, fd, &lower) == 0)
			return true;
	}
	return false;
}

/* A directory that had vanished is back once the host put something visible into it. */
static bool has_vanished(
	struct view *view, const struct place *place, int directory, const struct lower_stat *lower)
{
	_cleanup_(freep) char *path = NULL;

	if (vanish_empty(view->vanished))
		return false;
	path = place_path(place);
	if (!path)
		return true;
	if (!vanish_has(view->vanished, path, &lower->identity))
		return false;
	if (!anything_visible(view, place, directory))
		return true;
	vanish_remove(view->vanished, path);
	return false;
}

bool view_has_vanished_at(struct view *view, const struct place *place, int directory)
{
	_cleanup_(freep) char *path = NULL;
	struct lower_stat lower;

	if (vanish_empty(view->vanished))
		return false;
	path = place_path(place);
	return path && lower_stat(directory, place->name, &lower) == 0 &&
	       vanish_has(view->vanished, path, &lower.identity);
}

int view_admit(
	struct view *view, const struct place *place, int directory, const struct lower_stat *lower)
{
	if (!verdict_visible(place->verdict))
		return -ENOENT;
	if (!S_ISDIR(lower->st.st_mode))
		return place->verdict.level == LEVEL_NONE ? -ENOENT : 0;
	return has_vanished(view, place, directory, lower) ? -ENOENT : 0;
}

int view_stat_child(
	struct view *view, const struct place *place, int directory, struct lower_stat *ret_lower)
{
	struct lower_stat lower;
	int r;

	if (!verdict_visible(place->verdict))
		return -ENOENT;
	r = lower_stat(directory, place->name, &lower);
	if (r == 0)
		r = view_admit(view, place, directory, &lower);
	if (r == 0)
		*ret_lower = lower;
	return r;
}

void view_show(struct view *view, const struct place *place, int directory,
	const struct lower_stat *lower, nlink_t links, struct stat *ret_shown)
{
	int granted = 0;

	if (attr_needs_granted(&view->owners, &lower->st))
		granted = lower_access(directory, place->name);
	attr_show(&view->owners, place->verdict, &lower->st, granted, links, ret_shown);
}

struct stamp view_stamp(const struct lower_stat *lower)
{
	return (struct stamp){
		.mtime = lower->st.st_mtim, .ctime = lower->st.st_ctim, .size = lower->st.st_size};
}

/* True where the inode is that of a protected file under another name. */
static bool is_protected_inode(struct view *view, const struct lower_stat *lower)
{
	for (size_t i = 0; i < view->protected_count; i++) {
		_cleanup_(fd_closep) int fd = -1;
		_cleanup_(freep) char *copy = strdup(view->protected[i]);
		struct lower_stat other;
		char *slash;

		if (!copy)
			return true;
		slash = strrchr(copy, '/');
		if (slash)
			*slash = '\0';
		if (lower_open_directory(view->root_fd, slash ? copy : "", O_PATH, &fd) == 0 &&
			lower_stat(fd, slash ? slash + 1 : copy, &other) == 0 &&
			lower_identity_equal(&other.identity, &lower->identity))
			return true;
	}
	return false;
}

static enum ward_level found_level(
	struct view *view, const struct place *place, const struct lower_stat *lower)
{
	if (place->verdict.level == LEVEL_WRITE && S_ISREG(lower->st.st_mode) &&
		lower->st.st_nlink > 1 && is_protected_inode(view, lower))
		return LEVEL_READ;
	return place->verdict.level;
}

/* A directory that folds case would let one name be reached by spellings that the policy judges
 * differently. */
static int refuse_folding(const struct place *place, int directory, const struct lower_stat *lower)
{
	_cleanup_(fd_closep) int fd = -1;

	if (!S_ISDIR(lower->st.st_mode) ||
		lower_open_child(directory, place->name, O_RDONLY, &fd) < 0)
		return 0;
	return lower_folds_case(fd) ? -EACCES : 0;
}

int view_entry(struct view *view, struct node *parent, const struct place *place, int directory,
	struct fuse_entry_param *ret_entry)
{
	struct place shown = *place;
	struct fuse_entry_param entry = {
		.attr_timeout = VIEW_TIMEOUT, .entry_timeout = VIEW_TIMEOUT};
	struct lower_stat lower;
	struct found found;
	nlink_t links;
	uint64_t id;
	bool made;
	int r;

	r = view_stat_child(view, place, directory, &lower);
	if (r < 0)
		return r;
	found = (struct found){.identity = lower.identity,
		.type = lower.st.st_mode & S_IFMT,
		.level = found_level(view, place, &lower),
		.names = lower.st.st_nlink,
		.stamp = view_stamp(&lower)};
	r = node_bind(view->nodes, parent, place->name, &found, &id, &links, &made);
	if (r == 0 && made) {
		r = refuse_folding(place, directory, &lower);
		if (r < 0)
			node_forget(view->nodes, id, 1);
	}
	if (r < 0)
		return r;
	shown.verdict.level = found.level;
	view_show(view, &shown, directory, &lower, links, &entry.attr);
	entry.ino = id;
	*ret_entry = entry;
	return 0;
}

int view_lookup(struct view *view, fuse_req_t request, struct node *parent, const char *name,
	struct fuse_entry_param *ret_entry)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	_cleanup_(fd_closep) int directory = -1;
	_cleanup_(tree_release) tree_hold held = tree_shared(view);
	int r;

	ret_entry->entry_timeout = VIEW_TIMEOUT;
	r = view_place_child(view, parent, name, &place);
	if (r < 0)
		return r;
	if (!verdict_visible(place.verdict))
		return view_deny(view, request, "lookup", &place, LEVEL_VIEW, ENOENT);
	r = view_reach(view, &place, &directory);
	return r < 0 ? r : view_entry(view, parent, &place, directory, ret_entry);
}

int view_only_hidden(
	struct view *view, const struct place *place, int directory, const struct lower_stat *lower)
{
	_cleanup_(lower_list_release) struct lower_list list = {0};
	_cleanup_(place_release) struct place child = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	bool opened_up = (lower_access(directory, place->name) & (R_OK | X_OK)) != (R_OK | X_OK);
	int r;

	if (opened_up)
		lower_chmod(directory, place->name, (lower->st.st_mode & 07777) | 0500);
	r = place_inside(place, &child);
	if (r == 0)
		r = lower_open_child(directory, place->name, O_RDONLY, &fd);
	if (r == 0)
		r = lower_list(fd, &list);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		struct lower_stat found;

		if (place_aim(view->policy, &child, lower_list_name(&list, i)) == 0 &&
			view_stat_child(view, &child, fd, &found) == 0)
			r = -ENOTEMPTY;
	}
	if (opened_up)
		lower_chmod(directory, place->name, lower->st.st_mode & 07777);
	return r;
}

/* --- Judging ------------------------------------------------------------------------------------- */

int view_deny(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, enum ward_level required, int error)
{
	struct denial denial = {.pid = fuse_req_ctx(request)->pid,
		.operation = operation,
		.place = place,
		.required = required,
		.error = error};

	if (view->events)
		events_deny(view->events, &denial);
	return -error;
}

int view_judge_change(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, int *ret_directory)
{
	_cleanup_(fd_closep) int directory = -1;
	struct lower_stat lower;
	int r;

	if (!verdict_visible(place->verdict))
		return view_deny(view, request, operation, place, LEVEL_WRITE, ENOENT);
	r = view_reach(view, place, &directory);
	if (r == 0)
		r = view_stat_child(view, place, directory, &lower);
	if (r < 0)
		return r;
	if (place->verdict.level < LEVEL_WRITE)
		return view_deny(view, request, operation, place, LEVEL_WRITE, EACCES);
	if (lower.mounted)
		return -EBUSY;
	*ret_directory = TAKE_FD(directory);
	return 0;
}

int view_refuse_mounted(const struct place *place, int directory)
{
	struct lower_stat lower;

	return lower_stat(directory, place->name, &lower) == 0 && lower.mounted ? -EBUSY : 0;
}

int view_judge_create(struct view *view, fuse_req_t request, const char *operation,
	const struct place *place, int *ret_directory)
{
	_cleanup_(fd_closep) int directory = -1;
	struct lower_stat lower;
	int r;

	if (!verdict_visible(place->verdict))
		return view_deny(view, request, operation, place, LEVEL_WRITE, EACCES);
	r = view_reach(view, place, &directory);
	if (r < 0)
		return r;
	r = view_stat_child(view, place, directory, &lower);
	if (r == 0)
		return -EEXIST;
	if (r != -ENOENT)
		return r;
	if (place->verdict.level < LEVEL_WRITE)
		return view_deny(view, request, operation, place, LEVEL_WRITE, EACCES);
	*ret_directory = TAKE_FD(directory);
	return 0;
}

/* --- Replies ------------------------------------------------------------------------------------- */

void view_reply_error(fuse_req_t request, int r)
{
	fuse_reply_err(request, r < 0 ? -r : 0);
}

void view_reply_entry(fuse_req_t request, int r, const struct fuse_entry_param *entry)
{
	struct view *view = fuse_req_userdata(request);

	if (r < 0)
		fuse_reply_err(request, -r);
	else if (fuse_reply_entry(request, entry) != 0 && entry->ino)
		node_forget(view->nodes, entry->ino, 1);
}
