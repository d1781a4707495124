#include "fs/options.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

const char options_help[] =
	"Usage: wardfs [OPTION]... CODEBASE MOUNTPOINT\n"
	"Mount a view of CODEBASE, filtered by a policy, at MOUNTPOINT.\n"
	"\n"
	"  -p, --policy=POLICY       a policy file or the name of a preset; default:\n"
	"                            CODEBASE/ward.yaml, else the preset agent-safe\n"
	"      --rule=LEVEL:PATTERN  a rule above all others; may be repeated\n"
	"      --allow-other         let other users reach the view\n"
	"      --xattr               pass extended attributes (user.*)\n"
	"  -f, --foreground          do not go to the background\n"
	"  -h, --help                print this and exit\n"
	"  -V, --version             print the version and exit\n"
	"\n"
	"Unmount with: fusermount3 -u MOUNTPOINT\n"
	"\n"
	"For a monitor, on a mounted FUSE device:\n"
	"      --fuse-fd=N --codebase-fd=N --rules-fd=N --ready-fd=N --lifeline-fd=N\n"
	"      [--events-fd=N] [--run-as=UID:GID] [--show-as=UID:GID]\n";
enum option_value {
	OPTION_RULE = 256,
	OPTION_ALLOW_OTHER,
	OPTION_XATTR,
	OPTION_FUSE_FD,
	OPTION_CODEBASE_FD,
	OPTION_RULES_FD,
	OPTION_READY_FD,
	OPTION_LIFELINE_FD,
	OPTION_EVENTS_FD,
	OPTION_RUN_AS,
	OPTION_SHOW_AS,
};

static const struct option long_options[] = {
	{"policy", required_argument, NULL, 'p'},
	{"rule", required_argument, NULL, OPTION_RULE},
	{"allow-other", no_argument, NULL, OPTION_ALLOW_OTHER},
	{"xattr", no_argument, NULL, OPTION_XATTR},
	{"foreground", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"fuse-fd", required_argument, NULL, OPTION_FUSE_FD},
	{"codebase-fd", required_argument, NULL, OPTION_CODEBASE_FD},
	{"rules-fd", required_argument, NULL, OPTION_RULES_FD},
	{"ready-fd", required_argument, NULL, OPTION_READY_FD},
	{"lifeline-fd", required_argument, NULL, OPTION_LIFELINE_FD},
	{"events-fd", required_argument, NULL, OPTION_EVENTS_FD},
	{"run-as", required_argument, NULL, OPTION_RUN_AS},
	{"show-as", required_argument, NULL, OPTION_SHOW_AS},
	{NULL, 0, NULL, 0},
};

static int parse_number(const char *text, const char *end, unsigned long max, unsigned long *ret)
{
	unsigned long value = 0;

	if (text == end)
		return -EINVAL;
	for (; text != end; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned long)(*text - '0');
		if (value > max)
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

static int parse_fd(const char *text, int *ret_fd, struct ward_error *error)
{
	unsigned long value;

	if (parse_number(text, text + strlen(text), INT_MAX, &value) < 0)
		return error_set(error, -EINVAL, "'%s' is no descriptor number", text);
	*ret_fd = (int)value;
	return 0;
}

static int parse_owner(const char *text, struct owner *ret_owner, struct ward_error *error)
{
	const char *colon = strchr(text, ':');
	unsigned long uid, gid;

	/* The highest id means "none" to the kernel. */
	if (!colon || parse_number(text, colon, UINT_MAX - 1, &uid) < 0 ||
		parse_number(colon + 1, text + strlen(text), UINT_MAX - 1, &gid) < 0)
		return error_set(error, -EINVAL, "'%s' is not UID:GID", text);
	*ret_owner = (struct owner){.given = true, .uid = (uid_t)uid, .gid = (gid_t)gid};
	return 0;
}

static int parse_rule(const char *text, struct rule_set *rules, struct ward_error *error)
{
	struct rule rule = {.place = {.file = RULE_PLACE_COMMAND_LINE}};
	const char *colon = strchr(text, ':');
	char name[16];

	if (!colon || (size_t)(colon - text) >= sizeof(name))
		return error_set(error, -EINVAL, "--rule=%s: not LEVEL:PATTERN", text);
	memcpy(name, text, (size_t)(colon - text));
	name[colon - text] = '\0';
	if (level_parse(name, &rule.permission) < 0)
		return error_set(error, -EINVAL,
			"--rule=%s: '%s' is no level; use none, view, read or write", text, name);
	rule.pattern = colon + 1;
	rule.priority = rule_command_line_priority(rule.permission);
	return rule_set_add(rules, &rule, error);
}

static int parse_one(
	int option, const char *value, struct options *options, struct ward_error *error)
{
	switch (option) {
	case 'p':
		options->policy = value;
		return 0;
	case 'f':
		options->foreground = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	case 'V':
		options->version = true;
		return 0;
	case OPTION_RULE:
		return parse_rule(value, options->rules, error);
	case OPTION_ALLOW_OTHER:
		options->allow_other = true;
		return 0;
	case OPTION_XATTR:
		options->xattr = true;
		return 0;
	case OPTION_FUSE_FD:
		return parse_fd(value, &options->fuse_fd, error);
	case OPTION_CODEBASE_FD:
		return parse_fd(value, &options->codebase_fd, error);
	case OPTION_RULES_FD:
		return parse_fd(value, &options->rules_fd, error);
	case OPTION_READY_FD:
		return parse_fd(value, &options->ready_fd, error);
	case OPTION_LIFELINE_FD:
		return parse_fd(value, &options->lifeline_fd, error);
	case OPTION_EVENTS_FD:
		return parse_fd(value, &options->events_fd, error);
	case OPTION_RUN_AS:
		return parse_owner(value, &options->run_as, error);
	case OPTION_SHOW_AS:
		return parse_owner(value, &options->show_as, error);
	default:
		error_set(error, -EINVAL, "unknown or incomplete option");
		return error_hint(error, "try wardfs --help");
	}
}

static int check_monitor(const struct options *options, int operands, struct ward_error *error)
{
	if (options->codebase_fd < 0 || options->rules_fd < 0 || options->ready_fd < 0 ||
		options->lifeline_fd < 0)
		return error_set(error, -EINVAL,
			"--fuse-fd needs --codebase-fd, --rules-fd, --ready-fd and --lifeline-fd");
	if (operands > 0 || options->policy || rule_set_count(options->rules) > 0)
		return error_set(error, -EINVAL,
			"--fuse-fd takes neither CODEBASE and MOUNTPOINT nor a policy");
	return 0;
}

static int check_standalone(
	int operands, char **argv, struct options *options, struct ward_error *error)
{
	if (options->codebase_fd >= 0 || options->rules_fd >= 0 || options->ready_fd >= 0 ||
		options->lifeline_fd >= 0 || options->events_fd >= 0 || options->run_as.given ||
		options->show_as.given)
		return error_set(error, -EINVAL, "a monitor's options need --fuse-fd");
	if (operands != 2) {
		error_set(error, -EINVAL, "CODEBASE and MOUNTPOINT are needed, and nothing else");
		return error_hint(error, "try wardfs --help");
	}
	options->codebase = argv[0];
	options->mount_point = argv[1];
	return 0;
}

int options_parse(int argc, char **argv, struct options *options, struct ward_error *error)
{
	int option, r;

	*options = (struct options){.fuse_fd = -1,
		.codebase_fd = -1,
		.rules_fd = -1,
		.ready_fd = -1,
		.lifeline_fd = -1,
		.events_fd = -1};
	r = rule_set_new(&options->rules);
	if (r < 0)
		return error_set_errno(error, r, "cannot make a rule set");
	optind = 0; /* starts getopt anew; opterr: the message is ours */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "p:fhV", long_options, NULL)) != -1) {
		r = parse_one(option, optarg, options, error);
		if (r < 0)
			return r;
	}
	if (options->help || options->version)
		return 0;
	if (options->fuse_fd >= 0)
		return check_monitor(options, argc - optind, error);
	return check_standalone(argc - optind, argv + optind, options, error);
}

void options_release(struct options *options)
{
	options->rules = rule_set_free(options->rules);
}
