#include "launcher/command.h"
#include "launcher/lasting.h"

static int start(const char *word, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	_cleanup_(record_release) struct record record = {0};
	struct sandbox_spec spec;
	int r = runtime_get(word, &record, error);

	if (r < 0)
		return r;
	if (record.state == SANDBOX_RUNNING)
		return error_set(
			error, -EBUSY, "the sandbox %s runs already", lasting_name(&record));
	r = lasting_settings(&record, &settings, error);
	if (r < 0) {
		runtime_fail(record.id, error);
		return r;
	}
	spec = (struct sandbox_spec){
		.codebase = settings.codebase.path,
		.codebase_fd = settings.codebase.fd,
		.project = settings.project,
	};
	return runtime_start(record.id, &spec, error);
}

int cmd_start(const struct arguments *arguments, struct ward_error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < arguments->operand_count; i++)
		r = start(arguments->operands[i], error);
	return r;
}
