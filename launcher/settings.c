#include "launcher/settings.h"

#include <ctype.h>
#include <string.h>

#include "launcher/command.h"
#include "launcher/policy-choice.h"
#include "launcher/resources.h"
#include "policy/policy.h"

int parse_seconds(const char *text, uint32_t *ret_ms)
{
	uint64_t ms = 0;
	unsigned scale = 1000;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		ms = ms * 10 + (uint64_t)(*text - '0') * 1000;
		if (ms > UINT32_MAX)
			return -ERANGE;
	}
	if (*text == '.') {
		for (text++; isdigit((unsigned char)*text); text++) {
			scale /= 10;
			ms += (uint64_t)(*text - '0') * scale;
		}
	}
	if (*text)
		return -EINVAL;
	if (ms == 0 || ms > UINT32_MAX)
		return -ERANGE;
	*ret_ms = (uint32_t)ms;
	return 0;
}

static int add_rule(struct settings *settings, enum ward_level level, const char *pattern,
	struct ward_error *error)
{
	struct rule rule = {
		.pattern = pattern,
		.permission = level,
		.priority = rule_command_line_priority(level),
		.place = {.file = RULE_PLACE_COMMAND_LINE},
	};

	return rule_set_add(settings->project->rules, &rule, error);
}

/* `K=V` is a literal; `K` alone passes the host's value, where there is one. */
static int add_env(struct settings *settings, const char *text, struct ward_error *error)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	const char *value = equals ? equals + 1 : getenv(text);
	struct env_entry *grown, *entry;

	if (!length) {
		error_set(error, -EINVAL, "-e %s names no variable", text);
		return error_hint(error, "say NAME=VALUE, or NAME to pass the host's value");
	}
	if (!value)
		return 0;
	grown = reallocarray(settings->env, settings->env_count + 1, sizeof(*grown));
	if (!grown)
		return error_set(error, -ENOMEM, "out of memory");
	settings->env = grown;
	entry = &grown[settings->env_count];
	entry->name = strndup(text, length);
	entry->value = strdup(value);
	settings->env_count++;
	if (!entry->name || !entry->value)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int replace(char **string, const char *value, struct ward_error *error)
{
	char *copy = strdup(value);

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	free(*string);
	*string = copy;
	return 0;
}

static int set_network(struct settings *settings, const char *value, struct ward_error *error)
{
	if (strcmp(value, "none") == 0) {
		settings->project->network = NETWORK_NONE;
	} else if (strcmp(value, "host") == 0) {
		settings->project->network = NETWORK_HOST;
	} else {
		error_set(error, -EINVAL, "--net %s is no network", value);
		return error_hint(error, "say none or host");
	}
	return 0;
}

static int set_mount_point(struct settings *settings, const char *value, struct ward_error *error)
{
	if (value[0] != '/') {
		error_set(error, -EINVAL, "--mount-point %s is not absolute", value);
		return error_hint(error, "say where the view is to be inside, such as %s",
			PROJECT_MOUNT_POINT);
	}
	return replace(&settings->project->mount_point, value, error);
}

static int set_timeout(struct settings *settings, const char *value, struct ward_error *error)
{
	int r = parse_seconds(value, &settings->timeout_ms);

	if (r < 0) {
		error_set(error, r, "-t %s is no time", value);
		return error_hint(
			error, "say seconds, more than 0 and at most 4294967, such as 90 or 0.5");
	}
	return 0;
}

static int apply(
	struct settings *settings, const struct option_given *option, struct ward_error *error)
{
	switch (option->spec->id) {
	case OPTION_NONE:
		return add_rule(settings, LEVEL_NONE, option->value, error);
	case OPTION_VIEW:
		return add_rule(settings, LEVEL_VIEW, option->value, error);
	case OPTION_READ:
		return add_rule(settings, LEVEL_READ, option->value, error);
	case OPTION_WRITE:
		return add_rule(settings, LEVEL_WRITE, option->value, error);
	case OPTION_ENV:
		return add_env(settings, option->value, error);
	case OPTION_NETWORK:
		return set_network(settings, option->value, error);
	case OPTION_MOUNT_POINT:
		return set_mount_point(settings, option->value, error);
	case OPTION_MEMORY:
	case OPTION_CPUS:
	case OPTION_CPU_SHARES:
	case OPTION_PIDS:
		return resources_apply(&settings->project->resources, option, error);
	case OPTION_TIMEOUT:
		return set_timeout(settings, option->value, error);
	case OPTION_WORKDIR:
		return replace(&settings->workdir, option->value, error);
	default:
		return 0; /* -p and -C were obeyed before */
	}
}

/* What no backend can do is an error before the start. */
static int refuse_unenforceable(const struct settings *settings, struct ward_error *error)
{
	const struct project *project = settings->project;

	if (project->runtime == RUNTIME_DOCKER) {
		error_set(error, -EOPNOTSUPP,
			"the policy asks for the runtime docker, and this Ward has only bwrap");
		return error_hint(error, "set sandbox.runtime to bwrap");
	}
	if (project->network == NETWORK_BRIDGE) {
		error_set(error, -EOPNOTSUPP,
			"the policy asks for the network bridge, and bwrap has only none and host");
		return error_hint(error, "say --net none or --net host");
	}
	return 0;
}

/* Compiled here only to name the rule's place before anything has started. */
static int check_rules(const struct settings *settings, struct ward_error *error)
{
	_cleanup_(policy_unrefp) struct policy *policy = NULL;

	return policy_compile(settings->project->rules, &policy, error);
}

static int load(const char *directory, const struct arguments *arguments, struct settings *settings,
	struct ward_error *error)
{
	int r;

	r = codebase_open(directory, &settings->codebase, error);
	if (r < 0)
		return r;
	r = policy_choose(&settings->codebase, arguments_value(arguments, OPTION_POLICY),
		&settings->project, error);
	if (r < 0)
		return r;
	if (settings->codebase.subpath[0]) {
		r = replace(&settings->workdir, settings->codebase.subpath, error);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < arguments->option_count; i++) {
		r = apply(settings, &arguments->options[i], error);
		if (r < 0)
			return r;
	}
	r = project_protect(settings->project, settings->codebase.path);
	if (r < 0)
		return error_set_errno(error, r, "the policy's own files can't be protected");
	r = refuse_unenforceable(settings, error);
	return r < 0 ? r : check_rules(settings, error);
}

int settings_load(
	const struct arguments *arguments, struct settings *ret_settings, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	int r = load(arguments_value(arguments, OPTION_CODEBASE), arguments, &settings, error);

	if (r < 0)
		return r;
	*ret_settings = settings;
	settings = (struct settings)SETTINGS_NONE;
	return 0;
}

int settings_take_env(
	struct settings *settings, const struct arguments *arguments, struct ward_error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < arguments->option_count; i++)
		if (arguments->options[i].spec->id == OPTION_ENV)
			r = add_env(settings, arguments->options[i].value, error);
	return r;
}

/* Behind the policy's, so that they win. */
static int move_env(struct settings *settings, struct ward_error *error)
{
	struct project *project = settings->project;
	size_t count = project->env_count + settings->env_count;
	struct env_entry *grown = reallocarray(project->env, count + 1, sizeof(*grown));

	if (!grown)
		return error_set(error, -ENOMEM, "out of memory");
	project->env = grown;
	for (size_t i = 0; i < settings->env_count; i++)
		grown[project->env_count++] = settings->env[i];
	settings->env_count = 0;
	return 0;
}

int settings_load_lasting(const char *directory, const struct arguments *arguments,
	struct settings *ret_settings, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	int r = load(directory, arguments, &settings, error);

	if (r == 0)
		r = move_env(&settings, error);
	if (r < 0)
		return r;
	*ret_settings = settings;
	settings = (struct settings)SETTINGS_NONE;
	return 0;
}

void settings_release(struct settings *settings)
{
	codebase_release(&settings->codebase);
	project_free(settings->project);
	for (size_t i = 0; i < settings->env_count; i++) {
		free(settings->env[i].name);
		free(settings->env[i].value);
	}
	free(settings->env);
	free(settings->workdir);
	*settings = (struct settings)SETTINGS_NONE;
}
