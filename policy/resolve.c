#include "policy/resolve.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/strbuf.h"

/* Where the walk is: an open directory, and its real path ("" is the root). */
struct walk {
	struct resolved resolved;
	struct strbuf real;
	char *pending; /* what is still to be walked */
};

static void walk_releasep(struct walk *walk)
{
	resolved_release(&walk->resolved);
	strbuf_release(&walk->real);
	freep(&walk->pending);
}

static int join(const char *a, const char *b, char **ret_path)
{
	_cleanup_(strbuf_release) struct strbuf path = STRBUF_INIT;
	char *joined;

	if (strlen(a) + strlen(b) >= PATH_MAX)
		return -ENAMETOOLONG;
	strbuf_addf(&path, "%s/%s", a, b);
	joined = strbuf_detach(&path);
	if (!joined)
		return -ENOMEM;
	*ret_path = joined;
	return 0;
}

static int go_to_root(struct walk *walk)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	fd_close(walk->resolved.fd);
	walk->resolved.fd = fd;
	strbuf_truncate(&walk->real, 0);
	return 0;
}

/* Puts the symlink on record and its target before what is pending. */
static int follow(struct walk *walk, int fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);
	char *link, *pending;
	char **links;
	int r;

	if (length <= 0)
		return length < 0 ? -errno : -ENOENT;
	target[length] = '\0';
	if (walk->resolved.link_count == RESOLVE_LINKS_MAX)
		return -ELOOP;
	links = realloc(walk->resolved.links, (walk->resolved.link_count + 1) * sizeof(*links));
	if (!links)
		return -ENOMEM;
	walk->resolved.links = links;
	r = join(walk->real.data ? walk->real.data : "", name, &link);
	if (r < 0)
		return r;
	links[walk->resolved.link_count++] = link;
	r = join(target, walk->pending, &pending);
	if (r < 0)
		return r;
	free(walk->pending);
	walk->pending = pending;
	return target[0] == '/' ? go_to_root(walk) : 0;
}

/* Opens `name` in the current directory and makes it the current one. */
static int enter(struct walk *walk, const char *name)
{
	_cleanup_(fd_closep) int fd = openat(
		walk->resolved.fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return follow(walk, fd, name);
	if (strcmp(name, "..") == 0) {
		const char *slash = walk->real.data ? strrchr(walk->real.data, '/') : NULL;

		strbuf_truncate(&walk->real, slash ? (size_t)(slash - walk->real.data) : 0);
	} else if (strbuf_addf(&walk->real, "/%s", name) < 0) {
		return -ENOMEM;
	}
	fd_close(walk->resolved.fd);
	walk->resolved.fd = TAKE_FD(fd);
	return 0;
}

/* Takes the next component off what is pending and walks it; 1 at the end. */
static int step(struct walk *walk)
{
	char name[NAME_MAX + 1];
	const char *from = walk->pending + strspn(walk->pending, "/");
	size_t length = strcspn(from, "/");
	char *rest;

	if (length == 0)
		return 1;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, from, length);
	name[length] = '\0';
	rest = strdup(from + length);
	if (!rest)
		return -ENOMEM;
	free(walk->pending);
	walk->pending = rest;
	return strcmp(name, ".") == 0 ? 0 : enter(walk, name);
}

int resolve(const char *directory, const char *path, struct resolved *ret_resolved)
{
	_cleanup_(walk_releasep) struct walk walk = {.resolved.fd = -1, .real = STRBUF_INIT};
	int r;

	if (!*path)
		return -ENOENT;
	r = join(*path == '/' ? "" : directory, path, &walk.pending);
	if (r >= 0)
		r = go_to_root(&walk);
	while (r == 0)
		r = step(&walk);
	if (r < 0)
		return r;
	if (walk.real.size == 0)
		strbuf_add_char(&walk.real, '/');
	walk.resolved.path = strbuf_detach(&walk.real);
	if (!walk.resolved.path)
		return -ENOMEM;
	*ret_resolved = walk.resolved;
	walk.resolved = (struct resolved){.fd = -1};
	return 0;
}

void resolved_release(struct resolved *resolved)
{
	int saved = errno;

	fd_close(resolved->fd);
	free(resolved->path);
	for (size_t i = 0; i < resolved->link_count; i++)
		free(resolved->links[i]);
	free(resolved->links);
	*resolved = (struct resolved){.fd = -1};
	errno = saved;
}

const char *path_below(const char *directory, const char *path)
{
	size_t length = strlen(directory);

	if (length > 0 && directory[length - 1] == '/')
		length--;
	if (strncmp(directory, path, length) != 0 || path[length] != '/' || !path[length + 1])
		return NULL;
	return path + length + 1;
}
