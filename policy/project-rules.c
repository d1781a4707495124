#include <string.h>

#include "policy/pattern.h"
#include "policy/project-internal.h"

/* A rule on its way from the text into the rule set: all but the pattern. */
struct draft {
	struct rule rule;
	const char *excepts[RULE_EXCEPTS_MAX + 1];
};

static const char *const levels[] = {"none", "view", "read", "write", NULL};
static const char *const types[] = {"glob", "directory", "file", NULL};
static const char *const rule_keys[] = {"pattern", "permission", "type", "priority", "except",
	"cap", "none", "view", "read", "write", NULL};

#define RULE_HINT "write {pattern: \"PATTERN\", permission: LEVEL}, or LEVEL: \"PATTERN\""

/* Checks a pattern; where it is written as it is, the error has the place of the wrong byte. */
static int check_pattern(const struct document *document, const struct yaml_node *node,
	const char *what, const char **ret_pattern)
{
	_cleanup_(pattern_freep) struct pattern *pattern = NULL;
	struct pattern_error why = {.message = "out of memory"};
	const char *text;
	int r = value_string(document, node, what, &text);

	if (r < 0)
		return r;
	r = pattern_parse(text, &pattern, &why);
	if (r >= 0) {
		*ret_pattern = text;
		return 0;
	}
	if (node->text_column > 0)
		return error_set_at(document->error, r, document->file, node->line,
			node->text_column + (unsigned)why.offset, "bad %s \"%.200s\": %s", what,
			text, why.message);
	return error_set_at(document->error, r, document->file, node->line, node->column,
		"bad %s \"%.200s\": byte %zu: %s", what, text, why.offset + 1, why.message);
}

static int read_excepts(
	const struct document *document, const struct yaml_node *node, struct draft *draft)
{
	const struct yaml_node *element = node;
	size_t count = 0;

	if (node->kind == YAML_SEQUENCE)
		element = node->first;
	while (element) {
		int r;

		if (count == RULE_EXCEPTS_MAX)
			return value_fail(document, element, "a rule has more than %d excepts",
				RULE_EXCEPTS_MAX);
		r = check_pattern(document, element, "except", &draft->excepts[count]);
		if (r < 0)
			return r;
		count++;
		element = element == node ? NULL : element->next;
	}
	draft->excepts[count] = NULL;
	draft->rule.excepts = count > 0 ? draft->excepts : NULL;
	return 0;
}

/* Reads what both forms of a rule may carry. */
static int read_common(
	const struct document *document, const struct yaml_node *node, struct draft *draft)
{
	const struct yaml_node *type = yaml_get(node, "type");
	const struct yaml_node *priority = yaml_get(node, "priority");
	const struct yaml_node *except = yaml_get(node, "except");
	const struct yaml_node *cap = yaml_get(node, "cap");
	unsigned index = RULE_GLOB;
	int64_t integer = 0;
	int r = 0;

	if (type)
		r = value_word(document, type, "type", types, &index);
	if (r >= 0 && priority)
		r = value_integer(document, priority, "priority", -FILE_PRIORITY_MAX,
			FILE_PRIORITY_MAX, &integer);
	if (r >= 0 && except)
		r = read_excepts(document, except, draft);
	if (r >= 0 && cap)
		r = value_bool(document, cap, "cap", &draft->rule.cap);
	draft->rule.type = (enum rule_type)index;
	draft->rule.priority = (int)integer;
	return r;
}

static int add_rule(const struct reading *reading, const struct document *document,
	const struct yaml_node *node, struct draft *draft)
{
	struct rule *rule = &draft->rule;
	int r = check_pattern(document, node, "pattern", &rule->pattern);

	if (r < 0)
		return r;
	rule->place = (struct rule_place){
		.file = document->file,
		.line = node->line,
		.column = node->text_column ? node->text_column : node->column,
	};
	return rule_set_add(reading->loader->project->rules, rule, document->error);
}

/* Adds one rule for a pattern, or one for each of a list. */
static int add_rules(const struct reading *reading, const struct document *document,
	const struct yaml_node *patterns, struct draft *draft)
{
	int r = 0;

	if (patterns->kind != YAML_SEQUENCE)
		return add_rule(reading, document, patterns, draft);
	for (const struct yaml_node *node = patterns->first; node && r >= 0; node = node->next)
		r = add_rule(reading, document, node, draft);
	return r;
}

static int fail_rule(
	const struct document *document, const struct yaml_node *node, const char *message)
{
	value_fail(document, node, "%s", message);
	error_hint(document->error, RULE_HINT);
	return -EINVAL;
}

/* The one key that is a level, whose value is then the patterns; NULL in the long form. */
static int find_shorthand(const struct document *document, const struct yaml_node *node,
	const struct yaml_node **ret_patterns, enum ward_level *ret_level)
{
	const struct yaml_node *found = NULL;
	const struct yaml_node *pattern = yaml_get(node, "pattern");
	const struct yaml_node *permission = yaml_get(node, "permission");

	for (unsigned level = 0; levels[level]; level++) {
		const struct yaml_node *value = yaml_get(node, levels[level]);

		if (!value)
			continue;
		if (found || pattern || permission)
			return fail_rule(document, value->key, "a rule has one level only");
		found = value;
		*ret_level = (enum ward_level)level;
	}
	if (!found && !pattern)
		return fail_rule(document, node, "the rule has no pattern");
	if (!found && !permission)
		return fail_rule(document, node, "the rule has no permission");
	*ret_patterns = found;
	return 0;
}

static int read_rule(const struct reading *reading, const struct document *document,
	const struct yaml_node *node)
{
	struct draft draft = {0};
	const struct yaml_node *patterns = NULL;
	unsigned level;
	int r;

	if (node->kind != YAML_MAPPING)
		return fail_rule(document, node, "a rule must be a mapping");
	r = value_check_keys(document, node, "a rule", rule_keys);
	if (r >= 0)
		r = find_shorthand(document, node, &patterns, &draft.rule.permission);
	if (r >= 0)
		r = read_common(document, node, &draft);
	if (r < 0)
		return r;
	if (patterns)
		return add_rules(reading, document, patterns, &draft);
	r = value_word(document, yaml_get(node, "permission"), "permission", levels, &level);
	if (r < 0)
		return r;
	draft.rule.permission = (enum ward_level)level;
	return add_rule(reading, document, yaml_get(node, "pattern"), &draft);
}

int read_rules(void *context, const struct document *document, const struct yaml_node *node)
{
	if (yaml_is_null(node))
		return 0;
	if (node->kind != YAML_SEQUENCE) {
		value_fail(document, node, "rules must be a list");
		error_hint(document->error, "start each rule with \"- \"");
		return -EINVAL;
	}
	for (const struct yaml_node *rule = node->first; rule; rule = rule->next) {
		int r = read_rule(context, document, rule);

		if (r < 0)
			return r;
	}
	return 0;
}
