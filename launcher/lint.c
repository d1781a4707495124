#include "launcher/lint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "launcher/git-index.h"
#include "launcher/walk.h"

struct linter {
	const struct policy *policy;
	const struct rule_set *rules;
	const struct codebase *codebase;
	bool presets_too;
	struct lint lint;
	struct ward_error *error;
};

static const char *const kind_names[] = {
	[LINT_DEAD] = "dead-rule",
	[LINT_UNCOVERED] = "uncovered",
	[LINT_TOP_ONLY] = "top-only",
	[LINT_NO_MATCH] = "no-match",
	[LINT_GIT_DELETED] = "git-deleted",
	[LINT_GIT_CONTENT] = "git-content",
	[LINT_UNCHECKED] = "unchecked",
};

const char *lint_kind_name(enum lint_kind kind)
{
	return kind_names[kind];
}

/* Takes `message`; `path` is copied. */
static int add(struct linter *linter, enum lint_kind kind, const struct rule *rule,
	const char *path, char *message, const char *hint)
{
	struct lint *lint = &linter->lint;
	struct lint_finding *grown = reallocarray(
		lint->findings, lint->count + 1, sizeof(*lint->findings));
	char *copy = path ? strdup(path) : NULL;

	if (grown)
		lint->findings = grown;
	if (!grown || !message || (path && !copy)) {
		free(message);
		free(copy);
		return error_set(linter->error, -ENOMEM, "out of memory");
	}
	grown[lint->count++] = (struct lint_finding){kind, rule, copy, message, hint};
	return 0;
}

_printf_(1, 2) static char *text(const char *format, ...)
{
	va_list args;
	char *result;
	int n;

	va_start(args, format);
	n = vasprintf(&result, format, args);
	va_end(args);
	return n < 0 ? NULL : result;
}

static bool is_preset_rule(const struct rule *rule)
{
	return strncmp(rule->place.file, "preset ", 7) == 0;
}

static bool is_own(const struct linter *linter, const struct rule *rule)
{
	return linter->presets_too || !is_preset_rule(rule);
}

static int same_rule(const struct rule *a, const struct rule *b)
{
	return a->place.line == b->place.line && a->place.column == b->place.column &&
	       strcmp(a->place.file, b->place.file) == 0 && strcmp(a->pattern, b->pattern) == 0;
}

static char *describe_other(const struct rule *other)
{
	return text("%s (%s:%u)", other->pattern, other->place.file, other->place.line);
}

static int add_dead(struct linter *linter, const struct finding *finding)
{
	_cleanup_(freep) char *other = NULL;

	if (!is_own(linter, finding->rule))
		return 0;
	if (!finding->other)
		return add(linter, LINT_DEAD, finding->rule, NULL,
			text("%s never decides anything: stronger rules always do",
				finding->rule->pattern),
			"remove it, or raise its priority");
	other = describe_other(finding->other);
	return add(linter, LINT_DEAD, finding->rule, NULL,
		text("%s never decides anything: %s always does", finding->rule->pattern,
			other ? other : "another rule"),
		"remove it, or raise its priority");
}

static int add_uncovered(struct linter *linter, const struct finding *finding)
{
	_cleanup_(freep) char *other = NULL;
	bool by_priority = finding->other->priority > finding->rule->priority;

	if (!is_own(linter, finding->rule) && !is_own(linter, finding->other))
		return 0;
	other = describe_other(finding->other);
	/* The place is that of the rule to mend. */
	return add(linter, LINT_UNCOVERED,
		is_own(linter, finding->other) ? finding->other : finding->rule, finding->path,
		text("%s is to be hidden by %s (%s:%u), but %s shows it%s", finding->path,
			finding->rule->pattern, finding->rule->place.file,
			finding->rule->place.line, other ? other : "another rule",
			by_priority ? " by its priority" : ", being of type directory"),
		by_priority ? "lower that priority, or add an except"
			    : "give the rule that hides a higher priority");
}

static int lint_automaton(struct linter *linter)
{
	struct finding *findings = NULL;
	size_t count = 0;
	int r = policy_find(linter->policy, &findings, &count, linter->error);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = findings[i].kind == FINDING_DEAD ? add_dead(linter, &findings[i])
						     : add_uncovered(linter, &findings[i]);
	findings_free(findings, count);
	return r;
}

/* `*.key`, `secrets/`: the habit of .gitignore, where such a pattern matches at every depth. */
static bool looks_top_only(const struct rule *rule)
{
	const char *slash = strchr(rule->pattern, '/');

	if (slash && slash[1] != '\0')
		return false;
	if (rule->pattern[0] == '/' || strncmp(rule->pattern, "**", 2) == 0)
		return false;
	return rule->permission == LEVEL_NONE || strpbrk(rule->pattern, "*?[") != NULL;
}

static int lint_patterns(struct linter *linter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rule_set_count(linter->rules); i++) {
		const struct rule *rule = rule_set_get(linter->rules, i);

		if (is_own(linter, rule) && looks_top_only(rule))
			r = add(linter, LINT_TOP_ONLY, rule, NULL,
				text("%s matches only at the top of the codebase", rule->pattern),
				"write **/ before it for every depth, or / for the top alone");
	}
	return r;
}

/* --- Rules that match nothing. ------------------------------------------------------------------ */

struct usage {
	struct linter *linter;
	bool *used; /* per rule of linter->rules */
	size_t unused_count;
};

static void mark_used(struct usage *usage, const struct rule *rule)
{
	for (size_t i = 0; i < rule_set_count(usage->linter->rules); i++) {
		if (!usage->used[i] && same_rule(rule_set_get(usage->linter->rules, i), rule)) {
			usage->used[i] = true;
			usage->unused_count--;
			return;
		}
	}
}

static int visit(const char *path, void *context)
{
	struct usage *usage = context;
	struct explanation explanation;
	int r = policy_explain(usage->linter->policy, path, &explanation);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	for (size_t i = 0; i < explanation.count; i++)
		mark_used(usage, explanation.rules[i].rule);
	explanation_release(&explanation);
	return usage->unused_count == 0;
}

static int lint_usage(struct linter *linter)
{
	size_t count = rule_set_count(linter->rules);
	_cleanup_(freep) bool *used = calloc(count + 1, sizeof(*used));
	struct usage usage = {.linter = linter, .used = used};
	int r;

	if (!used)
		return error_set(linter->error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		used[i] = is_preset_rule(rule_set_get(linter->rules, i));
		usage.unused_count += !used[i];
	}
	if (!usage.unused_count)
		return 0;
	r = walk_tree(linter->codebase->fd, visit, &usage);
	if (r < 0)
		return add(linter, LINT_UNCHECKED, NULL, NULL,
			text("the codebase can't be walked: %s", strerror(-r)),
			"check as a user who may read all of it");
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = rule_set_get(linter->rules, i);

		if (used[i])
			continue;
		r = add(linter, LINT_NO_MATCH, rule, NULL,
			text("%s matches nothing in the codebase", rule->pattern),
			"see whether it is misspelt");
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- git. --------------------------------------------------------------------------------------- */

static enum ward_level level_at(const struct linter *linter, const char *path)
{
	policy_state state;

	if (policy_walk(linter->policy, path, &state) < 0)
		return LEVEL_NONE;
	return policy_verdict(linter->policy, state).level;
}

static int add_git(struct linter *linter, enum lint_kind kind, const struct rule *rule,
	const char *path, size_t others)
{
	char more[64] = "";

	if (others)
		snprintf(more, sizeof(more), " (and %zu more)", others);
	if (kind == LINT_GIT_DELETED)
		return add(linter, kind, rule, path,
			text("%s%s is tracked by git but hidden: git inside shows it as deleted",
				path, more),
			"give it view, or hide /.git/ too");
	return add(linter, kind, rule, path,
		text("%s%s can't be read, but .git can, and holds its content", path, more),
		"hide /.git/objects/ too, or take it out of the history");
}

/* One finding per rule that withholds tracked files, with the first of them. */
static int lint_tracked(struct linter *linter, const struct git_index *index, enum lint_kind kind,
	enum ward_level max)
{
	_cleanup_(freep) const struct rule **deciding = calloc(index->count + 1, sizeof(*deciding));
	_cleanup_(freep) bool *hit = calloc(index->count + 1, sizeof(*hit));
	int r = 0;

	if (!deciding || !hit)
		return error_set(linter->error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < index->count; i++) {
		hit[i] = level_at(linter, index->paths[i]) <= max;
		if (hit[i])
			deciding[i] = policy_deciding_rule(linter->policy, index->paths[i]);
	}
	for (size_t i = 0; r == 0 && i < index->count; i++) {
		size_t others = 0;

		if (!hit[i])
			continue;
		for (size_t j = i + 1; j < index->count; j++) {
			if (hit[j] && deciding[j] == deciding[i]) {
				hit[j] = false;
				others++;
			}
		}
		r = add_git(linter, kind, deciding[i], index->paths[i], others);
	}
	return r;
}

static int lint_git(struct linter *linter)
{
	struct git_index index = {0};
	int r;

	if (level_at(linter, ".git/index") < LEVEL_READ)
		return 0;
	r = git_index_read(linter->codebase->fd, &index);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return add(linter, LINT_UNCHECKED, NULL, NULL,
			text("git's index can't be read: %s", strerror(-r)),
			"see by hand whether tracked files are hidden");
	r = lint_tracked(linter, &index, LINT_GIT_DELETED, LEVEL_NONE);
	if (r == 0 && level_at(linter, ".git/objects/00/0") >= LEVEL_READ)
		r = lint_tracked(linter, &index, LINT_GIT_CONTENT, LEVEL_VIEW);
	git_index_release(&index);
	return r;
}

int lint_run(const struct policy *policy, const struct rule_set *rules,
	const struct codebase *codebase, int presets_too, struct lint *ret_lint,
	struct ward_error *error)
{
	struct linter linter = {policy, rules, codebase, presets_too, {0}, error};
	int r;

	r = lint_automaton(&linter);
	if (r == 0)
		r = lint_patterns(&linter);
	if (r == 0)
		r = lint_usage(&linter);
	if (r == 0)
		r = lint_git(&linter);
	if (r < 0) {
		lint_release(&linter.lint);
		return r;
	}
	*ret_lint = linter.lint;
	return 0;
}

void lint_release(struct lint *lint)
{
	for (size_t i = 0; i < lint->count; i++) {
		free(lint->findings[i].path);
		free(lint->findings[i].message);
	}
	free(lint->findings);
	*lint = (struct lint){0};
}
