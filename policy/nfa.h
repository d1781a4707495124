/*
 * The rules as one nondeterministic automaton over path components.
 *
 * Patterns are added to a trie whose edges are components, so that common beginnings are shared;
 * nfa_finish() then merges equal subtrees from the leaves up and lays the result out as positions.
 * A set of positions is a state of the deterministic automaton (policy/automaton.h).
 *
 * Marks say what a position means for the path that reaches it. There are two families of them, so
 * that two questions can be asked of one automaton at once (how two policies differ, which rule
 * uncovers another). In each family the groups are ranked: group 1 is the strongest, and the
 * strongest one that is marked wins, unless its condition is: that is a set of excepts, whose
 * patterns carry negative marks. Group 0 is self-protection, which no group outranks.
 *
 * Not thread-safe.
 */
#pragma once

#include "policy/pattern.h"
#include "policy/vector.h"

enum { FAMILIES = 2, GROUP_CAP = 0 };

#define NO_GROUP UINT32_MAX
#define NO_NODE  UINT32_MAX

/* A mark of a group, or the negative one of a condition. */
static inline uint32_t mark_make(unsigned family, uint32_t number, bool negative)
{
	return number << 2 | family << 1 | negative;
}

static inline unsigned mark_family(uint32_t mark)
{
	return mark >> 1 & 1;
}

static inline uint32_t mark_number(uint32_t mark)
{
	return mark >> 2;
}

static inline bool mark_negative(uint32_t mark)
{
	return mark & 1;
}

/* A span of one of the arrays of struct nfa. */
struct span {
	uint32_t start;
	uint32_t count;
};

struct position {
	struct span marks; /* in nfa.marks */
	struct span
		literals; /* in nfa.literal_edges: pairs of literal (later: symbol) and node, sorted */
	struct span labels;       /* in nfa.label_edges: pairs of label and node, sorted */
	uint32_t any;             /* the node that every name leads to, or NO_NODE */
	uint32_t best[FAMILIES];  /* the strongest group that is marked here or anywhere after */
	uint32_t below[FAMILIES]; /* the strongest one that is marked after here */
	uint32_t rule;            /* the first rule that passes here, for messages */
	bool loops;               /* every name leads here again */
	bool continues;           /* some name leads on */
};

struct nfa {
	/* The trie. An edge is its own child's number - 1; node 0 is the root. */
	struct interner edges;             /* parent, kind, component */
	struct vector rules;               /* of each node: the rule that made it */
	struct vector marks_of, covers_of; /* pairs of node and mark */
	struct interner sets;              /* of bytes */
	struct interner literals;          /* names, by intern_bytes() */
	struct interner globs;             /* components: atom_pack()ed, sets by their number */
	struct vector glob_rules;          /* of each glob: the rule that it came with */

	/* The finished automaton. */
	struct interner labels; /* sorted globs: what an edge of a position asks of a name */
	struct position *positions;
	size_t position_count;
	struct vector marks, literal_edges, label_edges;
	struct vector closures;       /* positions, sorted */
	struct vector closure_starts; /* of each node, and the end of the last */
	uint32_t root;                /* a node */
	size_t node_count;
	struct vector conditions[FAMILIES]; /* by group: what excepts it has, or 0 */
	struct vector strongest[FAMILIES];  /* by condition: the strongest group that has it */
};

enum atom_code { CODE_BYTE, CODE_SET, CODE_ANY, CODE_STAR };

static inline uint32_t atom_pack(enum atom_code code, uint32_t value)
{
	return (uint32_t)code << 28 | value;
}

static inline enum atom_code atom_code(uint32_t packed)
{
	return (enum atom_code)(packed >> 28);
}

static inline uint32_t atom_value(uint32_t packed)
{
	return packed & 0xfffffff;
}

/* Adds one alternative of a pattern; `covers` marks everything below, too. 0 or -ENOMEM. */
int nfa_add(struct nfa *nfa, const struct pattern *pattern, const struct alternative *alternative,
	bool covers, uint32_t mark, uint32_t rule);

/* Adds one exact path. */
int nfa_add_path(struct nfa *nfa, const char *path, uint32_t mark);

/* Merges and lays out; nothing may be added afterwards. 0 or -ENOMEM. */
int nfa_finish(struct nfa *nfa);

/* The positions that a node stands for. */
static inline const uint32_t *nfa_closure(const struct nfa *nfa, uint32_t node, size_t *ret_count)
{
	const uint32_t *starts = nfa->closure_starts.items;

	*ret_count = starts[node + 1] - starts[node];
	return *ret_count > 0 ? nfa->closures.items + starts[node] : NULL;
}

/* The condition of a positive mark's group, 0 where it has none. */
static inline uint32_t nfa_condition(const struct nfa *nfa, uint32_t mark)
{
	const struct vector *conditions = &nfa->conditions[mark_family(mark)];
	uint32_t group = mark_number(mark);

	return group < conditions->count ? conditions->items[group] : 0;
}

/* True where nothing can take the mark away. */
static inline bool nfa_unconditional(const struct nfa *nfa, uint32_t mark)
{
	return !mark_negative(mark) && mark_number(mark) != GROUP_CAP &&
	       nfa_condition(nfa, mark) == 0;
}

/* The strongest group that a mark bears on. */
static inline uint32_t nfa_strength(const struct nfa *nfa, uint32_t mark)
{
	return mark_negative(mark) ? nfa->strongest[mark_family(mark)].items[mark_number(mark)]
				   : mark_number(mark);
}

/*
 * Gives `group` a condition (a number from 1 on). Groups come strongest first. 1 where the
 * condition is new to the family, so that its negative marks must be added; 0 where it is known; or
 * -ENOMEM.
 */
int nfa_set_condition(struct nfa *nfa, unsigned family, uint32_t group, uint32_t condition);

void nfa_release(struct nfa *nfa);
