/* What wardfs reads from its --rules-fd. What is accepted must be written again byte by byte. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fd.h"
#include "policy/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_bytes(int fd, const uint8_t *data, size_t size)
{
	_cleanup_(freep) uint8_t *copy = malloc(size + 1);

	return copy && pread(fd, copy, size + 1, 0) == (ssize_t)size &&
	       memcmp(copy, data, size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fd_closep) int in = memfd_create("in", MFD_CLOEXEC);
	_cleanup_(fd_closep) int out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_(rule_set_freep) struct rule_set *rules = NULL;
	struct ward_error error = {0};

	if (in < 0 || out < 0 || write(in, data, size) != (ssize_t)size)
		return 0;
	if (lseek(in, 0, SEEK_SET) < 0 || rule_set_read(in, &rules, &error) < 0)
		return 0;
	if (rule_set_write(rules, out) < 0 || !same_bytes(out, data, size))
		abort();
	return 0;
}
