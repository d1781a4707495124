#include "common/program.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct program {
	const char *name;
	const char *built;     /* below the top of a build tree */
	const char *installed; /* the directory `make install` uses */
} programs[] = {
	{"ward", "launcher/ward", WARD_BINDIR},
	{"wardfs", "fs/wardfs", WARD_SBINDIR},
	{"ward-monitor", "runtime/ward-monitor", WARD_PKGLIBEXECDIR},
	{"ward-init", "runtime/init/ward-init", WARD_PKGLIBEXECDIR},
};

static const struct program *find_program(const char *name)
{
	for (size_t i = 0; i < ELEMENTS(programs); i++)
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	return NULL;
}

/* Cuts `suffix` from the end of `path`; false where it does not end so. */
static int cut_suffix(char *path, const char *suffix)
{
	size_t length = strlen(path);
	size_t cut = strlen(suffix);

	if (length <= cut || path[length - cut - 1] != '/' ||
		strcmp(path + length - cut, suffix) != 0)
		return 0;
	path[length - cut - 1] = '\0';
	return 1;
}

/* Cuts "/tests/KIND/NAME" from the path of a test program, which is never installed. */
static int is_test(char *path)
{
	static const char *const kinds[] = {
		"tests/bench", "tests/cases", "tests/fuzz", "tests/unit"};
	char directory[PATH_MAX];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		if (cut_suffix(directory, kinds[i])) {
			memcpy(path, directory, strlen(directory) + 1);
			return 1;
		}
	}
	return 0;
}

/* The top of the build tree in which the calling program lies, or of the moved prefix; NULL if
 * neither. */
static char *own_top(int *ret_built)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	for (size_t i = 0; i < ELEMENTS(programs); i++) {
		if (cut_suffix(self, programs[i].built)) {
			*ret_built = 1;
			return strdup(self);
		}
	}
	if (is_test(self)) {
		*ret_built = 1;
		return strdup(self);
	}
	for (size_t i = 0; i < ELEMENTS(programs); i++) {
		char installed[PATH_MAX];

		snprintf(installed, sizeof(installed), "%s/%s", programs[i].installed + 1,
			programs[i].name);
		if (cut_suffix(self, installed)) {
			*ret_built = 0;
			return strdup(self);
		}
	}
	return NULL;
}

int program_find(const char *name, char **ret_path, struct ward_error *error)
{
	const struct program *program = find_program(name);
	_cleanup_(freep) char *top = NULL;
	_cleanup_(freep) char *path = NULL;
	int built = 0;

	if (!program)
		return error_set(error, -EINVAL, "%s is not a program of Ward", name);
	top = own_top(&built);
	if (built && asprintf(&path, "%s/%s", top, program->built) < 0)
		return -ENOMEM;
	if (!built && asprintf(&path, "%s%s/%s", top ? top : "", program->installed, name) < 0)
		return -ENOMEM;
	if (access(path, X_OK) < 0) {
		int code = -errno;

		error_set_errno(error, code, "%s can't be run", path);
		return error_hint(error, "install Ward again, all of it");
	}
	*ret_path = TAKE_PTR(path);
	return 0;
}
