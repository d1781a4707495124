/*
 * The deterministic automaton over path components: what a compiled policy walks and what answers
 * exact questions.
 *
 * A state is what the path so far leaves possible; what a path is by itself (its level) is not part
 * of the state but of the value of the step that led there. So a thousand rules about single files
 * need no states of their own.
 *
 * Made in three strokes: automaton_new(), marks added to `nfa`, automaton_finish(). Immutable
 * afterwards: any number of threads may step and ask.
 */
#pragma once

#include "policy/budget.h"
#include "policy/level.h"
#include "policy/names.h"
#include "policy/nfa.h"

/*
 * What a step gives: the next state, and of each family the level of the path itself. The root's
 * own value is the only one with VALUE_ROOT.
 */
typedef uint32_t automaton_value;

enum { VALUE_ROOT = 1 << 4, VALUE_SHIFT = 5, AUTOMATON_STATES_MAX = 1 << 20 };

/* In place of a value where no name takes a step: all that could are literals. */
#define VALUE_VOID UINT32_MAX

static inline uint32_t value_state(automaton_value value)
{
	return value >> VALUE_SHIFT;
}

static inline enum ward_level value_level(automaton_value value, unsigned family)
{
	return (enum ward_level)(value >> 2 * family & 3);
}

/* The levels of one family's groups. */
struct ranking {
	struct vector levels; /* by group; that of GROUP_CAP is not used */
	enum ward_level fallback;
};

/*
 * The step from one state: by symbol where the name is a literal that matters, else by block of
 * classes.
 */
struct row {
	uint32_t exceptions; /* start in `exceptions` */
	uint32_t exception_count;
	uint32_t partition;
	uint32_t targets; /* start in `targets`, one for each block */
};

/* A grouping of name classes into blocks that some states can't tell apart. */
struct partition {
	uint32_t map; /* start in `maps`: class to block */
	uint32_t block_count;
	uint32_t representatives; /* start in `representatives`: block to a class of it */
};

struct exception_slot {
	uint32_t state; /* + 1; 0 where empty */
	uint32_t symbol;
	automaton_value value;
};

/* Of one state, family 0: the levels that lie ahead. */
struct outlook {
	uint8_t child_max;
	uint8_t below_min;
	uint8_t below_max;
};

struct automaton {
	struct nfa nfa;
	struct names names;
	struct ranking rankings[FAMILIES];

	struct row *rows;
	uint32_t state_count;
	struct vector exceptions; /* pairs of symbol and value, by symbol */
	struct vector targets;    /* values */
	struct partition *partitions;
	uint32_t partition_count;
	struct vector maps, representatives;
	struct exception_slot *slots;
	size_t slot_count;
	automaton_value root;
	struct outlook *outlooks; /* only after automaton_look_ahead() */
};

int automaton_new(struct automaton **ret_automaton);
struct automaton *automaton_free(struct automaton *automaton);
DEFINE_CLEANUP(struct automaton *, automaton_free)

/*
 * Appends a group to a family's ranking, weaker than those before it; returns its number, or
 * -ENOMEM.
 */
int automaton_add_group(struct automaton *automaton, unsigned family, enum ward_level level);

/* Determinises. -E2BIG with budget->rule, -ENOMEM. */
int automaton_finish(struct automaton *automaton, struct budget *budget);

/* Computes the outlooks. 0 or -ENOMEM. */
int automaton_look_ahead(struct automaton *automaton);

automaton_value automaton_step(
	const struct automaton *automaton, uint32_t state, const char *name, size_t length);

/* The shortest path, in components, that `wanted` accepts the value of; see witness.c. */
typedef bool (*value_predicate)(automaton_value value);

/* 1 and the path (malloc()ed, relative; "" is the root), 0 where there is none, or -ENOMEM. */
int automaton_witness(const struct automaton *automaton, value_predicate wanted, char **ret_path);

/* --- Between the files of the automaton. --- */

int automaton_determinise(struct automaton *automaton, struct budget *budget);
