#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/program.h"
#include "launcher/codebase.h"
#include "launcher/command.h"
#include "launcher/policy-choice.h"
#include "launcher/settings.h"
#include "launcher/spawn.h"
#include "policy/policy.h"

/* A mount point inside its codebase would show the view in itself; a codebase inside its mount
 * point would be covered by it. */
static int check_places(const struct codebase *codebase, const char *mount_point, char **ret_real,
	struct ward_error *error)
{
	_cleanup_(freep) char *real = realpath(mount_point, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0) {
		error_set_errno(error, -errno, "the mount point %s can't be used", mount_point);
		return error_hint(error, "name an existing directory");
	}
	if (!S_ISDIR(st.st_mode)) {
		error_set(error, -ENOTDIR, "the mount point %s is not a directory", real);
		return error_hint(error, "name an existing directory");
	}
	if (path_is_below(real, codebase->path)) {
		error_set(error, -EINVAL, "the mount point %s lies inside the codebase %s", real,
			codebase->path);
		return error_hint(error, "choose a directory outside it");
	}
	if (path_is_below(codebase->path, real)) {
		error_set(error, -EINVAL, "the codebase %s lies inside the mount point %s",
			codebase->path, real);
		return error_hint(error, "choose a directory that does not hold it");
	}
	*ret_real = TAKE_PTR(real);
	return 0;
}

/* wardfs loads the policy itself; this only makes its errors ours, before anything is mounted. */
static int check_policy(const struct codebase *codebase, const struct arguments *arguments,
	struct ward_error *error)
{
	_cleanup_(project_freep) struct project *project = NULL;
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	int r = policy_choose(codebase, arguments_value(arguments, OPTION_POLICY), &project, error);

	return r < 0 ? r : policy_compile(project->rules, &policy, error);
}

static const char *rule_level(int id)
{
	switch (id) {
	case OPTION_NONE:
		return "none";
	case OPTION_VIEW:
		return "view";
	case OPTION_READ:
		return "read";
	case OPTION_WRITE:
		return "write";
	default:
		return NULL;
	}
}

static int add_options(const struct arguments *arguments, const char **argv, size_t *argc,
	struct ward_error *error)
{
	for (size_t i = 0; i < arguments->option_count; i++) {
		const struct option_given *option = &arguments->options[i];
		const char *level = rule_level(option->spec->id);
		char *word;

		if (option->spec->id == OPTION_ALLOW_OTHER)
			argv[(*argc)++] = strdup("--allow-other");
		if (option->spec->id == OPTION_XATTR)
			argv[(*argc)++] = strdup("--xattr");
		if (option->spec->id == OPTION_POLICY) {
			argv[(*argc)++] = strdup("-p");
			argv[(*argc)++] = strdup(option->value);
		}
		if (!level)
			continue;
		if (asprintf(&word, "--rule=%s:%s", level, option->value) < 0)
			return error_set(error, -ENOMEM, "out of memory");
		argv[(*argc)++] = word;
	}
	return 0;
}

static int run_wardfs(const struct arguments *arguments, const struct codebase *codebase,
	const char *mount_point, const char **argv, struct ward_error *error)
{
	_cleanup_(freep) char *wardfs = NULL;
	size_t argc = 1;
	int r = program_find("wardfs", &wardfs, error);

	if (r < 0)
		return r;
	argv[0] = strdup(wardfs);
	r = add_options(arguments, argv, &argc, error);
	if (r < 0)
		return r;
	argv[argc++] = strdup("--");
	argv[argc++] = strdup(codebase->path);
	argv[argc++] = strdup(mount_point);
	for (size_t i = 0; i < argc; i++)
		if (!argv[i])
			return error_set(error, -ENOMEM, "out of memory");
	/* It has said itself why it failed. */
	r = spawn_wait(argv, error);
	return r <= 0 ? r : STATUS_FAILED;
}

int cmd_mount(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(codebase_release) struct codebase codebase = CODEBASE_NONE;
	_cleanup_(freep) char *mount_point = NULL;
	const char **argv;
	int r;

	r = codebase_open(arguments->operands[0], &codebase, error);
	if (r == 0)
		r = check_places(&codebase, arguments->operands[1], &mount_point, error);
	if (r == 0)
		r = check_policy(&codebase, arguments, error);
	if (r < 0)
		return r;
	argv = calloc(2 * arguments->option_count + 5, sizeof(*argv));
	if (!argv)
		return error_set(error, -ENOMEM, "out of memory");
	r = run_wardfs(arguments, &codebase, mount_point, argv, error);
	for (size_t i = 0; i < 2 * arguments->option_count + 5; i++)
		free((char *)argv[i]);
	free(argv);
	return r;
}
