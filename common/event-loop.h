/*
 * A single-threaded event loop over epoll(7): descriptors, timers and signals.
 *
 * A handler may remove any source, its own included, while events are being handled; a removed
 * source's handler is not called again. Everything returns 0 or a negative errno. Not thread-safe:
 * a loop belongs to one thread.
 */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "common/cleanup.h"

struct event_loop;
struct event_source;

/* `events` are epoll's bits; 0 for timers and signals. */
typedef void (*event_handler)(void *data, uint32_t events);

/* `signal` came; blocked signals that came several times may be told once. */
typedef void (*signal_handler)(void *data, int signal);

int event_loop_new(struct event_loop **ret_loop);
struct event_loop *event_loop_free(struct event_loop *loop);
DEFINE_CLEANUP(struct event_loop *, event_loop_free)

/* Watches `fd`, which stays the caller's and must outlive the source. EPOLLERR and EPOLLHUP always
 * count. A pidfd polls EPOLLIN when its process has ended. */
int event_loop_add_fd(struct event_loop *loop, int fd, uint32_t events, event_handler handler,
	void *data, struct event_source **ret_source);

/* Calls `handler` once, `milliseconds` from now (CLOCK_BOOTTIME: a suspended machine's time
 * counts). The source stays until it is removed. */
int event_loop_add_timer(struct event_loop *loop, uint64_t milliseconds, event_handler handler,
	void *data, struct event_source **ret_source);

/* Blocks `signals` in the calling thread and tells of them. */
int event_loop_add_signals(struct event_loop *loop, const sigset_t *signals, signal_handler handler,
	void *data, struct event_source **ret_source);

/* Stops watching; closes what the loop opened itself. Returns NULL. */
struct event_source *event_source_remove(struct event_source *source);

/* Handles events until event_loop_stop(). Returns what that was given. */
int event_loop_run(struct event_loop *loop);

/* Makes event_loop_run() return `result` after the handler that runs now. The last call counts. */
void event_loop_stop(struct event_loop *loop, int result);
