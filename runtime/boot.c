#include "runtime/boot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "common/fd.h"

static int read_text(const char *path, char *text, size_t size)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fd_read_full(fd, text, size - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return 0;
}

int boot_id_read(char **id)
{
	char text[64];
	char *copy;
	int r = read_text("/proc/sys/kernel/random/boot_id", text, sizeof(text));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*id);
	*id = copy;
	return 0;
}

/* The state is the first field after the command's closing parenthesis, the start the twentieth. */
int64_t process_start_time(pid_t pid)
{
	int64_t start = 0;
	char text[1024];
	const char *field;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	if (read_text(text, text, sizeof(text)) < 0)
		return 0;
	field = strrchr(text, ')');
	if (!field || strncmp(field, ") Z", 3) == 0)
		return 0;
	for (int i = 0; field && i < 20; i++)
		field = strchr(field + 1, ' ');
	return field && sscanf(field, "%" SCNd64, &start) == 1 ? start : 0;
}
