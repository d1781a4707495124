#include "launcher/command.h"

#include <stdint.h>
#include <string.h>

#include "common/suggest.h"
#include "launcher/help.h"
#include "runtime/sandbox.h"

#define OPTION_END                                                                                 \
	{                                                                                          \
		0, 0, NULL, NULL, NULL                                                             \
	}
#define HELP_OPTION                                                                                \
	{                                                                                          \
		OPTION_HELP, 'h', "help", NULL, "print this help"                                  \
	}
#define JSON_OPTION                                                                                \
	{                                                                                          \
		OPTION_JSON, 0, "json", NULL, "print JSON"                                         \
	}
/* clang-format off */
#define POLICY_OPTION                                                                              \
	{OPTION_POLICY, 'p', "policy", "POLICY",                                                   \
		"a policy file or a preset (default: the codebase's ward.yaml, else agent-safe)"}
#define RULE_OPTIONS                                                                               \
	{OPTION_READ, 0, "read", "PATTERN", "let it be read, whatever the policy says"},           \
	{OPTION_WRITE, 0, "write", "PATTERN", "let it be changed"},                                \
	{OPTION_VIEW, 0, "view", "PATTERN", "let it be listed, not read"},                         \
	{OPTION_NONE, 0, "none", "PATTERN", "hide it"}
#define ENV_OPTION                                                                                 \
	{OPTION_ENV, 'e', "env", "NAME[=VALUE]", "set a variable, or pass the host's value"}
#define WORKDIR_OPTION                                                                             \
	{OPTION_WORKDIR, 'w', "workdir", "DIR", "where to start inside, from the mount point"}
/* What a sandbox is, however long it lives. */
#define SANDBOX_OPTIONS                                                                            \
	POLICY_OPTION,                                                                             \
	RULE_OPTIONS,                                                                              \
	{OPTION_NETWORK, 0, "net", "none|host", "the network inside (default: none)"},             \
	ENV_OPTION,                                                                                \
	{OPTION_MEMORY, 'm', "memory", "SIZE", "the most memory, such as 512M; none: no limit"},   \
	{OPTION_CPUS, 0, "cpus", "NUMBER", "the most processor time, such as 1.5; or none"},       \
	{OPTION_CPU_SHARES, 0, "cpu-shares", "NUMBER", "the weight among others, 1024 is par"},    \
	{OPTION_PIDS, 0, "pids", "NUMBER", "the most processes and threads; or none"},             \
	{OPTION_MOUNT_POINT, 0, "mount-point", "PATH", "where the view is inside (/workspace)"}
#define RUN_OPTIONS                                                                                \
	{OPTION_CODEBASE, 'C', "codebase", "DIR", "the codebase (default: the one around here)"},  \
	{OPTION_TIMEOUT, 't', "timeout", "SECONDS", "kill everything after so long; exit 124"},    \
	WORKDIR_OPTION
/* clang-format on */

static const struct option_spec run_options[] = {
	SANDBOX_OPTIONS, RUN_OPTIONS, HELP_OPTION, OPTION_END};

static const struct option_spec create_options[] = {
	SANDBOX_OPTIONS,
	{OPTION_NAME, 0, "name", "NAME", "a name, to be used instead of the id"},
	JSON_OPTION,
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec exec_options[] = {
	{OPTION_TERMINAL, 't', "terminal", NULL, "insist on a terminal for the command"},
	ENV_OPTION,
	WORKDIR_OPTION,
	{OPTION_COMMAND, 'c', "command", "TEXT", "run TEXT with /bin/sh"},
	{OPTION_TIMEOUT, 0, "timeout", "SECONDS", "kill it and all it started; exit 124"},
	{OPTION_JSON, 0, "json", NULL, "collect the output and print it as JSON"},
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec stop_options[] = {
	{OPTION_GRACE, 0, "grace", "SECONDS", "from SIGTERM to SIGKILL (default: 10)"},
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec destroy_options[] = {
	{OPTION_FORCE, 'f', "force", NULL, "stop it first where it runs"},
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec ps_options[] = {
	{OPTION_ALL, 'a', "all", NULL, "also those that were stopped"},
	JSON_OPTION,
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec log_options[] = {
	{OPTION_FOLLOW, 'f', "follow", NULL, "go on as more is written"},
	JSON_OPTION,
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec mount_options[] = {
	POLICY_OPTION,
	RULE_OPTIONS,
	{OPTION_ALLOW_OTHER, 0, "allow-other", NULL, "let other users use the mount"},
	{OPTION_XATTR, 0, "xattr", NULL, "serve extended attributes"},
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec umount_options[] = {
	{OPTION_LAZY, 0, "lazy", NULL, "detach it now, even if it is busy"},
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec check_options[] = {
	{OPTION_CODEBASE, 'C', "codebase", "DIR", "the codebase (default: the one around here)"},
	JSON_OPTION,
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec doctor_options[] = {
	{OPTION_INSIDE, 0, "inside", NULL, "in a sandbox: try to break what it promises"},
	JSON_OPTION,
	HELP_OPTION,
	OPTION_END,
};

static const struct option_spec report_options[] = {JSON_OPTION, HELP_OPTION, OPTION_END};
static const struct option_spec plain_options[] = {HELP_OPTION, OPTION_END};

const struct command commands[] = {
	{
		"run",
		"[--] COMMAND [ARGUMENT]...",
		"run a command in a sandbox that holds a filtered view of the codebase",
		"Runs COMMAND in a sandbox in which the only copy of the codebase is a view that\n"
		"shows what the policy allows. Streams, terminal, signals and exit status are "
		"those\n"
		"of COMMAND; 124 means that it timed out, 125 that Ward failed, 126 that it can't "
		"be\n"
		"run, 127 that it was not found, 128+N that signal N killed it.\n"
		"Options end at COMMAND.",
		run_options,
		OPTIONS_FIRST,
		1,
		SIZE_MAX,
		cmd_run,
	},
	{
		"shell",
		"",
		"run an interactive shell in such a sandbox",
		"Runs the policy's shell, or bash, or sh, as `ward run` would.",
		run_options,
		OPTIONS_ANYWHERE,
		0,
		0,
		cmd_shell,
	},
	{
		"create",
		"[CODEBASE]",
		"make a sandbox that lives until it is destroyed",
		"Puts a sandbox over CODEBASE (default: the one around here) on record and prints\n"
		"its id. Nothing runs before `ward start`.",
		create_options,
		OPTIONS_ANYWHERE,
		0,
		1,
		cmd_create,
	},
	{
		"start",
		"SANDBOX...",
		"start sandboxes",
		"Starts sandboxes that do not run. The policy is read anew.",
		plain_options,
		OPTIONS_ANYWHERE,
		1,
		SIZE_MAX,
		cmd_start,
	},
	{
		"exec",
		"SANDBOX [--] COMMAND [ARGUMENT]...",
		"run a command in a sandbox that runs",
		"Runs COMMAND in SANDBOX as `ward run` does in one of its own. What COMMAND "
		"leaves\n"
		"behind lives on until the sandbox is stopped. Options end at SANDBOX.",
		exec_options,
		OPTIONS_FIRST,
		1,
		SIZE_MAX,
		cmd_exec,
	},
	{
		"stop",
		"SANDBOX...",
		"stop sandboxes",
		"Sends SIGTERM to all that runs in them, and SIGKILL after the grace period. They\n"
		"can be started again; what was in their memory (/tmp, the home) is gone.",
		stop_options,
		OPTIONS_ANYWHERE,
		1,
		SIZE_MAX,
		cmd_stop,
	},
	{
		"destroy",
		"SANDBOX...",
		"forget sandboxes",
		"Removes their records and logs. The codebase is not touched.",
		destroy_options,
		OPTIONS_ANYWHERE,
		1,
		SIZE_MAX,
		cmd_destroy,
	},
	{
		"ps",
		"",
		"list sandboxes",
		"Lists the sandboxes that `ward create` made: pending, running and failed ones.",
		ps_options,
		OPTIONS_ANYWHERE,
		0,
		0,
		cmd_ps,
	},
	{
		"inspect",
		"SANDBOX",
		"print all that is known of a sandbox",
		"Prints the record of SANDBOX as JSON.",
		report_options,
		OPTIONS_ANYWHERE,
		1,
		1,
		cmd_inspect,
	},
	{
		"log",
		"SANDBOX",
		"print what happened to a sandbox, and what it was denied",
		"Prints the log of SANDBOX: when it was started and stopped and why, and what its\n"
		"view has denied.",
		log_options,
		OPTIONS_ANYWHERE,
		1,
		1,
		cmd_log,
	},
	{
		"mount",
		"CODEBASE MOUNTPOINT",
		"mount a filtered view where everybody can use it",
		"Mounts the view of CODEBASE at MOUNTPOINT, for programs outside any sandbox, and\n"
		"leaves its daemon in the background until `ward umount`.",
		mount_options,
		OPTIONS_ANYWHERE,
		2,
		2,
		cmd_mount,
	},
	{
		"umount",
		"MOUNTPOINT",
		"unmount a view",
		"Unmounts what `ward mount` has mounted; its daemon ends with it.",
		umount_options,
		OPTIONS_ANYWHERE,
		1,
		1,
		cmd_umount,
	},
	{
		"check",
		"[POLICY]",
		"find mistakes in a policy",
		"Loads POLICY (a file or a preset; default: as `ward run`) and looks for mistakes: "
		"in\n"
		"the text, rules that never win, hidden paths that another rule uncovers, rules "
		"that\n"
		"match nothing in the codebase, files tracked by git that are hidden. Exit status "
		"0:\n"
		"none found; 1: some; 125: it can't be checked.",
		check_options,
		OPTIONS_ANYWHERE,
		0,
		1,
		cmd_check,
	},
	{
		"presets",
		"[show NAME]",
		"list the built-in policies, or show one",
		"Lists the built-in policies, or prints the text of one.",
		report_options,
		OPTIONS_ANYWHERE,
		0,
		2,
		cmd_presets,
	},
	{
		"doctor",
		"",
		"find out what this machine lacks",
		"Tries out each thing that sandboxes need, and what is good to have, and says how "
		"to "
		"mend\n"
		"what is missing. Exit status 0: `ward run` will work; 1: it won't.\n"
		"With --inside, as in `ward run -- ward doctor --inside`: tries to break out of "
		"the\n"
		"sandbox it runs in. Exit status 0: every promise is kept; 1: one is broken.",
		doctor_options,
		OPTIONS_ANYWHERE,
		0,
		0,
		cmd_doctor,
	},
	{
		"version",
		"",
		"print the versions of Ward and of what it uses",
		"Prints the versions of Ward, of the programs it uses, and of the kernel.",
		report_options,
		OPTIONS_ANYWHERE,
		0,
		0,
		cmd_version,
	},
	{
		"help",
		"[COMMAND]",
		"explain a command",
		"Explains COMMAND, or lists them all.",
		plain_options,
		OPTIONS_ANYWHERE,
		0,
		1,
		cmd_help,
	},
	{0},
};

const struct command *command_find(const char *name, struct ward_error *error)
{
	const char *names[ELEMENTS(commands)];
	const char *close;

	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		if (commands[i].name && strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	close = suggest(name, names);
	error_set(error, -EINVAL, "%s is no command", name);
	if (close)
		error_hint(error, "did you mean ward %s?", close);
	else
		error_hint(error, "see ward help");
	return NULL;
}

static int check_operands(
	const struct command *command, const struct arguments *arguments, struct ward_error *error)
{
	if (arguments->operand_count < command->operands_min)
		error_set(error, -EINVAL, "%s: something is missing; usage: ward %s [OPTIONS] %s",
			command->name, command->name, command->operands);
	else if (arguments->operand_count > command->operands_max)
		error_set(error, -EINVAL, "%s: %s is too much", command->name,
			arguments->operands[command->operands_max]);
	else
		return 0;
	return error_hint(error, "see ward help %s", command->name);
}

static int run_command(
	const struct command *command, int argc, char **argv, struct ward_error *error)
{
	_cleanup_(arguments_release) struct arguments arguments = {0};
	int r = options_parse(
		command->options, command->order, command->name, argc, argv, &arguments, error);

	if (r < 0)
		return r;
	if (arguments_has(&arguments, OPTION_HELP)) {
		help_print_command(stdout, command);
		return STATUS_OK;
	}
	r = check_operands(command, &arguments, error);
	if (r < 0)
		return r;
	sandbox_reap_stale();
	return command->run(&arguments, error);
}

/* `ward --help` and `ward --version` are what everybody tries first. */
static const char *command_name(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return "version";
	return word;
}

/* What was printed counts as done only when it has arrived. */
static int close_output(int status, struct ward_error *error)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return error_set_errno(error, -EIO, "standard output can't be written");
}

int command_dispatch(int argc, char **argv)
{
	struct ward_error error = {0};
	const struct command *command;
	int r;

	if (argc < 2) {
		help_print_overview(stderr);
		return STATUS_FAILED;
	}
	command = command_find(command_name(argv[1]), &error);
	r = command ? run_command(command, argc - 1, argv + 1, &error) : error.code;
	if (r >= 0)
		r = close_output(r, &error);
	if (r >= 0)
		return r;
	if (!error.message[0])
		error_set_errno(&error, r, "%s failed", argv[1]);
	error_print(&error, "ward");
	return STATUS_FAILED;
}
