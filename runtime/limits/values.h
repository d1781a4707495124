/*
 * What the kernel's files are to hold for the limits that people ask for. Pure computation.
 */
#pragma once

#include <stdint.h>

struct cpu_bandwidth {
	uint64_t quota_us;
	uint64_t period_us;
};

/*
 * The kernel's default period of 100 ms; where the quota would be below its least, 1 ms, the
 * longest period, 1 s (Documentation/scheduler/sched-bwc.rst). `millis` is at least 1.
 */
struct cpu_bandwidth cpu_bandwidth(uint32_t millis);

/*
 * The weight (1 to 10000, 100 is par) for shares (2 to 262144, 1024 is par): the curve that the
 * OCI runtimes share, through least, par and most of both scales
 * (10^((log2(shares)^2 + 125 log2(shares)) / 612 - 7/34), rounded up: opencontainers/cgroups,
 * ConvertCPUSharesToCgroupV2Value; crun 1.23).
 */
uint32_t cpu_weight(uint32_t shares);

/* pids.max for so many processes inside. */
uint32_t pids_max(uint32_t processes);
