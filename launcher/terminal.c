#include "launcher/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/fd.h"

struct terminal {
	int input;  /* the user's terminal as it gives keys, or -1 */
	int output; /* the same, or another, as it shows */
	int master;
	int slave;
	bool interactive;
	bool suspendable;
	bool raw;
	bool suspend_wanted;
	bool copy_again; /* started in the background: the modes found then were somebody else's */
	struct termios saved;
	struct flow keys;
	struct flow display;
};

/*
 * Another open file description of the terminal behind `fd`, so that O_NONBLOCK is ours alone: the
 * shell that started us shares the old one. Where it can't be opened again (after su, say), a copy
 * of the descriptor has to do, and a stopped terminal then stops us too.
 */
static int reopen_terminal(int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again < 0)
		again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return again < 0 ? -errno : again;
}

static int open_pair(struct terminal *terminal)
{
	int unlock = 0;

	terminal->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (terminal->master < 0)
		return -errno;
	if (ioctl(terminal->master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	/* By the master, not by name: /dev/pts may be another instance of devpts. */
	terminal->slave = ioctl(terminal->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return terminal->slave < 0 ? -errno : 0;
}

/*
 * The modes are those of the user's terminal. In a pipeline that one keeps its modes, and echoes
 * and ends lines by itself, so the command's must not do it once more.
 */
static int copy_modes(struct terminal *terminal)
{
	struct termios modes;

	if (tcgetattr(terminal->output, &terminal->saved) < 0)
		return -errno;
	modes = terminal->saved;
	if (!terminal->interactive) {
		modes.c_oflag &= ~(tcflag_t)OPOST;
		modes.c_lflag &= ~(tcflag_t)ECHO;
	}
	if (tcsetattr(terminal->slave, TCSANOW, &modes) < 0)
		return -errno;
	terminal_resize(terminal);
	return 0;
}

static bool in_foreground(const struct terminal *terminal)
{
	pid_t group = tcgetpgrp(terminal->input >= 0 ? terminal->input : terminal->output);

	/* Not our controlling terminal: there is no job control to mind. */
	return group < 0 || group == getpgrp();
}

/*
 * True where the suspend key stops the command as a whole: its session has one job in the
 * foreground, the command itself, and it reads lines. A shell with job control makes groups of its
 * own, and an editor reads single keys: both want the key themselves.
 */
static bool suspends_command(const struct terminal *terminal, const struct termios *modes)
{
	pid_t group = tcgetpgrp(terminal->master);
	pid_t session = tcgetsid(terminal->master);

	return terminal->suspendable && (modes->c_lflag & ISIG) && (modes->c_lflag & ICANON) &&
	       group > 0 && group == session;
}

static ssize_t take_suspend_key(struct terminal *terminal, char *data, ssize_t size)
{
	struct termios modes;
	char *key;

	if (tcgetattr(terminal->master, &modes) < 0 || modes.c_cc[VSUSP] == (cc_t)_POSIX_VDISABLE)
		return size;
	key = memchr(data, modes.c_cc[VSUSP], (size_t)size);
	if (!key || !suspends_command(terminal, &modes))
		return size;
	terminal->suspend_wanted = true;
	memmove(key, key + 1, (size_t)(data + size - key - 1));
	return size > 1 ? size - 1 : -EAGAIN;
}

/* The end-of-file key reads as nothing at all where the user's terminal reads lines. */
static ssize_t end_of_file_key(struct terminal *terminal, char *data)
{
	struct termios modes;

	if (terminal->raw || tcgetattr(terminal->input, &modes) < 0)
		return 0;
	if (tcgetattr(terminal->master, &modes) < 0)
		return 0;
	data[0] = (char)modes.c_cc[VEOF];
	return 1;
}

static ssize_t read_keys(struct flow *flow, void *data, size_t size)
{
	struct terminal *terminal = flow->context;
	ssize_t n;

	terminal_update(terminal);
	if (flow->held)
		return -EAGAIN;
	n = read(flow->source, data, size);
	if (n < 0 && errno == EIO && !in_foreground(terminal))
		return -EAGAIN;
	if (n < 0)
		return -errno;
	if (n == 0)
		return end_of_file_key(terminal, data);
	return terminal->raw ? take_suspend_key(terminal, data, n) : n;
}

static int open_flows(struct terminal *terminal)
{
	int r = flow_open(&terminal->display, terminal->master, terminal->output, "the terminal");

	if (r < 0 || terminal->input < 0)
		return r;
	r = flow_open(&terminal->keys, terminal->input, terminal->master, "the terminal");
	terminal->keys.read_source = read_keys;
	terminal->keys.context = terminal;
	return r;
}

static int open_all(struct terminal *terminal, int input, int output)
{
	int r;

	if (input >= 0) {
		terminal->input = r = reopen_terminal(input);
		if (r < 0)
			return r;
	}
	terminal->output = r = reopen_terminal(output >= 0 ? output : input);
	if (r < 0)
		return r;
	r = open_pair(terminal);
	if (r == 0)
		r = copy_modes(terminal);
	if (r < 0)
		return r;
	terminal->copy_again = !in_foreground(terminal);
	terminal_resize(terminal);
	return open_flows(terminal);
}

int terminal_open(int input, int output, bool interactive, bool suspendable,
	struct terminal **ret_terminal, struct ward_error *error)
{
	_cleanup_(terminal_freep) struct terminal *terminal = malloc(sizeof(*terminal));
	int r;

	if (!terminal)
		return error_set(error, -ENOMEM, "out of memory");
	*terminal = (struct terminal){
		.input = -1,
		.output = -1,
		.master = -1,
		.slave = -1,
		.interactive = interactive,
		.suspendable = suspendable,
		.keys = FLOW_NONE,
		.display = FLOW_NONE,
	};
	r = open_all(terminal, input, output);
	if (r < 0) {
		error_set_errno(error, r, "no pseudo-terminal can be made for the command");
		return error_hint(error, "see that /dev/ptmx and /dev/pts are there, or redirect");
	}
	*ret_terminal = TAKE_PTR(terminal);
	return 0;
}

struct terminal *terminal_free(struct terminal *terminal)
{
	if (!terminal)
		return NULL;
	terminal_restore(terminal);
	flow_release(&terminal->keys);
	flow_release(&terminal->display);
	fd_close(terminal->slave);
	fd_close(terminal->master);
	fd_close(terminal->output);
	fd_close(terminal->input);
	free(terminal);
	return NULL;
}

int terminal_inside(const struct terminal *terminal)
{
	return terminal->slave;
}

void terminal_close_inside(struct terminal *terminal)
{
	terminal->slave = fd_close(terminal->slave);
	terminal->keys.held = true;
}

struct flow *terminal_keys(struct terminal *terminal)
{
	return &terminal->keys;
}

struct flow *terminal_display(struct terminal *terminal)
{
	return &terminal->display;
}

static void take_raw(struct terminal *terminal)
{
	struct termios modes;

	if (tcgetattr(terminal->input, &terminal->saved) < 0)
		return;
	if (terminal->copy_again && copy_modes(terminal) == 0)
		terminal->copy_again = false;
	modes = terminal->saved;
	cfmakeraw(&modes);
	if (tcsetattr(terminal->input, TCSANOW, &modes) == 0)
		terminal->raw = true;
}

/* In a pipeline: may we read, or has another program switched the terminal to single keys? */
static bool lines_are_read(const struct terminal *terminal)
{
	struct termios modes;

	return tcgetattr(terminal->input, &modes) < 0 || (modes.c_lflag & ICANON);
}

bool terminal_update(struct terminal *terminal)
{
	if (terminal->input < 0 || !flow_active(&terminal->keys))
		return false;
	if (!in_foreground(terminal)) {
		/* Whoever is there now has set the modes it wants. */
		terminal->raw = false;
		terminal->keys.held = true;
		return true;
	}
	if (terminal->interactive) {
		if (!terminal->raw)
			take_raw(terminal);
		terminal->keys.held = false;
		return false;
	}
	terminal->keys.held = !lines_are_read(terminal);
	return terminal->keys.held;
}

void terminal_restore(struct terminal *terminal)
{
	int saved = errno;

	if (terminal->raw && in_foreground(terminal))
		tcsetattr(terminal->input, TCSANOW, &terminal->saved);
	terminal->raw = false;
	errno = saved;
}

void terminal_resize(struct terminal *terminal)
{
	struct winsize size;

	if (ioctl(terminal->output, TIOCGWINSZ, &size) == 0)
		ioctl(terminal->master, TIOCSWINSZ, &size);
}

bool terminal_take_suspend(struct terminal *terminal)
{
	bool wanted = terminal->suspend_wanted;

	terminal->suspend_wanted = false;
	return wanted;
}
