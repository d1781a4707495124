#include "launcher/relay.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int flow_open(struct flow *flow, int source, int sink, const char *name)
{
	char *buffer = malloc(FLOW_BUFFER_SIZE);

	if (!buffer)
		return -ENOMEM;
	*flow = (struct flow){.source = source, .sink = sink, .name = name, .buffer = buffer};
	return 0;
}

void flow_release(struct flow *flow)
{
	freep(&flow->buffer);
	*flow = (struct flow)FLOW_NONE;
}

bool flow_active(const struct flow *flow)
{
	return flow->source >= 0 && !flow->finished;
}

void flow_prepare(const struct flow *flow, struct pollfd polls[2])
{
	bool full = flow->begin < flow->end;

	polls[0] = (struct pollfd){.fd = -1};
	polls[1] = (struct pollfd){.fd = -1};
	if (!flow_active(flow))
		return;
	if (!full && !flow->held && !flow->ended)
		polls[0] = (struct pollfd){.fd = flow->source, .events = POLLIN};
	/* Without events a sink is still watched for POLLERR: its reader may go while we wait. */
	polls[1] = (struct pollfd){.fd = flow->sink, .events = full ? POLLOUT : 0};
}

static void finish(struct flow *flow, int error)
{
	flow->finished = true;
	flow->error = error;
}

static void fill(struct flow *flow)
{
	size_t size = FLOW_BUFFER_SIZE;
	ssize_t n;

	if (flow->limited && flow->limit < size)
		size = flow->limit;
	if (flow->read_source) {
		n = flow->read_source(flow, flow->buffer, size);
	} else {
		n = read(flow->source, flow->buffer, size);
		if (n < 0)
			n = -errno;
	}
	if (n == -EAGAIN || n == -EINTR)
		return;
	/* The master of a pseudo-terminal says EIO once nobody has the other side. */
	if (n == 0 || n == -EIO) {
		flow->ended = true;
		return;
	}
	if (n < 0) {
		finish(flow, (int)n);
		return;
	}
	flow->begin = 0;
	flow->end = (size_t)n;
	if (flow->limited) {
		flow->limit -= (size_t)n;
		flow->ended = flow->limit == 0;
	}
}

/* A socket is shared with its other holders: it must not be made non-blocking for our sake. */
static ssize_t write_some(int fd, const char *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK)
		n = write(fd, data, size);
	return n < 0 ? -errno : n;
}

static void empty(struct flow *flow)
{
	while (flow->begin < flow->end) {
		ssize_t n = write_some(
			flow->sink, flow->buffer + flow->begin, flow->end - flow->begin);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			finish(flow, (int)n);
			return;
		}
		flow->begin += (size_t)n;
	}
}

void flow_step(struct flow *flow, const struct pollfd polls[2])
{
	if (!flow_active(flow))
		return;
	if (polls[0].revents)
		fill(flow);
	if (flow_active(flow) && flow->begin < flow->end)
		empty(flow);
	if (!flow_active(flow))
		return;
	if (flow->begin == flow->end && (polls[1].revents & POLLERR))
		finish(flow, -EPIPE);
	else if (flow->begin == flow->end && flow->ended)
		finish(flow, 0);
}

void flow_settle(struct flow *flow)
{
	int in_pipe = 0;

	if (!flow_active(flow) || flow->ended)
		return;
	if (ioctl(flow->source, FIONREAD, &in_pipe) < 0)
		in_pipe = 0;
	flow->limited = true;
	flow->limit = (size_t)in_pipe;
	flow->ended = in_pipe == 0;
	if (flow->ended && flow->begin == flow->end)
		finish(flow, 0);
}

size_t flow_unread(const struct flow *flow, int pipe_end)
{
	int in_pipe = 0;

	if (ioctl(pipe_end, FIONREAD, &in_pipe) < 0)
		in_pipe = 0;
	return (size_t)in_pipe + (flow->end - flow->begin);
}
