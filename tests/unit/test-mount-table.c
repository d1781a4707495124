#include "tests/unit/unit.h"

#include <string.h>

#include "common/cleanup.h"
#include "launcher/mount-table.h"

static void escapes_are_undone(void **state)
{
	static const struct {
		const char *given, *path;
	} table[] = {
		{"/plain", "/plain"},
		{"/with\\040space", "/with space"},
		{"\\134\\011\\012", "\\\t\n"},
		{"/cut\\04", "/cut\\04"},
		{"/no\\089", "/no\\089"},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		char field[64];

		snprintf(field, sizeof(field), "%s", table[i].given);
		mount_table_unescape(field);
		assert_string_equal(field, table[i].path);
	}
}

static void other_mounts_are_not_wards(void **state)
{
	assert_int_equal(mount_table_is_ward("/proc"), 0);
	assert_int_equal(mount_table_is_ward("/nowhere"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(other_mounts_are_not_wards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
