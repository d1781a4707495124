/*
 * The made /etc of a sandbox: what programs need to look up names and to find the system's own
 * configuration, from a fixed list; nothing that could hold a secret.
 */
#pragma once

#include "common/strbuf.h"
#include "runtime/backend.h"

/*
 * Fills the empty directory open at `etc_fd`: files and links are made or copied, and for each
 * directory of the host's that is to be bound an empty one is made.
 */
int etc_make(int etc_fd, const struct sandbox_plan *plan, struct ward_error *error);

/* Appends bwrap's arguments that bind the host's directories over the empty ones. */
void etc_add_binds(struct strbuf *arguments);
