#include "fs/lower.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000
#endif

/* Openat2 takes paths below PATH_MAX; longer ones are walked in pieces of at most this many bytes.
 */
enum { PIECE_MAX = PATH_MAX - 1 };

/* EAGAIN comes from a rename beside a path walk, and goes by trying again; or from a lease on a
 * file, which a process of the host may hold for as long as it likes. */
enum { TRIES_MAX = 100 };

bool lower_identity_equal(const struct lower_identity *a, const struct lower_identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->birth_seconds == b->birth_seconds &&
	       a->birth_nanoseconds == b->birth_nanoseconds;
}

static int open_beneath(int directory, const char *path, int flags, mode_t mode, int *ret_fd)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int tries = TRIES_MAX;
	long fd;

	do {
		fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries-- > 0)));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

/* A component that has become a symlink or a file: the node that led here is out of date. */
static int open_part(int directory, const char *path, int flags, int *ret_fd)
{
	int r = open_beneath(directory, path, flags | O_DIRECTORY, 0, ret_fd);

	return r == -ELOOP || r == -ENOTDIR || r == -EXDEV ? -ESTALE : r;
}

/* The length of the longest run of whole components that fits into one call. */
static size_t piece_length(const char *path, size_t size)
{
	size_t length = PIECE_MAX;

	if (size <= PIECE_MAX)
		return size;
	while (length > 0 && path[length] != '/')
		length--;
	return length;
}

int lower_open_directory(int root, const char *path, int flags, int *ret_fd)
{
	size_t size = strlen(path);
	_cleanup_(fd_closep) int held = -1;
	int at = root;

	if (size >= LOWER_PATH_MAX)
		return -ENAMETOOLONG;
	if (size == 0)
		return open_part(root, ".", flags, ret_fd);
	for (;;) {
		char piece[PATH_MAX];
		size_t length = piece_length(path, size);
		bool last = length == size;
		int fd, r;

		memcpy(piece, path, length);
		piece[length] = '\0';
		r = open_part(at, piece, last ? flags : O_PATH, &fd);
		if (r < 0)
			return r;
		if (last) {
			*ret_fd = fd;
			return 0;
		}
		fd_close(held);
		at = held = fd;
		path += length + 1;
		size -= length + 1;
	}
}

int lower_open_child(int directory, const char *name, int flags, int *ret_fd)
{
	int r = open_beneath(directory, name, flags | O_DIRECTORY, 0, ret_fd);

	return r == -ELOOP ? -ENOTDIR : r;
}

int lower_open_file(int directory, const char *name, int flags, mode_t mode, int *ret_fd)
{
	return open_beneath(directory, name, flags | O_NONBLOCK | O_NOCTTY, mode, ret_fd);
}

int lower_open_inode(int directory, const char *name, int *ret_fd)
{
	int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static struct timespec timespec_from(struct statx_timestamp time)
{
	return (struct timespec){.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec};
}

static int stat_into(int fd, const char *name, int flags, struct lower_stat *ret_stat)
{
	struct statx x;

	if (statx(fd, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		    STATX_BASIC_STATS | STATX_BTIME, &x) < 0)
		return -errno;
	*ret_stat = (struct lower_stat){
		.st = {.st_dev = makedev(x.stx_dev_major, x.stx_dev_minor),
			.st_ino = x.stx_ino,
			.st_mode = x.stx_mode,
			.st_nlink = x.stx_nlink,
			.st_uid = x.stx_uid,
			.st_gid = x.stx_gid,
			.st_size = (off_t)x.stx_size,
			.st_blksize = x.stx_blksize,
			.st_blocks = (blkcnt_t)x.stx_blocks,
			.st_atim = timespec_from(x.stx_atime),
			.st_mtim = timespec_from(x.stx_mtime),
			.st_ctim = timespec_from(x.stx_ctime)},
		.identity = {.dev = makedev(x.stx_dev_major, x.stx_dev_minor), .ino = x.stx_ino},
		.mounted = (x.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
	};
	if (x.stx_mask & STATX_BTIME) {
		ret_stat->identity.birth_seconds = x.stx_btime.tv_sec;
		ret_stat->identity.birth_nanoseconds = x.stx_btime.tv_nsec;
	}
	return 0;
}

int lower_stat(int directory, const char *name, struct lower_stat *ret_stat)
{
	return stat_into(directory, name, 0, ret_stat);
}

int lower_stat_fd(int fd, struct lower_stat *ret_stat)
{
	return stat_into(fd, "", AT_EMPTY_PATH, ret_stat);
}

int lower_access(int directory, const char *name)
{
	static const int modes[] = {R_OK, W_OK, X_OK};
	int granted = 0;

	for (size_t i = 0; i < ELEMENTS(modes); i++)
		if (syscall(SYS_faccessat2, directory, name, modes[i],
			    AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0)
			granted |= modes[i];
	return granted;
}

int lower_chmod(int directory, const char *name, mode_t mode)
{
	_cleanup_(fd_closep) int fd = -1;
	struct lower_stat lower;
	int r;

	if (syscall(SYS_fchmodat2, directory, name, mode, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	r = lower_stat(directory, name, &lower);
	if (r < 0)
		return r;
	/* To open anything else may block, or do what its driver does when it is opened. */
	if (!S_ISREG(lower.st.st_mode) && !S_ISDIR(lower.st.st_mode))
		return -EOPNOTSUPP;
	r = lower_open_file(directory, name, O_RDONLY, 0, &fd);
	if (r == -EACCES)
		r = lower_open_file(directory, name, O_WRONLY, 0, &fd);
	if (r < 0)
		return r;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int lower_readlink(int directory, const char *name, char **ret_target)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(directory, name, target, sizeof(target));
	char *copy;

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	copy = strdup(target);
	if (!copy)
		return -ENOMEM;
	*ret_target = copy;
	return 0;
}

static int list_add(struct lower_list *list, const struct dirent64 *entry)
{
	size_t name = list->names.size;
	int r;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 32;
		void *grown = realloc(list->entries, capacity * sizeof(*list->entries));

		if (!grown)
			return -ENOMEM;
		list->entries = grown;
		list->capacity = capacity;
	}
	r = strbuf_add(&list->names, entry->d_name, strlen(entry->d_name) + 1);
	if (r < 0)
		return r;
	list->entries[list->count++] = (struct lower_entry){
		.ino = entry->d_ino, .name = name, .type = entry->d_type};
	return 0;
}

static int list_add_all(struct lower_list *list, int fd, const char *buffer, size_t size)
{
	for (size_t at = 0; at < size;) {
		struct dirent64 *entry = (struct dirent64 *)(buffer + at);
		int r;

		at += entry->d_reclen;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_UNKNOWN) {
			struct lower_stat found;

			if (lower_stat(fd, entry->d_name, &found) < 0)
				continue;
			entry->d_type = IFTODT(found.st.st_mode);
		}
		r = list_add(list, entry);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_names(const void *a, const void *b, void *names)
{
	const struct lower_entry *x = a;
	const struct lower_entry *y = b;

	return strcmp((const char *)names + x->name, (const char *)names + y->name);
}

int lower_list(int fd, struct lower_list *ret_list)
{
	_cleanup_(lower_list_release) struct lower_list list = {0};
	char buffer[32 * 1024] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = getdents64(fd, buffer, sizeof(buffer))) > 0) {
		int r = list_add_all(&list, fd, buffer, (size_t)n);

		if (r < 0)
			return r;
	}
	if (n < 0)
		return -errno;
	if (list.count > 1)
		qsort_r(list.entries, list.count, sizeof(*list.entries), compare_names,
			list.names.data);
	*ret_list = list;
	list = (struct lower_list){0};
	return 0;
}

void lower_list_release(struct lower_list *list)
{
	free(list->entries);
	strbuf_release(&list->names);
	*list = (struct lower_list){0};
}

const char *lower_list_name(const struct lower_list *list, size_t index)
{
	return list->names.data + list->entries[index].name;
}

bool lower_folds_case(int fd)
{
	struct statfs fs;
	int flags = 0;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case MSDOS_SUPER_MAGIC:
	case EXFAT_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
		return true;
	default:
		return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL) != 0;
	}
}
