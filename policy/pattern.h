/*
 * Patterns over paths: text to components.
 *
 * A pattern is anchored at the codebase's root, with or without a leading slash, and goes component
 * by component:
 *
 *   *       any bytes of one component, none too
 *   ?       any one byte
 *   [a-z]   one byte of a set; [!a-z] and [^a-z] one that is not in it; `]` first is itself
 *   {a,b}   alternatives, which may nest and hold '/'; the pattern stands for each of them
 *   \c      the byte c
 *   **      as a whole component: zero or more components; at the end it covers X itself, too
 *   X/      X and all below it
 *
 * No wildcard matches '/' or NUL; all of them match a leading dot. Thread-safe: a parsed pattern is
 * never changed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

enum {
	PATTERN_LENGTH_MAX = 4096,       /* bytes of text */
	PATTERN_COMPONENT_MAX = 255,     /* bytes of a literal component: NAME_MAX */
	PATTERN_ALTERNATIVES_MAX = 1024, /* what braces may multiply to */
	PATTERN_NESTING_MAX = 16,        /* braces in braces */
	PATTERN_ATOMS_MAX = 128 * 1024,  /* over all alternatives */
};

/* A set of bytes. */
struct byte_set {
	uint64_t words[4];
};

static inline bool byte_set_has(const struct byte_set *set, unsigned byte)
{
	return set->words[byte >> 6] >> (byte & 63) & 1;
}

static inline void byte_set_add(struct byte_set *set, unsigned byte)
{
	set->words[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

enum atom_kind {
	ATOM_BYTE, /* exactly `value` */
	ATOM_SET,  /* a byte of the pattern's set number `value` */
	ATOM_ANY,  /* any byte that a name can have */
	ATOM_STAR, /* any number of them */
};

struct atom {
	enum atom_kind kind;
	uint32_t value;
};

enum component_kind {
	COMPONENT_LITERAL, /* exactly one name: atoms are all ATOM_BYTE */
	COMPONENT_GLOB,    /* names that match the atoms */
	COMPONENT_DEEP,    /* `**`: zero or more components; never two in a row, never last (see
			      `covers`) */
};

struct component {
	enum component_kind kind;
	size_t count;
	const struct atom *atoms;
};

/* One of the brace-free patterns that a pattern stands for. */
struct alternative {
	size_t count;
	struct component *components;
	bool covers; /* a trailing slash or a trailing `**`: all below matches, too */

	/* What makes it more or less specific: */
	bool wildcard; /* not literal throughout; a trailing `**` is a wildcard, a slash none */
	uint32_t leading_literals; /* literal components before the first other one */
	uint32_t literal_bytes;    /* bytes that must be there, slashes apart */
};

struct pattern {
	bool directory; /* ends in a slash */
	size_t count;
	struct alternative *alternatives;
	struct byte_set *sets;
	struct atom *atoms;
	struct component *components;
};

/* Why and where a pattern is wrong. */
struct pattern_error {
	size_t offset;       /* byte in the text */
	const char *message; /* static */
};

/*
 * Parses `text`. "/" is the root and all below. -EINVAL with `*ret_error` for what is no pattern,
 * -E2BIG (with it, too) beyond the limits, -ENOMEM.
 */
int pattern_parse(const char *text, struct pattern **ret_pattern, struct pattern_error *ret_error);
struct pattern *pattern_free(struct pattern *pattern);
DEFINE_CLEANUP(struct pattern *, pattern_free)
