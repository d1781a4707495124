#include "tests/unit/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "launcher/stdio.h"

static int open_regular(void)
{
	return memfd_create("test", MFD_CLOEXEC);
}

static int open_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int open_zero(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int open_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	return ends[0];
}

static int open_unix_stream(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	close(ends[1]);
	return ends[0];
}

static int open_unix_datagram(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
	close(ends[1]);
	return ends[0];
}

static int open_unix_unconnected(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The other side of open_tcp(): open to the end, so that the connection lives. */
static int listener = -1;

static int open_tcp(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
	return client;
}

static int open_terminal(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0);
	return master;
}

static int open_event(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static void streams_are_told_apart(void **state)
{
	static const struct {
		const char *what;
		int (*open)(void);
		int result;
		enum stdio_kind kind;
	} table[] = {
		{"regular file", open_regular, 0, STDIO_CARRIED},
		{"/dev/null", open_null, 0, STDIO_PASSED},
		{"/dev/zero", open_zero, 0, STDIO_CARRIED},
		{"directory", open_directory, -EINVAL, 0},
		{"pipe", open_pipe, 0, STDIO_PASSED},
		{"unix stream", open_unix_stream, 0, STDIO_PASSED},
		{"unix datagram", open_unix_datagram, 0, STDIO_CARRIED},
		{"unconnected unix", open_unix_unconnected, 0, STDIO_CARRIED},
		{"tcp", open_tcp, 0, STDIO_CARRIED},
		{"terminal", open_terminal, 0, STDIO_TERMINAL},
		{"eventfd", open_event, -EINVAL, 0},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(fd_closep) int fd = table[i].open();
		enum stdio_kind kind = STDIO_PASSED;
		struct ward_error error = {0};

		if (stdio_classify(fd, &kind, &error) != table[i].result)
			fail_msg("%s: %s", table[i].what, error.message);
		if (table[i].result == 0 && kind != table[i].kind)
			fail_msg("%s is of kind %d", table[i].what, (int)kind);
		if (table[i].result < 0)
			assert_true(error.message[0] && error.hint[0]);
	}
	listener = fd_close(listener);
}

static void closed_streams_are_no_gaps(void **state)
{
	int saved = fcntl(0, F_DUPFD_CLOEXEC, 10);
	char c;

	close(0);
	stdio_fill_gaps();
	assert_true(fcntl(0, F_GETFD) >= 0);
	assert_int_equal(read(0, &c, 1), -1);
	assert_int_equal(errno, EBADF);
	dup2(saved, 0);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_told_apart),
		cmocka_unit_test(closed_streams_are_no_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
