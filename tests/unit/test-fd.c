#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void closing_keeps_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	errno = ENOTDIR;
	assert_int_equal(fd_close(fd), -1);
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_false(is_open(fd));
}

static void whole_files_are_read_up_to_a_limit(void **state)
{
	static const struct {
		size_t size, max;
		int result;
	} table[] = {{0, 10, 0}, {10, 10, 0}, {11, 10, -EFBIG}, {4096, 4096, 0},
		{100000, 1 << 20, 0}, {100000, 99999, -EFBIG}};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(fd_closep) int fd = memfd_create("test", MFD_CLOEXEC);
		_cleanup_(freep) char *pattern = malloc(table[i].size + 1);
		_cleanup_(freep) char *data = NULL;
		size_t size = 12345;

		memset(pattern, 'x', table[i].size);
		assert_int_equal(fd_write_all(fd, pattern, table[i].size), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(fd_read_file(fd, table[i].max, &data, &size), table[i].result);
		if (table[i].result < 0) {
			assert_null(data);
			assert_int_equal(size, 12345);
			continue;
		}
		assert_int_equal(size, table[i].size);
		assert_memory_equal(data, pattern, size);
		assert_int_equal(data[size], '\0');
	}
}

static void flags_are_set_and_cleared(void **state)
{
	_cleanup_(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(fd_set_cloexec(fd, 0), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(fd_set_cloexec(fd, 1), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_set_nonblock(fd, 1), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fd_set_nonblock(fd, 0), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fd_set_cloexec(-1, 1), -EBADF);
}

/* In a child, so that the test's own descriptors survive. */
static void only_kept_descriptors_stay_open(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		const int keep[] = {100, 200};

		for (int fd = 100; fd <= 300; fd += 50)
			dup2(STDERR_FILENO, fd);
		if (fd_close_from(3, keep, ELEMENTS(keep)) < 0)
			_exit(1);
		if (!is_open(100) || !is_open(200) || !is_open(2))
			_exit(2);
		if (is_open(150) || is_open(250) || is_open(300) || is_open(3))
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void descriptors_travel_with_a_message(void **state)
{
	int pair[2], sent[2], got[FD_MAX_PASSED];
	size_t count = FD_MAX_PASSED;
	char text[16];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(sent, O_CLOEXEC), 0);
	assert_int_equal(fd_send(pair[0], "hello", 5, sent, 2), 0);
	n = fd_receive(pair[1], text, sizeof(text), got, &count);
	assert_int_equal(n, 5);
	assert_int_equal(count, 2);
	assert_memory_equal(text, "hello", 5);
	assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_write_all(got[1], "x", 1), 0);
	assert_int_equal(fd_read_full(sent[0], text, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(sent[i]);
		close(got[i]);
		close(pair[i]);
	}
}

static void unwanted_descriptors_are_refused_and_closed(void **state)
{
	int pair[2], one = -1;
	const int sent[3] = {0, 1, 2};
	size_t count = 1;
	int before, after;
	char text[16];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	before = dup(0);
	close(before);
	assert_int_equal(fd_send(pair[0], "x", 1, sent, 3), 0);
	assert_int_equal(fd_receive(pair[1], text, sizeof(text), &one, &count), -EMSGSIZE);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	close(pair[0]);
	close(pair[1]);
}

static void truncated_messages_are_refused(void **state)
{
	char big[100] = {0}, small[10];
	size_t count = 0;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], big, sizeof(big), NULL, 0), 0);
	assert_int_equal(fd_receive(pair[1], small, sizeof(small), NULL, &count), -EMSGSIZE);
	close(pair[0]);
	assert_int_equal(fd_receive(pair[1], small, sizeof(small), NULL, &count), 0);
	assert_int_equal(fd_send(pair[1], big, sizeof(big), NULL, 0), -EPIPE);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closing_keeps_errno),
		cmocka_unit_test(whole_files_are_read_up_to_a_limit),
		cmocka_unit_test(flags_are_set_and_cleared),
		cmocka_unit_test(only_kept_descriptors_stay_open),
		cmocka_unit_test(descriptors_travel_with_a_message),
		cmocka_unit_test(unwanted_descriptors_are_refused_and_closed),
		cmocka_unit_test(truncated_messages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
