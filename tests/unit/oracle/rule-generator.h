/*
 * Random rules and paths, made to collide: few letters, much of everything that the syntax has.
 * Reproducible from the seed.
 */
#pragma once

#include <stdint.h>

#include "policy/rule.h"

struct generator {
	uint64_t state;
};

uint32_t generator_below(struct generator *generator, uint32_t limit);

enum flavour {
	FLAVOUR_SMALL, /* components that only ask for one letter or nothing: short names show every case */
	FLAVOUR_NASTY, /* all of the syntax */
};

/* A rule set of up to `count` rules. The place's line is the rule's number + 1. */
struct rule_set *generator_rules(struct generator *generator, enum flavour flavour, uint32_t count);

/* A path of up to `depth` components; `path` holds 8 bytes for each. */
void generator_path(struct generator *generator, uint32_t depth, char *path);
