#include <string.h>

#include "common/json.h"
#include "launcher/colour.h"
#include "launcher/command.h"
#include "launcher/lasting.h"

/* Those that are not over: pending ones and running ones, and what went wrong. */
static bool is_shown(const struct record *record, bool all)
{
	return all || record->state != SANDBOX_STOPPED;
}

static int print_json(const struct record *list, size_t count, bool all)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r < 0)
		return r;
	json_begin_array(writer, NULL);
	for (size_t i = 0; i < count; i++)
		if (is_shown(&list[i], all))
			record_add_json(writer, NULL, &list[i]);
	json_end(writer);
	return json_print(writer, stdout);
}

/* Names of directories may hold anything: what could drive a terminal is not printed. */
static void print_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static int print_table(const struct record *list, size_t count, bool all)
{
	printf("%s%-13s %-16s %-8s %-20s %s%s\n", colour_begin(stdout, COLOUR_BOLD), "ID", "NAME",
		"STATE", "CREATED", "CODEBASE", colour_end(stdout));
	for (size_t i = 0; i < count; i++) {
		const struct record *record = &list[i];

		if (!is_shown(record, all))
			continue;
		printf("%-13s %-16s %-8s %.19sZ ", record->id, record->name ? record->name : "-",
			sandbox_state_name(record->state), record->created_at);
		print_text(record->codebase);
		if (record->reason) {
			fputs(" (", stdout);
			print_text(record->reason);
			putchar(')');
		}
		putchar('\n');
	}
	return 0;
}

int cmd_ps(const struct arguments *arguments, struct ward_error *error)
{
	bool all = arguments_has(arguments, OPTION_ALL);
	struct record *list = NULL;
	size_t count = 0;
	int r = runtime_list(&list, &count, error);

	if (r < 0)
		return r;
	if (arguments_has(arguments, OPTION_JSON))
		r = print_json(list, count, all);
	else
		r = print_table(list, count, all);
	records_free(list, count);
	return r < 0 ? error_set_errno(error, r, "the list can't be printed") : STATUS_OK;
}
