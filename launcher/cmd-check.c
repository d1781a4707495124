#include <string.h>

#include "common/json.h"
#include "common/strbuf.h"
#include "launcher/colour.h"
#include "launcher/command.h"
#include "launcher/lint.h"
#include "launcher/policy-choice.h"

struct check {
	struct codebase codebase;
	struct project *project;
	struct policy *policy;
	char *name; /* of the policy, for messages */
	struct lint lint;
};

static void check_release(struct check *check)
{
	lint_release(&check->lint);
	policy_unref(check->policy);
	project_free(check->project);
	codebase_release(&check->codebase);
	free(check->name);
}

static int load(const struct arguments *arguments, struct check *check, struct ward_error *error)
{
	const char *name = arguments->operands[0];
	int r;

	r = codebase_open(arguments_value(arguments, OPTION_CODEBASE), &check->codebase, error);
	if (r < 0)
		return r;
	check->name = policy_choice_name(&check->codebase, name);
	if (!check->name)
		return error_set(error, -ENOMEM, "out of memory");
	r = policy_choose(&check->codebase, name, &check->project, error);
	if (r < 0)
		return r;
	r = project_protect(check->project, check->codebase.path);
	if (r < 0)
		return error_set_errno(error, r, "the policy's own files can't be protected");
	r = policy_compile(check->project->rules, &check->policy, error);
	if (r < 0)
		return r;
	return lint_run(check->policy, check->project->rules, &check->codebase,
		check->project->source_count == 0, &check->lint, error);
}

static void add_place(struct json_writer *writer, const struct rule *rule)
{
	json_add_string(writer, "file", rule ? rule->place.file : NULL);
	json_add_integer(writer, "line", rule ? rule->place.line : 0);
	json_add_integer(writer, "column", rule ? rule->place.column : 0);
	json_add_string(writer, "pattern", rule ? rule->pattern : NULL);
}

static int print_json(const struct check *check, struct ward_error *error)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r < 0)
		return error_set(error, r, "out of memory");
	json_begin_object(writer, NULL);
	json_add_string(writer, "policy", check->name);
	json_add_string(writer, "codebase", check->codebase.path);
	json_begin_array(writer, "findings");
	for (size_t i = 0; i < check->lint.count; i++) {
		const struct lint_finding *finding = &check->lint.findings[i];

		json_begin_object(writer, NULL);
		json_add_string(writer, "kind", lint_kind_name(finding->kind));
		add_place(writer, finding->rule);
		json_add_string(writer, "path", finding->path);
		json_add_string(writer, "message", finding->message);
		json_add_string(writer, "hint", finding->hint);
		json_end(writer);
	}
	json_end(writer);
	json_end(writer);
	r = json_print(writer, stdout);
	return r < 0 ? error_set_errno(error, r, "the findings can't be printed") : 0;
}

/* Through an error, so that a file's name can't write to the terminal. */
static void print_finding(const struct lint_finding *finding)
{
	const struct rule *rule = finding->rule;
	struct ward_error shown = {0};

	error_set_at(&shown, 0, rule ? rule->place.file : "", rule ? rule->place.line : 0,
		rule ? rule->place.column : 0, "%s", finding->message);
	if (shown.line)
		printf("%s%s:%u:%u:%s ", colour_begin(stdout, COLOUR_BOLD), shown.file, shown.line,
			shown.column, colour_end(stdout));
	else if (shown.file[0])
		printf("%s%s:%s ", colour_begin(stdout, COLOUR_BOLD), shown.file,
			colour_end(stdout));
	printf("%s%s:%s %s; %s\n", colour_begin(stdout, COLOUR_YELLOW),
		lint_kind_name(finding->kind), colour_end(stdout), shown.message, finding->hint);
}

static void print_findings(const struct check *check)
{
	for (size_t i = 0; i < check->lint.count; i++)
		print_finding(&check->lint.findings[i]);
	if (!check->lint.count)
		printf("%s%s: nothing to mend%s\n", colour_begin(stdout, COLOUR_GREEN), check->name,
			colour_end(stdout));
}

int cmd_check(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(check_release) struct check check = {.codebase = CODEBASE_NONE};
	int r = load(arguments, &check, error);

	if (r < 0)
		return r;
	if (!arguments_has(arguments, OPTION_JSON))
		print_findings(&check);
	else
		r = print_json(&check, error);
	if (r < 0)
		return r;
	return check.lint.count ? STATUS_FINDINGS : STATUS_OK;
}
