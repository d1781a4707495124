#include "runtime/limits/values.h"

#include <math.h>

#include "runtime/limits.h"

enum { SHARES_LEAST = 2, SHARES_MOST = 262144, WEIGHT_LEAST = 1, WEIGHT_MOST = 10000 };

enum { PERIOD_US = 100000, PERIOD_LONGEST_US = 1000000, QUOTA_LEAST_US = 1000 };

struct cpu_bandwidth cpu_bandwidth(uint32_t millis)
{
	struct cpu_bandwidth bandwidth = {.period_us = PERIOD_US};

	bandwidth.quota_us = (uint64_t)millis * PERIOD_US / 1000;
	if (bandwidth.quota_us < QUOTA_LEAST_US) {
		bandwidth.period_us = PERIOD_LONGEST_US;
		bandwidth.quota_us = (uint64_t)millis * PERIOD_LONGEST_US / 1000;
	}
	return bandwidth;
}

uint32_t cpu_weight(uint32_t shares)
{
	/* Par must not become 101 by the last bit of a double. */
	const double tolerance = 1e-9;
	double l;

	if (shares <= SHARES_LEAST)
		return WEIGHT_LEAST;
	if (shares >= SHARES_MOST)
		return WEIGHT_MOST;
	l = log2(shares);
	return (uint32_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0) - tolerance);
}

uint32_t pids_max(uint32_t processes)
{
	return processes + LIMITS_OWN_PROCESSES;
}
