#include "launcher/command.h"
#include "launcher/stdio.h"

int main(int argc, char **argv)
{
	stdio_fill_gaps();
	return command_dispatch(argc, argv);
}
