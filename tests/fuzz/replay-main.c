/*
 * Runs a fuzz target over a corpus without libFuzzer: each file named, or in a directory named, as
 * it is and cut at every length (of long ones: at a thousand lengths).
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "common/fd.h"

enum { INPUT_MAX = 1 << 24, CUTS = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that a sanitizer sees every read beyond. */
static void run(const char *data, size_t size)
{
	_cleanup_(freep) uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
}

static int replay_file(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *data = NULL;
	size_t size, step;

	if (fd < 0 || fd_read_file(fd, INPUT_MAX, &data, &size) < 0) {
		fprintf(stderr, "can't read %s\n", path);
		return -1;
	}
	step = size / CUTS + 1;
	for (size_t cut = 0; cut < size; cut += step)
		run(data, cut);
	run(data, size);
	return 1;
}

/* Replays a file or the files of a directory; their number, or -1. */
static int replay(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!directory)
		return replay_file(path);
	while (count >= 0 && (entry = readdir(directory))) {
		char file[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		count = replay_file(file) < 0 ? -1 : count + 1;
	}
	closedir(directory);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = replay(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1;
}
