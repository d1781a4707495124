#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/directory.h"

/* The base is chosen by uid and environment: an ordinary user with a directory of the test's own. */
static char parent[] = "/tmp/ward-test-XXXXXX";

static int set_up(void **state)
{
	if (!mkdtemp(parent))
		return -1;
	if (geteuid() == 0 &&
		(chown(parent, 65533, 65533) < 0 || setegid(65533) < 0 || seteuid(65533) < 0))
		return -1;
	return setenv("XDG_RUNTIME_DIR", parent, 1);
}

static int tear_down(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/ward", parent);
	unlink(path);
	rmdir(path);
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return -1;
	return rmdir(parent);
}

static bool exists(const struct runtime_directory *directory, const char *id)
{
	struct stat stat;

	return fstatat(directory->base_fd, id, &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_held_directory_is_not_reaped(void **state)
{
	struct runtime_directory a = RUNTIME_DIRECTORY_NONE, b = RUNTIME_DIRECTORY_NONE;
	char id[SANDBOX_ID_LENGTH + 1];

	assert_int_equal(runtime_directory_make(&a, NULL), 0);
	assert_int_equal(runtime_directory_make(&b, NULL), 0);
	assert_string_not_equal(a.id, b.id);
	assert_int_equal(runtime_directory_reap(), 0);
	assert_true(exists(&a, a.id) && exists(&a, b.id));

	/* As the kernel does when a monitor is killed. */
	b.lock_fd = fd_close(b.lock_fd);
	assert_int_equal(runtime_directory_reap(), 1);
	assert_true(exists(&a, a.id));
	assert_false(exists(&a, b.id));
	runtime_directory_remove(&b);

	memcpy(id, a.id, sizeof(id));
	runtime_directory_remove(&a);
	assert_int_equal(runtime_directory_make(&b, NULL), 0);
	assert_false(exists(&b, id));
	runtime_directory_remove(&b);
}

static void one_id_has_one_holder(void **state)
{
	struct runtime_directory a = RUNTIME_DIRECTORY_NONE, b = RUNTIME_DIRECTORY_NONE;
	const char *id = "0123456789ab";

	assert_int_equal(runtime_directory_make_for("short", &a, NULL), -EINVAL);
	assert_int_equal(runtime_directory_make_for(id, &a, NULL), 0);
	assert_true(runtime_directory_is_held(a.base_path, id));
	assert_int_equal(runtime_directory_make_for(id, &b, NULL), -EBUSY);
	assert_true(exists(&a, id));

	/* As the kernel does when a monitor is killed. */
	a.lock_fd = fd_close(a.lock_fd);
	assert_false(runtime_directory_is_held(a.base_path, id));
	assert_int_equal(runtime_directory_make_for(id, &b, NULL), 0);
	assert_true(runtime_directory_is_held(a.base_path, id));
	runtime_directory_remove(&b);
	assert_false(runtime_directory_is_held(a.base_path, id));
	runtime_directory_remove(&a);
}

static void other_things_are_left_alone(void **state)
{
	struct runtime_directory directory = RUNTIME_DIRECTORY_NONE;

	assert_int_equal(runtime_directory_make(&directory, NULL), 0);
	assert_int_equal(mkdirat(directory.base_fd, "mine", 0700), 0);
	assert_int_equal(symlinkat("mine", directory.base_fd, "0123456789ab"), 0);
	assert_int_equal(runtime_directory_reap(), 0);
	assert_true(exists(&directory, "mine"));
	assert_int_equal(unlinkat(directory.base_fd, "0123456789ab", 0), 0);
	assert_int_equal(unlinkat(directory.base_fd, "mine", AT_REMOVEDIR), 0);
	runtime_directory_remove(&directory);
}

static void a_base_that_leads_elsewhere_is_refused(void **state)
{
	struct runtime_directory directory = RUNTIME_DIRECTORY_NONE;
	struct ward_error error = {0};
	char path[64];

	snprintf(path, sizeof(path), "%s/ward", parent);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(runtime_directory_make(&directory, &error) < 0);
	assert_non_null(strstr(error.message, path));
	assert_true(strlen(error.hint) > 0);
	assert_true(runtime_directory_reap() < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_directory_is_not_reaped),
		cmocka_unit_test(one_id_has_one_holder),
		cmocka_unit_test(other_things_are_left_alone),
		cmocka_unit_test(a_base_that_leads_elsewhere_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
