/* ward-monitor: started by ward only, with four descriptors; for a sandbox that is to outlive ward,
 * with that of the records and the sandbox's id. */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "runtime/monitor/monitor.h"

#ifdef WARD_SANITIZED
/* The leak checker forks when the program ends; the monitor can't fork any more once PID 1 of its
 * children's pid namespace is gone. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int parse_fd(const char *text, int *ret_fd)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (end == text || *end || fd < 3 || fd > INT_MAX || fd_set_cloexec((int)fd, 1) < 0)
		return -EINVAL;
	*ret_fd = (int)fd;
	return 0;
}

static int parse_options(int argc, char **argv, struct monitor_inputs *inputs)
{
	static const struct option options[] = {
		{"control-fd", required_argument, NULL, 'c'},
		{"spec-fd", required_argument, NULL, 's'},
		{"rules-fd", required_argument, NULL, 'r'},
		{"codebase-fd", required_argument, NULL, 'd'},
		{"records-fd", required_argument, NULL, 'R'},
		{"id", required_argument, NULL, 'i'},
		{NULL, 0, NULL, 0},
	};
	int r = 0;
	int option;

	while (r == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			r = parse_fd(optarg, &inputs->control_fd);
		else if (option == 's')
			r = parse_fd(optarg, &inputs->spec_fd);
		else if (option == 'r')
			r = parse_fd(optarg, &inputs->rules_fd);
		else if (option == 'd')
			r = parse_fd(optarg, &inputs->codebase_fd);
		else if (option == 'R')
			r = parse_fd(optarg, &inputs->records_fd);
		else if (option == 'i')
			inputs->id = optarg;
		else
			r = -EINVAL;
	}
	if (r < 0 || optind != argc || inputs->control_fd < 0 || inputs->spec_fd < 0 ||
		inputs->rules_fd < 0 || inputs->codebase_fd < 0 ||
		(inputs->records_fd < 0) != (inputs->id == NULL))
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	struct monitor_inputs inputs = {-1, -1, -1, -1, -1, NULL};

	log_open("ward-monitor");
	if (parse_options(argc, argv, &inputs) < 0) {
		log_error("is started by ward, not by hand");
		return 125;
	}
	return monitor_run(&inputs);
}
