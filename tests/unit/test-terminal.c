#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/terminal.h"

/* The user's terminal: a pseudo-terminal of the test's, whose other side is the user. */
struct fixture {
	int user;
	int tty;
	struct terminal *terminal;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct winsize size = {.ws_row = 33, .ws_col = 77};
	int unlock = 0;

	if (!f)
		return -1;
	f->user = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (f->user < 0 || ioctl(f->user, TIOCSPTLCK, &unlock) < 0)
		return -1;
	f->tty = ioctl(f->user, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	*state = f;
	return f->tty < 0 ? -1 : ioctl(f->user, TIOCSWINSZ, &size);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	terminal_free(f->terminal);
	fd_close(f->tty);
	fd_close(f->user);
	free(f);
	return 0;
}

static bool is_raw(int fd)
{
	struct termios modes;

	assert_int_equal(tcgetattr(fd, &modes), 0);
	return !(modes.c_lflag & (ICANON | ECHO | ISIG));
}

/* Some turns of a poll loop. */
static void turn(struct terminal *terminal)
{
	for (int i = 0; i < 4; i++) {
		struct pollfd polls[4];

		flow_prepare(terminal_keys(terminal), &polls[0]);
		flow_prepare(terminal_display(terminal), &polls[2]);
		poll(polls, 4, 20);
		flow_step(terminal_keys(terminal), &polls[0]);
		flow_step(terminal_display(terminal), &polls[2]);
	}
}

static void assert_reads(int fd, const char *wanted)
{
	char got[256] = "";
	ssize_t n = read(fd, got, sizeof(got) - 1);

	assert_true(n >= 0);
	assert_string_equal(got, wanted);
}

static void the_command_gets_one_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct winsize size;

	assert_int_equal(terminal_open(f->tty, f->tty, true, false, &f->terminal, NULL), 0);
	assert_true(isatty(terminal_inside(f->terminal)));
	assert_int_equal(ioctl(terminal_inside(f->terminal), TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 33);
	assert_int_equal(size.ws_col, 77);
	size.ws_row = 12;
	assert_int_equal(ioctl(f->user, TIOCSWINSZ, &size), 0);
	terminal_resize(f->terminal);
	assert_int_equal(ioctl(terminal_inside(f->terminal), TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 12);
}

static void the_users_is_raw_and_given_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(terminal_open(f->tty, f->tty, true, false, &f->terminal, NULL), 0);
	assert_false(is_raw(f->tty));
	assert_false(terminal_update(f->terminal));
	assert_true(is_raw(f->tty));
	assert_false(is_raw(terminal_inside(f->terminal)));
	terminal_restore(f->terminal);
	assert_false(is_raw(f->tty));
	terminal_update(f->terminal);
	f->terminal = terminal_free(f->terminal);
	assert_false(is_raw(f->tty));
}

static void keys_and_output_pass(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(terminal_open(f->tty, f->tty, true, false, &f->terminal, NULL), 0);
	terminal_update(f->terminal);
	assert_int_equal(write(f->user, "keys\r", 5), 5);
	turn(f->terminal);
	assert_reads(terminal_inside(f->terminal), "keys\n");
	assert_reads(f->user, "keys\r\n"); /* the echo */
	assert_int_equal(write(terminal_inside(f->terminal), "out\n", 4), 4);
	turn(f->terminal);
	assert_reads(f->user, "out\r\n");
}

static void a_pipeline_keeps_its_terminal(void **state)
{
	struct fixture *f = *state;
	struct termios modes;

	assert_int_equal(terminal_open(f->tty, -1, false, false, &f->terminal, NULL), 0);
	assert_false(terminal_update(f->terminal));
	assert_false(is_raw(f->tty));
	assert_int_equal(write(f->user, "line\n", 5), 5);
	turn(f->terminal);
	assert_reads(terminal_inside(f->terminal), "line\n");
	assert_reads(f->user, "line\r\n"); /* echoed once, by the user's own */
	/* Another program reads single keys: they are its. */
	assert_int_equal(tcgetattr(f->tty, &modes), 0);
	modes.c_lflag &= ~(tcflag_t)ICANON;
	assert_int_equal(tcsetattr(f->tty, TCSANOW, &modes), 0);
	assert_true(terminal_update(f->terminal));
	assert_true(terminal_keys(f->terminal)->held);
	modes.c_lflag |= ICANON;
	assert_int_equal(tcsetattr(f->tty, TCSANOW, &modes), 0);
	assert_false(terminal_update(f->terminal));
	assert_false(terminal_keys(f->terminal)->held);
}

static void keys_after_the_end_are_left(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(terminal_open(f->tty, f->tty, true, false, &f->terminal, NULL), 0);
	terminal_update(f->terminal);
	terminal_close_inside(f->terminal);
	assert_int_equal(write(f->user, "next\n", 5), 5);
	turn(f->terminal);
	f->terminal = terminal_free(f->terminal);
	assert_int_equal(fd_set_nonblock(f->tty, 1), 0);

	assert_reads(f->tty, "next\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_command_gets_one_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_users_is_raw_and_given_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_and_output_pass, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pipeline_keeps_its_terminal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_after_the_end_are_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
