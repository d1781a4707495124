/*
 * The options that limit a sandbox: -m, --cpus, --cpu-shares, --pids.
 */
#pragma once

#include "launcher/options.h"
#include "policy/project.h"

/*
 * Puts one of them over what the policy says; "none" takes the policy's limit away. -EINVAL, with a
 * message, where the value is none that a policy could have.
 */
int resources_apply(
	struct resources *resources, const struct option_given *option, struct ward_error *error);
