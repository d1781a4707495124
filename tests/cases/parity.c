/*
 * The same random file-system operations on two directories, with the same outcome.
 *
 *     parity PLAIN VIEW LOWER SEED OPERATIONS [xattr]
 *
 * PLAIN is an ordinary directory, VIEW a view that may write everything, LOWER what VIEW shows; all
 * are empty. Every operation is done in PLAIN and in VIEW; errno, value and data must be the same.
 * Every now and then all of PLAIN is compared with VIEW, and VIEW with LOWER. At the first
 * difference it prints what was done last, and exits 1. The same SEED gives the same operations.
 *
 * Where the view promises something else, it is said at the place: normalize() for directories,
 * is_lost() for what has neither a name nor an open file, refusals[] for what is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
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

enum { HISTORY = 40, AUDIT_EVERY = 1000 };

/* --- Chance --------------------------------------------------------------------------------------- */

static uint64_t random_state;

/* splitmix64 */
static uint64_t random_bits(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(random_bits() % limit);
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

/* --- What the view refuses ------------------------------------------------------------------------ */

static int set_id(int top)
{
	return fchmodat(top, "refused", 04755, 0);
}

static int collapse(int top)
{
	_cleanup_(fd_closep) int fd = openat(top, "refused", O_RDWR | O_CLOEXEC);

	return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096);
}

static int insert(int top)
{
	_cleanup_(fd_closep) int fd = openat(top, "refused", O_RDWR | O_CLOEXEC);

	return fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096);
}

static int unnamed(int top)
{
	return openat(top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int whiteout(int top)
{
	return renameat2(top, "refused", top, "elsewhere", RENAME_WHITEOUT);
}

static int device(int top)
{
	return mknodat(top, "device", S_IFCHR | 0666, 0x103);
}

static const struct refusal {
	const char *name;
	int (*run)(int top);
	int error; /* in the view, though an ordinary directory might allow it */
} refusals[] = {
	{"chmod u+s", set_id, EPERM},
	{"fallocate COLLAPSE_RANGE", collapse, EOPNOTSUPP},
	{"fallocate INSERT_RANGE", insert, EOPNOTSUPP},
	{"O_TMPFILE", unnamed, EOPNOTSUPP},
	{"RENAME_WHITEOUT", whiteout, EINVAL},
	{"mknod of a device", device, EPERM},
};

static bool check_refusals(const struct world *view)
{
	bool good = true;

	if (mknodat(view->top, "refused", S_IFREG, 0) < 0 ||
		fchmodat(view->top, "refused", 0644, 0) < 0) {
		perror("parity: mknod");
		return false;
	}
	for (size_t i = 0; i < ELEMENTS(refusals); i++) {
		int r = refusals[i].run(view->top);
		int error = r < 0 ? errno : 0;

		/* Without CAP_MKNOD the kernel itself refuses the whiteout. */
		if (error == refusals[i].error || (refusals[i].run == whiteout && error == EPERM))
			continue;
		printf("%s gives %s, not %s\n", refusals[i].name, strerrorname_np(error),
			strerrorname_np(refusals[i].error));
		good = false;
	}
	unlinkat(view->top, "refused", 0);
	return good;
}

/* --- Choosing ------------------------------------------------------------------------------------- */

static void pick_path(char *path, size_t size)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "name with space"};
	unsigned depth = one_in(2) ? 1 : 2 + one_in(4);

	*path = '\0';
	for (unsigned i = 0; i < depth; i++) {
		size_t used = strlen(path);

		snprintf(path + used, size - used, "%s%s", i ? "/" : "",
			names[below(i + 1 < depth ? 3 : ELEMENTS(names))]);
	}
	if (one_in(30))
		snprintf(path, size, "%s", one_in(2) ? "." : "");
	else if (one_in(30))
		snprintf(path, size, "%s/../%s", names[below(4)], names[below(4)]);
	else if (one_in(30))
		snprintf(path + strlen(path), size - strlen(path), one_in(2) ? "/" : "/.");
	else if (one_in(150))
		snprintf(path, size, "%0*d", (int)(size > 300 && one_in(2) ? 4500 : 256), 7);
}

static int pick_open_flags(void)
{
	static const int flags[] = {O_APPEND, O_CREAT, O_CREAT, O_CREAT, O_EXCL, O_TRUNC,
		O_NOFOLLOW, O_DIRECTORY, O_SYNC, O_DSYNC, O_NOATIME, O_PATH};
	int picked = (int)below(one_in(20) ? 4 : 3);

	for (size_t i = 0; i < ELEMENTS(flags); i++)
		if (one_in(i < 6 ? 5 : 16))
			picked |= flags[i];
	if (one_in(3))
		picked |= O_CREAT;
	return picked;
}

static off_t pick_offset(void)
{
	static const off_t odd[] = {0, -1, 4095, 4096, 4097, 65536, 1 << 20, INT64_C(1) << 33,
		INT64_C(1) << 45, INT64_MAX};

	return one_in(6) ? odd[below(ELEMENTS(odd))] : below(one_in(3) ? 200000 : 9000);
}

static int pick_slot(const struct world *w, bool open)
{
	unsigned start = below(SLOTS);

	for (unsigned i = 0; open && i < SLOTS; i++)
		if (w->slot[(start + i) % SLOTS] >= 0)
			return (int)((start + i) % SLOTS);
	return (int)start;
}

static void pick_arguments(
	const struct world *w, const struct operation *operation, struct arguments *a)
{
	static const mode_t modes[] = {
		0777, 0666, 0644, 0755, 0700, 0600, 0444, 0555, 02775, 01777};

	a->base = one_in(4) ? (int)below(SLOTS) : -1;
	a->slot = pick_slot(w, operation->needs & NEEDS_SLOT);
	a->other = pick_slot(w, operation->needs & NEEDS_OTHER);
	pick_path(a->path, sizeof(a->path));
	pick_path(a->path2, sizeof(a->path2));
	a->flags = pick_open_flags();
	/* Also without any bit, but not often: the rest would be EACCES. */
	a->mode = one_in(30) ? below(01000) : modes[below(ELEMENTS(modes))];
	a->offset = pick_offset();
	a->offset2 = one_in(2) ? 0 : pick_offset();
	a->length = one_in(40) ? below(DATA_MAX) : below(6000);
	a->number = (unsigned)random_bits();
	/* Far out only where nothing big is read or made of it. */
	if (operation->run == do_fallocate || operation->run == do_holes)
		a->offset &= (1 << 21) - 1;
	a->offset2 = operation->run == do_holes ? a->offset2 & 0xfffff : a->offset2;
}

static const struct operation *pick_operation(bool xattr)
{
	unsigned total = 0;
	unsigned at;

	for (size_t i = 0; i < operation_count; i++)
		total += xattr || !(operations[i].needs & XATTR) ? operations[i].weight : 0;
	at = below(total);
	for (size_t i = 0;; i++) {
		if (!xattr && operations[i].needs & XATTR)
			continue;
		if (at < operations[i].weight)
			return &operations[i];
		at -= operations[i].weight;
	}
}

/* --- Comparing ------------------------------------------------------------------------------------ */

static char history[HISTORY][TEXT_MAX];
static unsigned history_count;

static void remember(
	const struct operation *operation, const struct arguments *a, const struct result *result)
{
	snprintf(history[history_count++ % HISTORY], TEXT_MAX,
		"%s base=%d slot=%d other=%d path='%.80s' path2='%.80s' flags=%#o mode=%o "
		"offset=%jd offset2=%jd length=%zu number=%u -> %lld %s %.200s",
		operation->name, a->base, a->slot, a->other, a->path, a->path2, (unsigned)a->flags,
		a->mode, (intmax_t)a->offset, (intmax_t)a->offset2, a->length, a->number,
		result->value, strerrorname_np(result->error), result->text);
}

/* The latest first. */
static void print_history(void)
{
	for (unsigned i = history_count; i > 0 && i + HISTORY > history_count; i--)
		printf("%s\n", history[(i - 1) % HISTORY]);
}

/* The design keeps no descriptor for what the kernel only remembers: without a name and an open
 * file, nothing leads to the inode. */
static bool gone_without_name(int fd, const struct stat *plain)
{
	return plain->st_nlink == 0 &&
	       (S_ISDIR(plain->st_mode) || !S_ISREG(plain->st_mode) || fcntl(fd, F_GETFL) & O_PATH);
}

static bool is_lost(const struct world *plain, int slot)
{
	struct stat st;

	return slot >= 0 && plain->slot[slot] >= 0 && fstat(plain->slot[slot], &st) == 0 &&
	       gone_without_name(plain->slot[slot], &st);
}

static bool same(const struct world *plain, const struct operation *operation,
	const struct arguments *a, const struct result *x, const struct result *y)
{
	if (x->error == y->error && x->value == y->value && strcmp(x->text, y->text) == 0)
		return true;
	return y->error == ESTALE && (is_lost(plain, a->base) || (operation->needs & NEEDS_SLOT &&
									 is_lost(plain, a->slot)));
}

/* After what only one world could do: the slots that it may have filled are emptied. */
static void even_out(struct world *worlds, const struct arguments *a)
{
	for (int i = 0; i < 2; i++) {
		worlds[i].slot[a->slot] = fd_close(worlds[i].slot[a->slot]);
		worlds[i].slot[a->other] = fd_close(worlds[i].slot[a->other]);
	}
}

/* One operation in both worlds. */
static bool step(struct world *worlds, const struct operation *operation, const struct arguments *a)
{
	static struct result results[2];
	struct world *plain = &worlds[0];

	for (int i = 0; i < 2; i++) {
		results[i].value = results[i].error = 0;
		results[i].length = 0;
		results[i].text[0] = '\0';
		operation->run(&worlds[i], a, &results[i]);
	}
	remember(operation, a, &results[0]);
	if (same(plain, operation, a, &results[0], &results[1])) {
		if (results[0].error != results[1].error)
			even_out(worlds, a);
		return true;
	}
	for (int i = 0; i < 2; i++)
		printf("%s: %lld %s %s\n", worlds[i].name, results[i].value,
			strerrorname_np(results[i].error), results[i].text);
	print_history();
	return false;
}

static bool look(struct world *worlds, const struct operation *operation, struct arguments *a)
{
	static const struct operation stat_operation = {"then stat", 0, 0, do_stat};
	static const struct operation fstat_operation = {"then fstat", 0, NEEDS_SLOT, do_fstat};

	a->flags = AT_SYMLINK_NOFOLLOW;
	if (!step(worlds, &stat_operation, a))
		return false;
	if (operation->needs & NEEDS_SLOT && worlds[0].slot[a->slot] >= 0 &&
		!step(worlds, &fstat_operation, a))
		return false;
	a->base = -1;
	snprintf(a->path, sizeof(a->path), "%s", one_in(3) ? "." : a->path2);
	return step(worlds, &stat_operation, a);
}

/* --- Comparing whole trees ------------------------------------------------------------------------ */

static void dump(const struct world *w, int directory, const char *prefix, bool exact, FILE *out);

static void dump_content(int directory, const char *name, const struct stat *st, FILE *out)
{
	static char data[1 << 20];
	_cleanup_(fd_closep) int fd = -1;
	ssize_t n;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(directory, name, data, sizeof(data));
		fprintf(out, " -> %.*s", (int)n, data);
	}
	if (!S_ISREG(st->st_mode))
		return;
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, data, sizeof(data));
	if (n < 0)
		fprintf(out, " %s", strerrorname_np(errno));
	else
		fprintf(out, " %016jx", (uintmax_t)hash(data, (size_t)n));
}

static void dump_entry(const struct world *w, int directory, const char *name, const char *path,
	bool exact, FILE *out)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		fprintf(out, "%s %s\n", path, strerrorname_np(errno));
		return;
	}
	normalize(w, &st);
	fprintf(out, "%s %o %ju %u %u %jd", path, st.st_mode, (uintmax_t)st.st_nlink, st.st_uid,
		st.st_gid, (intmax_t)st.st_size);
	if (exact)
		fprintf(out, " %ju %jd.%09ld", (uintmax_t)st.st_ino, (intmax_t)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec);
	dump_content(directory, name, &st, out);
	fputc('\n', out);
	if (!S_ISDIR(st.st_mode))
		return;
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fprintf(out, "%s/ %s\n", path, strerrorname_np(errno));
	else
		dump(w, fd, path, exact, out);
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void dump(const struct world *w, int directory, const char *prefix, bool exact, FILE *out)
{
	struct dirent **entries;
	int count = scandirat(directory, ".", &entries, not_dots, by_bytes);

	if (count < 0)
		fprintf(out, "%s/ %s\n", prefix, strerrorname_np(errno));
	for (int i = 0; i < count; i++) {
		char path[8192];

		snprintf(path, sizeof(path), "%s/%s", prefix, entries[i]->d_name);
		dump_entry(w, directory, entries[i]->d_name, path, exact, out);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static char *dump_text(const struct world *w, bool exact)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	dump(w, w->root, "", exact, out);
	return fclose(out) == 0 ? text : NULL;
}

static bool compare(const struct world *a, const struct world *b, bool exact)
{
	_cleanup_(freep) char *x = dump_text(a, exact);
	_cleanup_(freep) char *y = dump_text(b, exact);
	char *rest_x = x;
	char *rest_y = y;
	char *line_x;
	char *line_y;

	if (x && y && strcmp(x, y) == 0)
		return true;
	do {
		line_x = strsep(&rest_x, "\n");
		line_y = strsep(&rest_y, "\n");
	} while (line_x && line_y && strcmp(line_x, line_y) == 0);
	printf("%s: %s\n%s: %s\n", a->name, line_x ? line_x : "", b->name, line_y ? line_y : "");
	print_history();
	return false;
}

/* --- The run -------------------------------------------------------------------------------------- */

static bool run(struct world *worlds, const struct world *lower, unsigned long count, bool xattr)
{
	static struct arguments a;

	for (unsigned long i = 0; i < count; i++) {
		const struct operation *operation = pick_operation(xattr);

		pick_arguments(&worlds[0], operation, &a);
		if (operation->needs & NEEDS_SLOT && worlds[0].slot[a.slot] < 0)
			continue;
		if (operation->needs & NEEDS_OTHER && worlds[0].slot[a.other] < 0)
			continue;
		if (!step(worlds, operation, &a) || (one_in(2) && !look(worlds, operation, &a))) {
			printf("at operation %lu\n", i);
			return false;
		}
		if (i % AUDIT_EVERY == AUDIT_EVERY - 1 &&
			!(compare(&worlds[0], &worlds[1], false) &&
				compare(lower, &worlds[1], true) && check_refusals(&worlds[1])))
			return false;
	}
	return true;
}

static bool open_world(struct world *w, const char *path, bool make)
{
	w->top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (make && mkdirat(w->top, "root", 0755) < 0)
		w->root = -1;
	else
		w->root = openat(w->top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < SLOTS; i++)
		w->slot[i] = -1;
	if (w->root < 0)
		perror(path);
	return w->root >= 0;
}

int main(int argc, char **argv)
{
	struct world worlds[] = {{.name = "plain"}, {.name = "view", .is_view = true}};
	struct world lower = {.name = "lower"};

	if (argc != 6 && !(argc == 7 && strcmp(argv[6], "xattr") == 0)) {
		fputs("usage: parity PLAIN VIEW LOWER SEED OPERATIONS [xattr]\n", stderr);
		return 2;
	}
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	random_state = strtoull(argv[4], NULL, 0);
	if (!open_world(&worlds[0], argv[1], true) || !open_world(&worlds[1], argv[2], true) ||
		!open_world(&lower, argv[3], false))
		return 1;
	printf("seed %s\n", argv[4]);
	return run(worlds, &lower, strtoul(argv[5], NULL, 0), argc == 7) ? 0 : 1;
}
