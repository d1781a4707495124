#include "runtime/collect.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/strbuf.h"

enum { CHUNK = 64 << 10 };

struct collector {
	struct exec *exec;
	struct strbuf output[2];
	int outputs[2]; /* our ends; -1 at the end of what comes */
	int input;      /* what is fed; -1: nothing any more */
	int feed;       /* our end of the command's standard input */
	char pending[CHUNK];
	size_t begin, end; /* what of `pending` is still to be fed */
	size_t max;
};

void collected_release(struct collected *collected)
{
	free(collected->data[0]);
	free(collected->data[1]);
	*collected = (struct collected){0};
}

/* Reads once, at most `limit` bytes. Returns how many. */
static ssize_t take_output(struct collector *collector, int i, size_t limit)
{
	char chunk[CHUNK];
	ssize_t n = read(
		collector->outputs[i], chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		collector->outputs[i] = fd_close(collector->outputs[i]);
	if (collector->output[i].size + (size_t)n > collector->max)
		return -EFBIG;
	return strbuf_add(&collector->output[i], chunk, (size_t)n) < 0 ? -ENOMEM : n;
}

/* A command that reads no more is none of our business; the end of the input is its, too. */
static void feed(struct collector *collector)
{
	ssize_t n;

	if (collector->begin == collector->end && collector->input >= 0) {
		n = read(collector->input, collector->pending, sizeof(collector->pending));
		collector->begin = 0;
		collector->end = n > 0 ? (size_t)n : 0;
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			collector->input = -1;
	}
	if (collector->begin < collector->end) {
		n = write(collector->feed, collector->pending + collector->begin,
			collector->end - collector->begin);
		if (n > 0)
			collector->begin += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			collector->feed = fd_close(collector->feed);
	}
	if (collector->input < 0 && collector->begin == collector->end)
		collector->feed = fd_close(collector->feed);
}

/* Until the command has ended. */
static int collect(struct collector *collector)
{
	for (;;) {
		bool full = collector->begin < collector->end;
		struct pollfd polled[] = {
			{.fd = exec_fd(collector->exec), .events = POLLIN},
			{.fd = collector->outputs[0], .events = POLLIN},
			{.fd = collector->outputs[1], .events = POLLIN},
			{.fd = collector->feed, .events = full ? POLLOUT : 0},
			{.fd = collector->feed < 0 || full ? -1 : collector->input,
				.events = POLLIN},
		};

		if (poll(polled, ELEMENTS(polled), -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			ssize_t n = polled[1 + i].revents ? take_output(collector, i, CHUNK) : 0;

			if (n < 0)
				return (int)n;
		}
		if (polled[3].revents & POLLERR)
			collector->feed = fd_close(collector->feed);
		else if (polled[3].revents || polled[4].revents)
			feed(collector);
		if (polled[0].revents)
			return 0;
	}
}

/* What lies in the pipes when the command has ended is the last of its output. */
static int drain(struct collector *collector)
{
	for (int i = 0; i < 2; i++) {
		int left = 0;

		if (collector->outputs[i] < 0 || ioctl(collector->outputs[i], FIONREAD, &left) < 0)
			continue;
		while (left > 0 && collector->outputs[i] >= 0) {
			ssize_t n = take_output(collector, i, (size_t)left);

			if (n <= 0)
				return (int)n;
			left -= (int)n;
		}
	}
	return 0;
}

/* `inside` gets the command's ends. */
static int open_streams(
	struct collector *collector, const struct exec_request *request, int *inside)
{
	inside[0] = request->stdio[0];
	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		collector->outputs[i] = ends[0];
		inside[1 + i] = ends[1];
	}
	if (collector->input >= 0) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		collector->feed = ends[1];
		inside[0] = ends[0];
		return fd_set_nonblock(collector->feed, 1);
	}
	return 0;
}

static int run(struct collector *collector, struct sandbox *sandbox,
	const struct exec_request *request, struct exec_result *ret_result,
	struct ward_error *error)
{
	struct exec_request own = *request;
	int r;

	own.stdio[1] = own.stdio[2] = -1;
	r = open_streams(collector, request, own.stdio);
	if (r < 0)
		error_set_errno(error, r, "the output can't be collected");
	else
		r = sandbox_exec(sandbox, &own, &collector->exec, error);
	fd_close(own.stdio[1]);
	fd_close(own.stdio[2]);
	if (own.stdio[0] != request->stdio[0])
		fd_close(own.stdio[0]);
	if (r < 0)
		return r;
	r = collect(collector);
	if (r == 0)
		r = drain(collector);
	if (r == -EFBIG) {
		error_set(error, r, "the command's output is longer than %zu MiB",
			collector->max >> 20);
		return error_hint(error, "let it write to a file or a pipe");
	}
	if (r < 0)
		return error_set_errno(error, r, "the output can't be collected");
	return exec_wait(collector->exec, ret_result, error);
}

int sandbox_collect(struct sandbox *sandbox, const struct exec_request *request, int input,
	size_t max, struct collected *ret_collected, struct ward_error *error)
{
	struct collector *collector = calloc(1, sizeof(*collector));
	struct collected collected = {0};
	int r;

	if (!collector)
		return error_set_errno(error, -ENOMEM, "the output can't be collected");
	collector->outputs[0] = collector->outputs[1] = collector->feed = -1;
	collector->input = input;
	collector->max = max;
	r = run(collector, sandbox, request, &collected.result, error);
	exec_free(collector->exec);
	fd_close(collector->feed);
	for (int i = 0; i < 2; i++) {
		fd_close(collector->outputs[i]);
		collected.size[i] = collector->output[i].size;
		collected.data[i] = strbuf_detach(&collector->output[i]);
		if (r >= 0 && !collected.data[i])
			r = error_set_errno(error, -ENOMEM, "the output can't be collected");
	}
	free(collector);
	if (r < 0) {
		collected_release(&collected);
		return r;
	}
	collected.refused = error && error->message[0];
	*ret_collected = collected;
	return 0;
}
