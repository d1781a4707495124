/*
 * The classifier of names: what a component is, in one hash look-up and one walk over its bytes.
 *
 * Every name has a class: the set of labels (policy/nfa.h) whose globs match it, but for those that
 * others dominate. A name that some pattern has as a literal also has a symbol, which it shares
 * with the names that all patterns treat alike. Immutable once built: any number of threads may use
 * it.
 */
#pragma once

#include "policy/budget.h"
#include "policy/nfa.h"

#define NO_SYMBOL UINT32_MAX

struct name_literal {
	uint32_t symbol;
	uint32_t class;
};

struct names {
	uint8_t byte_class[256];
	uint32_t byte_classes;     /* including number 0, that of '/' and NUL, which no name has */
	uint32_t byte_weight[256]; /* by byte class: how many bytes are of it */
	uint32_t *table;           /* state * byte_classes + byte class */
	uint32_t *state_class;
	size_t state_count;
	bool trivial;            /* one state: no name need be walked */
	struct interner classes; /* sorted labels */
	uint32_t *class_size;    /* how many names are of it, saturated at NAMES_MANY */

	const struct interner *literals; /* the automaton's, see names_take() */
	struct name_literal *literal;    /* by number */
	uint32_t *slots;                 /* hash table: number + 1 */
	uint32_t *slot_hash;
	size_t slot_count;
	struct interner symbols;      /* class, then pairs of position and node */
	struct vector symbol_size;    /* how many literals it stands for */
	struct vector symbol_literal; /* the first of them */
};

/* More names than any automaton has literals. */
#define NAMES_MANY UINT32_MAX

/*
 * Builds from a finished automaton, whose literal edges it turns from literals to symbols. It keeps
 * a pointer to nfa->literals. 0, -ENOMEM or -E2BIG.
 */
int names_build(struct nfa *nfa, struct budget *budget, struct names *names);
void names_release(struct names *names);

/* The state of the walk at the end of `name`, which has no '/' and no NUL. */
uint32_t names_walk(const struct names *names, const char *name, size_t length);

static inline uint32_t names_class(const struct names *names, const char *name, size_t length)
{
	return names->state_class[names->trivial ? 0 : names_walk(names, name, length)];
}

/* The literal that a name is, or NULL. */
const struct name_literal *names_literal(
	const struct names *names, const char *name, size_t length);

/* The bytes of a literal. */
const char *names_literal_bytes(const struct names *names, uint32_t literal, size_t *ret_length);

static inline bool names_class_has(const struct names *names, uint32_t class, uint32_t label)
{
	size_t count;
	const uint32_t *labels = interned(&names->classes, class, &count);

	return sorted_has(labels, count, label);
}

/* --- Between the files of the classifier. --- */

int names_determinise(const struct nfa *nfa, struct budget *budget, struct names *names);
int names_count(struct names *names, struct budget *budget);
