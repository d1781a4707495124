/*
 * Permission levels. Each includes the ones before it; zero means deny.
 */
#pragma once

enum ward_level {
	LEVEL_NONE = 0,  /* does not exist */
	LEVEL_VIEW = 1,  /* listed, unreadable */
	LEVEL_READ = 2,  /* readable, executable */
	LEVEL_WRITE = 3, /* may be changed, removed, made */
};

enum { LEVEL_COUNT = 4 };

/* "none", "view", "read", "write". The string is static. */
const char *level_name(enum ward_level level);

/* The inverse; 0, or -EINVAL where `name` is no level. */
int level_parse(const char *name, enum ward_level *ret_level);
