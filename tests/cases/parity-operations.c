/*
 * The operations of the parity test. Chance is not used here: both worlds must do the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "tests/cases/parity.h"

enum {
	PROC_PATH_MAX = 6000,
	DIRECTORY_SIZE = 4096,
	LONG_AGO = 1500000000 /* times before, in seconds, were set */
};

static const unsigned char *data_of(const struct arguments *a)
{
	static unsigned char data[DATA_MAX];

	for (size_t i = 0; i < a->length; i++)
		data[i] = (unsigned char)(a->number >> (i % 3 * 8)) ^ (unsigned char)i;
	return data;
}

uint64_t hash(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		h = (h ^ bytes[i]) * 0x100000001b3;
	return h;
}

_printf_(2, 3) static void say(struct result *result, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(result->text + result->length, TEXT_MAX - result->length, format, arguments);
	va_end(arguments);
	result->length += (size_t)n;
	if (result->length >= TEXT_MAX)
		result->length = TEXT_MAX - 1;
}

static long long note(struct result *result, long long value)
{
	result->value = value;
	result->error = value < 0 ? errno : 0;
	return value;
}

static int base_of(const struct world *w, const struct arguments *a)
{
	return a->base >= 0 && w->slot[a->base] >= 0 ? w->slot[a->base] : w->root;
}

/* --- Attributes ----------------------------------------------------------------------------------- */

void normalize(const struct world *w, struct stat *st)
{
	if (!S_ISDIR(st->st_mode) || w->is_view)
		return;
	st->st_nlink = st->st_nlink > 0;
	st->st_size = DIRECTORY_SIZE;
}

/* Times that no operation set are equal only in that. What goes through a fifo stays in the kernel:
 * the lower one's time tells nothing of it. */
static long long told_time(const struct stat *st)
{
	struct timespec time = st->st_mtim;

	if (S_ISFIFO(st->st_mode))
		return -1;
	return time.tv_sec < LONG_AGO ? time.tv_sec * 1000000000LL + time.tv_nsec : -1;
}

static void say_stat(const struct world *w, struct result *result, struct stat *st)
{
	normalize(w, st);
	say(result, "mode=%o nlink=%ju uid=%u gid=%u size=%jd mtime=%lld", st->st_mode,
		(uintmax_t)st->st_nlink, st->st_uid, st->st_gid, (intmax_t)st->st_size,
		told_time(st));
}

void do_stat(struct world *w, const struct arguments *a, struct result *result)
{
	struct stat st;

	if (note(result, fstatat(base_of(w, a), a->path, &st, a->flags & AT_SYMLINK_NOFOLLOW)) == 0)
		say_stat(w, result, &st);
}

void do_fstat(struct world *w, const struct arguments *a, struct result *result)
{
	struct stat st;

	if (note(result, fstat(w->slot[a->slot], &st)) == 0)
		say_stat(w, result, &st);
}

/* What of a random mode is asked for: new set-id bits on files are in refusals[]; a directory whose
 * way was closed could be reached by its descriptors in an ordinary directory only. */
static mode_t allowed_mode(mode_t mode, bool directory)
{
	return directory ? mode | 0100 : mode & 01777;
}

static void do_chmod(struct world *w, const struct arguments *a, struct result *result)
{
	struct stat st;
	bool directory = fstatat(base_of(w, a), a->path, &st, 0) == 0 && S_ISDIR(st.st_mode);

	note(result, fchmodat(base_of(w, a), a->path, allowed_mode(a->mode, directory), 0));
}

static void do_fchmod(struct world *w, const struct arguments *a, struct result *result)
{
	struct stat st;
	bool directory = fstat(w->slot[a->slot], &st) == 0 && S_ISDIR(st.st_mode);

	note(result, fchmod(w->slot[a->slot], allowed_mode(a->mode, directory)));
}

static uid_t pick_id(unsigned number, uid_t own)
{
	if (number % 3 == 0)
		return (uid_t)-1;
	return own == 0 && number % 3 == 1 ? 12345 + number % 5 : own;
}

static void do_chown(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, fchownat(base_of(w, a), a->path, pick_id(a->number, getuid()),
			     pick_id(a->number >> 8, getgid()), a->flags & AT_SYMLINK_NOFOLLOW));
}

static void do_fchown(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, fchown(w->slot[a->slot], pick_id(a->number, getuid()),
			     pick_id(a->number >> 8, getgid())));
}

static void pick_times(const struct arguments *a, struct timespec times[2])
{
	static const long special[] = {0, UTIME_OMIT, UTIME_NOW, 999999999, 5};

	for (int i = 0; i < 2; i++)
		times[i] = (struct timespec){.tv_sec = 1000000 + (a->number >> i) % 100000,
			.tv_nsec = special[(a->number >> (8 + i)) % ELEMENTS(special)]};
}

static void do_utimens(struct world *w, const struct arguments *a, struct result *result)
{
	struct timespec times[2];

	pick_times(a, times);
	note(result, utimensat(base_of(w, a), a->path, times, a->flags & AT_SYMLINK_NOFOLLOW));
}

static void do_futimens(struct world *w, const struct arguments *a, struct result *result)
{
	struct timespec times[2];

	pick_times(a, times);
	note(result, futimens(w->slot[a->slot], times));
}

static void do_access(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, faccessat(base_of(w, a), a->path, (int)(a->number & 7),
			     a->flags & (AT_SYMLINK_NOFOLLOW | AT_EACCESS)));
}

static void do_truncate(struct world *w, const struct arguments *a, struct result *result)
{
	_cleanup_(freep) char *path = NULL;

	if (asprintf(&path, "/proc/self/fd/%d/%s", base_of(w, a), a->path) < 0)
		return;
	note(result, truncate(path, a->offset));
}

/* --- Names ---------------------------------------------------------------------------------------- */

static void do_mkdir(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, mkdirat(base_of(w, a), a->path, allowed_mode(a->mode, true) & 01777));
}

static void do_mknod(struct world *w, const struct arguments *a, struct result *result)
{
	static const mode_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK};

	note(result, mknodat(base_of(w, a), a->path, types[a->number % 3] | (a->mode & 01777), 0));
}

static void do_rmdir(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, unlinkat(base_of(w, a), a->path, AT_REMOVEDIR));
}

static void do_unlink(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, unlinkat(base_of(w, a), a->path, 0));
}

static void do_rename(struct world *w, const struct arguments *a, struct result *result)
{
	static const unsigned flags[] = {
		0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE};

	note(result, renameat2(base_of(w, a), a->path, w->root, a->path2,
			     flags[a->number % ELEMENTS(flags)]));
}

static void do_link(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, linkat(base_of(w, a), a->path, w->root, a->path2,
			     a->flags & AT_SYMLINK_NOFOLLOW ? AT_SYMLINK_FOLLOW : 0));
}

static void do_flink(struct world *w, const struct arguments *a, struct result *result)
{
	char from[64];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", w->slot[a->slot]);
	note(result, linkat(AT_FDCWD, from, w->root, a->path2, AT_SYMLINK_FOLLOW));
}

static void do_symlink(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, symlinkat(a->path2, base_of(w, a), a->path));
}

static void do_readlink(struct world *w, const struct arguments *a, struct result *result)
{
	char target[4096];
	ssize_t n = readlinkat(base_of(w, a), a->path, target, 1 + a->number % 300);

	if (note(result, n) >= 0)
		say(result, "%.*s", (int)n, target);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_entries(DIR *directory, struct result *result)
{
	char *names[1000];
	size_t count = 0;
	struct dirent *entry;

	while (count < ELEMENTS(names) && (errno = 0, entry = readdir(directory))) {
		struct stat st;
		bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		bool same = dots || (fstatat(dirfd(directory), entry->d_name, &st,
					     AT_SYMLINK_NOFOLLOW) == 0 &&
					    st.st_ino == entry->d_ino);

		/* Without x on the directory nobody can tell. */
		if (!dots && !same && errno == EACCES)
			same = true;
		if (asprintf(&names[count], "%s:%d%s", entry->d_name, entry->d_type,
			    same ? "" : ":other inode") < 0)
			break;
		count++;
	}
	result->error = errno;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		say(result, "%s ", names[i]);
		free(names[i]);
	}
}

static void do_list(struct world *w, const struct arguments *a, struct result *result)
{
	int fd = openat(base_of(w, a), a->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory;

	if (note(result, fd < 0 ? -1 : 0) < 0)
		return;
	directory = fdopendir(fd);
	if (directory) {
		say_entries(directory, result);
		closedir(directory);
	}
}

/* --- Open files ----------------------------------------------------------------------------------- */

static void keep(struct world *w, int slot, int fd, struct result *result)
{
	if (note(result, fd < 0 ? -1 : 0) < 0)
		return;
	fd_close(w->slot[slot]);
	w->slot[slot] = fd;
}

static void do_open(struct world *w, const struct arguments *a, struct result *result)
{
	keep(w, a->slot,
		openat(base_of(w, a), a->path, a->flags | O_NONBLOCK | O_CLOEXEC, a->mode & 01777),
		result);
}

/* Only as far as it is open otherwise: a file without a name can't be opened for more. */
static void do_reopen(struct world *w, const struct arguments *a, struct result *result)
{
	int flags = fcntl(w->slot[a->slot], F_GETFL);
	char path[64];
	struct stat st;

	if (note(result, fstat(w->slot[a->slot], &st)) < 0)
		return;
	if (st.st_nlink == 0)
		flags &= O_ACCMODE | O_PATH;
	else
		flags = a->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", w->slot[a->slot]);
	keep(w, a->other, open(path, flags | O_NONBLOCK | O_CLOEXEC), result);
}

static void do_dup(struct world *w, const struct arguments *a, struct result *result)
{
	keep(w, a->other, fcntl(w->slot[a->slot], F_DUPFD_CLOEXEC, 3), result);
}

static void do_close(struct world *w, const struct arguments *a, struct result *result)
{
	w->slot[a->slot] = fd_close(w->slot[a->slot]);
}

static void do_setfl(struct world *w, const struct arguments *a, struct result *result)
{
	int flags = fcntl(w->slot[a->slot], F_GETFL);

	note(result, fcntl(w->slot[a->slot], F_SETFL, flags ^ O_APPEND));
	say(result, "%#x", (unsigned)fcntl(w->slot[a->slot], F_GETFL));
}

static void do_read(struct world *w, const struct arguments *a, struct result *result)
{
	static char data[DATA_MAX];
	ssize_t n = a->flags & O_APPEND ? read(w->slot[a->slot], data, a->length)
					: pread(w->slot[a->slot], data, a->length, a->offset);

	if (note(result, n) > 0)
		say(result, "%016jx", (uintmax_t)hash(data, (size_t)n));
}

static void do_write(struct world *w, const struct arguments *a, struct result *result)
{
	const unsigned char *data = data_of(a);

	note(result, a->flags & O_APPEND ? write(w->slot[a->slot], data, a->length)
					 : pwrite(w->slot[a->slot], data, a->length, a->offset));
}

static void do_writev(struct world *w, const struct arguments *a, struct result *result)
{
	unsigned char *data = (unsigned char *)data_of(a);
	struct iovec parts[] = {{data, a->length / 3}, {data, 0}, {data + 7, a->length / 2}};

	note(result, pwritev2(w->slot[a->slot], parts, ELEMENTS(parts), a->offset,
			     a->flags & O_APPEND ? RWF_APPEND : 0));
}

static void do_ftruncate(struct world *w, const struct arguments *a, struct result *result)
{
	note(result, ftruncate(w->slot[a->slot], a->offset));
}

static void do_seek(struct world *w, const struct arguments *a, struct result *result)
{
	static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
	struct stat st;

	/* Offsets in a directory are each file system's own, and so is the largest of a file. */
	if (fstat(w->slot[a->slot], &st) < 0)
		note(result, -1);
	else if (!S_ISDIR(st.st_mode) && a->offset < INT64_C(1) << 40)
		note(result, lseek(w->slot[a->slot], a->offset - a->offset2 % 10000,
				     whence[a->number % ELEMENTS(whence)]));
}

/* Nothing is kept open for an open directory: it is opened anew, which its mode may forbid by now. */
static void do_sync(struct world *w, const struct arguments *a, struct result *result)
{
	int fd = w->slot[a->slot];
	struct stat st;

	if (note(result, fstat(fd, &st)) == 0 && !(S_ISDIR(st.st_mode) && !(st.st_mode & 0400)))
		note(result, a->number & 1 ? fsync(fd) : fdatasync(fd));
}

/* FALLOC_FL_COLLAPSE_RANGE and INSERT_RANGE are in refusals[]. */
void do_fallocate(struct world *w, const struct arguments *a, struct result *result)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};

	note(result, fallocate(w->slot[a->slot], modes[a->number % ELEMENTS(modes)], a->offset,
			     (off_t)a->length));
}

static void do_copy(struct world *w, const struct arguments *a, struct result *result)
{
	off_t from = a->offset;
	off_t to = a->offset2 & ((INT64_C(1) << 40) - 1);

	note(result,
		copy_file_range(w->slot[a->slot], &from, w->slot[a->other], &to, a->length, 0));
	say(result, "%jd %jd", (intmax_t)from, (intmax_t)to);
}

static void do_mmap(struct world *w, const struct arguments *a, struct result *result)
{
	off_t at = a->offset & ~(off_t)4095;
	int fd = w->slot[a->slot];
	struct stat st;
	void *page;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < at + 4096)
		at = -1;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at < 0 ? 0 : at);
	if (note(result, page == MAP_FAILED ? -1 : 0) < 0)
		return;
	if (at >= 0) {
		say(result, "%016jx", (uintmax_t)hash(page, 4096));
		memset((char *)page + a->number % 4000, (int)a->number & 255, 96);
		note(result, msync(page, 4096, MS_SYNC));
	}
	munmap(page, 4096);
}

/* A new file with known data and holes: elsewhere, what is said of preallocated space depends on
 * what the kernel has in its cache. */
void do_holes(struct world *w, const struct arguments *a, struct result *result)
{
	_cleanup_(fd_closep) int fd = -1;
	off_t at = 0;

	fd = openat(w->top, "sparse", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (note(result, fd < 0 ? -1 : 0) < 0)
		return;
	for (unsigned i = 0; i < 5; i++)
		if (pwrite(fd, data_of(a), a->length % 9000, (a->number >> i * 5 & 31) * 65536) < 0)
			say(result, "write: %d ", errno);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a->offset, a->offset2 + 1) <
		0)
		say(result, "punch: %d ", errno);
	for (int i = 0; i < 40 && at >= 0; i++) {
		at = lseek(fd, at, i % 2 ? SEEK_HOLE : SEEK_DATA);
		say(result, "%jd ", (intmax_t)at);
	}
	say(result, "%d ", errno);
	note(result, lseek(fd, (off_t)1 << 40, SEEK_DATA));
	unlinkat(w->top, "sparse", 0);
}

static void do_umask(struct world *w, const struct arguments *a, struct result *result)
{
	static const mode_t masks[] = {022, 077, 002, 0, 0666};

	umask(masks[a->number % ELEMENTS(masks)]);
}

/* --- Extended attributes -------------------------------------------------------------------------- */

static const char *const xattr_names[] = {"user.a", "user.b", "user.with a longer name", "user."};

/* The path for the calls that take no descriptor. Only of what can be opened: in a view, no other
 * inode's attributes are reached. */
static bool reach_path(
	struct world *w, const struct arguments *a, struct result *result, char *path)
{
	_cleanup_(fd_closep) int fd = -1;

	snprintf(path, PROC_PATH_MAX, "/proc/self/fd/%d/%s", base_of(w, a), a->path);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 || errno != EACCES || note(result, -1) == 0;
}

static void do_setxattr(struct world *w, const struct arguments *a, struct result *result)
{
	static const int flags[] = {0, 0, XATTR_CREATE, XATTR_REPLACE};
	char path[PROC_PATH_MAX];

	if (!reach_path(w, a, result, path))
		return;
	note(result, lsetxattr(path, xattr_names[a->number % ELEMENTS(xattr_names)], data_of(a),
			     a->length % 600, flags[a->number >> 4 & 3]));
}

static void do_getxattr(struct world *w, const struct arguments *a, struct result *result)
{
	char path[PROC_PATH_MAX];
	char value[1024];
	ssize_t n;

	if (!reach_path(w, a, result, path))
		return;
	n = lgetxattr(path, xattr_names[a->number % ELEMENTS(xattr_names)], value, a->length % 700);
	if (note(result, n) > 0 && a->length % 700 > 0)
		say(result, "%016jx", (uintmax_t)hash(value, (size_t)n));
}

static void do_listxattr(struct world *w, const struct arguments *a, struct result *result)
{
	char path[PROC_PATH_MAX];
	char names[1024];
	ssize_t n;

	if (!reach_path(w, a, result, path))
		return;
	n = llistxattr(path, names, a->number % 300);
	if (note(result, n) > 0 && a->number % 300 > 0)
		for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
			say(result, "%s ", names + at);
}

static void do_removexattr(struct world *w, const struct arguments *a, struct result *result)
{
	char path[PROC_PATH_MAX];

	if (!reach_path(w, a, result, path))
		return;
	note(result, lremovexattr(path, xattr_names[a->number % ELEMENTS(xattr_names)]));
}

/* --- The table ------------------------------------------------------------------------------------ */

const struct operation operations[] = {
	{"access", 30, 0, do_access},
	{"chmod", 20, 0, do_chmod},
	{"chown", 15, 0, do_chown},
	{"close", 25, NEEDS_SLOT, do_close},
	{"copy_file_range", 25, NEEDS_SLOT | NEEDS_OTHER, do_copy},
	{"dup", 10, NEEDS_SLOT | FILLS_OTHER, do_dup},
	{"fallocate", 20, NEEDS_SLOT, do_fallocate},
	{"fchmod", 10, NEEDS_SLOT, do_fchmod},
	{"fchown", 10, NEEDS_SLOT, do_fchown},
	{"fstat", 30, NEEDS_SLOT, do_fstat},
	{"fsync", 6, NEEDS_SLOT, do_sync},
	{"ftruncate", 20, NEEDS_SLOT, do_ftruncate},
	{"futimens", 10, NEEDS_SLOT, do_futimens},
	{"getxattr", 40, XATTR, do_getxattr},
	{"holes", 2, 0, do_holes},
	{"link", 25, 0, do_link},
	{"link of a descriptor", 8, NEEDS_SLOT, do_flink},
	{"list", 15, 0, do_list},
	{"listxattr", 30, XATTR, do_listxattr},
	{"mkdir", 40, 0, do_mkdir},
	{"mknod", 15, 0, do_mknod},
	{"mmap", 20, NEEDS_SLOT, do_mmap},
	{"open", 110, 0, do_open},
	{"pread, read", 50, NEEDS_SLOT, do_read},
	{"pwrite, write", 60, NEEDS_SLOT, do_write},
	{"pwritev2", 20, NEEDS_SLOT, do_writev},
	{"readlink", 15, 0, do_readlink},
	{"removexattr", 20, XATTR, do_removexattr},
	{"rename", 50, 0, do_rename},
	{"reopen", 15, NEEDS_SLOT | FILLS_OTHER, do_reopen},
	{"rmdir", 15, 0, do_rmdir},
	{"seek", 20, NEEDS_SLOT, do_seek},
	{"setfl", 8, NEEDS_SLOT, do_setfl},
	{"setxattr", 50, XATTR, do_setxattr},
	{"stat", 30, 0, do_stat},
	{"symlink", 15, 0, do_symlink},
	{"truncate", 20, 0, do_truncate},
	{"umask", 3, 0, do_umask},
	{"unlink", 35, 0, do_unlink},
	{"utimensat", 20, 0, do_utimens},
};

const size_t operation_count = ELEMENTS(operations);
