#include "launcher/command.h"
#include "launcher/lasting.h"

int cmd_destroy(const struct arguments *arguments, struct ward_error *error)
{
	bool force = arguments_has(arguments, OPTION_FORCE);
	int r = 0;

	for (size_t i = 0; r == 0 && i < arguments->operand_count; i++)
		r = runtime_destroy(arguments->operands[i], force, error);
	return r;
}
