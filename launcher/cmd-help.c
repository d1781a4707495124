#include "launcher/command.h"
#include "launcher/help.h"

int cmd_help(const struct arguments *arguments, struct ward_error *error)
{
	const struct command *command;

	if (!arguments->operand_count) {
		help_print_overview(stdout);
		return STATUS_OK;
	}
	command = command_find(arguments->operands[0], error);
	if (!command)
		return -EINVAL;
	help_print_command(stdout, command);
	return STATUS_OK;
}
