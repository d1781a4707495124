#include "tests/unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/strbuf.h"
#include "runtime/payload-format.h"
#include "runtime/payload.h"

static void a_request_survives_the_way(void **state)
{
	const char *const argv[] = {"sh", "-c", "", "a\nb", NULL};
	const struct env_entry env[] = {{(char *)"A", (char *)"b=c"}, {(char *)"E", (char *)""}};
	_cleanup_(fd_closep) int fd = -1;
	struct payload payload;
	const char *string;

	assert_int_equal(payload_write("src", argv, env, 2, &fd), 0);
	assert_int_equal(payload_read(fd, &payload), 0);
	assert_string_equal(payload.workdir, "src");
	assert_int_equal(payload.argument_count, 4);
	assert_int_equal(payload.env_count, 2);
	string = payload.strings;
	for (int i = 0; i < 4; i++, string = payload_next(string))
		assert_string_equal(string, argv[i]);
	assert_string_equal(string, "A=b=c");
	assert_string_equal(payload_next(string), "E=");
	payload_release(&payload);
	assert_true(write(fd, "x", 1) < 0);
}

static void bad_requests_are_not_written(void **state)
{
	const char *const none[] = {NULL};
	const char *const one[] = {"true", NULL};
	const struct env_entry unnamed = {(char *)"", (char *)"x"};
	const struct env_entry equals = {(char *)"A=B", (char *)"x"};
	_cleanup_(freep) char *big = malloc(PAYLOAD_MAX + 1);
	const char *const large[] = {big, NULL};
	int fd = -1;

	memset(big, 'x', PAYLOAD_MAX);
	big[PAYLOAD_MAX] = '\0';
	assert_int_equal(payload_write(NULL, none, NULL, 0, &fd), -EINVAL);
	assert_int_equal(payload_write(NULL, one, &unnamed, 1, &fd), -EINVAL);
	assert_int_equal(payload_write(NULL, one, &equals, 1, &fd), -EINVAL);
	assert_int_equal(payload_write(NULL, large, NULL, 0, &fd), -E2BIG);
	assert_int_equal(fd, -1);
}

/* Header and body as they are put into a sealed file. */
static const struct {
	const char *what;
	struct payload_header header;
	const char *body;
	size_t size;
	int result;
} table[] = {
	{"good", {PAYLOAD_MAGIC, 1, 1}, "\0ls\0A=b\0", 8, 0},
	{"magic", {1, 1, 1}, "\0ls\0A=b\0", 8, -EBADMSG},
	{"no argument", {PAYLOAD_MAGIC, 0, 1}, "\0A=b\0", 5, -EBADMSG},
	{"too few strings", {PAYLOAD_MAGIC, 2, 1}, "\0ls\0A=b\0", 8, -EBADMSG},
	{"too many strings", {PAYLOAD_MAGIC, 1, 0}, "\0ls\0A=b\0", 8, -EBADMSG},
	{"unterminated", {PAYLOAD_MAGIC, 1, 1}, "\0ls\0A=b\0", 7, -EBADMSG},
	{"nothing", {PAYLOAD_MAGIC, 1, 0}, "", 0, -EBADMSG},
	{"wrapping counts", {PAYLOAD_MAGIC, 0xffffffff, 3}, "\0ls\0A=b\0", 8, -EBADMSG},
};

static void what_is_read_is_checked(void **state)
{
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;
		_cleanup_(fd_closep) int fd = -1;
		struct payload payload;
		int r;

		strbuf_add(&buf, &table[i].header, sizeof(table[i].header));
		strbuf_add(&buf, table[i].body, table[i].size);
		assert_int_equal(sealed_file_new("test", buf.data, buf.size, &fd), 0);
		r = payload_read(fd, &payload);
		if (r != table[i].result)
			fail_msg("%s: %d", table[i].what, r);
		if (r == 0)
			payload_release(&payload);
	}
}

static void only_sealed_files_are_mapped(void **state)
{
	_cleanup_(fd_closep) int open_fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	_cleanup_(fd_closep) int sealed = -1;
	_cleanup_(fd_closep) int empty = -1;
	struct sealed_map map = {0};

	assert_int_equal(fd_write_all(open_fd, "abc", 3), 0);
	assert_int_equal(sealed_file_map(open_fd, 10, &map), -EPERM);
	assert_int_equal(sealed_file_map(STDIN_FILENO, 10, &map), -EPERM);
	assert_int_equal(sealed_file_new("test", "abc", 3, &sealed), 0);
	assert_int_equal(sealed_file_map(sealed, 2, &map), -EFBIG);
	assert_int_equal(sealed_file_new("test", "", 0, &empty), 0);
	assert_int_equal(sealed_file_map(empty, 2, &map), -EBADMSG);
	assert_int_equal(sealed_file_map(sealed, 3, &map), 0);
	assert_memory_equal(map.data, "abc", 3);
	sealed_map_release(&map);
	assert_null(map.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_survives_the_way),
		cmocka_unit_test(bad_requests_are_not_written),
		cmocka_unit_test(what_is_read_is_checked),
		cmocka_unit_test(only_sealed_files_are_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
