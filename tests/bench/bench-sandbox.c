/*
 * bench-sandbox: how long a guarded command takes from the start of ward to its first byte of output
 * and to its end; medians, with the same command by itself and in bwrap alone beside it.
 *
 *     bench-sandbox [ROUNDS]
 */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/program.h"

enum { ROUNDS = 50, ROUNDS_MAX = 10000, ARGUMENTS_MAX = 24 };

struct sample {
	double first_ms;
	double end_ms;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Runs it once, its output in a pipe. What is not 0 ends the program. */
static void run(const char *const *argv, char *output, size_t size, struct sample *sample)
{
	posix_spawn_file_actions_t actions;
	double begin = now_ms();
	int status = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		exit(1);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ) != 0)
		exit(1);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	n = read(ends[0], output, 1);
	sample->first_ms = now_ms() - begin;
	if (n == 1)
		n = fd_read_full(ends[0], output + 1, size - 2);
	output[n >= 0 ? n + 1 : 0] = '\0';
	waitpid(pid, &status, 0);
	sample->end_ms = now_ms() - begin;
	close(ends[0]);
	if (status != 0) {
		fprintf(stderr, "bench-sandbox: %s failed\n", argv[0]);
		exit(1);
	}
}

static int by_first(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;

	return (left->first_ms > right->first_ms) - (left->first_ms < right->first_ms);
}

static int by_end(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;

	return (left->end_ms > right->end_ms) - (left->end_ms < right->end_ms);
}

static void measure(const char *name, const char *const *argv, size_t rounds)
{
	static struct sample samples[ROUNDS_MAX];
	char output[64];
	double first;

	run(argv, output, sizeof(output), &samples[0]);
	for (size_t i = 0; i < rounds; i++)
		run(argv, output, sizeof(output), &samples[i]);
	qsort(samples, rounds, sizeof(*samples), by_first);
	first = samples[rounds / 2].first_ms;
	qsort(samples, rounds, sizeof(*samples), by_end);
	printf("%-22s %10.2f %10.2f\n", name, first, samples[rounds / 2].end_ms);
	fflush(stdout);
}

static void measure_all(const char *ward, const char *directory, size_t rounds)
{
	const char *const alone[] = {"/bin/echo", "x", NULL};
	const char *const bwrap[] = {"bwrap", "--unshare-all", "--die-with-parent", "--ro-bind",
		"/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/bin/echo", "x",
		NULL};
	const char *const once[] = {ward, "run", "-C", directory, "--", "/bin/echo", "x", NULL};
	const char *const create[] = {ward, "create", directory, NULL};
	char id[64];
	const char *const start[] = {ward, "start", id, NULL};
	const char *const exec[] = {ward, "exec", id, "--", "/bin/echo", "x", NULL};
	const char *const destroy[] = {ward, "destroy", "--force", id, NULL};
	char ignored[64];
	struct sample sample;

	measure("echo", alone, rounds);
	measure("bwrap, alone", bwrap, rounds);
	measure("ward run", once, rounds);
	run(create, id, sizeof(id), &sample);
	id[strcspn(id, "\n")] = '\0';
	run(start, ignored, sizeof(ignored), &sample);
	measure("ward exec", exec, rounds);
	run(destroy, ignored, sizeof(ignored), &sample);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
	char directory[] = "/tmp/ward-bench-XXXXXX";
	_cleanup_(freep) char *ward = NULL;

	if (rounds == 0 || rounds > ROUNDS_MAX || program_find("ward", &ward, NULL) < 0 ||
		!mkdtemp(directory))
		return 1;
	printf("%-22s %10s %10s   medians of %zu\n", "ms from the start", "to output", "to the end",
		rounds);
	measure_all(ward, directory, rounds);
	return rmdir(directory) < 0;
}
