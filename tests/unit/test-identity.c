#include "tests/unit/unit.h"

#include <string.h>

#include "runtime/identity.h"

/* Ids from 70000 on are in no user database. */
static const struct {
	const char *what;
	struct identity_facts facts;
	uid_t uid;
	gid_t gid;
	uid_t daemon_uid;
	bool changes_user;
	bool shows_as;
} table[] = {
	{"an ordinary user", {70001, 70002, 70001, 70002, NULL, NULL}, 70001, 70002, 70001, false,
		false},
	{"somebody else's codebase", {70001, 70002, 70003, 70004, NULL, NULL}, 70001, 70002, 70001,
		false, false},
	{"root's codebase", {70001, 70002, 0, 0, NULL, NULL}, 70001, 70002, 70001, false, false},
	{"a forged SUDO_UID", {70001, 70002, 0, 0, "70009", "70009"}, 70001, 70002, 70001, false,
		false},
	{"root, a user's codebase", {0, 0, 70003, 70004, NULL, NULL}, 70003, 70004, 70003, true,
		false},
	{"root, a user's codebase of root's group", {0, 0, 70003, 0, NULL, NULL}, 70003, NOBODY_ID,
		70003, true, false},
	{"root, a user's codebase, sudo", {0, 0, 70003, 70004, "70009", "70009"}, 70003, 70004,
		70003, true, false},
	{"root by sudo", {0, 0, 0, 0, "70009", "70010"}, 70009, 70010, 0, true, true},
	{"root by itself", {0, 0, 0, 0, NULL, NULL}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"root by root's sudo", {0, 0, 0, 0, "0", "0"}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"sudo to root's group", {0, 0, 0, 0, "70009", "0"}, 70009, NOBODY_ID, 0, true, true},
	{"no number", {0, 0, 0, 0, "70009x", "1"}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"a negative number", {0, 0, 0, 0, "-1", "1"}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"2^32 is not 0", {0, 0, 0, 0, "4294967296", "1"}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"2^32-1 is no uid", {0, 0, 0, 0, "4294967295", "1"}, NOBODY_ID, NOBODY_ID, 0, true, true},
	{"empty", {0, 0, 0, 0, "", ""}, NOBODY_ID, NOBODY_ID, 0, true, true},
};

static void the_sandbox_is_never_root(void **state)
{
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct identity identity;

		print_message("%s\n", table[i].what);
		assert_int_equal(identity_decide(&table[i].facts, &identity, NULL), 0);
		assert_int_not_equal(identity.uid, 0);
		assert_int_not_equal(identity.gid, 0);
		assert_int_equal(identity.uid, table[i].uid);
		assert_int_equal(identity.gid, table[i].gid);
		assert_int_equal(identity.daemon_uid, table[i].daemon_uid);
		assert_int_equal(identity.changes_user, table[i].changes_user);
		assert_int_equal(identity.shows_as, table[i].shows_as);
	}
}

static void the_name_is_harmless(void **state)
{
	struct identity identity;

	assert_int_equal(identity_decide(&table[0].facts, &identity, NULL), 0);
	assert_string_equal(identity.name, "ward");
	assert_int_equal(identity_decide(&table[8].facts, &identity, NULL), 0);
	assert_string_equal(identity.name, "nobody");
}

static void an_invalid_owner_is_refused(void **state)
{
	const struct identity_facts facts = {0, 0, (uid_t)-1, 5, NULL, NULL};
	struct ward_error error = {0};
	struct identity identity;

	assert_int_equal(identity_decide(&facts, &identity, &error), -EPERM);
	assert_true(strlen(error.message) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sandbox_is_never_root),
		cmocka_unit_test(the_name_is_harmless),
		cmocka_unit_test(an_invalid_owner_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
