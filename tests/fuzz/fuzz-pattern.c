/*
 * Any bytes as rules and paths: the engine and the oracle must agree.
 *
 * A line of two characters and a pattern is a rule (level and type, priority; after a '|' an
 * except); a line that starts with '>' is a path. Long lines are left out: what multiplies takes
 * seconds to be refused under a sanitizer.
 */
#include <stdint.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/unit/oracle/policy-oracle.h"

enum { LINE_MAX_LENGTH = 24, RULES_MAX = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_rule(struct rule_set *set, char *line)
{
	char *except = strchr(line, '|');
	const char *excepts[] = {NULL, NULL};
	struct rule rule = {.place = {"fuzz", (unsigned)rule_set_count(set) + 1, 1}};

	if (strlen(line) < 3 || rule_set_count(set) == RULES_MAX)
		return;
	rule.permission = (enum ward_level)(line[0] & 3);
	rule.type = (enum rule_type)((line[0] >> 2 & 3) % 3);
	rule.priority = line[1] & 3;
	rule.pattern = line + 2;
	if (except && except >= rule.pattern) {
		*except = '\0';
		excepts[0] = except + 1;
		rule.excepts = excepts;
	}
	rule_set_add(set, &rule, NULL);
}

static void compare(const struct policy *policy, const struct oracle *oracle, const char *path)
{
	policy_state state;
	const struct rule *rule;
	int winner;

	if (path[0] == '/' || strstr(path, "//") || (path[0] && path[strlen(path) - 1] == '/') ||
		policy_walk(policy, path, &state) < 0)
		return;
	rule = policy_deciding_rule(policy, path);
	if (policy_verdict(policy, state).level != oracle_judge(oracle, path, &winner) ||
		winner != (rule ? (int)rule->place.line - 1 : -1))
		abort();
}

static void compare_paths(const struct rule_set *set, char *const *paths, size_t count)
{
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	struct oracle *oracle;

	if (policy_compile(set, &policy, NULL) < 0)
		return;
	oracle = oracle_new(set);
	for (size_t i = 0; i < count; i++)
		compare(policy, oracle, paths[i]);
	oracle_free(oracle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rule_set_freep) struct rule_set *set = NULL;
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	char *paths[16] = {NULL}, *rest = text, *line;
	size_t count = 0;

	if (!text || rule_set_new(&set) < 0)
		abort();
	while ((line = strsep(&rest, "\n"))) {
		if (strlen(line) > LINE_MAX_LENGTH)
			continue;
		if (line[0] != '>')
			add_rule(set, line);
		else if (count < ELEMENTS(paths))
			paths[count++] = line + 1;
	}
	compare_paths(set, paths, count);
	return 0;
}
