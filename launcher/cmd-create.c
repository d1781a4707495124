#include "common/json.h"
#include "launcher/command.h"
#include "launcher/lasting.h"

static int print_record(const struct record *record)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r < 0)
		return r;
	record_add_json(writer, NULL, record);
	return json_print(writer, stdout);
}

int cmd_create(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	_cleanup_(record_release) struct record record = {0};
	const char *directory = arguments->operand_count > 0 ? arguments->operands[0] : NULL;
	int r = settings_load_lasting(directory, arguments, &settings, error);

	if (r == 0)
		r = lasting_record(arguments, &settings, &record, error);
	if (r == 0)
		r = runtime_create(&record, error);
	if (r < 0)
		return r;
	if (arguments_has(arguments, OPTION_JSON))
		r = print_record(&record);
	else
		printf("%s\n", record.id);
	return r < 0 ? error_set_errno(error, r, "the id can't be printed") : STATUS_OK;
}
