#include "common/json.h"
#include "launcher/command.h"
#include "launcher/lasting.h"

int cmd_inspect(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	_cleanup_(record_release) struct record record = {0};
	int r = runtime_get(arguments->operands[0], &record, error);

	if (r < 0)
		return r;
	r = json_writer_new(&writer);
	if (r == 0) {
		record_add_json(writer, NULL, &record);
		r = json_print(writer, stdout);
	}
	return r < 0 ? error_set_errno(error, r, "the record can't be printed") : STATUS_OK;
}
