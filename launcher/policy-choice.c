#include "launcher/policy-choice.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PRESET "agent-safe"

static bool is_preset(const char *name)
{
	for (const struct preset *p = presets; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return true;
	return false;
}

/* Anything of that name counts, a dangling link too: an own policy that can't be read is an error,
 * never a reason to use another. */
static bool has_own_policy(const struct codebase *codebase)
{
	struct stat st;

	return fstatat(codebase->fd, PROJECT_POLICY_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

static int load_own(
	const struct codebase *codebase, struct project **ret_project, struct ward_error *error)
{
	_cleanup_(freep) char *path = NULL;

	if (asprintf(&path, "%s/%s", codebase->path, PROJECT_POLICY_FILE) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return project_load(path, TRUST_PROJECT, ret_project, error);
}

static int load_file(const struct codebase *codebase, const char *name,
	struct project **ret_project, struct ward_error *error)
{
	_cleanup_(freep) char *real = realpath(name, NULL);
	enum trust trust = TRUST_USER;

	if (real && path_is_below(real, codebase->path))
		trust = TRUST_PROJECT;
	return project_load(name, trust, ret_project, error);
}

int policy_choose(const struct codebase *codebase, const char *name, struct project **ret_project,
	struct ward_error *error)
{
	_cleanup_(project_freep) struct project *project = NULL;
	int r;

	if (name)
		r = load_file(codebase, name, &project, error);
	else if (has_own_policy(codebase))
		r = load_own(codebase, &project, error);
	else
		r = project_load_preset(DEFAULT_PRESET, &project, error);
	if (r < 0)
		return r;
	*ret_project = TAKE_PTR(project);
	return 0;
}

/* Symlinks stay as they are: those through which a policy is reached are protected, too. */
char *policy_choice_absolute(const char *name)
{
	_cleanup_(freep) char *directory = NULL;
	char *path;

	if (name[0] == '/' || is_preset(name))
		return strdup(name);
	directory = getcwd(NULL, 0);
	return directory && asprintf(&path, "%s/%s", directory, name) >= 0 ? path : NULL;
}

char *policy_choice_name(const struct codebase *codebase, const char *name)
{
	char *shown;
	int n;

	if (name && is_preset(name))
		n = asprintf(&shown, "preset %s", name);
	else if (name)
		n = asprintf(&shown, "%s", name);
	else if (has_own_policy(codebase))
		n = asprintf(&shown, "%s/%s", codebase->path, PROJECT_POLICY_FILE);
	else
		n = asprintf(&shown, "preset %s", DEFAULT_PRESET);
	return n < 0 ? NULL : shown;
}
