/*
 * Labels that need not be told apart from stronger ones.
 *
 * Label i dominates label j where, at every position that asks for j, what i leads to makes what j
 * leads to irrelevant: it marks without condition a group at least as strong. A name that has both
 * may then be said to have i alone, which keeps the number of name classes small where many
 * patterns overlap (`**` + `/` + `*a*`, `*b*`, `*c*` ...).
 */
#pragma once

#include "policy/nfa.h"

struct dominance {
	uint32_t count; /* of labels; 0 where there are too many to compare */
	uint64_t *bits; /* row i: the labels that i dominates; irreflexive and antisymmetric */
};

enum { DOMINANCE_LABELS_MAX = 512 };

int dominance_find(const struct nfa *nfa, struct dominance *ret_dominance);
void dominance_release(struct dominance *dominance);

static inline bool dominates(const struct dominance *dominance, uint32_t i, uint32_t j)
{
	size_t bit;

	if (dominance->count == 0)
		return false;
	bit = (size_t)i * dominance->count + j;
	return dominance->bits[bit >> 6] >> (bit & 63) & 1;
}

/* True where `label` is in the sorted set, or dominated by a member. */
bool dominance_covers(
	const struct dominance *dominance, const uint32_t *set, size_t count, uint32_t label);

/* Removes what other members dominate from the items of `set` from `start` on. */
void dominance_reduce(const struct dominance *dominance, struct vector *set, size_t start);
