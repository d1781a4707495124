/*
 * User namespaces: entering one's own, and saying why that is not possible.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"

/*
 * Moves the calling, single-threaded process into a mount namespace of its own in which nothing
 * propagates, and its future children into a pid namespace, whose PID 1 is the first of them: when
 * that ends, the kernel kills the others. With `own_user` it moves into a user namespace as well, in
 * which its own ids are mapped to themselves and it holds all capabilities. Errors name the
 * machine's setting that forbids it.
 */
int userns_enter(bool own_user, struct ward_error *error);

/* Sets `error` to say that user namespaces are forbidden, by what, and the mend. Returns `code`. */
int userns_explain(int code, struct ward_error *error);
