#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/lower.h"

/* A tree of its own for each test: real/deep/file, file, link -> real, loop -> loop, out -> /. */
struct fixture {
	char path[64];
	int root;
};

static void make_file(int directory, const char *name)
{
	_cleanup_(fd_closep) int fd = openat(
		directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, "data\n", 5), 5);
}

static void setup(struct fixture *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/ward-test-lower.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->root = open(f->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->root, "real", 0755), 0);
	assert_int_equal(mkdirat(f->root, "real/deep", 0755), 0);
	make_file(f->root, "file");
	make_file(f->root, "real/deep/file");
	assert_int_equal(symlinkat("real", f->root, "link"), 0);
	assert_int_equal(symlinkat("deep", f->root, "real/link"), 0);
	assert_int_equal(symlinkat("loop", f->root, "loop"), 0);
	assert_int_equal(symlinkat("/", f->root, "out"), 0);
}

static void teardown(struct fixture *f)
{
	static const char *const files[] = {
		"real/deep/file", "real/link", "file", "link", "loop", "out"};

	for (size_t i = 0; i < ELEMENTS(files); i++)
		assert_int_equal(unlinkat(f->root, files[i], 0), 0);
	assert_int_equal(unlinkat(f->root, "real/deep", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(f->root, "real", AT_REMOVEDIR), 0);
	fd_close(f->root);
	assert_int_equal(rmdir(f->path), 0);
}

static void directories_are_beneath(void **state)
{
	static const struct {
		const char *path;
		int answer;
	} cases[] = {
		{"", 0},
		{"real", 0},
		{"real/deep", 0},
		{"missing", -ENOENT},
		{"file", -ESTALE},
		{"file/below", -ESTALE},
		{"link", -ESTALE},
		{"link/deep", -ESTALE},
		{"real/link", -ESTALE},
		{"loop", -ESTALE},
		{"out", -ESTALE},
		{"out/etc", -ESTALE},
		{"..", -ESTALE},
		{"real/../..", -ESTALE},
		{"/", -ESTALE},
		{"/etc", -ESTALE},
	};
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		int fd = -1;
		int r = lower_open_directory(f.root, cases[i].path, O_PATH, &fd);

		if (r != cases[i].answer)
			fail_msg("'%s': %d, not %d", cases[i].path, r, cases[i].answer);
		assert_int_equal(fd >= 0, r == 0);
		fd_close(fd);
	}
	teardown(&f);
}

static void magic_links_lead_nowhere(void **state)
{
	_cleanup_(fd_closep) int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	assert_int_equal(lower_open_directory(proc, "root", O_PATH, &fd), -ESTALE);
	assert_int_equal(lower_open_directory(proc, "cwd", O_RDONLY, &fd), -ESTALE);
	assert_int_equal(lower_open_file(proc, "exe", O_RDONLY, 0, &fd), -ELOOP);
	assert_int_equal(lower_open_child(proc, "root", O_RDONLY, &fd), -ENOTDIR);
	assert_int_equal(fd, -1);
	assert_int_equal(lower_open_directory(proc, "fd", O_PATH, &fd), 0);
	fd_close(fd);
}

static void files_are_not_followed(void **state)
{
	struct fixture f;
	int fd = -1;

	setup(&f);
	assert_int_equal(lower_open_file(f.root, "link", O_RDONLY, 0, &fd), -ELOOP);
	assert_int_equal(lower_open_file(f.root, "../etc/passwd", O_RDONLY, 0, &fd), -EXDEV);
	assert_int_equal(lower_open_file(f.root, "/etc/passwd", O_RDONLY, 0, &fd), -EXDEV);
	assert_int_equal(lower_open_child(f.root, "link", O_RDONLY, &fd), -ENOTDIR);
	assert_int_equal(lower_open_child(f.root, "file", O_RDONLY, &fd), -ENOTDIR);
	assert_int_equal(fd, -1);
	assert_int_equal(lower_open_file(f.root, "file", O_RDONLY, 0, &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(fd);
	teardown(&f);
}

static void lists_in_order(void **state)
{
	static const char *const names[] = {"file", "link", "loop", "out", "real"};
	_cleanup_(lower_list_release) struct lower_list list = {0};
	_cleanup_(fd_closep) int fd = -1;
	struct fixture f;

	setup(&f);
	assert_int_equal(lower_open_directory(f.root, "", O_RDONLY, &fd), 0);
	assert_int_equal(lower_list(fd, &list), 0);
	assert_int_equal(list.count, ELEMENTS(names));
	for (size_t i = 0; i < ELEMENTS(names); i++)
		assert_string_equal(lower_list_name(&list, i), names[i]);
	assert_int_equal(list.entries[0].type, DT_REG);
	assert_int_equal(list.entries[1].type, DT_LNK);
	assert_int_equal(list.entries[4].type, DT_DIR);
	teardown(&f);
}

static void tells_an_inode_from_its_successor(void **state)
{
	struct lower_stat before, after;
	struct fixture f;

	setup(&f);
	assert_int_equal(lower_stat(f.root, "file", &before), 0);
	assert_int_equal(lower_stat(f.root, "file", &after), 0);
	assert_true(lower_identity_equal(&before.identity, &after.identity));
	usleep(20000);
	assert_int_equal(unlinkat(f.root, "file", 0), 0);
	make_file(f.root, "file");
	assert_int_equal(lower_stat(f.root, "file", &after), 0);
	assert_false(lower_identity_equal(&before.identity, &after.identity));
	teardown(&f);
}

/* --- Case: the machine's own answers are replaced, for few file systems here fold it -------------- */

static long shown_type;
static int shown_flags;
static int shown_error;

int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_ioctl(int fd, unsigned long request, int *flags);

int __wrap_fstatfs(int fd, struct statfs *fs)
{
	*fs = (struct statfs){.f_type = shown_type};
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, int *flags)
{
	assert_int_equal(request, FS_IOC_GETFLAGS);
	*flags = shown_flags;
	errno = shown_error;
	return shown_error ? -1 : 0;
}

static void folding_is_known(void **state)
{
	static const struct {
		long type;
		int flags;
		int error;
		bool folds;
	} cases[] = {
		{EXT4_SUPER_MAGIC, 0, 0, false},
		{EXT4_SUPER_MAGIC, 0x40000000, 0, true},
		{F2FS_SUPER_MAGIC, 0x40000000, 0, true},
		{TMPFS_MAGIC, 0x40000000, 0, true},
		{EXT4_SUPER_MAGIC, 0x00080000, 0, false},
		{EXT4_SUPER_MAGIC, 0x40000000, ENOTTY, false},
		{MSDOS_SUPER_MAGIC, 0, ENOTTY, true},
		{EXFAT_SUPER_MAGIC, 0, 0, true},
		{CIFS_SUPER_MAGIC, 0, ENOTTY, true},
		{SMB2_SUPER_MAGIC, 0, ENOTTY, true},
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		shown_type = cases[i].type;
		shown_flags = cases[i].flags;
		shown_error = cases[i].error;
		if (lower_folds_case(0) != cases[i].folds)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_are_beneath),
		cmocka_unit_test(magic_links_lead_nowhere),
		cmocka_unit_test(files_are_not_followed),
		cmocka_unit_test(lists_in_order),
		cmocka_unit_test(tells_an_inode_from_its_successor),
		cmocka_unit_test(folding_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
