#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json.h"
#include "launcher/command.h"
#include "launcher/foreground.h"
#include "launcher/lasting.h"
#include "launcher/stdio.h"
#include "runtime/collect.h"

enum { COLLECTED_MAX = 64 << 20 };

/* What was asked for, between the operands' strings. */
struct wanted {
	struct foreground_command command;
	const char *shell[4];
};

/* "ID -- ARGV..." or "-c TEXT ID". */
static int take_command(
	const struct arguments *arguments, struct wanted *wanted, struct ward_error *error)
{
	const char *text = arguments_value(arguments, OPTION_COMMAND);
	char **argv = arguments->operands + 1;
	bool is_option = argv[0] && argv[0][0] == '-' && strcmp(argv[0], "--") != 0;

	if (is_option) {
		error_set(error, -EINVAL, "exec: %s follows the sandbox", argv[0]);
		return error_hint(error,
			"options go before it, and -- goes before a command that begins with -");
	}
	if (argv[0] && strcmp(argv[0], "--") == 0)
		argv++;
	if ((argv[0] != NULL) == (text != NULL)) {
		error_set(error, -EINVAL, "exec: say either a command or -c");
		return error_hint(error, "see ward help exec");
	}
	wanted->command.argv = (const char *const *)argv;
	if (text) {
		wanted->shell[0] = "/bin/sh";
		wanted->shell[1] = "-c";
		wanted->shell[2] = text;
		wanted->command.argv = wanted->shell;
	}
	return 0;
}

static int take_options(
	const struct arguments *arguments, struct wanted *wanted, struct ward_error *error)
{
	const char *timeout = arguments_value(arguments, OPTION_TIMEOUT);

	wanted->command.workdir = arguments_value(arguments, OPTION_WORKDIR);
	wanted->command.suspendable = true;
	if (timeout && parse_seconds(timeout, &wanted->command.timeout_ms) < 0) {
		error_set(error, -EINVAL, "--timeout %s is no time", timeout);
		return error_hint(error, "say seconds, more than 0, such as 90 or 0.5");
	}
	if (!arguments_has(arguments, OPTION_TERMINAL) || (isatty(0) && isatty(1)))
		return 0;
	error_set(error, -ENOTTY, "exec: standard input and output are no terminal");
	return error_hint(error, "leave -t out");
}

static int print_collected(const struct collected *collected)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r < 0)
		return r;
	json_begin_object(writer, NULL);
	json_add_bytes(writer, "stdout", collected->data[0], collected->size[0]);
	json_add_bytes(writer, "stderr", collected->data[1], collected->size[1]);
	json_add_integer(writer, "exit_code", collected->result.exit_code);
	json_add_integer(writer, "duration_ms", (int64_t)collected->result.duration_ms);
	json_add_boolean(writer, "timed_out", collected->result.timed_out);
	json_add_boolean(writer, "oom_killed", collected->result.oom_killed);
	json_end(writer);
	return json_print(writer, stdout);
}

/* A terminal is not read from: who collects output does not sit at it. */
static int choose_input(
	struct exec_request *request, int null, int *ret_input, struct ward_error *error)
{
	enum stdio_kind kind;
	int r = stdio_classify(0, &kind, error);

	if (r < 0)
		return r;
	request->stdio[0] = kind == STDIO_PASSED ? 0 : null;
	*ret_input = kind == STDIO_CARRIED ? 0 : -1;
	return 0;
}

static int exec_json(
	struct sandbox *sandbox, const struct foreground_command *command, struct ward_error *error)
{
	_cleanup_(collected_release) struct collected collected = {0};
	_cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct exec_request request = {.argv = command->argv,
		.env = command->env,
		.env_count = command->env_count,
		.workdir = command->workdir,
		.timeout_ms = command->timeout_ms};
	int input = -1;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = null < 0 ? error_set_errno(error, -errno, "can't open /dev/null")
		     : choose_input(&request, null, &input, error);

	if (r == 0)
		r = sandbox_collect(sandbox, &request, input, COLLECTED_MAX, &collected, error);
	if (r < 0)
		return r;
	if (collected.refused)
		foreground_print_refusal(command->argv[0], error);
	r = print_collected(&collected);
	return r < 0 ? error_set_errno(error, r, "the result can't be printed")
		     : collected.result.exit_code;
}

int cmd_exec(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(settings_release) struct settings settings = SETTINGS_NONE;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = NULL;
	struct wanted wanted = {0};
	int r = take_command(arguments, &wanted, error);

	if (r == 0)
		r = take_options(arguments, &wanted, error);
	if (r == 0)
		r = settings_take_env(&settings, arguments, error);
	if (r == 0)
		r = runtime_get(arguments->operands[0], &record, error);
	if (r == 0)
		r = runtime_open(&record, &sandbox, error);
	if (r < 0)
		return r;
	wanted.command.env = settings.env;
	wanted.command.env_count = settings.env_count;
	wanted.command.memory_limit = record.resources.memory_bytes;
	if (arguments_has(arguments, OPTION_JSON))
		return exec_json(sandbox, &wanted.command, error);
	return foreground_exec(sandbox, &wanted.command, error);
}
