/*
 * What one compilation may cost. Every step of it pays; when the budget is spent, it stops with
 * -E2BIG and `rule` says which rule it was busy with.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

struct budget {
	uint64_t work;  /* elementary steps left; about 10 ns each */
	uint64_t bytes; /* of memory left */
	uint32_t rule;
};

enum {
	BUDGET_WORK = 100 * 1000 * 1000,
	BUDGET_BYTES = 160 * 1024 * 1024,
};

static inline int budget_pay(struct budget *budget, uint64_t work, uint64_t bytes, uint32_t rule)
{
	if (work > budget->work || bytes > budget->bytes) {
		budget->rule = rule;
		return -E2BIG;
	}
	budget->work -= work;
	budget->bytes -= bytes;
	return 0;
}
