#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fs/attr.h"

enum { OWN = 1000, OTHER = 1001, SHOWN = 2000, UNMAPPED = 65534 };

/* A user namespace with two ids. */
static struct owner_map map_of(bool single_user, uid_t shown)
{
	struct owner_map map = {.own_uid = OWN,
		.own_gid = OWN,
		.shown_uid = shown,
		.shown_gid = shown,
		.single_user = single_user};

	assert_int_equal(id_ranges_parse("1000 1000 2\n", &map.uids), 0);
	assert_int_equal(id_ranges_parse("1000 1000 2\n", &map.gids), 0);
	return map;
}

static const struct {
	mode_t type;
	enum ward_level level;
	enum ward_level child_max;
	mode_t mask;
} masks[] = {
	{S_IFREG, LEVEL_NONE, LEVEL_NONE, 0},
	{S_IFREG, LEVEL_VIEW, LEVEL_VIEW, 0},
	{S_IFREG, LEVEL_READ, LEVEL_READ, 07555},
	{S_IFREG, LEVEL_READ, LEVEL_WRITE, 07555},
	{S_IFREG, LEVEL_WRITE, LEVEL_WRITE, 07777},
	{S_IFREG, LEVEL_WRITE, LEVEL_NONE, 07777},
	{S_IFIFO, LEVEL_VIEW, LEVEL_VIEW, 0},
	{S_IFCHR, LEVEL_VIEW, LEVEL_VIEW, 0},
	{S_IFLNK, LEVEL_VIEW, LEVEL_VIEW, 07777},
	{S_IFDIR, LEVEL_NONE, LEVEL_READ, 07555},
	{S_IFDIR, LEVEL_NONE, LEVEL_WRITE, 07777},
	{S_IFDIR, LEVEL_VIEW, LEVEL_VIEW, 07555},
	{S_IFDIR, LEVEL_READ, LEVEL_READ, 07555},
	{S_IFDIR, LEVEL_READ, LEVEL_WRITE, 07777},
	{S_IFDIR, LEVEL_WRITE, LEVEL_READ, 07555},
	{S_IFDIR, LEVEL_WRITE, LEVEL_WRITE, 07777},
};

static void masks_by_level(void **state)
{
	for (size_t i = 0; i < ELEMENTS(masks); i++) {
		struct verdict verdict = {.level = masks[i].level, .child_max = masks[i].child_max};

		assert_int_equal(attr_mode_mask(masks[i].type, verdict), masks[i].mask);
	}
}

static const struct {
	bool single_user;
	uid_t shown;
	uid_t uid; /* of the lower file */
	mode_t lower;
	int granted;
	uid_t result_uid;
	mode_t result;
} shown[] = {
	/* The daemon's own file: its bits. */
	{true, OWN, OWN, 0644, 0, OWN, 0644},
	{true, OWN, OWN, 0000, R_OK, OWN, 0000},
	{true, SHOWN, OWN, 0750, 0, SHOWN, 0750},
	/* Someone else's: what the daemon is granted, whichever class the caller is in. */
	{true, OWN, OTHER, 0640, R_OK, OTHER, 0644},
	{true, OWN, OTHER, 0640, 0, OTHER, 0600},
	{true, OWN, OTHER, 0777, R_OK | X_OK, OTHER, 0755},
	/* No id of ours: shown as own, with what is granted. */
	{true, OWN, UNMAPPED, 0644, R_OK, OWN, 0444},
	{true, OWN, UNMAPPED, 0666, R_OK | W_OK, OWN, 0666},
	{true, SHOWN, UNMAPPED, 0600, 0, SHOWN, 0000},
	/* Many users: the kernel judges by the lower bits. */
	{false, OWN, OTHER, 0640, 0, OTHER, 0640},
};

static void owners_and_modes(void **state)
{
	for (size_t i = 0; i < ELEMENTS(shown); i++) {
		struct owner_map map = map_of(shown[i].single_user, shown[i].shown);
		struct verdict verdict = {.level = LEVEL_WRITE, .child_max = LEVEL_WRITE};
		struct stat lower = {
			.st_mode = S_IFREG | shown[i].lower, .st_uid = shown[i].uid, .st_nlink = 1};
		struct stat result;

		assert_int_equal(attr_needs_granted(&map, &lower),
			shown[i].single_user && shown[i].uid != OWN);
		attr_show(&map, verdict, &lower, shown[i].granted, 1, &result);
		assert_int_equal(result.st_mode, S_IFREG | shown[i].result);
		assert_int_equal(result.st_uid, shown[i].result_uid);
	}
}

static void directories_count_nothing(void **state)
{
	struct owner_map map = map_of(true, OWN);
	struct verdict verdict = {.level = LEVEL_READ};
	struct stat few = {.st_mode = S_IFDIR | 0755, .st_uid = OWN, .st_nlink = 2, .st_size = 40};
	struct stat many = {.st_mode = S_IFDIR | 0755,
		.st_uid = OWN,
		.st_nlink = 99,
		.st_size = 123456,
		.st_blocks = 240};
	struct stat a, b;

	attr_show(&map, verdict, &few, 0, 1, &a);
	attr_show(&map, verdict, &many, 0, 1, &b);
	assert_int_equal(a.st_nlink, 1);
	assert_int_equal(a.st_nlink, b.st_nlink);
	assert_int_equal(a.st_size, b.st_size);
	assert_int_equal(a.st_blocks, b.st_blocks);
}

static void links_and_devices(void **state)
{
	struct owner_map map = map_of(true, OWN);
	struct verdict verdict = {.level = LEVEL_READ};
	struct stat lower = {
		.st_mode = S_IFCHR | 0666, .st_uid = OWN, .st_nlink = 3, .st_rdev = 0x103};
	struct stat result;

	attr_show(&map, verdict, &lower, 0, 1, &result);
	assert_int_equal(result.st_nlink, 1);
	assert_int_equal(result.st_rdev, 0);
	attr_show(&map, verdict, &lower, 0, 9, &result);
	assert_int_equal(result.st_nlink, 3);
}

static void chmod_keeps_what_is_not_shown(void **state)
{
	struct verdict all = {.level = LEVEL_WRITE, .child_max = LEVEL_WRITE};
	struct verdict no_children = {.level = LEVEL_WRITE, .child_max = LEVEL_READ};

	assert_int_equal(attr_lower_mode(all, S_IFDIR | 0755, 0500), 0500);
	assert_int_equal(attr_lower_mode(no_children, S_IFDIR | 0755, 0500), 0700);
	assert_int_equal(attr_lower_mode(no_children, S_IFDIR | 0555, 0777), 0555);
	assert_int_equal(attr_lower_mode(all, S_IFREG | 0644, 0600), 0600);
}

static const struct {
	const char *text;
	int result;
	size_t count;
} ranges[] = {
	{"         0          0 4294967295\n", 0, 1},
	{"0 1000 1\n1 100000 65536\n", 0, 2},
	{"", 0, 0},
	{"0 1000\n", -EINVAL, 0},
	{"x", -EINVAL, 0},
	{"0 1000 0\n", -EINVAL, 0},
	{"99999999999 0 1\n", -EINVAL, 0},
};

static void id_ranges(void **state)
{
	struct id_ranges parsed;

	for (size_t i = 0; i < ELEMENTS(ranges); i++) {
		parsed.count = 77;
		assert_int_equal(id_ranges_parse(ranges[i].text, &parsed), ranges[i].result);
		assert_int_equal(parsed.count, ranges[i].result < 0 ? 77 : ranges[i].count);
	}
	assert_int_equal(id_ranges_parse("0 1000 1\n10 100000 5\n", &parsed), 0);
	assert_true(id_ranges_have(&parsed, 0));
	assert_false(id_ranges_have(&parsed, 1));
	assert_false(id_ranges_have(&parsed, 9));
	assert_true(id_ranges_have(&parsed, 10));
	assert_true(id_ranges_have(&parsed, 14));
	assert_false(id_ranges_have(&parsed, 15));
}

static void owners_go_back(void **state)
{
	struct owner_map map = map_of(true, SHOWN);

	assert_int_equal(owner_map_lower_uid(&map, SHOWN), OWN);
	assert_int_equal(owner_map_lower_uid(&map, OTHER), OTHER);
	assert_int_equal(owner_map_lower_gid(&map, SHOWN), OWN);
	assert_int_equal(owner_map_lower_gid(&map, (gid_t)-1), (gid_t)-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_by_level),
		cmocka_unit_test(owners_and_modes),
		cmocka_unit_test(directories_count_nothing),
		cmocka_unit_test(links_and_devices),
		cmocka_unit_test(chmod_keeps_what_is_not_shown),
		cmocka_unit_test(id_ranges),
		cmocka_unit_test(owners_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
