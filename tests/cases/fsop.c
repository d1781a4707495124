/*
 * One file-system call from the command line, judged to the exact errno.
 *
 *     fsop OPERATION ARGUMENT...
 *
 * Prints "OK", with what the call gave behind it, and exits 0; or prints the name of the errno
 * ("EACCES") and exits 1; 2 for a wrong command line. `fsop help` lists the operations.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"

/* Every operation returns 0 or a negative errno, and prints what it found only with 0. */
typedef int (*operation)(char **argument);

static int result(int value)
{
	if (value < 0)
		return -errno;
	puts("OK");
	return 0;
}

static const struct flag {
	const char *name;
	int value;
} open_flags[] = {
	{"O_RDONLY", O_RDONLY},
	{"O_WRONLY", O_WRONLY},
	{"O_RDWR", O_RDWR},
	{"O_ACCMODE", O_ACCMODE},
	{"O_APPEND", O_APPEND},
	{"O_CREAT", O_CREAT},
	{"O_DIRECT", O_DIRECT},
	{"O_DIRECTORY", O_DIRECTORY},
	{"O_EXCL", O_EXCL},
	{"O_NOATIME", O_NOATIME},
	{"O_NOFOLLOW", O_NOFOLLOW},
	{"O_NONBLOCK", O_NONBLOCK},
	{"O_PATH", O_PATH},
	{"O_SYNC", O_SYNC},
	{"O_TMPFILE", O_TMPFILE},
	{"O_TRUNC", O_TRUNC},
};

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "fsop: %s: %s\n", what, word);
	exit(2);
}

/* "O_RDWR|O_TRUNC" or a number. */
static int parse_flags(const char *text)
{
	char copy[256];
	char *rest = copy;
	char *end;
	char *word;
	int flags = 0;
	long number = strtol(text, &end, 0);

	if (*text != '\0' && *end == '\0')
		return (int)number;
	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, "|"))) {
		size_t i;

		for (i = 0; i < ELEMENTS(open_flags); i++)
			if (strcmp(open_flags[i].name, word) == 0)
				break;
		if (i == ELEMENTS(open_flags))
			usage("unknown flag", word);
		flags |= open_flags[i].value;
	}
	return flags;
}

static long long number(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 0);

	if (*text == '\0' || *end != '\0')
		usage("not a number", text);
	return value;
}

static mode_t octal(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text == '\0' || *end != '\0')
		usage("not a mode", text);
	return (mode_t)value;
}

static void print_stat(const struct stat *st)
{
	printf("OK mode=%06o nlink=%ju uid=%ju gid=%ju size=%jd ino=%ju dev=%ju rdev=%ju "
	       "blocks=%jd "
	       "mtime=%jd.%09ld\n",
		st->st_mode, (uintmax_t)st->st_nlink, (uintmax_t)st->st_uid, (uintmax_t)st->st_gid,
		(intmax_t)st->st_size, (uintmax_t)st->st_ino, (uintmax_t)st->st_dev,
		(uintmax_t)st->st_rdev, (intmax_t)st->st_blocks, (intmax_t)st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec);
}

static int op_stat(char **a)
{
	struct stat st;

	if (stat(a[0], &st) < 0)
		return -errno;
	print_stat(&st);
	return 0;
}

static int op_lstat(char **a)
{
	struct stat st;

	if (lstat(a[0], &st) < 0)
		return -errno;
	print_stat(&st);
	return 0;
}

static int op_access(char **a)
{
	int mode = F_OK;

	for (const char *c = a[1]; *c; c++) {
		if (*c == 'r')
			mode |= R_OK;
		else if (*c == 'w')
			mode |= W_OK;
		else if (*c == 'x')
			mode |= X_OK;
		else if (*c != 'f')
			usage("access takes letters of rwxf", a[1]);
	}
	return result(faccessat(AT_FDCWD, a[0], mode, AT_EACCESS));
}

static int op_open(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], parse_flags(a[1]) | O_CLOEXEC, 0666);

	return result(fd);
}

static int op_creat(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	return result(fd);
}

static int op_read(char **a)
{
	char buffer[65536];
	_cleanup_(fd_closep) int fd = open(a[0], O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || (n = read(fd, buffer, sizeof(buffer))) < 0)
		return -errno;
	printf("OK %zd ", n);
	fwrite(buffer, 1, (size_t)n, stdout);
	putchar('\n');
	return 0;
}

static int put(const char *path, int flags, const char *data)
{
	_cleanup_(fd_closep) int fd = open(path, flags | O_CLOEXEC, 0666);
	ssize_t n;

	if (fd < 0 || (n = write(fd, data, strlen(data))) < 0)
		return -errno;
	printf("OK %zd\n", n);
	return 0;
}

static int op_write(char **a)
{
	return put(a[0], O_WRONLY, a[1]);
}

static int op_append(char **a)
{
	return put(a[0], O_WRONLY | O_APPEND, a[1]);
}

static int op_put(char **a)
{
	return put(a[0], O_WRONLY | O_CREAT | O_TRUNC, a[1]);
}

static int op_mkdir(char **a)
{
	return result(mkdir(a[0], 0777));
}

static int op_rmdir(char **a)
{
	return result(rmdir(a[0]));
}

static int op_unlink(char **a)
{
	return result(unlink(a[0]));
}

static int op_symlink(char **a)
{
	return result(symlink(a[0], a[1]));
}

static int op_link(char **a)
{
	return result(link(a[0], a[1]));
}

static int op_rename(char **a)
{
	return result(rename(a[0], a[1]));
}

static int op_rename_noreplace(char **a)
{
	return result(renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_NOREPLACE));
}

static int op_rename_exchange(char **a)
{
	return result(renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE));
}

static int op_rename_whiteout(char **a)
{
	return result(renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_WHITEOUT));
}

static int op_mknod(char **a)
{
	static const struct flag types[] = {
		{"file", S_IFREG},
		{"fifo", S_IFIFO},
		{"socket", S_IFSOCK},
		{"char", S_IFCHR},
		{"block", S_IFBLK},
	};

	for (size_t i = 0; i < ELEMENTS(types); i++)
		if (strcmp(types[i].name, a[1]) == 0) /* 1:3 is /dev/null */
			return result(mknod(a[0], (mode_t)types[i].value | 0666, 0x103));
	return usage("unknown type", a[1]);
}

static int op_bind(char **a)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(a[0]) >= sizeof(address.sun_path))
		usage("path too long for a socket", a[0]);
	memcpy(address.sun_path, a[0], strlen(a[0]) + 1);
	return result(bind(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int op_truncate(char **a)
{
	return result(truncate(a[0], number(a[1])));
}

static int op_chmod(char **a)
{
	return result(chmod(a[0], octal(a[1])));
}

static int op_chown(char **a)
{
	return result(lchown(a[0], (uid_t)number(a[1]), (gid_t)number(a[2])));
}

static int op_utimens(char **a)
{
	struct timespec times[2] = {{.tv_sec = number(a[1])}, {.tv_sec = number(a[1])}};

	return result(utimensat(AT_FDCWD, a[0], times, AT_SYMLINK_NOFOLLOW));
}

static int op_readlink(char **a)
{
	char target[4096];
	ssize_t n = readlink(a[0], target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	printf("OK %s\n", target);
	return 0;
}

static int op_getxattr(char **a)
{
	char value[4096];
	ssize_t n = lgetxattr(a[0], a[1], value, sizeof(value));

	if (n < 0)
		return -errno;
	printf("OK %.*s\n", (int)n, value);
	return 0;
}

static int op_setxattr(char **a)
{
	return result(lsetxattr(a[0], a[1], a[2], strlen(a[2]), 0));
}

static int op_removexattr(char **a)
{
	return result(lremovexattr(a[0], a[1]));
}

static int op_listxattr(char **a)
{
	char names[4096];
	ssize_t n = llistxattr(a[0], names, sizeof(names));

	if (n < 0)
		return -errno;
	printf("OK");
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1)
		printf(" %s", names + i);
	putchar('\n');
	return 0;
}

static int op_fallocate(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], parse_flags(a[1]) | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return result(fallocate(fd, 0, 0, number(a[2])));
}

static int op_copy_range(char **a)
{
	_cleanup_(fd_closep) int from = open(a[0], O_RDONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int to = open(a[1], O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (from < 0 || to < 0 || (n = copy_file_range(from, NULL, to, NULL, 1 << 20, 0)) < 0)
		return -errno;
	printf("OK %zd\n", n);
	return 0;
}

static int op_clone(char **a)
{
	_cleanup_(fd_closep) int from = open(a[0], O_RDONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int to = open(a[1], O_WRONLY | O_CLOEXEC);

	if (from < 0 || to < 0)
		return -errno;
	return result(ioctl(to, FICLONE, from));
}

static int op_setflags(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], O_RDONLY | O_CLOEXEC);
	int flags = FS_NODUMP_FL;

	if (fd < 0)
		return -errno;
	return result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* mmap PATH OPENFLAGS shared|private r|w|x: maps a page and touches it. */
static int op_mmap(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], parse_flags(a[1]) | O_CLOEXEC);
	int protection = PROT_READ;
	volatile char *page;

	if (fd < 0)
		return -errno;
	if (a[3][0] == 'w')
		protection |= PROT_WRITE;
	else if (a[3][0] == 'x')
		protection |= PROT_EXEC;
	page = mmap(NULL, 4096, protection, a[2][0] == 's' ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (a[3][0] == 'w') {
		page[0] = '#';
		if (msync((void *)page, 4096, MS_SYNC) < 0)
			return -errno;
	}
	printf("OK %c\n", page[0]);
	return 0;
}

static int op_exec(char **a)
{
	execv(a[0], a);
	return -errno;
}

static int op_chdir(char **a)
{
	return result(chdir(a[0]));
}

static int op_statfs(char **a)
{
	struct statfs st;

	if (statfs(a[0], &st) < 0)
		return -errno;
	printf("OK type=%#jx bsize=%ju files=%ju namelen=%ju flags=%#jx\n", (uintmax_t)st.f_type,
		(uintmax_t)st.f_bsize, (uintmax_t)st.f_files, (uintmax_t)st.f_namelen,
		(uintmax_t)st.f_flags);
	return 0;
}

/* One line per entry, in the order of the directory: offset, inode, type, name. */
static int op_list(char **a)
{
	DIR *directory = opendir(a[0]);
	struct dirent *entry;

	if (!directory)
		return -errno;
	puts("OK");
	errno = 0;
	while ((entry = readdir(directory)))
		printf("%jd %ju %d %s\n", (intmax_t)entry->d_off, (uintmax_t)entry->d_ino,
			entry->d_type, entry->d_name);
	closedir(directory);
	return -errno;
}

/* seek DIR OFFSET: the name found at a directory offset. */
static int op_seekdir(char **a)
{
	DIR *directory = opendir(a[0]);
	struct dirent *entry;

	if (!directory)
		return -errno;
	seekdir(directory, (long)number(a[1]));
	errno = 0;
	entry = readdir(directory);
	if (!entry && errno != 0)
		return -errno;
	printf("OK %s\n", entry ? entry->d_name : "");
	closedir(directory);
	return 0;
}

static int reopen(int fd, int flags)
{
	char path[64];
	_cleanup_(fd_closep) int again = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return result(again);
}

/* Opens with the first flags (O_PATH …), then again through /proc/self/fd with the second. */
static int op_reopen(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], parse_flags(a[1]) | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return reopen(fd, parse_flags(a[2]));
}

/* reopen-swapped PATH OTHER FLAGS: as reopen, but OTHER was renamed over PATH in between. */
static int op_reopen_swapped(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || rename(a[1], a[0]) < 0)
		return -errno;
	return reopen(fd, parse_flags(a[2]));
}

static int op_tmpfile(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

	return result(fd);
}

/* tmpfile-link DIR NAME: an unnamed file that gets the name afterwards. */
static int op_tmpfile_link(char **a)
{
	char path[64];
	_cleanup_(fd_closep) int fd = open(a[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return result(linkat(AT_FDCWD, path, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW));
}

/* handle PATH FLAGS: name_to_handle_at, then open_by_handle_at through the same mount. */
static int op_handle(char **a)
{
	union {
		struct file_handle handle;
		char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = {.handle.handle_bytes = MAX_HANDLE_SZ};
	_cleanup_(fd_closep) int mount = open(a[0], O_RDONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int fd = -1;
	int id;

	if (mount < 0 || name_to_handle_at(AT_FDCWD, a[0], &h.handle, &id, 0) < 0)
		return -errno;
	fd = open_by_handle_at(mount, &h.handle, parse_flags(a[1]) | O_CLOEXEC);
	return result(fd);
}

static int op_flock(char **a)
{
	_cleanup_(fd_closep) int fd = open(a[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return result(flock(fd, LOCK_EX | LOCK_NB));
}

static int op_watch(char **a)
{
	_cleanup_(fd_closep) int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		return -errno;
	return result(inotify_add_watch(fd, a[0], IN_ALL_EVENTS));
}

static const struct {
	const char *name;
	int arguments;
	const char *usage;
	operation run;
} operations[] = {
	{"access", 2, "PATH rwxf", op_access},
	{"append", 2, "PATH DATA", op_append},
	{"bind", 1, "PATH", op_bind},
	{"chdir", 1, "PATH", op_chdir},
	{"chmod", 2, "PATH OCTAL", op_chmod},
	{"chown", 3, "PATH UID GID", op_chown},
	{"clone", 2, "FROM TO", op_clone},
	{"copy-range", 2, "FROM TO", op_copy_range},
	{"creat", 1, "PATH", op_creat},
	{"exec", 1, "PATH", op_exec},
	{"fallocate", 3, "PATH FLAGS LENGTH", op_fallocate},
	{"flock", 1, "PATH", op_flock},
	{"getxattr", 2, "PATH NAME", op_getxattr},
	{"handle", 2, "PATH FLAGS", op_handle},
	{"link", 2, "OLD NEW", op_link},
	{"list", 1, "DIRECTORY", op_list},
	{"listxattr", 1, "PATH", op_listxattr},
	{"lstat", 1, "PATH", op_lstat},
	{"mkdir", 1, "PATH", op_mkdir},
	{"mknod", 2, "PATH file|fifo|socket|char|block", op_mknod},
	{"mmap", 4, "PATH FLAGS shared|private r|w|x", op_mmap},
	{"open", 2, "PATH FLAGS", op_open},
	{"put", 2, "PATH DATA", op_put},
	{"read", 1, "PATH", op_read},
	{"readlink", 1, "PATH", op_readlink},
	{"removexattr", 2, "PATH NAME", op_removexattr},
	{"rename", 2, "OLD NEW", op_rename},
	{"rename-exchange", 2, "OLD NEW", op_rename_exchange},
	{"rename-noreplace", 2, "OLD NEW", op_rename_noreplace},
	{"rename-whiteout", 2, "OLD NEW", op_rename_whiteout},
	{"reopen", 3, "PATH FLAGS FLAGS", op_reopen},
	{"reopen-swapped", 3, "PATH OTHER FLAGS", op_reopen_swapped},
	{"rmdir", 1, "PATH", op_rmdir},
	{"seekdir", 2, "DIRECTORY OFFSET", op_seekdir},
	{"setflags", 1, "PATH", op_setflags},
	{"setxattr", 3, "PATH NAME VALUE", op_setxattr},
	{"stat", 1, "PATH", op_stat},
	{"statfs", 1, "PATH", op_statfs},
	{"symlink", 2, "TARGET PATH", op_symlink},
	{"tmpfile", 1, "DIRECTORY", op_tmpfile},
	{"tmpfile-link", 2, "DIRECTORY PATH", op_tmpfile_link},
	{"truncate", 2, "PATH LENGTH", op_truncate},
	{"unlink", 1, "PATH", op_unlink},
	{"utimens", 2, "PATH SECONDS", op_utimens},
	{"watch", 1, "PATH", op_watch},
	{"write", 2, "PATH DATA", op_write},
};

static int help(void)
{
	for (size_t i = 0; i < ELEMENTS(operations); i++)
		printf("fsop %s %s\n", operations[i].name, operations[i].usage);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "help") == 0)
		return help();
	for (size_t i = 0; argc > 1 && i < ELEMENTS(operations); i++) {
		int r;

		if (strcmp(operations[i].name, argv[1]) != 0)
			continue;
		if (argc - 2 != operations[i].arguments)
			usage(argv[1], operations[i].usage);
		r = operations[i].run(argv + 2);
		if (r == 0)
			return 0;
		puts(strerrorname_np(-r));
		return 1;
	}
	return usage("unknown operation, see fsop help", argc > 1 ? argv[1] : "");
}
