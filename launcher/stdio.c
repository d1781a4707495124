#include "launcher/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/fd.h"

struct stdio {
	struct terminal *terminal;
	enum stdio_kind kind[3];
	int inside[3];
	bool inside_owned[3];
	int pipe_end[3]; /* our end of a carrying pipe, or -1 */
	struct flow flows[3];
};

static const char *const stream_names[] = {"standard input", "standard output", "standard error"};

void stdio_fill_gaps(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/*
 * Only a connected unix stream is what it is for good. A datagram or a TCP socket can be connected
 * to somewhere else by whoever holds it, and keeps the network namespace that it was made in.
 */
static bool is_connected_stream(int fd)
{
	struct sockaddr_storage peer;
	socklen_t peer_size = sizeof(peer);
	int type = 0;
	socklen_t type_size = sizeof(type);

	return getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
	       peer.ss_family == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

static int refuse(int fd, const char *what, struct ward_error *error)
{
	const char *name = fd < 3 ? stream_names[fd] : "a standard stream";

	error_set(error, -EINVAL, "%s is %s, which a guarded command can't have", name, what);
	return error_hint(error, "redirect it to a file, a pipe or /dev/null");
}

int stdio_classify(int fd, enum stdio_kind *ret_kind, struct ward_error *error)
{
	struct stat st;
	enum stdio_kind kind = STDIO_CARRIED;

	if (fstat(fd, &st) < 0)
		return error_set_errno(error, -errno, "descriptor %d can't be examined", fd);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFBLK:
		break;
	case S_IFIFO:
		kind = STDIO_PASSED;
		break;
	case S_IFSOCK:
		if (is_connected_stream(fd))
			kind = STDIO_PASSED;
		break;
	case S_IFCHR:
		if (isatty(fd))
			kind = STDIO_TERMINAL;
		else if (st.st_rdev == makedev(1, 3))
			kind = STDIO_PASSED;
		break;
	case S_IFDIR:
		return refuse(fd, "a directory", error);
	default:
		return refuse(fd, "no file, pipe, socket or terminal", error);
	}
	*ret_kind = kind;
	return 0;
}

static int open_terminal(struct stdio *stdio, bool suspendable, struct ward_error *error)
{
	int input = stdio->kind[0] == STDIO_TERMINAL ? 0 : -1;
	int output = stdio->kind[1] == STDIO_TERMINAL   ? 1
		     : stdio->kind[2] == STDIO_TERMINAL ? 2
							: -1;
	int r;

	if (input < 0 && output < 0)
		return 0;
	r = terminal_open(
		input, output, input == 0 && output == 1, suspendable, &stdio->terminal, error);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		if (stdio->kind[i] == STDIO_TERMINAL)
			stdio->inside[i] = terminal_inside(stdio->terminal);
	return 0;
}

/* `> log 2>&1`: one pipe for both, or their order would be lost. */
static bool shares_output(const struct stdio *stdio)
{
	struct stat out, err;

	return stdio->kind[1] == STDIO_CARRIED && stdio->kind[2] == STDIO_CARRIED &&
	       fstat(1, &out) == 0 && fstat(2, &err) == 0 && out.st_dev == err.st_dev &&
	       out.st_ino == err.st_ino;
}

static int carry(struct stdio *stdio, int i, struct ward_error *error)
{
	int ends[2];
	int ours, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "no pipe can be made");
	ours = i == 0 ? ends[1] : ends[0];
	stdio->pipe_end[i] = ours;
	stdio->inside[i] = i == 0 ? ends[0] : ends[1];
	stdio->inside_owned[i] = true;
	r = fd_set_nonblock(ours, 1);
	if (r == 0)
		r = flow_open(
			&stdio->flows[i], i == 0 ? 0 : ours, i == 0 ? ours : i, stream_names[i]);
	if (r < 0)
		return error_set_errno(error, r, "%s can't be carried", stream_names[i]);
	return 0;
}

static int open_streams(struct stdio *stdio, bool suspendable, struct ward_error *error)
{
	int r;

	for (int i = 0; i < 3; i++) {
		r = stdio_classify(i, &stdio->kind[i], error);
		if (r < 0)
			return r;
	}
	r = open_terminal(stdio, suspendable, error);
	for (int i = 0; r == 0 && i < 3; i++) {
		if (stdio->kind[i] == STDIO_PASSED)
			stdio->inside[i] = i;
		else if (stdio->kind[i] == STDIO_CARRIED && i == 2 && shares_output(stdio))
			stdio->inside[2] = stdio->inside[1];
		else if (stdio->kind[i] == STDIO_CARRIED)
			r = carry(stdio, i, error);
	}
	return r;
}

int stdio_open(bool suspendable, struct stdio **ret_stdio, struct ward_error *error)
{
	_cleanup_(stdio_freep) struct stdio *stdio = calloc(1, sizeof(*stdio));
	int r;

	if (!stdio)
		return error_set(error, -ENOMEM, "out of memory");
	for (int i = 0; i < 3; i++) {
		stdio->inside[i] = stdio->pipe_end[i] = -1;
		stdio->flows[i] = (struct flow)FLOW_NONE;
	}
	r = open_streams(stdio, suspendable, error);
	if (r < 0)
		return r;
	*ret_stdio = TAKE_PTR(stdio);
	return 0;
}

static void close_inside(struct stdio *stdio)
{
	for (int i = 0; i < 3; i++) {
		if (stdio->inside_owned[i])
			fd_close(stdio->inside[i]);
		stdio->inside_owned[i] = false;
		stdio->inside[i] = -1;
	}
}

struct stdio *stdio_free(struct stdio *stdio)
{
	if (!stdio)
		return NULL;
	close_inside(stdio);
	for (int i = 0; i < 3; i++) {
		flow_release(&stdio->flows[i]);
		fd_close(stdio->pipe_end[i]);
	}
	terminal_free(stdio->terminal);
	free(stdio);
	return NULL;
}

const int *stdio_inside(const struct stdio *stdio)
{
	return stdio->inside;
}

struct terminal *stdio_terminal(const struct stdio *stdio)
{
	return stdio->terminal;
}

void stdio_started(struct stdio *stdio)
{
	close_inside(stdio);
}

void stdio_ended(struct stdio *stdio)
{
	if (stdio->terminal)
		terminal_close_inside(stdio->terminal);
}

void stdio_settled(struct stdio *stdio)
{
	stdio_ended(stdio);
	flow_settle(&stdio->flows[1]);
	flow_settle(&stdio->flows[2]);
}

/* The flow at `index` of all five, or NULL. */
static struct flow *flow_at(struct stdio *stdio, size_t index)
{
	if (index < 3)
		return &stdio->flows[index];
	if (!stdio->terminal)
		return NULL;
	return index == 3 ? terminal_keys(stdio->terminal) : terminal_display(stdio->terminal);
}

void stdio_prepare(struct stdio *stdio, struct pollfd polls[STDIO_POLLS])
{
	for (size_t i = 0; i < STDIO_POLLS / 2; i++) {
		struct flow *flow = flow_at(stdio, i);

		polls[2 * i] = polls[2 * i + 1] = (struct pollfd){.fd = -1};
		if (flow)
			flow_prepare(flow, &polls[2 * i]);
	}
}

/*
 * Standard input is at its end, and so must the command's be: our end of the pipe is closed. What
 * lies in the pipe is still to be counted by stdio_finish(), through a reading end of our own,
 * which no longer can hide from anybody that the reader has gone.
 */
static void end_input(struct stdio *stdio)
{
	char path[64];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", stdio->pipe_end[0]);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd_close(stdio->pipe_end[0]);
	stdio->pipe_end[0] = reader;
	stdio->flows[0].sink = -1;
}

/* Nobody reads the command's output any more: let it see that, as it would without us. */
static void end_output(struct stdio *stdio, int i)
{
	stdio->pipe_end[i] = fd_close(stdio->pipe_end[i]);
	stdio->flows[i].source = -1;
}

void stdio_step(struct stdio *stdio, const struct pollfd polls[STDIO_POLLS])
{
	for (size_t i = 0; i < STDIO_POLLS / 2; i++) {
		struct flow *flow = flow_at(stdio, i);

		if (flow)
			flow_step(flow, &polls[2 * i]);
	}
	if (stdio->flows[0].finished && stdio->flows[0].sink >= 0)
		end_input(stdio);
	for (int i = 1; i < 3; i++)
		if (stdio->flows[i].finished && stdio->flows[i].source >= 0)
			end_output(stdio, i);
}

bool stdio_output_active(const struct stdio *stdio)
{
	return flow_active(&stdio->flows[1]) || flow_active(&stdio->flows[2]) ||
	       (stdio->terminal && flow_active(terminal_display(stdio->terminal)));
}

static bool holds(const struct flow *flow)
{
	return flow_active(flow) && flow->begin < flow->end;
}

bool stdio_output_held(const struct stdio *stdio)
{
	return holds(&stdio->flows[1]) || holds(&stdio->flows[2]) ||
	       (stdio->terminal && holds(terminal_display(stdio->terminal)));
}

static void rewind_input(struct stdio *stdio)
{
	struct stat st;
	size_t unread;

	if (stdio->flows[0].source < 0 || fstat(0, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	unread = flow_unread(&stdio->flows[0], stdio->pipe_end[0]);
	if (unread)
		lseek(0, -(off_t)unread, SEEK_CUR);
}

int stdio_finish(struct stdio *stdio, struct ward_error *error)
{
	rewind_input(stdio);
	for (int i = 0; i < 3; i++) {
		const struct flow *flow = &stdio->flows[i];

		/* -EPIPE on input is a command that reads no more. */
		if (flow->error && !(i == 0 && flow->error == -EPIPE))
			return error_set_errno(error, flow->error, "%s failed", stream_names[i]);
	}
	return 0;
}
