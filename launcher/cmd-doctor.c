#include <stdbool.h>

#include "common/json.h"
#include "launcher/colour.h"
#include "launcher/command.h"
#include "runtime/doctor.h"

struct report {
	bool inside;
	struct json_writer *json; /* NULL: lines for people */
};

/* Keeping promises and meeting needs have words of their own. */
static const char *state_word(const struct report *report, enum finding_state state)
{
	if (state == FINDING_GOOD)
		return "ok";
	if (state == FINDING_OPTIONAL)
		return "optional";
	return report->inside ? "BROKEN" : "missing";
}

static enum colour state_colour(enum finding_state state)
{
	return state == FINDING_GOOD  ? COLOUR_GREEN
	       : state == FINDING_BAD ? COLOUR_RED
				      : COLOUR_YELLOW;
}

static void print_line(const struct report *report, const struct finding *finding)
{
	struct ward_error shown = {0};

	/* What was found may hold names that others have chosen. */
	error_set(&shown, 0, "%s", finding->text);
	error_hint(&shown, "%s", finding->mend);
	printf("%s%-8s%s  %-19s  %s", colour_begin(stdout, state_colour(finding->state)),
		state_word(report, finding->state), colour_end(stdout), finding->name,
		shown.message);
	if (shown.hint[0])
		printf("; %s", shown.hint);
	printf("\n");
}

static void handle_finding(void *data, const struct finding *finding)
{
	struct report *report = data;

	if (!report->json) {
		print_line(report, finding);
		fflush(stdout);
		return;
	}
	json_begin_object(report->json, NULL);
	json_add_string(report->json, "name", finding->name);
	json_add_string(report->json, "state", state_word(report, finding->state));
	json_add_string(report->json, "text", finding->text);
	json_add_string(report->json, "mend", finding->mend[0] ? finding->mend : NULL);
	json_end(report->json);
}

int cmd_doctor(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(json_writer_freep) struct json_writer *json = NULL;
	struct report report = {.inside = arguments_has(arguments, OPTION_INSIDE)};
	int bad, r = 0;

	if (arguments_has(arguments, OPTION_JSON)) {
		r = json_writer_new(&json);
		if (r < 0)
			return error_set_errno(error, r, "the findings can't be printed");
		report.json = json;
		json_begin_array(json, NULL);
	}
	bad = report.inside ? doctor_examine_inside(handle_finding, &report)
			    : doctor_examine_machine(handle_finding, &report);
	if (json) {
		json_end(json);
		r = json_print(json, stdout);
	}
	if (r < 0)
		return error_set_errno(error, r, "the findings can't be printed");
	return bad > 0 ? STATUS_FINDINGS : STATUS_OK;
}
