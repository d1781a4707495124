#include "tests/unit/unit.h"

#include "policy/project.h"

static const struct {
	const char *text;
	int result;
	uint64_t bytes;
} sizes[] = {
	{"0", 0, 0},
	{"1048576", 0, 1048576},
	{"1K", 0, 1024},
	{"512M", 0, UINT64_C(512) << 20},
	{"512m", 0, UINT64_C(512) << 20},
	{"512MB", 0, UINT64_C(512) << 20},
	{"512MiB", 0, UINT64_C(512) << 20},
	{"1.5G", 0, UINT64_C(3) << 29},
	{"0.25K", 0, 256},
	{"2T", 0, UINT64_C(2) << 40},
	{"0.5T", 0, UINT64_C(1) << 39},
	{"1.999999999T", 0, (UINT64_C(1) << 40) + ((UINT64_C(999999999) << 30) / 1000000000 << 10)},
	{"100b", 0, 100},
	{"18446744073709551615", 0, UINT64_MAX},
	{"18446744073709551616", -ERANGE, 0},
	{"16777216T", -ERANGE, 0},
	{"99999999999999999999999", -ERANGE, 0},
	{"", -EINVAL, 0},
	{" 1", -EINVAL, 0},
	{"1 ", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"+1", -EINVAL, 0},
	{"1.5", -EINVAL, 0},
	{"1.K", -EINVAL, 0},
	{".5K", -EINVAL, 0},
	{"1.0000000000K", -EINVAL, 0},
	{"1KK", -EINVAL, 0},
	{"1Kx", -EINVAL, 0},
	{"1P", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
	{"1e3", -EINVAL, 0},
	{"M", -EINVAL, 0},
};

static void sizes_are_read(void **state)
{
	for (size_t i = 0; i < ELEMENTS(sizes); i++) {
		uint64_t bytes = 7;
		int r = parse_size(sizes[i].text, &bytes);

		if (r != sizes[i].result || bytes != (r < 0 ? 7 : sizes[i].bytes))
			fail_msg("\"%s\": %d, %llu", sizes[i].text, r, (unsigned long long)bytes);
	}
}

static void sizes_are_written(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} table[] = {{0, "0"}, {1, "1"}, {1023, "1023"}, {1024, "1K"}, {1536, "1536"},
		{64 << 20, "64M"}, {UINT64_C(3) << 29, "1536M"}, {UINT64_C(2) << 40, "2T"},
		{UINT64_MAX, "18446744073709551615"}};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		char text[SIZE_TEXT_MAX];
		uint64_t bytes;

		format_size(table[i].bytes, text);
		assert_string_equal(text, table[i].text);
		assert_int_equal(parse_size(text, &bytes), 0);
		assert_true(bytes == table[i].bytes);
	}
}

static const struct {
	const char *text;
	int result;
	uint32_t millis;
} cpus[] = {
	{"1", 0, 1000},
	{"1.5", 0, 1500},
	{"0.25", 0, 250},
	{"0.001", 0, 1},
	{"1.500000", 0, 1500},
	{"8192", 0, 8192000},
	{"0", -ERANGE, 0},
	{"0.000", -ERANGE, 0},
	{"8192.001", -ERANGE, 0},
	{"8193", -ERANGE, 0},
	{"99999999999999999999", -ERANGE, 0},
	{"0.0005", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"1.", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"1,5", -EINVAL, 0},
	{"half", -EINVAL, 0},
};

static void cpus_are_read(void **state)
{
	for (size_t i = 0; i < ELEMENTS(cpus); i++) {
		uint32_t millis = 7;
		int r = parse_cpus(cpus[i].text, &millis);

		if (r != cpus[i].result || millis != (r < 0 ? 7 : cpus[i].millis))
			fail_msg("\"%s\": %d, %u", cpus[i].text, r, millis);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(sizes_are_written),
		cmocka_unit_test(cpus_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
