#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/event-loop.h"
#include "common/fd.h"

struct seen {
	struct event_loop *loop;
	struct event_source *other;
	int fd;
	int count;
	int signal;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void read_and_stop_at_three(void *data, uint32_t events)
{
	struct seen *seen = data;
	char c;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(seen->fd, &c, 1), 1);
	if (++seen->count == 3)
		event_loop_stop(seen->loop, 42);
}

static void descriptors_are_told_until_the_loop_is_stopped(void **state)
{
	_cleanup_(event_loop_freep) struct event_loop *loop = NULL;
	struct event_source *source;
	struct seen seen = {0};
	int ends[2];

	assert_int_equal(event_loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	seen = (struct seen){.loop = loop, .fd = ends[0]};
	assert_int_equal(
		event_loop_add_fd(loop, ends[0], EPOLLIN, read_and_stop_at_three, &seen, &source),
		0);
	assert_int_equal(fd_write_all(ends[1], "abcd", 4), 0);
	assert_int_equal(event_loop_run(loop), 42);
	assert_int_equal(seen.count, 3);
	assert_null(event_source_remove(source));
	close(ends[0]);
	close(ends[1]);
}

static void stop(void *data, uint32_t events)
{
	struct seen *seen = data;

	seen->count++;
	event_loop_stop(seen->loop, 1);
}

static void fail_if_called(void *data, uint32_t events)
{
	fail();
}

static void timers_come_once_and_in_time(void **state)
{
	_cleanup_(event_loop_freep) struct event_loop *loop = NULL;
	struct event_source *soon, *late, *removed;
	struct seen seen = {0};
	uint64_t begin = now_ms();

	assert_int_equal(event_loop_new(&loop), 0);
	seen.loop = loop;
	assert_int_equal(event_loop_add_timer(loop, 20, stop, &seen, &soon), 0);
	assert_int_equal(event_loop_add_timer(loop, 60000, fail_if_called, NULL, &late), 0);
	assert_int_equal(event_loop_add_timer(loop, 1, fail_if_called, NULL, &removed), 0);
	event_source_remove(removed);
	assert_int_equal(event_loop_run(loop), 1);
	assert_int_equal(seen.count, 1);
	assert_true(now_ms() - begin >= 19);
	assert_int_equal(event_loop_add_timer(loop, 0, stop, &seen, &removed), 0);
	assert_int_equal(event_loop_run(loop), 1);
	assert_int_equal(seen.count, 2);
}

static void remove_other_and_stop(void *data, uint32_t events)
{
	struct seen *seen = data;

	seen->count++;
	if (seen->other)
		seen->other = event_source_remove(seen->other);
	event_loop_stop(seen->loop, 0);
}

/* Both are ready in one batch; each removes the other. */
static void a_removed_source_is_silent_at_once(void **state)
{
	_cleanup_(event_loop_freep) struct event_loop *loop = NULL;
	struct event_source *a, *b, *timer;
	struct seen seen_a, seen_b;
	int ends[2];

	assert_int_equal(event_loop_new(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], "x", 1), 0);
	seen_a = seen_b = (struct seen){.loop = loop};
	assert_int_equal(
		event_loop_add_fd(loop, ends[0], EPOLLIN, remove_other_and_stop, &seen_a, &a), 0);
	assert_int_equal(
		event_loop_add_fd(loop, ends[1], EPOLLOUT, remove_other_and_stop, &seen_b, &b), 0);
	seen_a.other = b;
	seen_b.other = a;
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen_a.count + seen_b.count, 1);
	assert_int_equal(event_loop_add_timer(loop, 10, stop, &seen_a, &timer), 0);
	close(ends[0]);
	close(ends[1]);
}

static void note_signal(void *data, int signal)
{
	struct seen *seen = data;

	seen->signal = signal;
	event_loop_stop(seen->loop, 0);
}

static void signals_are_told(void **state)
{
	_cleanup_(event_loop_freep) struct event_loop *loop = NULL;
	struct event_source *source;
	struct seen seen = {0};
	sigset_t signals;

	assert_int_equal(event_loop_new(&loop), 0);
	seen.loop = loop;
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	assert_int_equal(event_loop_add_signals(loop, &signals, note_signal, &seen, &source), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(event_loop_run(loop), 0);
	assert_int_equal(seen.signal, SIGUSR1);
}

static void a_bad_descriptor_is_an_error(void **state)
{
	_cleanup_(event_loop_freep) struct event_loop *loop = NULL;
	struct event_source *source = NULL;

	assert_int_equal(event_loop_new(&loop), 0);
	assert_int_equal(
		event_loop_add_fd(loop, -1, EPOLLIN, fail_if_called, NULL, &source), -EBADF);
	assert_null(source);
	assert_null(event_loop_free(NULL));
	assert_null(event_source_remove(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_told_until_the_loop_is_stopped),
		cmocka_unit_test(timers_come_once_and_in_time),
		cmocka_unit_test(a_removed_source_is_silent_at_once),
		cmocka_unit_test(signals_are_told),
		cmocka_unit_test(a_bad_descriptor_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
