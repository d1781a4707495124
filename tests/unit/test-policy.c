#include "tests/unit/rules.h"

#include <string.h>
#include <time.h>

/* --- Which rule wins ------------------------------------------------------------------------------ */

static const struct row winners[] = {
	{LEVEL_READ, "**/*", 0, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/docs/", 0, RULE_GLOB, NULL},
	{LEVEL_NONE, "**/.env*", 0, RULE_GLOB, "**/.env.example"},
	{LEVEL_WRITE, "/src/**", 0, RULE_GLOB, NULL},
	{LEVEL_VIEW, "/src/a*", 0, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/both/x", 0, RULE_GLOB, NULL},
	{LEVEL_VIEW, "/both/x", 0, RULE_GLOB, NULL},
	{LEVEL_READ, "/docs/locked", 0, RULE_FILE, NULL},
	{LEVEL_WRITE, "/secrets/open", 10, RULE_GLOB, NULL},
	{LEVEL_NONE, "/secrets/", 0, RULE_GLOB, NULL},
	{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
};

static const struct {
	const char *path;
	enum ward_level level;
	unsigned line; /* of the deciding rule, 0 for the default */
} judgements[] = {
	{"", LEVEL_NONE, 0},
	{"readme", LEVEL_READ, 1},
	{".hidden", LEVEL_READ, 1},
	{"docs", LEVEL_WRITE, 2},
	{"docs/a/b", LEVEL_WRITE, 2},
	{"docs/locked", LEVEL_READ, 8},
	{"docs/locked/x", LEVEL_WRITE, 2},
	{".env", LEVEL_NONE, 3},
	{"a/.env.local", LEVEL_NONE, 3},
	{"a/.env.example", LEVEL_READ, 1},
	{"src", LEVEL_WRITE, 4},
	{"src/.env", LEVEL_NONE, 3},
	{"src/abc", LEVEL_VIEW, 5},
	{"src/b/abc", LEVEL_WRITE, 4},
	{"both/x", LEVEL_VIEW, 7},
	{"secrets/open", LEVEL_WRITE, 9},
	{"secrets/open/x", LEVEL_NONE, 10},
	{"/docs//a/", LEVEL_WRITE, 2},
};

static void the_right_rule_wins(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(winners);

	for (size_t i = 0; i < ELEMENTS(judgements); i++) {
		const struct rule *rule = policy_deciding_rule(policy, judgements[i].path);

		if (verdict_of(policy, judgements[i].path).level != judgements[i].level ||
			(rule ? rule->place.line : 0) != judgements[i].line)
			fail_msg(
				"\"%s\": line %u", judgements[i].path, rule ? rule->place.line : 0);
	}
}

static void braces_are_as_good_as_written_out(void **state)
{
	static const struct row rows[] = {
		{LEVEL_READ, "{a,b*}", 0, RULE_GLOB, NULL},
		{LEVEL_WRITE, "a*", 0, RULE_GLOB, NULL},
		{LEVEL_WRITE, "bc*", 0, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
	};
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(rows);

	assert_int_equal(verdict_of(policy, "a").level, LEVEL_READ);
	assert_int_equal(verdict_of(policy, "ab").level, LEVEL_WRITE);
	assert_int_equal(verdict_of(policy, "b").level, LEVEL_READ);
	assert_int_equal(verdict_of(policy, "bcd").level, LEVEL_WRITE);
}

/* --- Passage and what lies below ------------------------------------------------------------------ */

static const struct row passages[] = {
	{LEVEL_VIEW, "/a/b/c", 0, RULE_GLOB, NULL},
	{LEVEL_NONE, "/hidden/", 0, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/w/", 0, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/x/**/y", 0, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/z/[ab]", 0, RULE_GLOB, NULL},
	{LEVEL_NONE, "/z/{a,b}", 5, RULE_GLOB, NULL},
	{LEVEL_WRITE, "/dots/[.]*", 0, RULE_GLOB, NULL},
	{LEVEL_NONE, "/dots/.?*", 5, RULE_GLOB, NULL},
	{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
};

static const struct {
	const char *path;
	enum ward_level level;
	bool passage;
	enum ward_level child_max, below_min, below_max;
} outlooks[] = {
	{"", LEVEL_NONE, true, LEVEL_WRITE, LEVEL_NONE, LEVEL_WRITE},
	{"a", LEVEL_NONE, true, LEVEL_NONE, LEVEL_NONE, LEVEL_VIEW},
	{"a/b", LEVEL_NONE, true, LEVEL_VIEW, LEVEL_NONE, LEVEL_VIEW},
	{"a/b/c", LEVEL_VIEW, false, LEVEL_NONE, LEVEL_NONE, LEVEL_NONE},
	{"a/x", LEVEL_NONE, false, LEVEL_NONE, LEVEL_NONE, LEVEL_NONE},
	{"hidden", LEVEL_NONE, false, LEVEL_NONE, LEVEL_NONE, LEVEL_NONE},
	{"w", LEVEL_WRITE, false, LEVEL_WRITE, LEVEL_WRITE, LEVEL_WRITE},
	{"w/1/2", LEVEL_WRITE, false, LEVEL_WRITE, LEVEL_WRITE, LEVEL_WRITE},
	{"x/1/2/3", LEVEL_NONE, true, LEVEL_WRITE, LEVEL_NONE, LEVEL_WRITE},
	/* All names that the glob matches are taken by literals, */
	{"z", LEVEL_NONE, false, LEVEL_NONE, LEVEL_NONE, LEVEL_NONE},
	/* and "." and ".." are no names. */
	{"dots", LEVEL_NONE, false, LEVEL_NONE, LEVEL_NONE, LEVEL_NONE},
};

static void what_lies_below_is_exact(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(passages);

	for (size_t i = 0; i < ELEMENTS(outlooks); i++) {
		struct verdict verdict = verdict_of(policy, outlooks[i].path);

		if (verdict.level != outlooks[i].level || verdict.passage != outlooks[i].passage ||
			verdict.child_max != outlooks[i].child_max ||
			verdict.below_min != outlooks[i].below_min ||
			verdict.below_max != outlooks[i].below_max)
			fail_msg("\"%s\"", outlooks[i].path);
		assert_int_equal(
			verdict_visible(verdict), verdict.level > LEVEL_NONE || verdict.passage);
	}
}

static void the_root_is_always_a_passage(void **state)
{
	static const struct row nothing[] = {{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	static const struct row hidden[] = {
		{LEVEL_NONE, "/", 9, RULE_GLOB, NULL}, {LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	_cleanup_(policy_unrefp) struct policy *a = policy_of(nothing);
	_cleanup_(policy_unrefp) struct policy *b = policy_of(hidden);

	assert_true(verdict_of(a, "").passage);
	assert_true(verdict_of(b, "/").passage);
	assert_false(verdict_of(a, "x").passage);
	assert_false(verdict_of(b, "x").passage);
}

static void protected_paths_are_never_writable(void **state)
{
	static const struct row rows[] = {
		{LEVEL_WRITE, "/", 0, RULE_GLOB, NULL},
		{LEVEL_NONE, "/a/hidden.yaml", 1, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
	};
	_cleanup_(rule_set_freep) struct rule_set *set = rules_of(rows);
	_cleanup_(policy_unrefp) struct policy *policy = NULL;

	assert_int_equal(rule_set_protect(set, "ward.yaml"), 0);
	assert_int_equal(rule_set_protect(set, "a/hidden.yaml"), 0);
	assert_int_equal(rule_set_protect(set, "b/c"), 0);
	policy = policy_of_set(set);
	assert_int_equal(verdict_of(policy, "ward.yaml").level, LEVEL_READ);
	assert_int_equal(verdict_of(policy, "ward.yaml/x").level, LEVEL_WRITE);
	assert_int_equal(verdict_of(policy, "a/hidden.yaml").level, LEVEL_NONE);
	assert_int_equal(verdict_of(policy, "ward.yam").level, LEVEL_WRITE);
	assert_int_equal(verdict_of(policy, "b").level, LEVEL_WRITE);
	assert_int_equal(verdict_of(policy, "b").below_min, LEVEL_READ);
	assert_int_equal(verdict_of(policy, "b").below_max, LEVEL_WRITE);
	assert_int_equal(verdict_of(policy, "d").below_min, LEVEL_WRITE);
}

static void odd_paths_are_refused(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(winners);
	char longest[258];
	policy_state at;

	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	assert_int_equal(policy_walk(policy, longest, &at), 0);
	longest[255] = 'a';
	longest[256] = '\0';
	assert_int_equal(policy_walk(policy, longest, &at), -EINVAL);
	assert_int_equal(policy_walk(policy, "a/../b", &at), -EINVAL);
	assert_int_equal(policy_walk(policy, "./b", &at), -EINVAL);
	assert_int_equal(policy_walk(policy, "a/.../b", &at), 0);
}

static void names_need_no_end(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(winners);
	policy_state docs = policy_step(policy, policy_root(policy), "docs and more", 4);

	assert_int_equal(policy_verdict(policy, docs).level, LEVEL_WRITE);
}

/* --- Worst cases ---------------------------------------------------------------------------------- */

static const struct {
	const char *format; /* #: the rule's number; rules differ in priority and level */
	int count;
	bool compiles;
} worst[] = {
	{"**/*a#*", 30, true},
	{"**/*a#*/", 30, true},
	{"**/*#", 500, true},
	{"**/x#/**/y#/**/z#", 30, false},
	{"**/*a#*/**/b#/**/*c*", 30, false},
	{"**/*a#*/x", 30, false},
	{"**/a/**/b/**/c/**/d/**/e/**/f#", 500, true},
	{"**/?/**/?/**/?/**/?/**/?/**/?/#", 500, true},
};

/* Copies `format` with every '#' replaced by the number. */
static void number_pattern(const char *format, int number, char *pattern)
{
	for (; *format; format++) {
		if (*format == '#')
			pattern += snprintf(pattern, 16, "%d", number);
		else
			*pattern++ = *format;
	}
	*pattern = '\0';
}

/* Thirty rules that multiply must end soon, one way or the other; in memory that the budget bounds. */
static void worst_cases_end(void **state)
{
	for (size_t i = 0; i < ELEMENTS(worst); i++) {
		_cleanup_(rule_set_freep) struct rule_set *set = NULL;
		_cleanup_(policy_unrefp) struct policy *policy = NULL;
		struct ward_error error = {0};
		clock_t start = clock();
		int r;

		assert_int_equal(rule_set_new(&set), 0);
		for (int j = 0; j < worst[i].count; j++) {
			char pattern[128];
			struct rule rule = {.pattern = pattern,
				.permission = (enum ward_level)(j % 4),
				.priority = j,
				.place = {"worst.yaml", (unsigned)j + 1, 3}};

			number_pattern(worst[i].format, j, pattern);
			assert_int_equal(rule_set_add(set, &rule, NULL), 0);
		}
		r = policy_compile(set, &policy, &error);
		if (r != (worst[i].compiles ? 0 : -E2BIG))
			fail_msg("\"%s\": %d %s", worst[i].format, r, error.message);
		if (r < 0) {
			assert_string_equal(error.file, "worst.yaml");
			assert_in_range(error.line, 1, worst[i].count);
		}
#ifndef WARD_SANITIZED
		assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 4);
#endif
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_rule_wins),
		cmocka_unit_test(braces_are_as_good_as_written_out),
		cmocka_unit_test(what_lies_below_is_exact),
		cmocka_unit_test(the_root_is_always_a_passage),
		cmocka_unit_test(protected_paths_are_never_writable),
		cmocka_unit_test(odd_paths_are_refused),
		cmocka_unit_test(names_need_no_end),
		cmocka_unit_test(worst_cases_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
