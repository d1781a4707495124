#include "fs/split.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

enum { NO_PARENT = SIZE_MAX };

/* A directory of the walk. Its children follow each other, sorted by name. */
struct walked {
	size_t parent;
	char *name; /* "" for the top */
	size_t first_child;
	size_t child_count;
	policy_state from_state;
	policy_state to_state;
	struct lower_stat lower;    /* before anything moved */
	struct lower_identity made; /* what holds the visible part afterwards */
	bool has_hidden;            /* there or below */
	bool apart; /* taken apart: for that, or because its new name is a vanished directory */
	bool reused;
	bool opened_up; /* got the owner's w for the time of the move */
};

/* What was done, to be undone in reverse. */
struct step {
	char *from; /* NULL: the directory `to` was made */
	char *to;
};

struct split {
	struct view *view;
	char *from; /* paths of the two ends */
	char *to;
	struct walked *walked;
	size_t count;
	size_t capacity;
	struct step *steps;
	size_t step_count;
	size_t step_capacity;
};

struct split *split_free(struct split *split)
{
	if (!split)
		return NULL;
	for (size_t i = 0; i < split->count; i++)
		free(split->walked[i].name);
	for (size_t i = 0; i < split->step_count; i++) {
		free(split->steps[i].from);
		free(split->steps[i].to);
	}
	free(split->walked);
	free(split->steps);
	free(split->from);
	free(split->to);
	free(split);
	return NULL;
}

bool split_has_hidden(const struct split *split)
{
	return split->walked[0].has_hidden;
}

/* Makes room for one more element. */
static int reserve(void **array, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = realloc(*array, wanted * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}

/* --- Paths --------------------------------------------------------------------------------------- */

/* `base`, then the names from the top down to `index`. The caller's; NULL: no memory. */
static char *path_of(const struct split *split, const char *base, size_t index)
{
	size_t size = strlen(base) + 1;
	char *path;
	char *end;

	for (size_t i = index; i != 0; i = split->walked[i].parent)
		size += strlen(split->walked[i].name) + 1;
	path = malloc(size);
	if (!path)
		return NULL;
	memcpy(path, base, strlen(base));
	end = path + size - 1;
	*end = '\0';
	for (size_t i = index; i != 0; i = split->walked[i].parent) {
		size_t length = strlen(split->walked[i].name);

		end -= length;
		memcpy(end, split->walked[i].name, length);
		*--end = '/';
	}
	return path;
}

static char *join(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
		return NULL;
	return path;
}

/* Opens the directory that contains `path`, and finds its last name. */
static int open_parent(struct view *view, const char *path, int *ret_fd, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(freep) char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	int r;

	if (!parent)
		return -ENOMEM;
	r = lower_open_directory(view->root_fd, parent, O_PATH, ret_fd);
	if (r == 0)
		*ret_name = slash ? slash + 1 : path;
	return r;
}

/* --- The walk ------------------------------------------------------------------------------------ */

static int add_walked(struct split *split, const struct walked *walked)
{
	char *name = strdup(walked->name);
	int r;

	if (!name)
		return -ENOMEM;
	r = reserve((void **)&split->walked, split->count, &split->capacity, sizeof(*walked));
	if (r < 0) {
		free(name);
		return r;
	}
	split->walked[split->count] = *walked;
	split->walked[split->count++].name = name;
	return 0;
}

/* Marks a directory and those above it. */
static void mark_hidden(struct split *split, size_t index)
{
	while (index != NO_PARENT && !split->walked[index].has_hidden) {
		split->walked[index].has_hidden = true;
		split->walked[index].apart = true;
		index = split->walked[index].parent;
	}
}

static void mark_apart(struct split *split, size_t index)
{
	while (index != NO_PARENT && !split->walked[index].apart) {
		split->walked[index].apart = true;
		index = split->walked[index].parent;
	}
}

/* Judges one name of the directory at `index`; a directory that must be walked is added. */
static int survey_name(
	struct split *split, size_t index, struct place *child, int fd, const char *name)
{
	struct view *view = split->view;
	struct walked found = {.parent = index, .name = (char *)name};
	struct verdict to;
	int r;

	r = place_aim(view->policy, child, name);
	if (r == 0)
		r = view_stat_child(view, child, fd, &found.lower);
	if (r == -ENOENT) {
		mark_hidden(split, index);
		return 0;
	}
	if (r < 0)
		return r;
	found.from_state = child->state;
	found.to_state = policy_step(
		view->policy, split->walked[index].to_state, name, strlen(name));
	to = policy_verdict(view->policy, found.to_state);
	if (child->verdict.level < LEVEL_WRITE || to.level < LEVEL_WRITE)
		return -EACCES;
	if (!S_ISDIR(found.lower.st.st_mode) ||
		(child->verdict.below_min == LEVEL_WRITE && to.below_min == LEVEL_WRITE))
		return 0;
	return add_walked(split, &found);
}

/* Lists the directory at `index` and readies `child` for its names. */
static int open_walked(struct split *split, size_t index, struct place *child,
	struct lower_list *list, int *ret_fd)
{
	_cleanup_(freep) char *path = path_of(split, split->from, index);
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (!path)
		return -ENOMEM;
	r = lower_open_directory(split->view->root_fd, path, O_RDONLY, &fd);
	if (r == 0)
		r = strbuf_add_string(&child->directory, path);
	child->directory_state = split->walked[index].from_state;
	if (r == 0)
		r = lower_list(fd, list);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static int survey_directory(struct split *split, size_t index)
{
	_cleanup_(lower_list_release) struct lower_list list = {0};
	_cleanup_(place_release) struct place child = PLACE_INIT;
	_cleanup_(fd_closep) int fd = -1;
	int r;

	r = open_walked(split, index, &child, &list, &fd);
	split->walked[index].first_child = split->count;
	for (size_t i = 0; r == 0 && i < list.count; i++)
		r = survey_name(split, index, &child, fd, lower_list_name(&list, i));
	split->walked[index].child_count = split->count - split->walked[index].first_child;
	return r;
}

int split_survey(struct view *view, const struct place *from, const struct place *to,
	struct split **ret_split)
{
	_cleanup_(split_freep) struct split *split = calloc(1, sizeof(*split));
	struct walked top = {.parent = NO_PARENT,
		.name = (char *)"",
		.from_state = from->state,
		.to_state = to->state};
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (!split)
		return -ENOMEM;
	split->view = view;
	split->from = place_path(from);
	split->to = place_path(to);
	if (!split->from || !split->to)
		return -ENOMEM;
	r = lower_open_directory(view->root_fd, split->from, O_PATH, &fd);
	if (r == 0)
		r = lower_stat_fd(fd, &top.lower);
	if (r == 0)
		r = add_walked(split, &top);
	for (size_t i = 0; r == 0 && i < split->count; i++)
		r = survey_directory(split, i);
	if (r == 0)
		*ret_split = TAKE_PTR(split);
	return r;
}

/* --- The move ------------------------------------------------------------------------------------ */

/*
 * A directory that changes its parent must be writable itself, for its ".." changes: rename(2). When
 * a tree is moved as one, that is asked of its top alone, by the kernel, of the mode that is shown;
 * so it must not be asked of what is moved piece by piece.
 */
static int rename_unwritable(int from_fd, const char *from_name, int to_fd, const char *to_name)
{
	struct lower_stat lower;
	int r = lower_stat(from_fd, from_name, &lower);

	if (r < 0)
		return r;
	if (!S_ISDIR(lower.st.st_mode) || lower.st.st_mode & 0200)
		return -EACCES;
	r = lower_chmod(from_fd, from_name, (lower.st.st_mode & 07777) | 0200);
	if (r < 0)
		return r;
	if (syscall(SYS_renameat2, from_fd, from_name, to_fd, to_name, RENAME_NOREPLACE) < 0) {
		r = -errno;
		lower_chmod(from_fd, from_name, lower.st.st_mode & 07777);
		return r;
	}
	return lower_chmod(to_fd, to_name, lower.st.st_mode & 07777);
}

static int rename_path(struct view *view, const char *from, const char *to)
{
	_cleanup_(fd_closep) int from_fd = -1;
	_cleanup_(fd_closep) int to_fd = -1;
	const char *from_name;
	const char *to_name;
	int r;

	r = open_parent(view, from, &from_fd, &from_name);
	if (r == 0)
		r = open_parent(view, to, &to_fd, &to_name);
	if (r < 0)
		return r;
	if (syscall(SYS_renameat2, from_fd, from_name, to_fd, to_name, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EACCES ? rename_unwritable(from_fd, from_name, to_fd, to_name) : -errno;
}

static int remove_path(struct view *view, const char *path)
{
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r = open_parent(view, path, &fd, &name);

	if (r == 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

static void roll_back(struct split *split)
{
	while (split->step_count > 0) {
		struct step *step = &split->steps[--split->step_count];
		int r = step->from ? rename_path(split->view, step->to, step->from)
				   : remove_path(split->view, step->to);

		if (r < 0)
			log_error("cannot undo a rename: %s stays at %s: %s",
				step->from ? step->from : "a new directory", step->to,
				strerror(-r));
		free(step->from);
		free(step->to);
	}
}

/* Does a step and notes it. Takes the strings, also where it fails. */
static int do_step(struct split *split, char *from, char *to)
{
	_cleanup_(freep) char *own_from = from;
	_cleanup_(freep) char *own_to = to;
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r;

	r = reserve((void **)&split->steps, split->step_count, &split->step_capacity,
		sizeof(*split->steps));
	if (r < 0)
		return r;
	if (from) {
		r = rename_path(split->view, from, to);
	} else {
		r = open_parent(split->view, to, &fd, &name);
		if (r == 0 && mkdirat(fd, name, 0700) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	split->steps[split->step_count++] = (struct step){
		.from = TAKE_PTR(own_from), .to = TAKE_PTR(own_to)};
	return 0;
}

static int stat_path(struct view *view, const char *path, struct lower_stat *ret_lower)
{
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r = open_parent(view, path, &fd, &name);

	return r < 0 ? r : lower_stat(fd, name, ret_lower);
}

/* Makes the directory that takes the visible part, or fills one that had left the view. */
static int make_target(struct split *split, size_t index, const char *to, bool reuse)
{
	struct walked *walked = &split->walked[index];
	struct lower_stat lower;
	char *copy;
	int r;

	if (!reuse) {
		copy = strdup(to);
		r = copy ? do_step(split, NULL, copy) : -ENOMEM;
		if (r < 0 && r != -EEXIST)
			return r;
		reuse = r == -EEXIST;
	}
	r = stat_path(split->view, to, &lower);
	if (r < 0)
		return r;
	if (reuse && index > 0 && !vanish_has(split->view->vanished, to, &lower.identity))
		return -EACCES;
	walked->reused = reuse;
	walked->made = lower.identity;
	return 0;
}

/* True where `name` is a directory below `index` that is split itself. `cursor` follows the sorted
 * children along the sorted listing. */
static bool is_split(const struct split *split, size_t index, const char *name, size_t *cursor)
{
	const struct walked *walked = &split->walked[index];

	for (; *cursor < walked->child_count; ++*cursor) {
		const struct walked *child = &split->walked[walked->first_child + *cursor];
		int order = strcmp(child->name, name);

		if (order >= 0)
			return order == 0 && child->apart;
	}
	return false;
}

static int move_name(struct split *split, const char *from, const char *to, const char *name)
{
	char *own_from = join(from, name);
	char *own_to = join(to, name);
	int r;

	if (!own_from || !own_to) {
		free(own_from);
		free(own_to);
		return -ENOMEM;
	}
	r = do_step(split, own_from, own_to);
	/* Only a directory that had left the view can be in the way. */
	return r == -EEXIST ? -EACCES : r;
}

/* What leaves a directory needs its w, which moving it as one would not have needed. */
static int open_up(struct split *split, size_t index, const char *from)
{
	struct walked *walked = &split->walked[index];
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r;

	if (walked->lower.st.st_mode & 0200)
		return 0;
	r = open_parent(split->view, from, &fd, &name);
	if (r == 0)
		r = lower_chmod(fd, name, (walked->lower.st.st_mode & 07777) | 0200);
	walked->opened_up = r == 0;
	return r;
}

static void close_again(struct split *split)
{
	for (size_t i = 0; i < split->count; i++) {
		_cleanup_(freep) char *from = NULL;
		_cleanup_(fd_closep) int fd = -1;
		const char *name;

		if (!split->walked[i].opened_up)
			continue;
		from = path_of(split, split->from, i);
		if (!from || open_parent(split->view, from, &fd, &name) < 0 ||
			lower_chmod(fd, name, split->walked[i].lower.st.st_mode & 07777) < 0)
			log_error("a directory keeps a mode that a rename gave it");
	}
}

static int move_directory(struct split *split, size_t index, bool reuse)
{
	_cleanup_(lower_list_release) struct lower_list list = {0};
	_cleanup_(place_release) struct place child = PLACE_INIT;
	_cleanup_(freep) char *from = path_of(split, split->from, index);
	_cleanup_(freep) char *to = path_of(split, split->to, index);
	_cleanup_(fd_closep) int fd = -1;
	size_t cursor = 0;
	int r;

	if (!from || !to)
		return -ENOMEM;
	r = make_target(split, index, to, reuse);
	if (r == 0)
		r = open_up(split, index, from);
	if (r == 0)
		r = open_walked(split, index, &child, &list, &fd);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		const char *name = lower_list_name(&list, i);
		struct lower_stat lower;

		if (is_split(split, index, name, &cursor) ||
			place_aim(split->view->policy, &child, name) < 0 ||
			view_stat_child(split->view, &child, fd, &lower) < 0)
			continue;
		/* What the host put there since the survey was not judged for the other end. */
		if (child.verdict.level == LEVEL_WRITE)
			r = move_name(split, from, to, name);
	}
	return r;
}

/* The new directory looks as the old one did; where ids cannot be given it stays the daemon's. */
static void finish_directory(struct split *split, size_t index)
{
	const struct walked *walked = &split->walked[index];
	const struct stat *st = &walked->lower.st;
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	_cleanup_(freep) char *to = path_of(split, split->to, index);
	_cleanup_(fd_closep) int fd = -1;
	const char *name;
	int r = to ? open_parent(split->view, to, &fd, &name) : -ENOMEM;

	if (r == 0 && fchownat(fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		log_debug("%s keeps the daemon's ids", to);
	if (r == 0)
		r = lower_chmod(fd, name, st->st_mode & 07777);
	if (r == 0 && utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		log_warning("a renamed directory lost its mode or times: %s", strerror(-r));
}

/* A directory whose new name belongs to one that had left the view must fill that one. */
static int find_vanished_targets(struct split *split)
{
	mark_apart(split, 0);
	for (size_t i = 1; i < split->count && !vanish_empty(split->view->vanished); i++) {
		_cleanup_(freep) char *to = path_of(split, split->to, i);
		struct lower_stat lower;

		if (!to)
			return -ENOMEM;
		if (stat_path(split->view, to, &lower) == 0 &&
			vanish_has(split->view->vanished, to, &lower.identity))
			mark_apart(split, i);
	}
	return 0;
}

int split_move(struct split *split, bool reuse)
{
	int r = find_vanished_targets(split);

	/* A worker keeps the umask of the last caller for whom it made something. */
	umask(0);
	for (size_t i = 0; r == 0 && i < split->count; i++)
		if (split->walked[i].apart)
			r = move_directory(split, i, reuse && i == 0);
	if (r < 0)
		roll_back(split);
	close_again(split);
	if (r < 0)
		return r;
	for (size_t i = split->count; i-- > 0;)
		if (split->walked[i].apart)
			finish_directory(split, i);
	return 0;
}

/* --- Afterwards ---------------------------------------------------------------------------------- */

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The old directory is gone or has left the view, the new one is what the node stands for. */
static int commit_directory(struct split *split, size_t index, struct node *to_parent)
{
	const struct walked *walked = &split->walked[index];
	_cleanup_(freep) char *from = path_of(split, split->from, index);
	_cleanup_(freep) char *to = path_of(split, split->to, index);
	struct vanish *vanished = split->view->vanished;

	if (!from || !to)
		return -ENOMEM;
	if (walked->reused)
		vanish_remove(vanished, to);
	node_reidentify(split->view->nodes, to_parent,
		to + (strlen(split->to) - strlen(last_name(split->to))), &walked->made);
	return walked->has_hidden ? vanish_add(vanished, from, &walked->lower.identity)
				  : remove_path(split->view, from);
}

int split_commit(struct split *split, struct node *from_parent, struct node *to_parent)
{
	int failed = 0;

	node_move(split->view->nodes, from_parent, last_name(split->from), to_parent,
		last_name(split->to));
	/* Those below first: what is empty now goes. */
	for (size_t i = split->count; i-- > 0;)
		if (split->walked[i].apart) {
			int r = commit_directory(split, i, to_parent);

			failed = r < 0 ? r : failed;
		}
	return failed;
}
