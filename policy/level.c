#include "policy/level.h"

#include <string.h>

#include "common/cleanup.h"

static const char *const names[LEVEL_COUNT] = {"none", "view", "read", "write"};

const char *level_name(enum ward_level level)
{
	return names[level];
}

int level_parse(const char *name, enum ward_level *ret_level)
{
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_level = (enum ward_level)i;
			return 0;
		}
	}
	return -EINVAL;
}
