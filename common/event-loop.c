#include "common/event-loop.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/fd.h"

enum { EVENTS_AT_ONCE = 16 };

struct event_source {
	struct event_loop *loop;
	struct event_source *next; /* of all sources, or of the removed ones */
	int fd;
	int owned_fd; /* a timerfd or signalfd, or -1 */
	event_handler handler;
	signal_handler on_signal;
	void *data;
	bool removed;
	bool is_timer;
};

/*
 * A removed source may still be named by events of the batch that is being handled, so its memory
 * is freed only between batches.
 */
struct event_loop {
	int epoll_fd;
	bool stopped;
	int result;
	struct event_source *sources;
	struct event_source *removed;
};

int event_loop_new(struct event_loop **ret_loop)
{
	_cleanup_(freep) struct event_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	*ret_loop = TAKE_PTR(loop);
	return 0;
}

static void free_removed(struct event_loop *loop)
{
	while (loop->removed) {
		struct event_source *source = loop->removed;

		loop->removed = source->next;
		free(source);
	}
}

struct event_loop *event_loop_free(struct event_loop *loop)
{
	if (!loop)
		return NULL;
	while (loop->sources)
		event_source_remove(loop->sources);
	free_removed(loop);
	fd_close(loop->epoll_fd);
	free(loop);
	return NULL;
}

static int add_source(struct event_loop *loop, const struct event_source *wanted, uint32_t events,
	struct event_source **ret_source)
{
	_cleanup_(freep) struct event_source *source = malloc(sizeof(*source));
	struct epoll_event event = {.events = events};

	if (!source)
		return -ENOMEM;
	*source = *wanted;
	source->loop = loop;
	event.data.ptr = source;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return -errno;
	source->next = loop->sources;
	loop->sources = source;
	*ret_source = TAKE_PTR(source);
	return 0;
}

int event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_handler handler,
	void *data, struct event_source **ret_source)
{
	struct event_source source = {.fd = fd, .owned_fd = -1, .handler = handler, .data = data};

	return add_source(loop, &source, events, ret_source);
}

int event_loop_add_timer(struct event_loop *loop, uint64_t milliseconds, event_handler handler,
	void *data, struct event_source **ret_source)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(milliseconds / 1000),
					  .tv_nsec = (long)(milliseconds % 1000) * 1000000}};
	_cleanup_(fd_closep) int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	struct event_source source = {
		.fd = fd, .owned_fd = fd, .handler = handler, .data = data, .is_timer = true};
	int r;

	if (fd < 0)
		return -errno;
	if (milliseconds == 0)
		when.it_value.tv_nsec = 1;
	if (timerfd_settime(fd, 0, &when, NULL) < 0)
		return -errno;
	r = add_source(loop, &source, EPOLLIN, ret_source);
	if (r == 0)
		TAKE_FD(fd);
	return r;
}

int event_loop_add_signals(struct event_loop *loop, const sigset_t *signals, signal_handler handler,
	void *data, struct event_source **ret_source)
{
	_cleanup_(fd_closep) int fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	struct event_source source = {.fd = fd, .owned_fd = fd, .on_signal = handler, .data = data};
	int r;

	if (fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, signals, NULL) < 0)
		return -errno;
	r = add_source(loop, &source, EPOLLIN, ret_source);
	if (r == 0)
		TAKE_FD(fd);
	return r;
}

struct event_source *event_source_remove(struct event_source *source)
{
	struct event_source **link;

	if (!source || source->removed)
		return NULL;
	for (link = &source->loop->sources; *link != source; link = &(*link)->next)
		;
	*link = source->next;
	epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->owned_fd = fd_close(source->owned_fd);
	source->removed = true;
	source->next = source->loop->removed;
	source->loop->removed = source;
	return NULL;
}

static void handle_signals(struct event_source *source)
{
	struct signalfd_siginfo info;

	while (!source->removed && read(source->fd, &info, sizeof(info)) == sizeof(info))
		source->on_signal(source->data, (int)info.ssi_signo);
}

static void handle_event(const struct epoll_event *event)
{
	struct event_source *source = event->data.ptr;
	uint64_t expirations;

	if (source->removed)
		return;
	if (source->on_signal) {
		handle_signals(source);
		return;
	}
	if (source->is_timer && read(source->fd, &expirations, sizeof(expirations)) < 0)
		return;
	source->handler(source->data, source->is_timer ? 0 : event->events);
}

int event_loop_run(struct event_loop *loop)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	loop->stopped = false;
	while (!loop->stopped) {
		int n = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !loop->stopped; i++)
			handle_event(&events[i]);
		free_removed(loop);
	}
	return loop->result;
}

void event_loop_stop(struct event_loop *loop, int result)
{
	loop->stopped = true;
	loop->result = result;
}
