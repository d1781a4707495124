/*
 * The globs of all patterns as one nondeterministic automaton over the bytes of a name: a trie with
 * equal subtrees merged, as policy/nfa.h is over components. What a node accepts are labels.
 */
#pragma once

#include "policy/nfa.h"

struct name_node {
	bool loops;          /* every byte leads here again: it stands for a `*` */
	uint32_t star;       /* the `*` child, which is entered along with this node, or NO_NODE */
	struct span accepts; /* in name_nfa.labels: labels of the globs that end here, sorted */
	struct span edges;   /* in name_nfa.edges: pairs of packed atom and node */
	uint32_t reach;      /* in name_nfa.reaches: labels accepted here or after here */
	uint32_t rule;       /* a rule that passes here, for messages */
};

struct name_nfa {
	struct name_node *nodes;
	size_t count;
	uint32_t root;
	struct vector labels;
	struct vector edges;
	struct interner reaches;
};

/* 0 or -ENOMEM. */
int name_nfa_build(const struct nfa *nfa, struct name_nfa *ret_automaton);
void name_nfa_release(struct name_nfa *automaton);
