#include "tests/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fs/node.h"

static const struct lower_identity root_identity = {.dev = 1, .ino = 1};

struct fixture {
	struct policy *policy;
	struct node_table *table;
	struct node *root;
};

static void setup(struct fixture *f)
{
	_cleanup_(rule_set_freep) struct rule_set *rules = NULL;
	struct rule all = {.pattern = "**", .permission = LEVEL_WRITE};
	struct rule hidden = {.pattern = "**/h", .permission = LEVEL_NONE};
	struct rule moved = {.pattern = "/q/**", .permission = LEVEL_READ};

	assert_int_equal(rule_set_new(&rules), 0);
	assert_int_equal(rule_set_add(rules, &all, NULL), 0);
	assert_int_equal(rule_set_add(rules, &hidden, NULL), 0);
	assert_int_equal(rule_set_add(rules, &moved, NULL), 0);
	assert_int_equal(policy_compile(rules, &f->policy, NULL), 0);
	assert_int_equal(node_table_new(f->policy, &root_identity, &f->table), 0);
	f->root = node_get(f->table, NODE_ROOT);
	assert_non_null(f->root);
}

static void teardown(struct fixture *f)
{
	assert_int_equal(node_count(f->table), 1);
	node_put(f->table, f->root);
	node_table_free(f->table);
	policy_unref(f->policy);
}

static uint64_t bind(struct fixture *f, uint64_t parent_id, const char *name, uint64_t ino,
	mode_t type, enum ward_level level)
{
	struct found found = {
		.identity = {.dev = 1, .ino = ino}, .type = type, .level = level, .names = 9};
	struct node *parent = node_get(f->table, parent_id);
	nlink_t links;
	uint64_t id;
	bool made;

	assert_int_equal(node_bind(f->table, parent, name, &found, &id, &links, &made), 0);
	node_put(f->table, parent);
	return id;
}

/* The path of a node, or "-" where it is stale. */
static void assert_path(struct fixture *f, uint64_t id, const char *expected)
{
	_cleanup_(place_release) struct place place = PLACE_INIT;
	struct node *node = node_get(f->table, id);

	assert_non_null(node);
	if (node_place(f->table, node, &place) < 0) {
		assert_string_equal("-", expected);
	} else {
		_cleanup_(freep) char *path = place_path(&place);

		assert_string_equal(path, expected);
	}
	node_put(f->table, node);
}

static void identities(void **state)
{
	struct fixture f;
	uint64_t d, a, b, c;

	setup(&f);
	d = bind(&f, NODE_ROOT, "d", 2, S_IFDIR, LEVEL_WRITE);
	assert_int_equal(bind(&f, NODE_ROOT, "d", 2, S_IFDIR, LEVEL_WRITE), d);
	a = bind(&f, d, "a", 3, S_IFREG, LEVEL_WRITE);
	b = bind(&f, d, "b", 3, S_IFREG, LEVEL_WRITE);
	c = bind(&f, d, "c", 3, S_IFREG, LEVEL_READ);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_path(&f, c, "d/c");
	assert_int_not_equal(bind(&f, d, "a", 4, S_IFREG, LEVEL_WRITE), a);
	node_forget(f.table, d, 2);
	node_forget(f.table, a, 2);
	assert_path(&f, c, "d/c"); /* what is below keeps a directory */
	node_forget(f.table, c, 1);
	assert_int_equal(node_count(f.table), 3); /* root, d, the new a */
	node_forget(f.table, c + 1, 1);
	teardown(&f);
}

static void removal(void **state)
{
	struct fixture f;
	uint64_t a;

	setup(&f);
	a = bind(&f, NODE_ROOT, "a", 3, S_IFREG, LEVEL_WRITE);
	node_unbind(f.table, f.root, "a", true);
	assert_path(&f, a, "-");
	/* The inode number again, for another file. */
	assert_int_not_equal(bind(&f, NODE_ROOT, "a", 3, S_IFREG, LEVEL_WRITE), a);
	node_forget(f.table, a, 1);
	node_forget(f.table, a + 1, 1);
	node_forget(f.table, a, 1); /* nobody knows it any more: no harm */
	teardown(&f);
}

static void replaced_directory(void **state)
{
	struct fixture f;
	uint64_t d, inside, again;

	setup(&f);
	d = bind(&f, NODE_ROOT, "d", 2, S_IFDIR, LEVEL_WRITE);
	inside = bind(&f, d, "f", 3, S_IFREG, LEVEL_WRITE);
	again = bind(&f, NODE_ROOT, "d", 7, S_IFDIR, LEVEL_WRITE);
	assert_int_not_equal(d, again);
	assert_path(&f, d, "-");
	assert_path(&f, inside, "-");
	assert_path(&f, again, "d");
	node_forget(f.table, d, 1);
	node_forget(f.table, inside, 1);
	node_forget(f.table, again, 1);
	teardown(&f);
}

static void renamed_directory(void **state)
{
	_cleanup_(place_release) struct place before = PLACE_INIT;
	_cleanup_(place_release) struct place after = PLACE_INIT;
	struct fixture f;
	struct node *inside;
	uint64_t d, e, file;

	setup(&f);
	d = bind(&f, NODE_ROOT, "d", 2, S_IFDIR, LEVEL_WRITE);
	e = bind(&f, d, "e", 3, S_IFDIR, LEVEL_WRITE);
	file = bind(&f, e, "f", 4, S_IFREG, LEVEL_WRITE);
	inside = node_get(f.table, e);
	assert_int_equal(node_place_child(f.table, inside, "new", &before), 0);
	assert_int_equal(before.verdict.level, LEVEL_WRITE);
	node_move(f.table, f.root, "d", f.root, "q");
	assert_path(&f, file, "q/e/f");
	/* The states that were cached below follow the new path. */
	assert_int_equal(node_place_child(f.table, inside, "new", &after), 0);
	assert_int_equal(after.verdict.level, LEVEL_READ);
	node_put(f.table, inside);
	node_forget(f.table, file, 1);
	node_forget(f.table, e, 1);
	node_forget(f.table, d, 1);
	teardown(&f);
}

static void exchanged(void **state)
{
	struct fixture f;
	uint64_t a, b;

	setup(&f);
	a = bind(&f, NODE_ROOT, "a", 2, S_IFDIR, LEVEL_WRITE);
	b = bind(&f, NODE_ROOT, "b", 3, S_IFREG, LEVEL_WRITE);
	node_exchange(f.table, f.root, "a", f.root, "b");
	assert_path(&f, a, "b");
	assert_path(&f, b, "a");
	node_forget(f.table, a, 1);
	node_forget(f.table, b, 1);
	teardown(&f);
}

static void judged_names(void **state)
{
	static const struct {
		const char *name;
		int result;
		enum ward_level level;
	} names[] = {
		{"a", 0, LEVEL_WRITE},
		{"h", 0, LEVEL_NONE},
		{"\xff\n*", 0, LEVEL_WRITE},
		{"", -EINVAL, LEVEL_NONE},
		{".", -EINVAL, LEVEL_NONE},
		{"..", -EINVAL, LEVEL_NONE},
		{"a/b", -EINVAL, LEVEL_NONE},
	};
	char longest[NAME_MAX + 2];
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		_cleanup_(place_release) struct place place = PLACE_INIT;

		assert_int_equal(
			node_place_child(f.table, f.root, names[i].name, &place), names[i].result);
		if (names[i].result == 0)
			assert_int_equal(place.verdict.level, names[i].level);
	}
	for (size_t length = NAME_MAX; length <= NAME_MAX + 1; length++) {
		_cleanup_(place_release) struct place place = PLACE_INIT;

		memset(longest, 'x', length);
		longest[length] = '\0';
		assert_int_equal(node_place_child(f.table, f.root, longest, &place),
			length > NAME_MAX ? -ENAMETOOLONG : 0);
	}
	teardown(&f);
}

static void deep(void **state)
{
	struct fixture f;
	uint64_t ids[3000];
	size_t count = 0;

	setup(&f);
	for (uint64_t parent = NODE_ROOT; count < ELEMENTS(ids); parent = ids[count++])
		ids[count] = bind(&f, parent, "directory", 100 + count, S_IFDIR, LEVEL_WRITE);
	node_move(f.table, f.root, "directory", f.root, "moved");
	for (size_t i = count; i-- > 0;)
		node_forget(f.table, ids[i], 1);
	teardown(&f);
}

static void stamps(void **state)
{
	struct stamp old = {.mtime = {1000, 0}, .ctime = {1000, 0}, .size = 5};
	struct stamp grown = {.mtime = {1000, 0}, .ctime = {1000, 0}, .size = 6};
	struct stamp now = {.size = 6};
	struct node *node;
	struct fixture f;
	uint64_t id;

	setup(&f);
	id = bind(&f, NODE_ROOT, "a", 3, S_IFREG, LEVEL_WRITE);
	node = node_get(f.table, id);
	assert_false(node_told_stamp(f.table, node, &old));
	node_tell_stamp(f.table, node, &old);
	assert_true(node_told_stamp(f.table, node, &old));
	assert_false(node_told_stamp(f.table, node, &grown));
	assert_false(node_check_stamp(f.table, node, &old));
	assert_true(node_check_stamp(f.table, node, &old));
	assert_false(node_check_stamp(f.table, node, &grown));
	clock_gettime(CLOCK_REALTIME, &now.ctime);
	assert_false(node_check_stamp(f.table, node, &now));
	assert_false(node_check_stamp(f.table, node, &now)); /* too young to be told apart */
	node_put(f.table, node);
	node_forget(f.table, id, 1);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities),
		cmocka_unit_test(removal),
		cmocka_unit_test(replaced_directory),
		cmocka_unit_test(renamed_directory),
		cmocka_unit_test(exchanged),
		cmocka_unit_test(judged_names),
		cmocka_unit_test(deep),
		cmocka_unit_test(stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
