#include <string.h>

#include "common/json.h"
#include "common/suggest.h"
#include "launcher/colour.h"
#include "launcher/command.h"
#include "policy/project.h"

static int print_json(const struct preset *only, struct ward_error *error)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r == 0 && !only)
		json_begin_array(writer, NULL);
	for (const struct preset *p = presets; r == 0 && p->name; p++) {
		if (only && p != only)
			continue;
		json_begin_object(writer, NULL);
		json_add_string(writer, "name", p->name);
		json_add_string(writer, "summary", p->summary);
		if (only)
			json_add_string(writer, "text", p->text);
		json_end(writer);
	}
	if (r == 0 && !only)
		json_end(writer);
	if (r == 0)
		r = json_print(writer, stdout);
	return r < 0 ? error_set_errno(error, r, "the presets can't be printed") : STATUS_OK;
}

static int print_list(void)
{
	const char *bold = colour_begin(stdout, COLOUR_BOLD);
	const char *plain = colour_end(stdout);

	for (const struct preset *p = presets; p->name; p++)
		printf("%s%-13s%s %s\n", bold, p->name, plain, p->summary);
	return STATUS_OK;
}

static const struct preset *find(const char *name, struct ward_error *error)
{
	const char *names[32];
	size_t count = 0;
	const char *close;

	for (const struct preset *p = presets; p->name && count + 1 < ELEMENTS(names); p++) {
		if (strcmp(p->name, name) == 0)
			return p;
		names[count++] = p->name;
	}
	names[count] = NULL;
	close = suggest(name, names);
	error_set(error, -ENOENT, "presets: there is no preset %s", name);
	if (close)
		error_hint(error, "did you mean %s?", close);
	else
		error_hint(error, "see ward presets");
	return NULL;
}

int cmd_presets(const struct arguments *arguments, struct ward_error *error)
{
	int json = arguments_has(arguments, OPTION_JSON);
	const struct preset *preset;

	if (!arguments->operand_count)
		return json ? print_json(NULL, error) : print_list();
	if (strcmp(arguments->operands[0], "show") != 0 || arguments->operand_count != 2) {
		error_set(error, -EINVAL, "presets: %s is not understood", arguments->operands[0]);
		return error_hint(error, "say ward presets, or ward presets show NAME");
	}
	preset = find(arguments->operands[1], error);
	if (!preset)
		return -ENOENT;
	if (json)
		return print_json(preset, error);
	fputs(preset->text, stdout);
	return STATUS_OK;
}
