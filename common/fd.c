#include "common/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_read_file(int fd, size_t max, char **ret_data, size_t *ret_size)
{
	_cleanup_(freep) char *data = NULL;
	size_t capacity = 4096;
	size_t used = 0;

	for (;;) {
		char *grown;
		ssize_t n;

		if (capacity > max + 1)
			capacity = max + 1;
		grown = realloc(data, capacity + 1);
		if (!grown)
			return -ENOMEM;
		data = grown;
		n = fd_read_full(fd, data + used, capacity - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used > max)
			return -EFBIG;
		if (used < capacity)
			break;
		capacity *= 2;
	}
	data[used] = '\0';
	*ret_data = TAKE_PTR(data);
	*ret_size = used;
	return 0;
}

static int set_flag(int fd, int get, int set, int flag, int on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	flags = on ? flags | flag : flags & ~flag;
	return fcntl(fd, set, flags) < 0 ? -errno : 0;
}

int fd_set_cloexec(int fd, int on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_set_nonblock(int fd, int on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

/* Closes [from, to]; -ENOSYS where the kernel lacks the call. */
static int close_span(unsigned from, unsigned to)
{
#ifdef SYS_close_range
	return syscall(SYS_close_range, from, to, 0) < 0 ? -errno : 0;
#else
	return -ENOSYS;
#endif
}

static int close_by_walk(int first, const int *keep, size_t count)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		bool kept = entry->d_name[0] == '.' || fd < first || fd == dirfd(dir);

		for (size_t i = 0; i < count; i++)
			kept = kept || keep[i] == fd;
		if (!kept)
			close(fd);
	}
	closedir(dir);
	return 0;
}

int fd_close_from(int first, const int *keep, size_t count)
{
	unsigned from = (unsigned)first;

	for (size_t i = 0; i < count; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from && close_span(from, (unsigned)keep[i] - 1) < 0)
			return close_by_walk(first, keep, count);
		from = (unsigned)keep[i] + 1;
	}
	if (close_span(from, UINT_MAX) < 0)
		return close_by_walk(first, keep, count);
	return 0;
}

int fd_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_MAX_PASSED)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fd_count > FD_MAX_PASSED)
		return -EINVAL;
	if (fd_count > 0) {
		struct cmsghdr *header;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
	}
	do {
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EMSGSIZE;
}

/* Takes the descriptors of one control message; closes those beyond `capacity` and counts them all.
 */
static size_t take_fds(struct cmsghdr *header, int *fds, size_t capacity, size_t taken)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		if (taken + i < capacity)
			fds[taken + i] = fd;
		else
			fd_close(fd);
	}
	return taken + count;
}

ssize_t fd_receive(int socket, void *data, size_t size, int *fds, size_t *fd_count)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_MAX_PASSED)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	size_t capacity = *fd_count;
	size_t taken = 0;
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			taken = take_fds(h, fds, capacity, taken);
	if (taken > capacity || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (size_t i = 0; i < taken && i < capacity; i++)
			fds[i] = fd_close(fds[i]);
		return -EMSGSIZE;
	}
	*fd_count = taken;
	return n;
}
