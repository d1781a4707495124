#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/codebase.h"

static char top[] = "/tmp/ward-test-XXXXXX";
static int before;

static int set_up(void **state)
{
	before = open(".", O_PATH | O_CLOEXEC);
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const made[] = {"git/.git", "git/a/b", "git/a", "git", "own/a/ward.yaml",
		"own/a/b", "own/a", "own/.git", "own", "plain"};

	for (size_t i = 0; i < ELEMENTS(made); i++)
		remove(made[i]);
	if (fchdir(before) < 0 || rmdir(top) < 0)
		return -1;
	fd_close(before);
	return 0;
}

static void make(const char *directory)
{
	assert_int_equal(mkdir(directory, 0755), 0);
}

static void the_nearest_marker_counts(void **state)
{
	static const struct {
		const char *from;      /* below the top */
		const char *directory; /* as given with -C, or NULL */
		const char *codebase;
		const char *subpath;
	} table[] = {
		{"git", NULL, "/git", ""},
		{"git/a/b", NULL, "/git", "a/b"},
		{"own/a/b", NULL, "/own/a", "b"},
		{"own", NULL, "/own", ""},
		{"plain", NULL, "/plain", ""},
		{"git/a", ".", "/git/a", ""},
		{"plain", "../git/a/b", "/git/a/b", ""},
	};

	make("git");
	make("git/.git");
	make("git/a");
	make("git/a/b");
	make("own");
	make("own/.git");
	make("own/a");
	make("own/a/b");
	make("plain");
	close(open("own/a/ward.yaml", O_CREAT | O_CLOEXEC, 0644));
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(codebase_release) struct codebase codebase = CODEBASE_NONE;
		char wanted[PATH_MAX];

		assert_int_equal(chdir(top), 0);
		assert_int_equal(chdir(table[i].from), 0);
		assert_int_equal(codebase_open(table[i].directory, &codebase, NULL), 0);
		snprintf(wanted, sizeof(wanted), "%s%s", top, table[i].codebase);
		assert_string_equal(codebase.path, wanted);
		assert_string_equal(codebase.subpath, table[i].subpath);
		assert_true(fcntl(codebase.fd, F_GETFL) & O_PATH);
	}
	assert_int_equal(chdir(top), 0);
}

static void somebody_elses_marker_does_not_count(void **state)
{
	_cleanup_(codebase_release) struct codebase codebase = CODEBASE_NONE;

	if (geteuid() != 0) {
		print_message("only root can give a marker to somebody else\n");
		return;
	}
	assert_int_equal(chdir("git/a/b"), 0);
	assert_int_equal(chown("../../.git", 4321, 4321), 0);
	assert_int_equal(codebase_open(NULL, &codebase, NULL), 0);
	assert_non_null(strstr(codebase.path, "/git/a/b"));
	assert_int_equal(chdir(top), 0);
}

static void bad_codebases_are_refused(void **state)
{
	static const struct {
		const char *directory, *message;
		int code;
	} table[] = {
		{"/", "the root directory can't be a codebase", -EINVAL},
		{"nowhere", "the codebase nowhere can't be opened: No such file or directory",
			-ENOENT},
		{"own/a/ward.yaml", "the codebase own/a/ward.yaml can't be opened: Not a directory",
			-ENOTDIR},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct codebase codebase = CODEBASE_NONE;
		struct ward_error error = {0};

		assert_int_equal(
			codebase_open(table[i].directory, &codebase, &error), table[i].code);
		assert_string_equal(error.message, table[i].message);
		assert_int_equal(codebase.fd, -1);
	}
}

static void below_means_components(void **state)
{
	static const struct {
		const char *path, *top;
		int below;
	} table[] = {
		{"/a", "/a", 1},
		{"/a/b", "/a", 1},
		{"/ab", "/a", 0},
		{"/", "/a", 0},
		{"/a", "/", 1},
		{"/a", "/a/b", 0},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++)
		assert_int_equal(path_is_below(table[i].path, table[i].top), table[i].below);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_marker_counts),
		cmocka_unit_test(somebody_elses_marker_does_not_count),
		cmocka_unit_test(bad_codebases_are_refused),
		cmocka_unit_test(below_means_components),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
