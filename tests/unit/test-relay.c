#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/relay.h"

/* A source and a sink of the flow, and the far ends of both. */
struct fixture {
	int feed, source;
	int sink, drain;
	struct flow flow;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int in[2], out[2];

	signal(SIGPIPE, SIG_IGN);
	if (!f || pipe2(in, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	*f = (struct fixture){.feed = in[1], .source = in[0], .sink = out[1], .drain = out[0]};
	*state = f;
	return flow_open(&f->flow, f->source, f->sink, "test");
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	flow_release(&f->flow);
	fd_close(f->feed);
	fd_close(f->source);
	fd_close(f->sink);
	fd_close(f->drain);
	free(f);
	return 0;
}

/* One turn of a poll loop; returns what poll(2) returned. */
static int turn(struct flow *flow)
{
	struct pollfd polls[2];
	int ready;

	flow_prepare(flow, polls);
	ready = poll(polls, 2, 0);
	flow_step(flow, polls);
	return ready;
}

static void bytes_arrive_and_the_end_too(void **state)
{
	struct fixture *f = *state;
	char got[16] = "";

	assert_int_equal(write(f->feed, "hello", 5), 5);
	turn(&f->flow);
	assert_int_equal(read(f->drain, got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_true(flow_active(&f->flow));
	assert_int_equal(turn(&f->flow), 0);
	f->feed = fd_close(f->feed);
	turn(&f->flow);
	assert_false(flow_active(&f->flow));
	assert_int_equal(f->flow.error, 0);
}

static void a_reader_that_stops_stops_the_flow(void **state)
{
	struct fixture *f = *state;
	static char block[4096];
	ssize_t taken = 0, n;

	/* Far more than both pipes and the buffer hold. */
	for (int i = 0; i < 1000; i++) {
		n = write(f->feed, block, sizeof(block));
		if (n > 0)
			taken += n;
		turn(&f->flow);
	}
	assert_true(taken <= 2 * 65536 + FLOW_BUFFER_SIZE);
	assert_true(flow_active(&f->flow));
	/* And it moves again. */
	while (read(f->drain, block, sizeof(block)) > 0)
		;
	assert_true(turn(&f->flow) > 0);
	assert_true(read(f->drain, block, sizeof(block)) > 0);
}

static void a_reader_that_goes_ends_the_flow(void **state)
{
	struct fixture *f = *state;

	f->drain = fd_close(f->drain);
	turn(&f->flow);
	assert_false(flow_active(&f->flow));
	assert_int_equal(f->flow.error, -EPIPE);
}

static void a_held_flow_reads_nothing(void **state)
{
	struct fixture *f = *state;
	char c;

	assert_int_equal(write(f->feed, "x", 1), 1);
	f->flow.held = true;
	turn(&f->flow);
	assert_int_equal(read(f->drain, &c, 1), -1);
	f->flow.held = false;
	turn(&f->flow);
	assert_int_equal(read(f->drain, &c, 1), 1);
}

static void what_nobody_read_is_counted(void **state)
{
	struct fixture *f = *state;
	int file = memfd_create("test", MFD_CLOEXEC);
	static char block[300 * 1024];
	char got[1000];

	assert_int_equal(write(file, block, sizeof(block)), (ssize_t)sizeof(block));
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	flow_release(&f->flow);
	assert_int_equal(flow_open(&f->flow, file, f->sink, "test"), 0);
	for (int i = 0; i < 10; i++)
		turn(&f->flow);
	assert_int_equal(read(f->drain, got, sizeof(got)), (ssize_t)sizeof(got));
	/* Seen from either end of the pipe. */
	assert_int_equal(
		lseek(file, 0, SEEK_CUR) - (off_t)flow_unread(&f->flow, f->sink), sizeof(got));
	assert_int_equal(
		lseek(file, 0, SEEK_CUR) - (off_t)flow_unread(&f->flow, f->drain), sizeof(got));
	close(file);
}

static void an_error_of_the_sink_is_kept(void **state)
{
	struct fixture *f = *state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	flow_release(&f->flow);
	assert_int_equal(flow_open(&f->flow, f->source, full, "test"), 0);
	assert_int_equal(write(f->feed, "x", 1), 1);
	turn(&f->flow);
	assert_false(flow_active(&f->flow));
	assert_int_equal(f->flow.error, -ENOSPC);
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_arrive_and_the_end_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_reader_that_stops_stops_the_flow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_reader_that_goes_ends_the_flow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_held_flow_reads_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_read_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_error_of_the_sink_is_kept, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
