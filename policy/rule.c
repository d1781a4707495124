#include "policy/rule.h"

#include <string.h>

#include "policy/pattern.h"

struct rule_set {
	struct rule *rules;
	size_t count, capacity;
	size_t cap_count;
	char **protected;
	size_t protected_count;
	enum ward_level fallback;
	bool fallback_is_set;
};

static void release_rule(struct rule *rule)
{
	for (size_t i = 0; rule->excepts && rule->excepts[i]; i++)
		free((char *)rule->excepts[i]);
	free((void *)rule->excepts);
	free((char *)rule->place.file);
	free((char *)rule->pattern);
	*rule = (struct rule){0};
}

int rule_set_new(struct rule_set **ret_set)
{
	struct rule_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	*ret_set = set;
	return 0;
}

struct rule_set *rule_set_free(struct rule_set *set)
{
	int saved = errno;

	if (set) {
		for (size_t i = 0; i < set->count; i++)
			release_rule(&set->rules[i]);
		for (size_t i = 0; i < set->protected_count; i++)
			free(set->protected[i]);
		free(set->rules);
		free(set->protected);
		free(set);
	}
	errno = saved;
	return NULL;
}

/* --- Checking ------------------------------------------------------------------------------------- */

/* Says what is wrong with a pattern; at the very byte where the place of its text is known. */
static int pattern_failure(struct ward_error *error, const struct rule_place *place,
	const char *what, const char *text, bool exact, const struct pattern_error *why, int code)
{
	if (exact && place->line > 0)
		return error_set_at(error, code, place->file, place->line,
			place->column + (unsigned)why->offset, "bad %s \"%.200s\": %s", what, text,
			why->message);
	return error_set_at(error, code, place->file, place->line, place->column,
		"bad %s \"%.200s\": character %zu: %s", what, text, why->offset + 1, why->message);
}

static int check_pattern(const struct rule *rule, bool *ret_directory, struct ward_error *error)
{
	_cleanup_(pattern_freep) struct pattern *pattern = NULL;
	struct pattern_error why;
	int r = pattern_parse(rule->pattern, &pattern, &why);

	if (r < 0)
		return pattern_failure(
			error, &rule->place, "pattern", rule->pattern, true, &why, r);
	*ret_directory = pattern->directory;
	return 0;
}

static int check_excepts(const struct rule *rule, size_t *ret_count, struct ward_error *error)
{
	size_t count = 0;

	for (; rule->excepts && rule->excepts[count]; count++) {
		_cleanup_(pattern_freep) struct pattern *pattern = NULL;
		struct pattern_error why;
		int r = pattern_parse(rule->excepts[count], &pattern, &why);

		if (r < 0)
			return pattern_failure(error, &rule->place, "except", rule->excepts[count],
				false, &why, r);
		if (count == RULE_EXCEPTS_MAX)
			return error_set_at(error, -E2BIG, rule->place.file, rule->place.line,
				rule->place.column, "a rule has more than %d excepts",
				RULE_EXCEPTS_MAX);
	}
	*ret_count = count;
	return 0;
}

static int check_rule(
	const struct rule *rule, bool *ret_directory, size_t *ret_excepts, struct ward_error *error)
{
	const struct rule_place *place = &rule->place;
	int r;

	if ((unsigned)rule->permission >= LEVEL_COUNT || (unsigned)rule->type > RULE_FILE)
		return error_set_at(error, -EINVAL, place->file, place->line, place->column,
			"unknown permission or type");
	r = check_pattern(rule, ret_directory, error);
	if (r < 0)
		return r;
	if (*ret_directory && rule->type == RULE_FILE)
		return error_set_at(error, -EINVAL, place->file, place->line, place->column,
			"pattern \"%.200s\" ends in '/', but its type is file", rule->pattern);
	if (rule->cap && rule->permission != LEVEL_VIEW && rule->permission != LEVEL_READ)
		return error_set_at(error, -EINVAL, place->file, place->line, place->column,
			"a cap is view or read, not %s", level_name(rule->permission));
	if (rule->cap && rule->excepts)
		return error_set_at(error, -EINVAL, place->file, place->line, place->column,
			"a cap has no excepts");
	return check_excepts(rule, ret_excepts, error);
}

/* --- Adding --------------------------------------------------------------------------------------- */

static int copy_excepts(const char *const *excepts, size_t count, const char *const **ret_copy)
{
	char **copy;

	if (count == 0)
		return 0;
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*ret_copy = (const char *const *)copy;
	for (size_t i = 0; i < count; i++) {
		copy[i] = strdup(excepts[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	return 0;
}

static int copy_rule(const struct rule *rule, bool directory, size_t excepts, struct rule *copy)
{
	*copy = *rule;
	copy->excepts = NULL;
	copy->pattern = strdup(rule->pattern);
	copy->place.file = strdup(rule->place.file ? rule->place.file : "");
	if (directory && copy->type == RULE_GLOB)
		copy->type = RULE_DIRECTORY;
	if (!copy->pattern || !copy->place.file ||
		copy_excepts(rule->excepts, excepts, &copy->excepts) < 0) {
		release_rule(copy);
		return -ENOMEM;
	}
	return 0;
}

int rule_set_add(struct rule_set *set, const struct rule *rule, struct ward_error *error)
{
	struct rule copy;
	bool directory = false;
	size_t excepts = 0;
	int r = check_rule(rule, &directory, &excepts, error);

	if (r < 0)
		return r;
	if (rule->cap && set->cap_count == RULE_CAPS_MAX)
		return error_set_at(error, -E2BIG, rule->place.file, rule->place.line,
			rule->place.column, "more than %d caps", RULE_CAPS_MAX);
	if (set->count == RULE_COUNT_MAX)
		return error_set_at(error, -E2BIG, rule->place.file, rule->place.line,
			rule->place.column, "more than %d rules", RULE_COUNT_MAX);
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 16;
		struct rule *grown = realloc(set->rules, capacity * sizeof(*grown));

		if (!grown)
			return error_set(error, -ENOMEM, "out of memory");
		set->rules = grown;
		set->capacity = capacity;
	}
	if (copy_rule(rule, directory, excepts, &copy) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	set->rules[set->count++] = copy;
	set->cap_count += rule->cap;
	return 0;
}

int rule_set_append(struct rule_set *set, const struct rule_set *other, struct ward_error *error)
{
	size_t count = other->count, protected_count = other->protected_count;

	for (size_t i = 0; i < count; i++) {
		int r = rule_set_add(set, &other->rules[i], error);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < protected_count; i++) {
		int r = rule_set_protect(set, other->protected[i]);

		if (r < 0)
			return error_set_errno(error, r, "can't protect %s", other->protected[i]);
	}
	if (other->fallback_is_set)
		rule_set_set_default(set, other->fallback);
	return 0;
}

void rule_set_set_default(struct rule_set *set, enum ward_level level)
{
	set->fallback = level;
	set->fallback_is_set = true;
}

enum ward_level rule_set_default(const struct rule_set *set)
{
	return set->fallback;
}

bool rule_set_default_is_set(const struct rule_set *set)
{
	return set->fallback_is_set;
}

/* --- Protected paths ------------------------------------------------------------------------------ */

static bool is_plain_path(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || length > PATTERN_COMPONENT_MAX ||
			(length == 1 && path[0] == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

int rule_set_protect(struct rule_set *set, const char *path)
{
	char **grown;
	char *copy;

	if (strlen(path) > PATTERN_LENGTH_MAX || !is_plain_path(path))
		return -EINVAL;
	for (size_t i = 0; i < set->protected_count; i++)
		if (strcmp(set->protected[i], path) == 0)
			return 0;
	if (set->protected_count == RULE_PROTECTED_MAX)
		return -E2BIG;
	grown = realloc(set->protected, (set->protected_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	set->protected = grown;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	set->protected[set->protected_count++] = copy;
	return 0;
}

size_t rule_set_count(const struct rule_set *set)
{
	return set->count;
}

const struct rule *rule_set_get(const struct rule_set *set, size_t index)
{
	return &set->rules[index];
}

size_t rule_set_protected_count(const struct rule_set *set)
{
	return set->protected_count;
}

const char *rule_set_protected(const struct rule_set *set, size_t index)
{
	return set->protected[index];
}
