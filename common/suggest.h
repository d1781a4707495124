/*
 * "Did you mean": the known word closest to a mistyped one.
 */
#pragma once

/*
 * Returns the element of `candidates` (NULL-terminated) with the smallest edit distance to `word`
 * (insertions, deletions, replacements and swapped neighbours; case is ignored), the earliest among
 * equals, or NULL where none is close: more than a third of the longer word would have to change.
 * Words longer than 64 bytes are close to nothing. Thread-safe.
 */
const char *suggest(const char *word, const char *const *candidates);
