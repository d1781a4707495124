#include "tests/unit/rules.h"

#include <string.h>

static const struct row rows[] = {
	{LEVEL_READ, "**/*", 0, RULE_GLOB, NULL},            /* 1 */
	{LEVEL_NONE, "**/.env*", 0, RULE_GLOB, "**/.env.x"}, /* 2 */
	{LEVEL_WRITE, "/src/", 5, RULE_GLOB, NULL},          /* 3 */
	{LEVEL_WRITE, "/src/a", 0, RULE_GLOB, NULL},         /* 4: dead below 3 */
	{LEVEL_NONE, "*.key", 7, RULE_GLOB, NULL},           /* 5 */
	{LEVEL_VIEW, "/docs/*", 0, RULE_DIRECTORY, NULL},    /* 6 */
	{LEVEL_READ, "/docs/x", 0, RULE_GLOB, NULL}, /* 7: 6 is of a stronger type, so dead */
	{LEVEL_READ, "/docs/x", 0, RULE_FILE, NULL}, /* 8 */
	{LEVEL_VIEW, "*/*", 0, RULE_GLOB, NULL},     /* 9 */
	{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
};

static const struct {
	const char *path;
	struct {
		unsigned line;
		enum rule_outcome outcome;
	} rules[6];
} explanations[] = {
	{"", {{0}}},
	{"readme", {{1, OUTCOME_WINS}}},
	{"src/.env", {{3, OUTCOME_WINS}, {2, OUTCOME_LOST_PRIORITY}, {9, OUTCOME_LOST_PRIORITY},
			     {1, OUTCOME_LOST_PRIORITY}}},
	{".env.x", {{1, OUTCOME_WINS}, {2, OUTCOME_EXCEPTED}}},
	{".env", {{2, OUTCOME_WINS}, {1, OUTCOME_LOST_TO_NONE}}},
	{"docs/x", {{8, OUTCOME_WINS}, {6, OUTCOME_LOST_TYPE}, {7, OUTCOME_LOST_TYPE},
			   {9, OUTCOME_LOST_TYPE}, {1, OUTCOME_LOST_TYPE}}},
	{"a/b", {{9, OUTCOME_WINS}, {1, OUTCOME_LOST_LEVEL}}},
};

static void explanations_name_every_rule(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(rows);

	for (size_t i = 0; i < ELEMENTS(explanations); i++) {
		struct explanation explanation;
		size_t j = 0;

		assert_int_equal(policy_explain(policy, explanations[i].path, &explanation), 0);
		for (; j < explanation.count; j++) {
			if (explanation.rules[j].rule->place.line !=
					explanations[i].rules[j].line ||
				explanation.rules[j].outcome != explanations[i].rules[j].outcome)
				fail_msg("\"%s\" %zu: line %u outcome %d", explanations[i].path, j,
					explanation.rules[j].rule->place.line,
					(int)explanation.rules[j].outcome);
		}
		assert_int_equal(explanations[i].rules[j].line, 0);
		assert_int_equal(explanation.defaulted, j == 0);
		assert_false(explanation.capped);
		explanation_release(&explanation);
	}
}

static void a_cap_is_told(void **state)
{
	static const struct row all[] = {
		{LEVEL_WRITE, "/", 0, RULE_GLOB, NULL}, {LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	_cleanup_(rule_set_freep) struct rule_set *set = rules_of(all);
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	struct explanation explanation;

	assert_int_equal(rule_set_protect(set, "ward.yaml"), 0);
	policy = policy_of_set(set);
	assert_int_equal(policy_explain(policy, "ward.yaml", &explanation), 0);
	assert_true(explanation.capped);
	assert_int_equal(explanation.verdict.level, LEVEL_READ);
	explanation_release(&explanation);
	assert_int_equal(policy_explain(policy, "other.yaml", &explanation), 0);
	assert_false(explanation.capped);
	explanation_release(&explanation);
	assert_int_equal(policy_explain(policy, "a/../b", &explanation), -EINVAL);
}

static const struct {
	enum finding_kind kind;
	unsigned line, other;
	const char *path;
} expected[] = {
	{FINDING_UNCOVERED, 2, 3, "src/.env"},
	{FINDING_DEAD, 4, 3, NULL},
	{FINDING_DEAD, 7, 8, NULL},
};

static void findings_are_exact(void **state)
{
	_cleanup_(policy_unrefp) struct policy *policy = policy_of(rows);
	struct finding *findings;
	size_t count;

	assert_int_equal(policy_find(policy, &findings, &count, NULL), 0);
	assert_int_equal(count, ELEMENTS(expected));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(findings[i].kind, expected[i].kind);
		assert_int_equal(findings[i].rule->place.line, expected[i].line);
		assert_int_equal(findings[i].other->place.line, expected[i].other);
		if (expected[i].path)
			assert_string_equal(findings[i].path, expected[i].path);
		else
			assert_null(findings[i].path);
	}
	findings_free(findings, count);
}

/* A union of rules can beat one that none of them beats alone, and names can run out. */
static void dead_by_many(void **state)
{
	static const struct row dead[] = {
		{LEVEL_READ, "[ab]", 0, RULE_GLOB, NULL},
		{LEVEL_VIEW, "a", 1, RULE_GLOB, NULL},
		{LEVEL_VIEW, "b", 1, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
	};
	static const struct row alive[] = {
		{LEVEL_READ, "[abc]", 0, RULE_GLOB, NULL},
		{LEVEL_VIEW, "a", 1, RULE_GLOB, NULL},
		{LEVEL_VIEW, "b", 1, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL},
	};
	_cleanup_(policy_unrefp) struct policy *p = policy_of(dead);
	_cleanup_(policy_unrefp) struct policy *q = policy_of(alive);
	struct finding *findings;
	size_t count;

	assert_int_equal(policy_find(p, &findings, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(findings[0].rule->place.line, 1);
	findings_free(findings, count);
	assert_int_equal(policy_find(q, &findings, &count, NULL), 0);
	assert_int_equal(count, 0);
	findings_free(findings, count);
}

static void differences_are_found(void **state)
{
	static const struct row a[] = {{LEVEL_READ, "**/*.{c,h}", 0, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	static const struct row b[] = {{LEVEL_READ, "**/*.[ch]", 0, RULE_GLOB, NULL},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	static const struct row c[] = {{LEVEL_READ, "**/*.[ch]", 0, RULE_GLOB, "a/b/*.h"},
		{LEVEL_NONE, NULL, 0, RULE_GLOB, NULL}};
	_cleanup_(policy_unrefp) struct policy *p = policy_of(a);
	_cleanup_(policy_unrefp) struct policy *q = policy_of(b);
	_cleanup_(policy_unrefp) struct policy *r = policy_of(c);
	char *path = NULL;

	assert_int_equal(policy_differ(p, q, &path), 0);
	assert_null(path);
	assert_int_equal(policy_differ(q, r, &path), 1);
	assert_int_equal(strncmp(path, "a/b/", 4), 0);
	assert_string_equal(path + strlen(path) - 2, ".h");
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explanations_name_every_rule),
		cmocka_unit_test(a_cap_is_told),
		cmocka_unit_test(findings_are_exact),
		cmocka_unit_test(dead_by_many),
		cmocka_unit_test(differences_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
