/*
 * A storm of file-system calls from many threads, in a view and on the host underneath.
 *
 *     fsstorm VIEW LOWER SECONDS SEED
 *
 * Half of the threads rename, make, remove, open, list and link in VIEW at random, across levels;
 * the others rename what is below LOWER/host, and swap files, directories and symlinks that lead to
 * hidden things there. Nothing that is read in VIEW may hold "canary-", no name that is listed may
 * hold "secret". Prints how many calls succeeded and exits 0; 1 and the path where something hidden
 * showed; 2 for a wrong command line; 3 where a thread stood still.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"

enum { VIEW_THREADS = 6, HOST_THREADS = 2, DEPTH_MAX = 4, STILL_SECONDS = 20 };

struct thread {
	pthread_t thread;
	unsigned seed;
	int root; /* VIEW, or LOWER/host */
	atomic_ulong calls;
	unsigned long succeeded;
};

static atomic_bool ended;

static unsigned pick(struct thread *thread, unsigned count)
{
	return (unsigned)rand_r(&thread->seed) % count;
}

static void leak(const char *path, const char *what)
{
	printf("LEAK at %s: %s\n", path, what);
	fflush(stdout);
	_exit(1);
}

/* A path of few names, so that the threads meet. */
static void make_path(struct thread *thread, char *path, size_t size)
{
	static const char *const names[] = {
		"a", "b", "c", "d", "host", "fixed", "x.list", "k.secret", "secrets"};
	unsigned depth = 1 + pick(thread, DEPTH_MAX);
	size_t at = 0;

	path[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		/* The writable ones more often. */
		unsigned which = pick(thread, 3) ? pick(thread, 5) : pick(thread, ELEMENTS(names));
		int n = snprintf(path + at, size - at, "%s%s", i ? "/" : "", names[which]);

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

static bool done(int r)
{
	return r >= 0;
}

/* --- In the view --------------------------------------------------------------------------------- */

static bool read_file(struct thread *thread, const char *path)
{
	char buffer[4097];
	_cleanup_(fd_closep) int fd = openat(thread->root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, buffer, sizeof(buffer) - 1)) > 0)
		if (memmem(buffer, (size_t)n, "canary-", 7))
			leak(path, "read");
	return n == 0;
}

static bool map_file(struct thread *thread, const char *path)
{
	_cleanup_(fd_closep) int fd = openat(thread->root, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *page;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	/* Read with pread(2): a mapped page beyond the end would be a signal. */
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return false;
	munmap(page, 4096);
	return done(ftruncate(fd, (off_t)pick(thread, 5000)));
}

static bool write_file(struct thread *thread, const char *path)
{
	static const int flags[] = {O_CREAT, O_CREAT | O_EXCL, O_CREAT | O_TRUNC, O_APPEND, 0};
	_cleanup_(fd_closep) int fd = openat(thread->root, path,
		O_WRONLY | O_NONBLOCK | O_CLOEXEC | flags[pick(thread, ELEMENTS(flags))], 0644);

	return fd >= 0 && write(fd, "plain\n", 6) == 6;
}

static bool list_directory(struct thread *thread, const char *path)
{
	int fd = openat(thread->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!directory) {
		fd_close(fd);
		return false;
	}
	while ((entry = readdir(directory))) {
		struct stat st;

		if (strstr(entry->d_name, "secret"))
			leak(path, entry->d_name);
		if (pick(thread, 2))
			(void)fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
	}
	closedir(directory);
	return true;
}

static bool stat_path(struct thread *thread, const char *path)
{
	struct stat st;

	if (fstatat(thread->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (strstr(path, "secret"))
		leak(path, "stat");
	return true;
}

static bool rename_path(struct thread *thread, const char *path)
{
	static const unsigned flags[] = {0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	char to[512];

	make_path(thread, to, sizeof(to));
	return done(renameat2(
		thread->root, path, thread->root, to, flags[pick(thread, ELEMENTS(flags))]));
}

static bool link_path(struct thread *thread, const char *path)
{
	char to[512];

	make_path(thread, to, sizeof(to));
	return done(linkat(thread->root, path, thread->root, to, 0));
}

/* Works below a directory that others rename and remove meanwhile. */
static bool work_below(struct thread *thread, const char *path)
{
	_cleanup_(fd_closep) int fd = openat(
		thread->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct thread below = {.seed = thread->seed, .root = fd};
	bool worked = false;

	if (fd < 0)
		return false;
	for (int i = 0; i < 4; i++) {
		char name[512];

		make_path(&below, name, sizeof(name));
		worked |= list_directory(&below, ".");
		worked |= write_file(&below, name);
		worked |= read_file(&below, name);
		worked |= done(mkdirat(fd, name, 0755));
	}
	thread->seed = below.seed;
	return worked;
}

/* Keeps using a file that has lost its name. */
static bool use_unnamed(struct thread *thread, const char *path)
{
	_cleanup_(fd_closep) int fd = openat(
		thread->root, path, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat st;
	char buffer[64];

	if (fd < 0)
		return false;
	(void)!unlinkat(thread->root, path, 0);
	return fstat(fd, &st) == 0 && done(fchmod(fd, 0600)) && done(ftruncate(fd, 10)) &&
	       pwrite(fd, "x", 1, 20) == 1 && pread(fd, buffer, sizeof(buffer), 0) >= 0;
}

static bool in_view(struct thread *thread)
{
	char path[512];

	make_path(thread, path, sizeof(path));
	switch (pick(thread, 16)) {
	case 0:
	case 1:
		return done(mkdirat(thread->root, path, 0755));
	case 2:
		return done(unlinkat(thread->root, path, AT_REMOVEDIR));
	case 3:
		return done(unlinkat(thread->root, path, 0));
	case 4:
	case 5:
		return rename_path(thread, path);
	case 6:
		return write_file(thread, path);
	case 7:
	case 8:
		return read_file(thread, path);
	case 9:
		return list_directory(thread, path);
	case 10:
		return stat_path(thread, path);
	case 11:
		return done(symlinkat("../k.secret", thread->root, path));
	case 12:
		return link_path(thread, path);
	case 13:
		return work_below(thread, path);
	case 14:
		return use_unnamed(thread, path);
	default:
		return map_file(thread, path);
	}
}

/* --- On the host --------------------------------------------------------------------------------- */

/* What lies at a name becomes something else. */
static bool change_below(struct thread *thread, int from, int to)
{
	static const char *const targets[] = {
		"../a/k.secret", "../secrets", "../../secrets/token", "../a", "../../../../etc"};
	static const char *const names[] = {"a", "b", "c", "d"};
	const char *name = names[pick(thread, ELEMENTS(names))];
	const char *other = names[pick(thread, ELEMENTS(names))];
	_cleanup_(fd_closep) int fd = -1;

	switch (pick(thread, 7)) {
	case 0:
		return done(symlinkat(targets[pick(thread, ELEMENTS(targets))], from, name));
	case 1:
		return done(mkdirat(from, name, 0755));
	case 2:
		fd = openat(from, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
		return fd >= 0 && write(fd, "host\n", 5) == 5;
	case 3:
		return done(unlinkat(from, name, 0)) || done(unlinkat(from, name, AT_REMOVEDIR));
	case 4:
		return done(renameat2(from, name, to, other, RENAME_EXCHANGE));
	case 5:
		return done(linkat(from, name, to, other, 0));
	default:
		return done(renameat2(from, name, to, other, 0));
	}
}

/* All that it makes is below LOWER/host: it follows no symlink itself. */
static bool on_host(struct thread *thread)
{
	static const char *const names[] = {".", "a", "b", "c", "d"};
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_(fd_closep) int from = openat(
		thread->root, names[pick(thread, ELEMENTS(names))], flags);
	_cleanup_(fd_closep) int to = openat(
		thread->root, names[pick(thread, ELEMENTS(names))], flags);

	return from >= 0 && to >= 0 && change_below(thread, from, to);
}

/* --- Threads ------------------------------------------------------------------------------------- */

static void run(struct thread *thread, bool (*call)(struct thread *))
{
	while (!atomic_load(&ended)) {
		thread->succeeded += call(thread);
		atomic_fetch_add(&thread->calls, 1);
	}
}

static void *run_in_view(void *data)
{
	run(data, in_view);
	return NULL;
}

static void *run_on_host(void *data)
{
	run(data, on_host);
	return NULL;
}

/* True where each thread has made a call since the last time. */
static bool all_moved(struct thread *threads, unsigned long *seen, size_t count)
{
	bool moved = true;

	for (size_t i = 0; i < count; i++) {
		unsigned long calls = atomic_load(&threads[i].calls);

		moved &= calls != seen[i];
		seen[i] = calls;
	}
	return moved;
}

static void watch(struct thread *threads, size_t count, long seconds)
{
	unsigned long seen[VIEW_THREADS + HOST_THREADS] = {0};
	long still = 0;

	for (long second = 0; second < seconds || still > 0; second++) {
		sleep(1);
		still = all_moved(threads, seen, count) ? 0 : still + 1;
		if (still < STILL_SECONDS)
			continue;
		puts("a thread stands still");
		fflush(stdout);
		_exit(3);
	}
}

static int open_directory(const char *path, const char *below)
{
	char joined[4096];
	int fd;

	snprintf(joined, sizeof(joined), "%s%s", path, below);
	fd = open(joined, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		perror(joined);
		exit(2);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct thread threads[VIEW_THREADS + HOST_THREADS] = {0};
	unsigned long in_view_succeeded = 0;
	unsigned long on_host_succeeded = 0;

	if (argc != 5) {
		fputs("usage: fsstorm VIEW LOWER SECONDS SEED\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < ELEMENTS(threads); i++) {
		bool host = i >= VIEW_THREADS;

		threads[i].seed = (unsigned)strtoul(argv[4], NULL, 0) * 100 + (unsigned)i;
		threads[i].root = host ? open_directory(argv[2], "/host")
				       : open_directory(argv[1], "");
		if (pthread_create(&threads[i].thread, NULL, host ? run_on_host : run_in_view,
			    &threads[i]) != 0)
			return 2;
	}
	watch(threads, ELEMENTS(threads), strtol(argv[3], NULL, 10));
	atomic_store(&ended, true);
	for (size_t i = 0; i < ELEMENTS(threads); i++) {
		pthread_join(threads[i].thread, NULL);
		if (i < VIEW_THREADS)
			in_view_succeeded += threads[i].succeeded;
		else
			on_host_succeeded += threads[i].succeeded;
	}
	printf("OK view=%lu host=%lu\n", in_view_succeeded, on_host_succeeded);
	return 0;
}
