#include "runtime/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json.h"

enum { NAME_SIZE = 64 };

static void make_name(char name[static NAME_SIZE], const char *id, const char *suffix)
{
	snprintf(name, NAME_SIZE, "%s%s", id, suffix);
}

int journal_append(int records, const char *id, const char *lines, size_t size)
{
	_cleanup_(fd_closep) int fd = -1;
	char name[NAME_SIZE], older[NAME_SIZE];
	struct stat stat;

	make_name(name, id, ".log");
	make_name(older, id, ".log.1");
	fd = openat(records, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_size > 0 && stat.st_size + (off_t)size > JOURNAL_SIZE) {
		if (renameat(records, name, records, older) < 0)
			return -errno;
		fd = fd_close(fd);
		fd = openat(records, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			0600);
		if (fd < 0)
			return -errno;
	}
	return fd_write_all(fd, lines, size);
}

static int format(const char *event, const char *reason, char **ret_line)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	struct timespec now;
	int r = json_writer_new(&writer);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	json_begin_object(writer, NULL);
	json_add_string(writer, "event", event);
	json_add_integer(writer, "time_ms", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	if (reason)
		json_add_string(writer, "reason", reason);
	json_end(writer);
	return json_format_line(writer, ret_line);
}

void journal_event(int records, const char *id, const char *event, const char *reason)
{
	_cleanup_(freep) char *line = NULL;

	if (format(event, reason, &line) == 0)
		journal_append(records, id, line, strlen(line));
}

static int open_one(int records, const char *id, const char *suffix, int *ret_fd)
{
	char name[NAME_SIZE];
	int fd;

	make_name(name, id, suffix);
	fd = openat(records, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int journal_open(int records, const char *id, int *ret_fd)
{
	return open_one(records, id, ".log", ret_fd);
}

int journal_open_older(int records, const char *id, int *ret_fd)
{
	return open_one(records, id, ".log.1", ret_fd);
}
