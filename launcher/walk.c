#include "launcher/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "common/strbuf.h"

enum { WALK_DEPTH_MAX = 256 }; /* each level holds one descriptor */

struct walk {
	int (*visit)(const char *path, void *context);
	void *context;
	struct strbuf path;
};

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int walk_below(struct walk *walk, int parent, const char *name, int depth);

static int visit_entry(struct walk *walk, int directory, const struct dirent *entry, int depth)
{
	size_t size = walk->path.size;
	int r;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (size)
		strbuf_add_char(&walk->path, '/');
	if (strbuf_add_string(&walk->path, entry->d_name) < 0)
		return -ENOMEM;
	r = walk->visit(walk->path.data, walk->context);
	if (r == 0 && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
		r = walk_below(walk, directory, entry->d_name, depth + 1);
	strbuf_truncate(&walk->path, size);
	return r;
}

static int walk_below(struct walk *walk, int parent, const char *name, int depth)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	int fd, r = 0;

	if (depth > WALK_DEPTH_MAX)
		return 0;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return depth ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		fd_close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(dir)))
		r = visit_entry(walk, fd, entry, depth);
	return r;
}

int walk_tree(int top, int (*visit)(const char *path, void *context), void *context)
{
	struct walk walk = {visit, context, STRBUF_INIT};
	int r = walk_below(&walk, top, ".", 0);

	strbuf_release(&walk.path);
	return r < 0 ? r : 0;
}
