/*
 * Runs a fuzz target over a corpus without libFuzzer: each file named, or in a directory named, as
 * it is, cut at every length (of long ones: at a hundred lengths), and with a few bytes changed, by a
 * generator that always gives the same sequence.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "common/fd.h"

enum { INPUT_MAX = 1 << 24, CUTS = 100, MUTATIONS = 200, CHANGES_MAX = 8 };

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

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void run_changed(const char *data, size_t size, uint64_t *state)
{
	static const char telling[] = "{}[]*?\\/,:!#-\"'&\n \t\xff";
	_cleanup_(freep) char *copy = malloc(size ? size : 1);
	size_t changes = next_random(state) % CHANGES_MAX + 1;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t i = 0; i < changes && size > 0; i++) {
		size_t at = next_random(state) % size;
		uint64_t r = next_random(state);

		copy[at] = r & 1 ? telling[(r >> 8) % sizeof(telling)] : (char)(r >> 16);
	}
	run(copy, size);
}

static int replay_file(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *data = NULL;
	uint64_t random = 0x9e3779b97f4a7c15;
	size_t size, step;

	if (fd < 0 || fd_read_file(fd, INPUT_MAX, &data, &size) < 0) {
		fprintf(stderr, "can't read %s\n", path);
		return -1;
	}
	step = size / CUTS + 1;
	for (size_t cut = 0; cut < size; cut += step)
		run(data, cut);
	run(data, size);
	for (int i = 0; i < MUTATIONS; i++)
		run_changed(data, size, &random);
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
