#include <string.h>

#include "launcher/command.h"
#include "launcher/lasting.h"

enum { GRACE_MS = 10000 };

int cmd_stop(const struct arguments *arguments, struct ward_error *error)
{
	const char *grace = arguments_value(arguments, OPTION_GRACE);
	uint32_t grace_ms = GRACE_MS;
	int r = 0;

	if (grace && strcmp(grace, "0") == 0)
		grace_ms = 0;
	else if (grace && parse_seconds(grace, &grace_ms) < 0) {
		error_set(error, -EINVAL, "--grace %s is no time", grace);
		return error_hint(error, "say seconds, such as 10, 0.5 or 0");
	}
	for (size_t i = 0; r == 0 && i < arguments->operand_count; i++)
		r = runtime_stop(arguments->operands[i], grace_ms, error);
	return r;
}
