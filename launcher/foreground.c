#include "launcher/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/stdio.h"
#include "runtime/sandbox.h"

/* How long a terminal that was hung up is waited for. */
enum { QUIET_MS = 50 };

struct foreground {
	struct stdio *stdio;
	struct exec *exec; /* NULL before the start and after the end */
	int signals;
	bool quiet;     /* nothing has happened for as long as was to be waited */
	bool cut_short; /* the user does not wait for the rest of the output */
};

/*
 * From here on signals are read from a descriptor. Called after the sandbox has started, so that
 * its processes do not inherit the mask; until then a signal simply ends this process, and the
 * sandbox with it. SIGPIPE, SIGTTIN and SIGTTOU are blocked to get EPIPE and EIO instead.
 */
static int take_signals(struct ward_error *error)
{
	static const int taken[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP};
	static const int blocked[] = {SIGPIPE, SIGTTIN, SIGTTOU};
	sigset_t watched, mask;
	int fd;

	sigemptyset(&watched);
	for (size_t i = 0; i < ELEMENTS(taken); i++)
		sigaddset(&watched, taken[i]);
	mask = watched;
	for (size_t i = 0; i < ELEMENTS(blocked); i++)
		sigaddset(&mask, blocked[i]);
	fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &mask, NULL) < 0) {
		error_set_errno(error, -errno, "signals can't be forwarded");
		fd_close(fd);
		return error ? error->code : -EIO;
	}
	return fd;
}

/* Stops the command and then ourselves; goes on when the shell says so. */
static void suspend(struct foreground *foreground)
{
	struct terminal *terminal = stdio_terminal(foreground->stdio);

	if (foreground->exec)
		exec_signal(foreground->exec, SIGSTOP);
	if (terminal)
		terminal_restore(terminal);
	raise(SIGSTOP);
	if (terminal) {
		terminal_update(terminal);
		terminal_resize(terminal);
	}
	if (foreground->exec)
		exec_signal(foreground->exec, SIGCONT);
}

static void handle_signal(struct foreground *foreground, int signal)
{
	struct terminal *terminal = stdio_terminal(foreground->stdio);

	if (signal == SIGWINCH) {
		if (terminal)
			terminal_resize(terminal);
	} else if (signal == SIGTSTP) {
		suspend(foreground);
	} else if (foreground->exec) {
		exec_signal(foreground->exec, signal);
	} else {
		foreground->cut_short = true;
	}
}

static void handle_signals(struct foreground *foreground)
{
	struct signalfd_siginfo info;

	while (read(foreground->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		handle_signal(foreground, (int)info.ssi_signo);
}

/* Waits for something to happen and deals with it. True where the command has ended. */
static bool turn(struct foreground *foreground, int wait)
{
	struct terminal *terminal = stdio_terminal(foreground->stdio);
	struct pollfd polls[STDIO_POLLS + 2];
	int n;

	if (terminal && foreground->exec && terminal_update(terminal))
		wait = TERMINAL_PERIOD;
	stdio_prepare(foreground->stdio, polls);
	polls[STDIO_POLLS] = (struct pollfd){.fd = foreground->signals, .events = POLLIN};
	polls[STDIO_POLLS + 1] = (struct pollfd){
		.fd = foreground->exec ? exec_fd(foreground->exec) : -1, .events = POLLIN};
	n = poll(polls, ELEMENTS(polls), wait);
	foreground->quiet = n == 0;
	if (n < 0)
		return false;
	stdio_step(foreground->stdio, polls);
	if (polls[STDIO_POLLS].revents)
		handle_signals(foreground);
	if (terminal && terminal_take_suspend(terminal))
		suspend(foreground);
	return polls[STDIO_POLLS + 1].revents != 0;
}

/* The command's own end; then, where the sandbox is its own, that of whatever it left behind; and
 * the rest of the output. */
static int run_to_the_end(struct foreground *foreground, struct sandbox **own_sandbox,
	struct exec_result *ret_result, struct ward_error *error)
{
	int wait = own_sandbox ? -1 : QUIET_MS;
	int r;

	while (!turn(foreground, -1))
		;
	r = exec_wait(foreground->exec, ret_result, error);
	foreground->exec = exec_free(foreground->exec);
	if (own_sandbox) {
		*own_sandbox = sandbox_stop(*own_sandbox);
		stdio_ended(foreground->stdio);
	} else {
		stdio_settled(foreground->stdio);
	}
	while (stdio_output_active(foreground->stdio) && !foreground->cut_short) {
		turn(foreground, wait);
		if (foreground->quiet && !stdio_output_held(foreground->stdio))
			break;
	}
	return r;
}

static int exec_in(struct foreground *foreground, struct sandbox *sandbox,
	const struct foreground_command *command, struct ward_error *error)
{
	const int *inside = stdio_inside(foreground->stdio);
	struct exec_request request = {
		.argv = command->argv,
		.env = command->env,
		.env_count = command->env_count,
		.workdir = command->workdir,
		.stdio = {inside[0], inside[1], inside[2]},
		.terminal = stdio_terminal(foreground->stdio) != NULL,
		.timeout_ms = command->timeout_ms,
	};
	int r = sandbox_exec(sandbox, &request, &foreground->exec, error);

	stdio_started(foreground->stdio);
	return r;
}

void foreground_print_refusal(const char *command, const struct ward_error *why)
{
	struct ward_error shown = {0};

	error_set(&shown, -ENOEXEC, "%s: %s", command, why->message);
	error_hint(&shown, "%s", why->hint);
	error_print(&shown, "ward");
}

/* A signal ends the command itself; else something that it had started was killed. */
static void print_memory_limit(
	const char *command, uint64_t memory_limit, const struct exec_result *result)
{
	struct ward_error shown = {0};
	char limit[SIZE_TEXT_MAX];

	format_size(memory_limit, limit);
	error_set(&shown, -ENOMEM, "%s: %s: memory limit of %s", command,
		result->signal ? "killed" : "a process of it was killed", limit);
	error_print(&shown, "ward");
}

/* All but the start of the sandbox. `own_sandbox` is NULL where it is to live on. */
static int run_in(struct stdio *stdio, struct sandbox *sandbox, struct sandbox **own_sandbox,
	const struct foreground_command *command, struct ward_error *error)
{
	_cleanup_(fd_closep) int signals = take_signals(error);
	struct foreground foreground = {.stdio = stdio, .signals = signals};
	struct exec_result result = {0};
	int r;

	if (signals < 0)
		return signals;
	r = exec_in(&foreground, sandbox, command, error);
	if (r < 0)
		return r;
	r = run_to_the_end(&foreground, own_sandbox, &result, error);
	if (r < 0)
		return r;
	if (stdio_terminal(stdio))
		terminal_restore(stdio_terminal(stdio));
	if (error->message[0])
		foreground_print_refusal(command->argv[0], error);
	if (result.oom_killed)
		print_memory_limit(command->argv[0], command->memory_limit, &result);
	r = stdio_finish(stdio, error);
	return r < 0 ? r : result.exit_code;
}

int foreground_run(const struct settings *settings, const char *const *argv, bool suspendable,
	struct ward_error *error)
{
	const struct sandbox_spec spec = {
		.codebase = settings->codebase.path,
		.codebase_fd = settings->codebase.fd,
		.project = settings->project,
	};
	const struct foreground_command command = {
		.argv = argv,
		.env = settings->env,
		.env_count = settings->env_count,
		.workdir = settings->workdir,
		.timeout_ms = settings->timeout_ms,
		.memory_limit = settings->project->resources.memory_bytes,
	};
	_cleanup_(stdio_freep) struct stdio *stdio = NULL;
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = NULL;
	int r = stdio_open(suspendable, &stdio, error);

	if (r == 0)
		r = sandbox_start(&spec, &sandbox, error);
	return r < 0 ? r : run_in(stdio, sandbox, &sandbox, &command, error);
}

int foreground_exec(
	struct sandbox *sandbox, const struct foreground_command *command, struct ward_error *error)
{
	_cleanup_(stdio_freep) struct stdio *stdio = NULL;
	int r = stdio_open(command->suspendable, &stdio, error);

	return r < 0 ? r : run_in(stdio, sandbox, NULL, command, error);
}
