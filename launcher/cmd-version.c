#include <string.h>
#include <sys/utsname.h>

#include "common/json.h"
#include "launcher/command.h"
#include "launcher/spawn.h"

/* The last word of what `PROGRAM --version` prints first, or NULL where it can't be run. */
static const char *program_version(const char *program, char *output, size_t size)
{
	const char *argv[] = {program, "--version", NULL};
	char *space;

	if (spawn_collect(argv, output, size, NULL) != 0)
		return NULL;
	output[strcspn(output, "\n")] = '\0';
	space = strrchr(output, ' ');
	return space ? space + 1 : output;
}

/* Where a sandbox would look for it; PATH has no say there. */
static const char *bwrap_version(char *output, size_t size)
{
	static const char *const places[] = {
		"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"};
	const char *version = NULL;

	for (size_t i = 0; i < ELEMENTS(places) && !version; i++)
		version = program_version(places[i], output, size);
	return version;
}

static int print_json(
	const char *kernel, const char *bwrap, const char *fusermount, struct ward_error *error)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r == 0) {
		json_begin_object(writer, NULL);
		json_add_string(writer, "ward", PACKAGE_VERSION);
		json_add_string(writer, "kernel", kernel);
		json_add_string(writer, "bwrap", bwrap);
		json_add_string(writer, "fusermount3", fusermount);
		json_end(writer);
		r = json_print(writer, stdout);
	}
	return r < 0 ? error_set_errno(error, r, "the versions can't be printed") : STATUS_OK;
}

int cmd_version(const struct arguments *arguments, struct ward_error *error)
{
	char bwrap_output[256], fusermount_output[256];
	const char *bwrap = bwrap_version(bwrap_output, sizeof(bwrap_output));
	const char *fusermount = program_version(
		"fusermount3", fusermount_output, sizeof(fusermount_output));
	struct utsname kernel;

	if (uname(&kernel) < 0)
		return error_set_errno(error, -errno, "the kernel does not tell its version");
	if (arguments_has(arguments, OPTION_JSON))
		return print_json(kernel.release, bwrap, fusermount, error);
	printf("ward %s\n", PACKAGE_VERSION);
	printf("bwrap %s\n", bwrap ? bwrap : "not found: install bubblewrap");
	printf("fusermount3 %s\n", fusermount ? fusermount : "not found: install fuse3");
	printf("kernel %s %s\n", kernel.release, kernel.machine);
	return STATUS_OK;
}
