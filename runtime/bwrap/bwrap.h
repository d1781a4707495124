/* Where bubblewrap is. */
#pragma once

/* Its path, a static string, or NULL. Only fixed places count: a PATH that somebody else can set must
 * not choose what root runs. */
const char *bwrap_find(void);
