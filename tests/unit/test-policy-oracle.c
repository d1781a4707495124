#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/unit/oracle/policy-oracle.h"
#include "tests/unit/oracle/rule-generator.h"

/*
 * The engine against the oracle, on random rules. WARD_ORACLE_PAIRS scales the number of (rules,
 * path) pairs; the sanitizers' builds judge a tenth.
 */

#ifdef WARD_SANITIZED
enum { PAIRS = 100 * 1000 };
#else
enum { PAIRS = 1100 * 1000 };
#endif

static uint32_t pair_count(void)
{
	const char *text = getenv("WARD_ORACLE_PAIRS");

	return text ? (uint32_t)strtoul(text, NULL, 10) : PAIRS;
}

static void print_rules(const struct rule_set *set)
{
	for (size_t i = 0; i < rule_set_count(set); i++) {
		const struct rule *rule = rule_set_get(set, i);

		print_message("  %zu: %s%s %s type %d priority %d except", i,
			rule->cap ? "cap " : "", level_name(rule->permission), rule->pattern,
			(int)rule->type, rule->priority);
		for (size_t j = 0; rule->excepts && rule->excepts[j]; j++)
			print_message(" %s", rule->excepts[j]);
		print_message("\n");
	}
	for (size_t i = 0; i < rule_set_protected_count(set); i++)
		print_message("  protected: %s\n", rule_set_protected(set, i));
	print_message("  default: %s\n", level_name(rule_set_default(set)));
}

static struct policy *compile(const struct rule_set *set)
{
	struct policy *policy = NULL;
	struct ward_error error = {0};

	if (policy_compile(set, &policy, &error) < 0) {
		print_rules(set);
		fail_msg("%s", error.message);
	}
	return policy;
}

static int rule_number(const struct rule *rule)
{
	return rule ? (int)rule->place.line - 1 : -1;
}

static struct verdict verdict_at(const struct policy *policy, const char *path)
{
	policy_state state;

	assert_int_equal(policy_walk(policy, path, &state), 0);
	return policy_verdict(policy, state);
}

static void compare_path(const struct policy *policy, const struct oracle *oracle,
	const struct rule_set *set, const char *path)
{
	int rule, found = rule_number(policy_deciding_rule(policy, path));
	enum ward_level level = oracle_judge(oracle, path, &rule);
	struct verdict verdict = verdict_at(policy, path);

	if (verdict.level == level && found == rule)
		return;
	print_rules(set);
	fail_msg("\"%s\": engine says %s by rule %d, oracle %s by rule %d", path,
		level_name(verdict.level), found, level_name(level), rule);
}

static void random_pairs_agree(void **state)
{
	struct generator generator = {UINT64_C(0x9e3779b97f4a7c15)};
	char path[64];

	for (uint32_t left = pair_count(); left > 0;) {
		struct rule_set *set = generator_rules(&generator,
			generator_below(&generator, 4) ? FLAVOUR_NASTY : FLAVOUR_SMALL, 7);
		struct oracle *oracle = oracle_new(set);
		struct policy *policy = compile(set);

		for (int i = 0; i < 100 && left > 0; i++, left--) {
			generator_path(&generator, 6, path);
			compare_path(policy, oracle, set, path);
		}
		policy_unref(policy);
		oracle_free(oracle);
		rule_set_free(set);
	}
}

/* --- What is ahead, by enumeration ---------------------------------------------------------------- */

/* Every case that FLAVOUR_SMALL can tell apart: a, b, another letter, and a longer name. */
static const char *const names[] = {"a", "b", "x", "xx"};

enum { DEPTH = 6, RULES_MAX = 3 };

struct enumeration {
	const struct policy *policy;
	const struct oracle *oracle;
	const struct rule_set *set;
	char path[64];
	bool wins[RULES_MAX]; /* rules that decide some path */
	size_t uncovered
		[RULES_MAX]; /* components + 1 of the shortest path at which a `none` is uncovered, or 0 */
};

static void note_rules(struct enumeration *e, int winner, size_t depth)
{
	int count = (int)rule_set_count(e->set);

	if (winner < 0)
		return;
	e->wins[winner] = true;
	for (int i = 0; i < count; i++) {
		const struct rule *rule = rule_set_get(e->set, (size_t)i),
				  *other = rule_set_get(e->set, (size_t)winner);

		if (rule->permission == LEVEL_NONE && other->permission > LEVEL_NONE &&
			(other->priority > rule->priority ||
				(other->priority == rule->priority &&
					other->type == RULE_DIRECTORY &&
					rule->type == RULE_GLOB)) &&
			oracle_applies(e->oracle, i, e->path) &&
			(!e->uncovered[i] || depth + 1 < e->uncovered[i]))
			e->uncovered[i] = depth + 1;
	}
}

/* Judges all paths below e->path, and compares what the engine says about each. */
static void enumerate(
	struct enumeration *e, size_t depth, enum ward_level *below_min, enum ward_level *below_max)
{
	size_t length = strlen(e->path);
	enum ward_level child_max = LEVEL_NONE, min = LEVEL_WRITE, max = LEVEL_NONE;
	struct verdict verdict = verdict_at(e->policy, e->path);

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		enum ward_level level;
		int winner;

		snprintf(e->path + length, sizeof(e->path) - length, "%s%s", length ? "/" : "",
			names[i]);
		level = oracle_judge(e->oracle, e->path, NULL);
		oracle_winner(e->oracle, e->path, &winner);
		note_rules(e, winner, depth + 1);
		child_max = level > child_max ? level : child_max;
		min = level < min ? level : min;
		max = level > max ? level : max;
		if (depth + 1 < DEPTH)
			enumerate(e, depth + 1, &min, &max);
		e->path[length] = '\0';
	}
	if (verdict.child_max != child_max || verdict.below_min > min || verdict.below_max < max)
		print_rules(e->set);
	if (verdict.child_max != child_max)
		fail_msg("\"%s\": child_max %d, should be %d", e->path, (int)verdict.child_max,
			(int)child_max);
	if (verdict.below_min > min || verdict.below_max < max ||
		(depth + 4 <= DEPTH && (verdict.below_min != min || verdict.below_max != max)))
		fail_msg("\"%s\": below %d..%d, should be %d..%d", e->path, (int)verdict.below_min,
			(int)verdict.below_max, (int)min, (int)max);
	if (verdict.passage !=
		(verdict.level == LEVEL_NONE && (verdict.below_max > LEVEL_NONE || length == 0)))
		fail_msg("\"%s\": passage", e->path);
	*below_min = min < *below_min ? min : *below_min;
	*below_max = max > *below_max ? max : *below_max;
}

static size_t component_count(const char *path)
{
	size_t count = path[0] != '\0';

	for (; *path; path++)
		count += *path == '/';
	return count;
}

static void compare_findings(struct enumeration *e)
{
	struct finding *findings;
	size_t count;
	bool dead[RULES_MAX] = {false};
	size_t uncovered[RULES_MAX] = {0};

	assert_int_equal(policy_find(e->policy, &findings, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		int number = rule_number(findings[i].rule), winner;

		if (findings[i].kind == FINDING_DEAD) {
			dead[number] = true;
			continue;
		}
		uncovered[number] = component_count(findings[i].path) + 1;
		oracle_winner(e->oracle, findings[i].path, &winner);
		assert_int_equal(winner, rule_number(findings[i].other));
		assert_true(oracle_applies(e->oracle, number, findings[i].path));
		assert_true(findings[i].other->priority >= findings[i].rule->priority);
		assert_true(findings[i].other->permission > LEVEL_NONE);
	}
	for (size_t i = 0; i < rule_set_count(e->set); i++) {
		if (rule_set_get(e->set, i)->cap)
			continue;
		if (dead[i] != !e->wins[i] || uncovered[i] != e->uncovered[i])
			print_rules(e->set);
		if (dead[i] != !e->wins[i])
			fail_msg("rule %zu: dead %d, should be %d", i, dead[i], !e->wins[i]);
		if (uncovered[i] != e->uncovered[i])
			fail_msg("rule %zu: uncovered at depth %zu, should be %zu", i, uncovered[i],
				e->uncovered[i]);
	}
	findings_free(findings, count);
}

static void what_is_ahead_agrees(void **state)
{
	struct generator generator = {UINT64_C(0x2545f4914f6cdd1d)};

	for (uint32_t left = pair_count() / 5000; left > 0; left--) {
		struct rule_set *set = generator_rules(&generator, FLAVOUR_SMALL, RULES_MAX);
		struct enumeration e = {
			.policy = compile(set), .oracle = oracle_new(set), .set = set};
		enum ward_level min = LEVEL_WRITE, max = LEVEL_NONE;
		int winner;

		oracle_winner(e.oracle, "", &winner);
		note_rules(&e, winner, 0);
		enumerate(&e, 0, &min, &max);
		compare_findings(&e);
		policy_unref((struct policy *)e.policy);
		oracle_free((struct oracle *)e.oracle);
		rule_set_free(set);
	}
}

/* --- Differences ---------------------------------------------------------------------------------- */

/* How many components the shortest difference has, + 1; 0 where there is none up to DEPTH. */
static size_t find_difference(
	const struct oracle *a, const struct oracle *b, char *path, size_t depth, size_t most)
{
	size_t length = strlen(path), best = 0;

	if (oracle_judge(a, path, NULL) != oracle_judge(b, path, NULL))
		return depth + 1;
	for (size_t i = 0; i < ELEMENTS(names) && depth < most; i++) {
		size_t found;

		snprintf(path + length, 64 - length, "%s%s", length ? "/" : "", names[i]);
		found = find_difference(a, b, path, depth + 1, most);
		if (found && (!best || found < best)) {
			best = found;
			most = found - 2;
		}
		path[length] = '\0';
	}
	return best;
}

static void differences_agree(void **state)
{
	struct generator generator = {UINT64_C(0x853c49e6748fea9b)};

	for (uint32_t left = pair_count() / 2000; left > 0; left--) {
		struct rule_set *a = generator_rules(&generator, FLAVOUR_SMALL, 3);
		struct rule_set *b = generator_rules(&generator, FLAVOUR_SMALL, 3);
		struct oracle *x = oracle_new(a), *y = oracle_new(b);
		struct policy *p = compile(a), *q = compile(b);
		char path[64] = "";
		char *found = NULL;
		size_t best = find_difference(x, y, path, 0, 4);
		int r = policy_differ(p, q, &found);

		if (r != (best > 0) || (r == 1 && component_count(found) + 1 != best)) {
			print_rules(a);
			print_rules(b);
			fail_msg("differ %d at \"%s\", should be at depth %zu", r,
				found ? found : "", best);
		}
		if (found)
			assert_int_not_equal(
				oracle_judge(x, found, NULL), oracle_judge(y, found, NULL));
		free(found);
		policy_unref(p);
		policy_unref(q);
		oracle_free(x);
		oracle_free(y);
		rule_set_free(a);
		rule_set_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_pairs_agree),
		cmocka_unit_test(what_is_ahead_agrees),
		cmocka_unit_test(differences_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
