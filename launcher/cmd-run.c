#include "launcher/command.h"
#include "launcher/foreground.h"

int cmd_run(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	int r = settings_load(arguments, &settings, error);

	if (r < 0)
		return r;
	return foreground_run(&settings, (const char *const *)arguments->operands, true, error);
}
