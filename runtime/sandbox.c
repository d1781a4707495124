#include "runtime/sandbox.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/program.h"
#include "runtime/directory.h"
#include "runtime/payload.h"
#include "runtime/protocol.h"
#include "runtime/spawn.h"
#include "runtime/spec.h"

enum { START_TIMEOUT_MS = 40000, STOP_TIMEOUT_MS = 20000 };

/* Descriptors of the monitor. */
enum { CHILD_CONTROL = 3, CHILD_SPEC, CHILD_RULES, CHILD_CODEBASE, CHILD_RECORDS, CHILD_FDS };

struct sandbox {
	struct process monitor;
	int control_fd;
};

struct exec {
	int channel;
};

/* --- Start and stop --------------------------------------------------------------------------- */

static int write_spec(const struct sandbox_spec *spec, int *ret_fd, struct ward_error *error)
{
	_cleanup_(spec_release) struct spec text = {0};
	int r = spec_make(spec->project, spec->codebase, &text);

	if (r == 0)
		r = spec_write(&text, ret_fd);
	return r < 0 ? error_set_errno(error, r, "can't describe the sandbox") : 0;
}

static int write_rules(const struct rule_set *rules, int *ret_fd, struct ward_error *error)
{
	_cleanup_(fd_closep) int fd = memfd_create("ward-rules", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : rule_set_write(rules, fd);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_set_errno(error, r, "can't hand over the rules");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* With an id the monitor is detached: it has nothing of ours that it could keep open. */
static int spawn_monitor(
	const int *fds, const char *id, struct process *ret_process, struct ward_error *error)
{
	char option[32];
	const char *argv[] = {"ward-monitor", "--control-fd=3", "--spec-fd=4", "--rules-fd=5",
		"--codebase-fd=6", id ? "--records-fd=7" : NULL, option, NULL};
	_cleanup_(freep) char *path = NULL;
	struct spawn spawn = {.argv = argv,
		.fds = {-1, -1, id ? -1 : STDERR_FILENO, fds[CHILD_CONTROL], fds[CHILD_SPEC],
			fds[CHILD_RULES], fds[CHILD_CODEBASE], fds[CHILD_RECORDS]},
		.fd_count = id ? CHILD_FDS : CHILD_RECORDS,
		.new_session = true};
	int r = program_find("ward-monitor", &path, error);

	if (r < 0)
		return r;
	snprintf(option, sizeof(option), "--id=%s", id ? id : "");
	spawn.path = path;
	return spawn_process(&spawn, ret_process, error);
}

static int take_error(const struct message *message, struct ward_error *error)
{
	error_set(error, message->error.code, "%s", message->error.message);
	if (message->error.hint[0])
		error_hint(error, "%s", message->error.hint);
	return message->error.code;
}

/* The monitor limits its own start; this limit is for a monitor that hangs. */
static int wait_until_running(int control_fd, struct ward_error *error)
{
	struct pollfd polled = {.fd = control_fd, .events = POLLIN};
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r;

	do {
		r = poll(&polled, 1, START_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r != 1)
		return error_set(error, -ETIMEDOUT, "ward-monitor does not answer");
	r = message_receive(control_fd, &message, fds, &fd_count);
	if (r == 1 && message.header.type == MESSAGE_HELLO)
		return 0;
	if (r == 1 && message.header.type == MESSAGE_ERROR)
		return take_error(&message, error);
	return error_set(error, -EPIPE, "ward-monitor died while it started the sandbox");
}

struct sandbox *sandbox_stop(struct sandbox *sandbox)
{
	int saved = errno;

	if (!sandbox)
		return NULL;
	fd_close(sandbox->control_fd);
	if (process_wait(&sandbox->monitor, STOP_TIMEOUT_MS, NULL) < 0) {
		process_kill(&sandbox->monitor, SIGKILL);
		process_wait(&sandbox->monitor, -1, NULL);
	}
	free(sandbox);
	errno = saved;
	return NULL;
}

static int start(const struct sandbox_spec *spec, int records, const char *id,
	struct sandbox **ret_sandbox, struct ward_error *error)
{
	int fds[CHILD_FDS] = {-1, -1, -1, -1, -1, -1, spec->codebase_fd, records};
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	int control[2];
	int r;

	if (!sandbox)
		return error_set_errno(error, -ENOMEM, "can't start a sandbox");
	sandbox->control_fd = sandbox->monitor.pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return error_set_errno(error, -errno, "can't start a sandbox");
	sandbox->control_fd = control[0];
	fds[CHILD_CONTROL] = control[1];
	r = write_spec(spec, &fds[CHILD_SPEC], error);
	if (r == 0)
		r = write_rules(spec->project->rules, &fds[CHILD_RULES], error);
	if (r == 0)
		r = spawn_monitor(fds, id, &sandbox->monitor, error);
	for (int i = CHILD_CONTROL; i < CHILD_CODEBASE; i++)
		fd_close(fds[i]);
	if (r == 0)
		r = wait_until_running(sandbox->control_fd, error);
	if (r < 0)
		return r;
	*ret_sandbox = TAKE_PTR(sandbox);
	return 0;
}

int sandbox_start(
	const struct sandbox_spec *spec, struct sandbox **ret_sandbox, struct ward_error *error)
{
	return start(spec, -1, NULL, ret_sandbox, error);
}

int sandbox_launch(
	const struct sandbox_spec *spec, int records, const char *id, struct ward_error *error)
{
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = NULL;
	int r = start(spec, records, id, &sandbox, error);

	if (r == 0)
		sandbox->monitor.pidfd = fd_close(sandbox->monitor.pidfd);
	return r;
}

/* --- Sandboxes of other commands -------------------------------------------------------------- */

int sandbox_connect(
	const char *base, const char *id, struct sandbox **ret_sandbox, struct ward_error *error)
{
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	_cleanup_(fd_closep) int base_fd = open(
		base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!sandbox)
		return error_set_errno(error, -ENOMEM, "can't enter the sandbox");
	sandbox->control_fd = sandbox->monitor.pidfd = -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s/control", base_fd,
		id);
	sandbox->control_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sandbox->control_fd < 0)
		return error_set_errno(error, -errno, "can't enter the sandbox");
	if (base_fd < 0 || connect(sandbox->control_fd, (const struct sockaddr *)&address,
				   sizeof(address)) < 0)
		return error_set(error, -ENOTCONN, "the sandbox %s does not run", id);
	if (wait_until_running(sandbox->control_fd, NULL) < 0) {
		error_set(error, -EAGAIN, "the sandbox %s takes no more clients", id);
		return error_hint(error, "wait until some of its commands have ended");
	}
	*ret_sandbox = TAKE_PTR(sandbox);
	return 0;
}

/* Its pid is known for sure from the connection that it still holds. */
static void kill_peer(int socket)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	_cleanup_(fd_closep) int pidfd = -1;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 1)
		pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	if (pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

int sandbox_halt(struct sandbox *sandbox, uint32_t grace_ms, struct ward_error *error)
{
	struct pollfd polled = {.fd = sandbox->control_fd, .events = POLLIN};
	uint64_t patience = (uint64_t)grace_ms + STOP_TIMEOUT_MS;
	struct message message;
	int r;

	message_init(&message, MESSAGE_STOP, 0);
	message.stop.grace_ms = grace_ms;
	r = message_send(sandbox->control_fd, &message, NULL, 0);
	if (r == -EPIPE)
		return 0;
	if (r < 0)
		return error_set_errno(error, r, "can't stop the sandbox");
	do {
		r = poll(&polled, 1, patience > INT_MAX ? INT_MAX : (int)patience);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		kill_peer(sandbox->control_fd);
	return 0;
}

/* --- Commands --------------------------------------------------------------------------------- */

static bool sets_variable(const struct exec_request *request, const char *name)
{
	for (size_t i = 0; i < request->env_count; i++)
		if (strcmp(request->env[i].name, name) == 0)
			return true;
	return false;
}

/* A program on a terminal is told which kind it is, as the caller was. */
static int write_payload(const struct exec_request *request, int *ret_fd)
{
	_cleanup_(freep) struct env_entry *env = malloc(
		(request->env_count + 1) * sizeof(struct env_entry));
	const char *term = getenv("TERM");
	size_t count = request->env_count;

	if (!env)
		return -ENOMEM;
	if (count > 0)
		memcpy(env, request->env, count * sizeof(struct env_entry));
	if (request->terminal && term && !sets_variable(request, "TERM"))
		env[count++] = (struct env_entry){(char *)"TERM", (char *)term};
	return payload_write(request->workdir, request->argv, env, count, ret_fd);
}

static int send_exec(struct sandbox *sandbox, const struct exec_request *request, int channel)
{
	int fds[5] = {-1, request->stdio[0], request->stdio[1], request->stdio[2], channel};
	_cleanup_(fd_closep) int payload = -1;
	struct message message;
	int r = write_payload(request, &payload);

	if (r < 0)
		return r;
	fds[0] = payload;
	message_init(&message, MESSAGE_EXEC, 0);
	message.exec.flags = request->terminal ? EXEC_TERMINAL : 0;
	message.exec.timeout_ms = request->timeout_ms;
	return message_send(sandbox->control_fd, &message, fds, ELEMENTS(fds));
}

int sandbox_exec(struct sandbox *sandbox, const struct exec_request *request,
	struct exec **ret_exec, struct ward_error *error)
{
	_cleanup_(exec_freep) struct exec *exec = malloc(sizeof(*exec));
	int channel[2];
	int r;

	if (!exec)
		return error_set_errno(error, -ENOMEM, "can't run the command");
	exec->channel = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return error_set_errno(error, -errno, "can't run the command");
	exec->channel = channel[0];
	r = send_exec(sandbox, request, channel[1]);
	fd_close(channel[1]);
	if (r == -E2BIG)
		return error_set(error, r, "the command line and environment are too long");
	if (r == -EPIPE)
		return error_set(error, r, "the sandbox is gone");
	if (r < 0)
		return error_set_errno(error, r, "can't run the command");
	*ret_exec = TAKE_PTR(exec);
	return 0;
}

int exec_fd(const struct exec *exec)
{
	return exec->channel;
}

int exec_signal(struct exec *exec, int signal)
{
	struct message message;

	message_init(&message, MESSAGE_SIGNAL, 0);
	message.signal.signal = signal;
	return message_send(exec->channel, &message, NULL, 0);
}

static void take_exit(const struct message_exited *exited, struct exec_result *result)
{
	result->duration_ms = exited->duration_ms;
	result->timed_out = exited->flags & EXITED_TIMED_OUT;
	result->oom_killed = exited->flags & EXITED_OOM_KILLED;
	if (WIFSIGNALED(exited->status)) {
		result->signal = WTERMSIG(exited->status);
		result->exit_code = 128 + result->signal;
	} else {
		result->exit_code = WEXITSTATUS(exited->status);
	}
	if (result->timed_out)
		result->exit_code = 124;
}

/* 126 and 127 as shells use them; the place says what was at fault. */
static int take_failure(
	const struct message_error *failure, struct exec_result *result, struct ward_error *error)
{
	static const char *const what[] = {
		[STAGE_REQUEST] = "the request was refused",
		[STAGE_FORK] = "no process could be made for the command",
		[STAGE_WORKDIR] = "can't enter the working directory",
		[STAGE_TERMINAL] = "can't take the terminal",
		[STAGE_EXEC] = "can't execute the command",
	};

	result->exit_code = failure->stage == STAGE_EXEC && failure->code == -ENOENT ? 127 : 126;
	error_set_errno(error, failure->code, "%s", what[failure->stage]);
	return 0;
}

int exec_wait(struct exec *exec, struct exec_result *ret_result, struct ward_error *error)
{
	struct exec_result result = {0};
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r = message_receive(exec->channel, &message, fds, &fd_count);

	if (r == 0)
		return error_set(error, -EPIPE, "ward-monitor died, and the sandbox with it");
	if (r < 0)
		return error_set_errno(error, r, "ward-monitor does not answer");
	if (message.header.type == MESSAGE_ERROR && message.error.stage == STAGE_SANDBOX) {
		take_error(&message, error);
		return -EPIPE;
	}
	error_set(error, 0, "%s", "");
	if (message.header.type == MESSAGE_EXITED)
		take_exit(&message.exited, &result);
	else if (message.header.type == MESSAGE_ERROR)
		take_failure(&message.error, &result, error);
	else
		return error_set(error, -EBADMSG, "ward-monitor broke the control protocol");
	*ret_result = result;
	return 0;
}

struct exec *exec_free(struct exec *exec)
{
	if (!exec)
		return NULL;
	fd_close(exec->channel);
	free(exec);
	return NULL;
}

void sandbox_reap_stale(void)
{
	runtime_directory_reap();
}
