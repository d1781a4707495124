/*
 * sandbox-probe: runs a command in a sandbox through runtime/sandbox.h, as simply as can be. For
 * the sandbox-* cases; what it does not do (terminals, policies by name) is ward's.
 *
 *     sandbox-probe [-C DIR] [-m MOUNT_POINT] [-n] [-t MS] [-w WORKDIR] [-e K=V]… [-x K=V]…
 *                   [-r COUNT] [-v] -- CMD…
 *
 * -n: the host's network. -e: the sandbox's environment, -x: the command's. -r: that many times, in
 * one sandbox. -v: says on standard error how long start, command and stop took. SIGTERM, SIGINT
 * and SIGUSR1 are forwarded. Everything in DIR may be written.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/sandbox.h"

enum { ENV_MAX = 4096 };

struct options {
	const char *directory;
	struct project project;
	struct exec_request request;
	struct env_entry sandbox_env[ENV_MAX];
	struct env_entry command_env[ENV_MAX];
	int repeat;
	bool verbose;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void add_env(struct env_entry *env, size_t *count, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || *count == ENV_MAX)
		exit(125);
	*equals = '\0';
	env[(*count)++] = (struct env_entry){text, equals + 1};
}

static void parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "+C:m:nt:w:e:x:r:v")) != -1) {
		if (option == 'C')
			options->directory = optarg;
		else if (option == 'm')
			options->project.mount_point = optarg;
		else if (option == 'n')
			options->project.network = NETWORK_HOST;
		else if (option == 't')
			options->request.timeout_ms = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'w')
			options->request.workdir = optarg;
		else if (option == 'e')
			add_env(options->sandbox_env, &options->project.env_count, optarg);
		else if (option == 'x')
			add_env(options->command_env, &options->request.env_count, optarg);
		else if (option == 'r')
			options->repeat = (int)strtol(optarg, NULL, 10);
		else if (option == 'v')
			options->verbose = true;
		else
			exit(125);
	}
	options->project.env = options->sandbox_env;
	options->request.env = options->command_env;
	options->request.argv = (const char *const *)argv + optind;
}

static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void forward_until_end(struct exec *exec, int signal_fd)
{
	struct pollfd polled[2] = {
		{.fd = exec_fd(exec), .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (poll(polled, 2, -1) >= 0 && !polled[0].revents)
		if (polled[1].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info))
			exec_signal(exec, (int)info.ssi_signo);
}

static int run_once(struct sandbox *sandbox, const struct options *options, int signal_fd)
{
	_cleanup_(exec_freep) struct exec *exec = NULL;
	struct exec_result result = {0};
	struct ward_error error = {0};
	double begin = now_ms();

	if (sandbox_exec(sandbox, &options->request, &exec, &error) < 0) {
		error_print(&error, "sandbox-probe");
		return 125;
	}
	forward_until_end(exec, signal_fd);
	if (exec_wait(exec, &result, &error) < 0) {
		error_print(&error, "sandbox-probe");
		return 125;
	}
	if (error.code < 0)
		error_print(&error, "sandbox-probe");
	if (options->verbose)
		fprintf(stderr, "command %.2f ms, said %llu ms\n", now_ms() - begin,
			(unsigned long long)result.duration_ms);
	return result.exit_code;
}

static int make_rules(struct rule_set **ret_rules)
{
	const struct rule all = {
		.pattern = "**/*", .permission = LEVEL_WRITE, .place = {"<probe>", 0, 0}};
	int r = rule_set_new(ret_rules);

	return r < 0 ? r : rule_set_add(*ret_rules, &all, NULL);
}

int main(int argc, char **argv)
{
	static struct options options = {
		.directory = ".", .repeat = 1, .request = {.stdio = {0, 1, 2}}};
	struct sandbox_spec spec = {.project = &options.project};
	struct sandbox *sandbox = NULL;
	struct ward_error error = {0};
	char codebase[PATH_MAX];
	int signal_fd;
	double begin;
	int code = 0;

	parse(argc, argv, &options);
	if (!realpath(options.directory, codebase) || make_rules(&options.project.rules) < 0)
		return 125;
	sandbox_reap_stale();
	signal_fd = open_signals();
	spec.codebase = codebase;
	spec.codebase_fd = open(codebase, O_PATH | O_DIRECTORY | O_CLOEXEC);
	begin = now_ms();
	if (sandbox_start(&spec, &sandbox, &error) < 0) {
		error_print(&error, "sandbox-probe");
		return 125;
	}
	if (options.verbose)
		fprintf(stderr, "start %.2f ms\n", now_ms() - begin);
	for (int i = 0; i < options.repeat; i++)
		code = run_once(sandbox, &options, signal_fd);
	begin = now_ms();
	sandbox_stop(sandbox);
	if (options.verbose)
		fprintf(stderr, "stop %.2f ms\n", now_ms() - begin);
	rule_set_free(options.project.rules);
	fd_close(spec.codebase_fd);
	return code;
}
