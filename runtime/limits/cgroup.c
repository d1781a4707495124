#include "runtime/limits/cgroup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

int cgroup_write(int group_fd, const char *file, const char *text)
{
	_cleanup_(fd_closep) int fd = openat(group_fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int cgroup_read(int group_fd, const char *file, char *text, size_t size)
{
	_cleanup_(fd_closep) int fd = openat(group_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, text, size - 1);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return 0;
}

int cgroup_apply(int group_fd, const struct cgroup_version *version, unsigned controllers,
	const struct resources *resources, bool has_swap, const char **ret_file)
{
	for (const struct cgroup_setting *s = version->settings; s->file; s++) {
		char text[64];
		int r;

		if (!(controllers & CONTROLLER_BIT(s->controller)) ||
			!s->value(resources, text, sizeof(text)))
			continue;
		r = cgroup_write(group_fd, s->file, text);
		if (r == 0 || s->need == SETTING_OPTIONAL)
			continue;
		*ret_file = s->file;
		if (r != -ENOENT || s->need != SETTING_NEEDED_WITH_SWAP)
			return r;
		if (has_swap)
			return -ENOTSUP;
	}
	return 0;
}
