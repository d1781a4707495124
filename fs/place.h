/*
 * A place: where something is in the codebase, and what holds there.
 *
 * Made by node.h from what the kernel asks about; pure values from then on.
 */
#pragma once

#include <limits.h>

#include "fs/lower.h"
#include "policy/policy.h"

/* Where something is in the codebase and what holds there: judged before the lower tree is touched.
 */
struct place {
	struct strbuf directory; /* path of the containing directory, "" at the root */
	policy_state directory_state;
	struct verdict directory_verdict;
	struct lower_identity directory_identity;
	char name[NAME_MAX + 1]; /* "." for the root itself */
	policy_state state;
	struct verdict verdict;
	struct lower_identity identity; /* of the node; zero where the place is only a name */
};

#define PLACE_INIT                                                                                 \
	{                                                                                          \
		.directory = STRBUF_INIT                                                           \
	}

void place_release(struct place *place);

/* The path of a place, relative, "" for the root. The string is the caller's; NULL: no memory. */
char *place_path(const struct place *place);

/* The place of what is inside the directory that `place` names; not yet aimed at any name. -ENOMEM.
 * `ret_inside` must be PLACE_INIT. */
int place_inside(const struct place *place, struct place *ret_inside);

/* Aims a place at another name in the same directory. -EINVAL for what is no name, -ENAMETOOLONG.
 */
int place_aim(const struct policy *policy, struct place *place, const char *name);
