/*
 * The commands of `ward`: one table that dispatches and prints the help.
 */
#pragma once

#include "common/error.h"
#include "launcher/options.h"

/* Ward's own exit statuses. Everything else is the guarded command's. */
enum {
	STATUS_OK = 0,
	STATUS_FINDINGS = 1, /* `ward check` or `ward doctor` found something bad */
	STATUS_TIMED_OUT = 124,
	STATUS_FAILED = 125, /* Ward itself failed, or was called wrongly */
};

/* Names of all options; which command takes which is in the table. */
enum option_id {
	OPTION_ALL = 1,
	OPTION_ALLOW_OTHER,
	OPTION_CODEBASE,
	OPTION_COMMAND,
	OPTION_CPU_SHARES,
	OPTION_CPUS,
	OPTION_ENV,
	OPTION_FOLLOW,
	OPTION_FORCE,
	OPTION_GRACE,
	OPTION_HELP,
	OPTION_INSIDE,
	OPTION_JSON,
	OPTION_LAZY,
	OPTION_MEMORY,
	OPTION_MOUNT_POINT,
	OPTION_NAME,
	OPTION_NETWORK,
	OPTION_NONE,
	OPTION_PIDS,
	OPTION_POLICY,
	OPTION_READ,
	OPTION_TERMINAL,
	OPTION_TIMEOUT,
	OPTION_VIEW,
	OPTION_WORKDIR,
	OPTION_WRITE,
	OPTION_XATTR,
};

struct command {
	const char *name;        /* NULL ends the table */
	const char *operands;    /* as the usage line shows them; "" where there are none */
	const char *summary;     /* one line, no full stop */
	const char *description; /* paragraphs for `ward help NAME` */
	const struct option_spec *options;
	enum option_order order;
	size_t operands_min;
	size_t operands_max;
	/* Returns an exit status, or a negative errno with the message in `error`. */
	int (*run)(const struct arguments *arguments, struct ward_error *error);
};

extern const struct command commands[];

/* The command of that name, or NULL with "did you mean" in `error`. */
const struct command *command_find(const char *name, struct ward_error *error);

/*
 * Runs `ward` with the whole command line and returns its exit status. Prints what went wrong as
 * one line on standard error.
 */
int command_dispatch(int argc, char **argv);

/* --- One function per command, each in its own file. ------------------------------------------- */

int cmd_check(const struct arguments *arguments, struct ward_error *error);
int cmd_create(const struct arguments *arguments, struct ward_error *error);
int cmd_destroy(const struct arguments *arguments, struct ward_error *error);
int cmd_doctor(const struct arguments *arguments, struct ward_error *error);
int cmd_exec(const struct arguments *arguments, struct ward_error *error);
int cmd_help(const struct arguments *arguments, struct ward_error *error);
int cmd_inspect(const struct arguments *arguments, struct ward_error *error);
int cmd_log(const struct arguments *arguments, struct ward_error *error);
int cmd_mount(const struct arguments *arguments, struct ward_error *error);
int cmd_presets(const struct arguments *arguments, struct ward_error *error);
int cmd_ps(const struct arguments *arguments, struct ward_error *error);
int cmd_run(const struct arguments *arguments, struct ward_error *error);
int cmd_shell(const struct arguments *arguments, struct ward_error *error);
int cmd_start(const struct arguments *arguments, struct ward_error *error);
int cmd_stop(const struct arguments *arguments, struct ward_error *error);
int cmd_umount(const struct arguments *arguments, struct ward_error *error);
int cmd_version(const struct arguments *arguments, struct ward_error *error);
