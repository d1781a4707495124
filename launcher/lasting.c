#include "launcher/lasting.h"

#include <string.h>

#include "launcher/command.h"
#include "launcher/policy-choice.h"

const char *lasting_name(const struct record *record)
{
	return record->name ? record->name : record->id;
}

/* "--env=NAME" where the host has no such variable says nothing. */
static int add_env(struct record *record, const char *value)
{
	_cleanup_(freep) char *option = NULL;
	const char *host = strchr(value, '=') ? NULL : getenv(value);
	int n;

	if (!strchr(value, '=') && !host)
		return 0;
	if (host)
		n = asprintf(&option, "--env=%s=%s", value, host);
	else
		n = asprintf(&option, "--env=%s", value);
	return n < 0 ? -ENOMEM : record_add_option(record, option);
}

static int add_option(struct record *record, const struct option_given *given)
{
	_cleanup_(freep) char *option = NULL;
	int n;

	if (given->spec->id == OPTION_ENV)
		return add_env(record, given->value);
	if (given->value)
		n = asprintf(&option, "--%s=%s", given->spec->name, given->value);
	else
		n = asprintf(&option, "--%s", given->spec->name);
	return n < 0 ? -ENOMEM : record_add_option(record, option);
}

static int fill(
	const struct arguments *arguments, const struct settings *settings, struct record *record)
{
	const char *policy = arguments_value(arguments, OPTION_POLICY);
	int r = record_set(&record->codebase, settings->codebase.path);

	if (r == 0)
		r = record_set(&record->name, arguments_value(arguments, OPTION_NAME));
	if (r == 0 && policy) {
		record->policy = policy_choice_absolute(policy);
		r = record->policy ? 0 : -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < arguments->option_count; i++) {
		int id = arguments->options[i].spec->id;

		if (id != OPTION_POLICY && id != OPTION_NAME && id != OPTION_JSON)
			r = add_option(record, &arguments->options[i]);
	}
	return r == 0 ? record_describe(record, settings->project) : r;
}

int lasting_record(const struct arguments *arguments, const struct settings *settings,
	struct record *record, struct ward_error *error)
{
	int r = fill(arguments, settings, record);

	return r < 0 ? error_set_errno(error, r, "the sandbox can't be put on record") : 0;
}

int lasting_settings(
	const struct record *record, struct settings *ret_settings, struct ward_error *error)
{
	const struct command *create = command_find("create", error);
	_cleanup_(arguments_release) struct arguments arguments = {0};
	_cleanup_(freep) char **argv = NULL;
	_cleanup_(freep) char *policy = NULL;
	size_t count = 0;
	int argc = 0;
	int r;

	while (record->options && record->options[count])
		count++;
	argv = calloc(count + 3, sizeof(*argv));
	if (!argv || (record->policy && asprintf(&policy, "--policy=%s", record->policy) < 0))
		return error_set(error, -ENOMEM, "out of memory");
	argv[argc++] = (char *)create->name;
	for (size_t i = 0; i < count; i++)
		argv[argc++] = record->options[i];
	if (policy)
		argv[argc++] = policy;
	r = options_parse(
		create->options, create->order, create->name, argc, argv, &arguments, error);
	return r < 0 ? r : settings_load_lasting(record->codebase, &arguments, ret_settings, error);
}
