#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/walk.h"

static char top[] = "/tmp/ward-test-XXXXXX";
static int top_fd = -1;

static int set_up(void **state)
{
	if (!mkdtemp(top))
		return -1;
	top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mkdirat(top_fd, "a", 0755);
	mkdirat(top_fd, "a/b", 0755);
	close(openat(top_fd, "a/b/file", O_CREAT | O_CLOEXEC, 0644));
	close(openat(top_fd, "two\nlines", O_CREAT | O_CLOEXEC, 0644));
	return symlinkat("..", top_fd, "a/up");
}

static int tear_down(void **state)
{
	unlinkat(top_fd, "a/up", 0);
	unlinkat(top_fd, "two\nlines", 0);
	unlinkat(top_fd, "a/b/file", 0);
	unlinkat(top_fd, "a/b", AT_REMOVEDIR);
	unlinkat(top_fd, "a", AT_REMOVEDIR);
	fd_close(top_fd);
	return rmdir(top);
}

struct seen {
	char paths[16][64];
	size_t count;
	size_t stop_at; /* 0: never */
	int result;
};

static int visit(const char *path, void *context)
{
	struct seen *seen = context;

	assert_true(seen->count < ELEMENTS(seen->paths));
	snprintf(seen->paths[seen->count++], sizeof(seen->paths[0]), "%s", path);
	return seen->count == seen->stop_at ? seen->result : 0;
}

static size_t position(const struct seen *seen, const char *path)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->paths[i], path) == 0)
			return i;
	fail_msg("%s was not visited", path);
	return 0;
}

static void every_path_is_visited_once(void **state)
{
	struct seen seen = {0};

	assert_int_equal(walk_tree(top_fd, visit, &seen), 0);
	assert_int_equal(seen.count, 5);
	assert_true(position(&seen, "a") < position(&seen, "a/b"));
	assert_true(position(&seen, "a/b") < position(&seen, "a/b/file"));
	position(&seen, "a/up");
	position(&seen, "two\nlines");
}

static void the_visitor_can_end_it(void **state)
{
	struct seen enough = {.stop_at = 2, .result = 1};
	struct seen error = {.stop_at = 3, .result = -EIO};

	assert_int_equal(walk_tree(top_fd, visit, &enough), 0);
	assert_int_equal(enough.count, 2);
	assert_int_equal(walk_tree(top_fd, visit, &error), -EIO);
	assert_int_equal(error.count, 3);
}

static void what_is_no_directory_is_an_error(void **state)
{
	_cleanup_(fd_closep) int file = openat(top_fd, "a/b/file", O_PATH | O_CLOEXEC);
	struct seen seen = {0};

	assert_int_equal(walk_tree(file, visit, &seen), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_is_visited_once),
		cmocka_unit_test(the_visitor_can_end_it),
		cmocka_unit_test(what_is_no_directory_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
