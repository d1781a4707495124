#include "launcher/codebase.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "policy/project.h"

/* Where the kernel says that `fd` is. */
static int path_of(int fd, char **ret_path)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	*ret_path = strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

static int open_directory(const char *path, int *ret_fd, struct ward_error *error)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		error_set_errno(error, -errno, "the codebase %s can't be opened", path);
		return error_hint(error, "name an existing directory");
	}
	*ret_fd = fd;
	return 0;
}

static int holds_marker(int directory, uid_t owner)
{
	static const char *const markers[] = {PROJECT_POLICY_FILE, ".git"};
	struct stat st;

	for (size_t i = 0; i < ELEMENTS(markers); i++)
		if (fstatat(directory, markers[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_uid == owner)
			return 1;
	return 0;
}

/* Replaces `*fd`, the current directory, by the codebase around it, if there is one. */
static int find_around(int *fd)
{
	_cleanup_(fd_closep) int above = -1;
	struct stat here, st;

	if (fstat(*fd, &here) < 0)
		return -errno;
	above = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	while (above >= 0) {
		struct stat parent;
		int next;

		if (holds_marker(above, here.st_uid)) {
			fd_close(*fd);
			*fd = TAKE_FD(above);
			return 0;
		}
		next = openat(above, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 || fstat(above, &st) < 0 || fstat(next, &parent) < 0 ||
			parent.st_dev != here.st_dev || parent.st_ino == st.st_ino) {
			fd_close(next);
			return 0;
		}
		fd_close(above);
		above = next;
	}
	return 0;
}

int path_is_below(const char *path, const char *top)
{
	size_t length = strlen(top);

	if (strcmp(top, "/") == 0)
		return 1;
	return strncmp(path, top, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int set_subpath(struct codebase *codebase, const char *from)
{
	const char *rest = "";

	if (from && path_is_below(from, codebase->path))
		rest = from + strlen(codebase->path);
	while (*rest == '/')
		rest++;
	codebase->subpath = strdup(rest);
	return codebase->subpath ? 0 : -ENOMEM;
}

int codebase_open(const char *directory, struct codebase *ret_codebase, struct ward_error *error)
{
	_cleanup_(codebase_release) struct codebase codebase = CODEBASE_NONE;
	_cleanup_(freep) char *from = NULL;
	int r;

	r = open_directory(directory ? directory : ".", &codebase.fd, error);
	if (r < 0)
		return r;
	if (!directory) {
		r = path_of(codebase.fd, &from);
		if (r == 0)
			r = find_around(&codebase.fd);
	}
	if (r == 0)
		r = path_of(codebase.fd, &codebase.path);
	if (r == 0)
		r = set_subpath(&codebase, from);
	if (r < 0)
		return error_set_errno(
			error, r, "the codebase %s has no path", directory ? directory : ".");
	if (strcmp(codebase.path, "/") == 0) {
		error_set(error, -EINVAL, "the root directory can't be a codebase");
		return error_hint(error, "go to the codebase, or name it with -C");
	}
	*ret_codebase = codebase;
	codebase = (struct codebase)CODEBASE_NONE;
	return 0;
}

void codebase_release(struct codebase *codebase)
{
	int saved = errno;

	fd_close(codebase->fd);
	free(codebase->path);
	free(codebase->subpath);
	*codebase = (struct codebase)CODEBASE_NONE;
	errno = saved;
}
