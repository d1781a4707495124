#include "tests/unit/unit.h"

#include <string.h>

#include "common/fd.h"
#include "runtime/spec.h"

static void a_spec_survives_the_way(void **state)
{
	struct env_entry env[] = {{(char *)"A", (char *)"b=c\nd"}, {(char *)"E", (char *)""}};
	struct project project = {.mount_point = (char *)"/mnt/x y",
		.network = NETWORK_HOST,
		.shell = (char *)"/bin/bash",
		.resources = {UINT64_C(3) << 33, 1500, 512, 4294967295},
		.env = env,
		.env_count = 2};
	_cleanup_(spec_release) struct spec spec = {0};
	_cleanup_(spec_release) struct spec read = {0};
	_cleanup_(fd_closep) int fd = -1;

	assert_int_equal(spec_make(&project, "/code", &spec), 0);
	assert_int_equal(spec_write(&spec, &fd), 0);
	assert_int_equal(spec_read(fd, &read), 0);
	assert_string_equal(read.codebase, "/code");
	assert_string_equal(read.mount_point, "/mnt/x y");
	assert_string_equal(read.shell, "/bin/bash");
	assert_int_equal(read.runtime, RUNTIME_BWRAP);
	assert_int_equal(read.network, NETWORK_HOST);
	assert_memory_equal(&read.resources, &project.resources, sizeof(read.resources));
	assert_int_equal(read.env_count, 2);
	assert_string_equal(read.env[0].name, "A");
	assert_string_equal(read.env[0].value, "b=c\nd");
	assert_string_equal(read.env[1].value, "");
}

static void what_is_not_said_has_a_default(void **state)
{
	const struct project project = {0};
	_cleanup_(spec_release) struct spec spec = {0};

	assert_int_equal(spec_make(&project, "/code", &spec), 0);
	assert_string_equal(spec.mount_point, PROJECT_MOUNT_POINT);
	assert_int_equal(spec.network, NETWORK_NONE);
	assert_int_equal(spec.runtime, RUNTIME_BWRAP);
	assert_null(spec.shell);
}

#define BASE "codebase=/c\0mount-point=/m\0runtime=bwrap\0network=none\0"

static const struct {
	const char *text;
	size_t size;
	int result;
} table[] = {
#define ROW(text, result)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1, result                                                     \
	}
	ROW(BASE, 0),
	ROW(BASE "env=A=b\0", 0),
	ROW(BASE "env=A=b", -EBADMSG),
	ROW(BASE "env=A\0", -EBADMSG),
	ROW(BASE "env==b\0", -EBADMSG),
	ROW(BASE "unknown=1\0", -EBADMSG),
	ROW(BASE "\0", -EBADMSG),
	ROW(BASE "memory=1\0pids=4294967295\0cpu-millis=1\0cpu-shares=1\0", 0),
	ROW(BASE "memory=0\0", -EBADMSG),
	ROW(BASE "memory=-1\0", -EBADMSG),
	ROW(BASE "memory= 1\0", -EBADMSG),
	ROW(BASE "memory=1M\0", -EBADMSG),
	ROW(BASE "memory=9223372036854775808\0", -EBADMSG),
	ROW(BASE "memory=99999999999999999999\0", -EBADMSG),
	ROW(BASE "pids=4294967296\0", -EBADMSG),
	ROW(BASE "cpu-millis=\0", -EBADMSG),
	ROW(BASE "network=\0", -EBADMSG),
	ROW(BASE "network=wide\0", -EBADMSG),
	ROW(BASE "runtime=qemu\0", -EBADMSG),
	ROW(BASE "codebase=relative\0", -EBADMSG),
	ROW(BASE "mount-point=\0", -EBADMSG),
	ROW("codebase=/c\0mount-point=/m\0runtime=bwrap\0", -EBADMSG),
	ROW("", -EBADMSG),
};

static void what_is_read_is_checked(void **state)
{
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(spec_release) struct spec spec = {0};
		_cleanup_(fd_closep) int fd = -1;
		int r;

		assert_int_equal(sealed_file_new("test", table[i].text, table[i].size, &fd), 0);
		r = spec_read(fd, &spec);
		if (r != table[i].result)
			fail_msg("row %zu: %d", i, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spec_survives_the_way),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(what_is_read_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
