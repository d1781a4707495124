#include "runtime/sealed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int sealed_file_new(const char *name, const void *data, size_t size, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = memfd_create(
		name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sealed_file_map(int fd, size_t max, struct sealed_map *ret_map)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat stat;
	void *data;

	if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS)
		return -EPERM;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_size <= 0)
		return -EBADMSG;
	if ((size_t)stat.st_size > max)
		return -EFBIG;
	data = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_map = (struct sealed_map){.data = data, .size = (size_t)stat.st_size};
	return 0;
}

void sealed_map_release(struct sealed_map *map)
{
	if (map->data)
		munmap(map->data, map->size);
	*map = (struct sealed_map){NULL, 0};
}
