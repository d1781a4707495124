/*
 * Where Ward's own programs are.
 */
#pragma once

#include "common/error.h"

/*
 * Finds one of "ward", "wardfs", "ward-monitor", "ward-init". A program that runs from a build tree
 * finds its siblings there; otherwise they are looked for where `make install` put them, also when
 * the whole prefix was moved. Neither PATH nor the environment is consulted. `*ret_path` is
 * absolute, malloc()ed and the caller's. -ENOENT with a message where it is missing.
 */
int program_find(const char *name, char **ret_path, struct ward_error *error);
