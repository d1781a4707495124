#include "runtime/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/limits.h"

/* The parent comes from the user's environment only where the user is not root. */
static int base_path(char **ret_path)
{
	const char *parent = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	int r;

	if (uid == 0)
		r = asprintf(ret_path, "/run/ward");
	else if (parent && parent[0] == '/')
		r = asprintf(ret_path, "%s/ward", parent);
	else
		r = asprintf(ret_path, "/tmp/ward-%u", (unsigned)uid);
	return r < 0 ? -ENOMEM : 0;
}

/* In a shared /tmp the name may be somebody else's: nothing but an own directory will do.
 */
static int open_base(const char *path, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat stat;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_uid != geteuid())
		return -EPERM;
	if ((stat.st_mode & 077) != 0 && fchmod(fd, 0700) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sandbox_id_make(char id[static SANDBOX_ID_LENGTH + 1])
{
	unsigned char bytes[SANDBOX_ID_LENGTH / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Removes what monitors put there: plain files, one level deep. -EBUSY while somebody lives in one
 * of the control groups that are written down there. */
static int remove_directory(int base_fd, const char *id)
{
	_cleanup_(fd_closep) int fd = openat(
		base_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);
	if (limits_reap(dirfd(dir)) < 0) {
		closedir(dir);
		return -EBUSY;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return unlinkat(base_fd, id, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/*
 * The base is locked shared meanwhile, so that no reaper sees a directory before its lock. Who asks
 * whether a lock is held holds it for a moment, so it is waited for.
 */
static int make_locked(struct runtime_directory *directory)
{
	_cleanup_(fd_closep) int fd = -1;

	if (mkdirat(directory->base_fd, directory->id, 0700) < 0)
		return -errno;
	fd = openat(
		directory->base_fd, directory->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	directory->lock_fd = openat(
		fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (directory->lock_fd < 0 || flock(directory->lock_fd, LOCK_EX) < 0)
		return -errno;
	return 0;
}

/* Removes a directory that nobody holds. -EBUSY where somebody does. */
static int remove_stale(int base_fd, const char *id)
{
	_cleanup_(fd_closep) int lock = -1;
	char path[SANDBOX_ID_LENGTH + sizeof("/lock")];

	snprintf(path, sizeof(path), "%s/lock", id);
	lock = openat(base_fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0 && errno != ENOENT)
		return -errno;
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		return -EBUSY;
	return remove_directory(base_fd, id);
}

/* Alone with the base for as long as something is removed. */
static int replace_stale(struct runtime_directory *directory)
{
	int r;

	if (flock(directory->base_fd, LOCK_EX) < 0)
		return -errno;
	r = remove_stale(directory->base_fd, directory->id);
	if (r == 0 || r == -ENOENT)
		r = make_locked(directory);
	return r;
}

/* Makes the directory with the id that `directory` has. */
static int make_in_base(struct runtime_directory *directory)
{
	int r;

	if (flock(directory->base_fd, LOCK_SH) < 0)
		return -errno;
	r = make_locked(directory);
	if (r == -EEXIST)
		r = replace_stale(directory);
	flock(directory->base_fd, LOCK_UN);
	return r;
}

static int make(struct runtime_directory *ret_directory, const char *id, struct ward_error *error)
{
	struct runtime_directory directory = RUNTIME_DIRECTORY_NONE;
	int r;

	memcpy(directory.id, id, sizeof(directory.id));
	r = base_path(&directory.base_path);
	if (r < 0)
		return error_set_errno(error, r, "no runtime directory");
	r = open_base(directory.base_path, &directory.base_fd);
	if (r == 0)
		r = make_in_base(&directory);
	if (r == -EBUSY)
		error_set(error, r, "the sandbox %s runs already", id);
	else if (r < 0) {
		error_set_errno(error, r, "can't use %s as runtime directory", directory.base_path);
		error_hint(error, "it must be a directory of your own; remove it if it is not");
	}
	if (r < 0) {
		directory.lock_fd = fd_close(directory.lock_fd);
		runtime_directory_remove(&directory);
		return r;
	}
	*ret_directory = directory;
	return 0;
}

int runtime_directory_make_for(
	const char *id, struct runtime_directory *ret_directory, struct ward_error *error)
{
	if (strlen(id) != SANDBOX_ID_LENGTH)
		return error_set(error, -EINVAL, "%s is no id of a sandbox", id);
	return make(ret_directory, id, error);
}

int runtime_directory_make(struct runtime_directory *ret_directory, struct ward_error *error)
{
	char id[SANDBOX_ID_LENGTH + 1];
	int r = sandbox_id_make(id);

	if (r < 0)
		return error_set_errno(error, r, "no id can be made");
	return make(ret_directory, id, error);
}

/* The base is locked shared, so that no reaper's lock is taken for a monitor's. */
bool runtime_directory_is_held(const char *path, const char *id)
{
	_cleanup_(fd_closep) int base_fd = open(
		path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(fd_closep) int lock = -1;
	char name[SANDBOX_ID_LENGTH + sizeof("/lock")];

	if (base_fd < 0 || flock(base_fd, LOCK_SH) < 0)
		return false;
	snprintf(name, sizeof(name), "%s/lock", id);
	lock = openat(base_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

void runtime_directory_remove(struct runtime_directory *directory)
{
	if (directory->base_fd >= 0 && directory->lock_fd >= 0)
		remove_directory(directory->base_fd, directory->id);
	directory->lock_fd = fd_close(directory->lock_fd);
	directory->base_fd = fd_close(directory->base_fd);
	freep(&directory->base_path);
}

static bool is_sandbox_id(const char *name)
{
	return strlen(name) == SANDBOX_ID_LENGTH &&
	       strspn(name, "0123456789abcdef") == SANDBOX_ID_LENGTH;
}

int runtime_directory_reap(void)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(fd_closep) int base_fd = -1;
	struct dirent *entry;
	int count = 0;
	DIR *dir;
	int r;

	r = base_path(&path);
	if (r < 0)
		return r;
	if (access(path, F_OK) < 0)
		return 0;
	r = open_base(path, &base_fd);
	if (r < 0)
		return r;
	if (flock(base_fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	dir = fdopendir(dup(base_fd));
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (is_sandbox_id(entry->d_name))
			count += remove_stale(base_fd, entry->d_name) == 0;
	closedir(dir);
	return count;
}
