#include <unistd.h>

#include "launcher/command.h"
#include "launcher/foreground.h"

/* The sandbox has the host's own programs, so what is here is there. */
static const char *choose_shell(const struct project *project)
{
	if (project->shell)
		return project->shell;
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

int cmd_shell(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	const char *argv[2] = {NULL, NULL};
	int r = settings_load(arguments, &settings, error);

	if (r < 0)
		return r;
	argv[0] = choose_shell(settings.project);
	return foreground_run(&settings, argv, false, error);
}
