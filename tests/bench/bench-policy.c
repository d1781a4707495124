/*
 * How long rules take to compile, and a step takes to make: a table over the number of rules.
 *
 * Steps are measured over a fixed row of names, literals and others, in batches; the median batch
 * counts.
 */
#include <string.h>
#include <time.h>

#include "policy/policy.h"

enum { BATCHES = 201, BATCH = 4000, COMPILATIONS = 11 };

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* A realistic mix; `i` is the rule's number. */
static void make_pattern(unsigned i, char *pattern, size_t size)
{
	switch (i % 6) {
	case 0:
		snprintf(pattern, size, "/dir%u/sub%u/file%u", i % 50, i % 300, i);
		break;
	case 1:
		snprintf(pattern, size, "/src/mod%u/**/*.key", i);
		break;
	case 2:
		snprintf(pattern, size, "**/name%u", i);
		break;
	case 3:
		snprintf(pattern, size, "**/*.ext%u", i);
		break;
	case 4:
		snprintf(pattern, size, "/data/set%u/", i);
		break;
	default:
		snprintf(pattern, size, "/lib/part%u/", i);
	}
}

static struct rule_set *make_rules(unsigned count)
{
	static const char *const excepts[] = {"**/*.example", NULL};
	struct rule_set *set = NULL;

	if (rule_set_new(&set) < 0)
		abort();
	for (unsigned i = 0; i < count; i++) {
		char pattern[64];
		struct rule rule = {.pattern = pattern,
			.permission = (enum ward_level)(i * 7 / 3 % LEVEL_COUNT),
			.priority = (int)(i % 7 * (i % 3)),
			.excepts = i % 101 == 0 ? excepts : NULL,
			.place = {"bench", i + 1, 1}};

		make_pattern(i, pattern, sizeof(pattern));
		if (rule_set_add(set, &rule, NULL) < 0)
			abort();
	}
	return set;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The result is used, so that no step is optimised away. */
static double measure_steps(const struct policy *policy, uint64_t *ret_sum)
{
	static const char *const names[] = {"src", "mod43", "include", "main.c",
		"a_longer_name.key", "README.md", "lib", "name8"};
	double batches[BATCHES];

	for (size_t b = 0; b < BATCHES; b++) {
		policy_state state = policy_root(policy);
		double start = now_ns();

		for (unsigned i = 0; i < BATCH; i++) {
			const char *name = names[(i * 5 + i / 8) % ELEMENTS(names)];

			if (i % 6 == 0)
				state = policy_root(policy);
			state = policy_step(policy, state, name, strlen(name));
			*ret_sum += state;
		}
		batches[b] = (now_ns() - start) / BATCH;
	}
	qsort(batches, BATCHES, sizeof(*batches), compare);
	return batches[BATCHES / 2];
}

/* The median of several compilations, in milliseconds; the last policy is handed over. */
static double measure_compilation(const struct rule_set *set, struct policy **ret_policy)
{
	double times[COMPILATIONS];

	for (size_t i = 0; i < COMPILATIONS; i++) {
		struct ward_error error = {0};
		double start = now_ns();

		*ret_policy = policy_unref(*ret_policy);
		if (policy_compile(set, ret_policy, &error) < 0) {
			error_print(&error, "bench-policy");
			exit(1);
		}
		times[i] = (now_ns() - start) / 1e6;
	}
	qsort(times, COMPILATIONS, sizeof(*times), compare);
	return times[COMPILATIONS / 2];
}

int main(void)
{
	uint64_t sum = 0;

	printf("%8s  %10s  %11s\n", "rules", "compile ms", "ns per step");
	for (unsigned count = 10; count <= RULE_COUNT_MAX; count *= 10) {
		_cleanup_(rule_set_freep) struct rule_set *set = make_rules(count);
		_cleanup_(policy_unrefp) struct policy *policy = NULL;
		double compiled = measure_compilation(set, &policy);

		printf("%8u  %10.2f  %11.1f\n", count, compiled, measure_steps(policy, &sum));
	}
	return sum == 0;
}
