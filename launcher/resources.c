#include "launcher/resources.h"

#include <ctype.h>
#include <string.h>

#include "launcher/command.h"

static int set_memory(struct resources *resources, const char *value)
{
	uint64_t bytes;
	int r = parse_size(value, &bytes);

	if (r < 0)
		return r;
	if (bytes < RESOURCES_MEMORY_MIN || bytes > INT64_MAX)
		return -ERANGE;
	resources->memory_bytes = bytes;
	return 0;
}

static int set_cpus(struct resources *resources, const char *value)
{
	return parse_cpus(value, &resources->cpu_millis);
}

static int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	uint32_t number = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		number = number * 10 + (uint32_t)(*text - '0');
		if (number > max)
			return -ERANGE;
	}
	if (number < min)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

static int set_cpu_shares(struct resources *resources, const char *value)
{
	return parse_number(
		value, RESOURCES_CPU_SHARES_MIN, RESOURCES_CPU_SHARES_MAX, &resources->cpu_shares);
}

static int set_pids(struct resources *resources, const char *value)
{
	return parse_number(value, RESOURCES_PIDS_MIN, RESOURCES_PIDS_MAX, &resources->pids);
}

static void unset(struct resources *resources, int id)
{
	if (id == OPTION_MEMORY)
		resources->memory_bytes = 0;
	else if (id == OPTION_CPUS)
		resources->cpu_millis = 0;
	else if (id == OPTION_CPU_SHARES)
		resources->cpu_shares = 0;
	else
		resources->pids = 0;
}

static const struct limit {
	int id;
	int (*set)(struct resources *resources, const char *value);
	const char *hint;
} limits[] = {
	{OPTION_MEMORY, set_memory, "say a size of at least 8M, such as 512M or 1.5G"},
	{OPTION_CPUS, set_cpus, "say a number of processors, such as 2 or 0.5"},
	{OPTION_CPU_SHARES, set_cpu_shares, "say a number from 2 to 262144; 1024 is par"},
	{OPTION_PIDS, set_pids, "say a number from 4 to 4194304"},
};

int resources_apply(
	struct resources *resources, const struct option_given *option, struct ward_error *error)
{
	const struct limit *limit = limits;

	while (limit->id != option->spec->id)
		limit++;
	if (strcmp(option->value, "none") == 0) {
		unset(resources, limit->id);
		return 0;
	}
	if (limit->set(resources, option->value) == 0)
		return 0;
	error_set(error, -EINVAL, "--%s %s is no limit", option->spec->name, option->value);
	return error_hint(error, "%s, or none", limit->hint);
}
