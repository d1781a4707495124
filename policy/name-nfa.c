#include "policy/name-nfa.h"

#include <string.h>

/*
 * A node is described by: loops, the `*` child or NO_NODE, the number of accepted labels and of
 * edges, and these. Nodes are numbered in the order of merging, so an edge leads to a smaller
 * number.
 */

enum { D_LOOPS, D_STAR, D_LABELS, D_EDGES, D_HEAD };

struct build {
	const struct nfa *nfa;
	struct interner trie;   /* parent, packed atom; an edge is its own child's number - 1 */
	struct vector rules;    /* of each trie node */
	struct vector ends;     /* of each glob: its last trie node */
	struct vector by_node;  /* pairs of trie node and label */
	struct vector children; /* edges by parent */
	struct vector first;    /* by trie node */
	struct vector merged;   /* by trie node */
	struct interner nodes;  /* descriptions */
	struct vector node_rules;
	struct vector key, list;
	size_t left; /* pairs of by_node whose nodes were not yet visited */
};

static void build_release(struct build *b)
{
	interner_release(&b->trie);
	vector_release(&b->rules);
	vector_release(&b->ends);
	vector_release(&b->by_node);
	vector_release(&b->children);
	vector_release(&b->first);
	vector_release(&b->merged);
	interner_release(&b->nodes);
	vector_release(&b->node_rules);
	vector_release(&b->key);
	vector_release(&b->list);
}

void name_nfa_release(struct name_nfa *automaton)
{
	free(automaton->nodes);
	vector_release(&automaton->labels);
	vector_release(&automaton->edges);
	interner_release(&automaton->reaches);
	*automaton = (struct name_nfa){0};
}

static int compare_pairs(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

static void sort_pairs(struct vector *pairs)
{
	if (pairs->count > 2)
		qsort(pairs->items, pairs->count / 2, 2 * sizeof(*pairs->items), compare_pairs);
}

static const uint32_t *edge(const struct build *b, uint32_t id)
{
	size_t count;

	return interned(&b->trie, id, &count);
}

static int add_globs(struct build *b)
{
	vector_push(&b->rules, 0);
	for (uint32_t glob = 0; glob < interner_count(&b->nfa->globs); glob++) {
		size_t count;
		const uint32_t *atoms = interned(&b->nfa->globs, glob, &count);
		uint32_t node = 0, rule = b->nfa->glob_rules.items[glob];

		for (size_t i = 0; i < count; i++) {
			uint32_t key[2] = {node, atoms[i]}, id;
			int r = intern(&b->trie, key, ELEMENTS(key), &id);

			if (r < 0)
				return r;
			if (r > 0)
				vector_push(&b->rules, rule);
			node = id + 1;
		}
		vector_push(&b->ends, node);
	}
	return b->rules.failed ? b->rules.failed : b->ends.failed;
}

static int add_labels(struct build *b)
{
	for (uint32_t label = 0; label < interner_count(&b->nfa->labels); label++) {
		size_t count;
		const uint32_t *globs = interned(&b->nfa->labels, label, &count);

		for (size_t i = 0; i < count; i++) {
			vector_push(&b->by_node, b->ends.items[globs[i]]);
			vector_push(&b->by_node, label);
		}
	}
	if (b->by_node.failed)
		return b->by_node.failed;
	sort_pairs(&b->by_node);
	b->left = b->by_node.count / 2;
	return 0;
}

static int list_children(struct build *b)
{
	size_t edges = interner_count(&b->trie), nodes = edges + 1;

	for (size_t i = 0; i < nodes + 2; i++)
		vector_push(&b->first, 0);
	for (size_t i = 0; i < nodes; i++)
		vector_push(&b->merged, NO_NODE);
	for (size_t i = 0; i < edges; i++)
		vector_push(&b->children, 0);
	if (b->first.failed || b->merged.failed || b->children.failed)
		return -ENOMEM;
	for (size_t i = 0; i < edges; i++)
		b->first.items[edge(b, (uint32_t)i)[0] + 2]++;
	for (size_t i = 2; i < nodes + 2; i++)
		b->first.items[i] += b->first.items[i - 1];
	for (size_t i = 0; i < edges; i++)
		b->children.items[b->first.items[edge(b, (uint32_t)i)[0] + 1]++] = (uint32_t)i;
	return 0;
}

/* The labels of trie node `node`, into the description. */
static uint32_t take_labels(struct build *b, uint32_t node)
{
	size_t start = b->key.count;

	for (; b->left > 0 && b->by_node.items[2 * (b->left - 1)] == node; b->left--)
		vector_push(&b->key, b->by_node.items[2 * (b->left - 1) + 1]);
	vector_normalise_from(&b->key, start);
	return (uint32_t)(b->key.count - start);
}

/* Its edges but the one for `*`, whose node is returned through `ret_star`. */
static uint32_t take_edges(struct build *b, uint32_t node, uint32_t *ret_star)
{
	b->list.count = 0;
	*ret_star = NO_NODE;
	for (uint32_t i = b->first.items[node]; i < b->first.items[node + 1]; i++) {
		uint32_t id = b->children.items[i], atom = edge(b, id)[1];

		if (atom_code(atom) == CODE_STAR) {
			*ret_star = b->merged.items[id + 1];
			continue;
		}
		vector_push(&b->list, atom);
		vector_push(&b->list, b->merged.items[id + 1]);
	}
	sort_pairs(&b->list);
	vector_append(&b->key, b->list.items, b->list.count);
	return (uint32_t)b->list.count / 2;
}

static int merge_node(struct build *b, uint32_t node)
{
	uint32_t head[D_HEAD], id;
	int r;

	b->key.count = 0;
	vector_append(&b->key, (uint32_t[D_HEAD]){0}, D_HEAD);
	head[D_LOOPS] = node > 0 && atom_code(edge(b, node - 1)[1]) == CODE_STAR;
	head[D_LABELS] = take_labels(b, node);
	head[D_EDGES] = take_edges(b, node, &head[D_STAR]);
	if (b->key.failed || b->list.failed)
		return -ENOMEM;
	memcpy(b->key.items, head, sizeof(head));
	r = intern(&b->nodes, b->key.items, b->key.count, &id);
	if (r < 0)
		return r;
	if (r > 0)
		vector_push(&b->node_rules, b->rules.items[node]);
	b->merged.items[node] = id;
	return b->node_rules.failed;
}

/* --- Laying out ----------------------------------------------------------------------------------- */

static void add_reach(const struct name_nfa *automaton, struct vector *labels, uint32_t node)
{
	size_t count;
	const uint32_t *reach = interned(&automaton->reaches, automaton->nodes[node].reach, &count);

	vector_append(labels, reach, count);
}

static int lay_out_node(struct build *b, struct name_nfa *automaton, uint32_t number)
{
	struct name_node *node = &automaton->nodes[number];
	size_t count;
	const uint32_t *d = interned(&b->nodes, number, &count);
	const uint32_t *edges = d + D_HEAD + d[D_LABELS];
	int r;

	node->loops = d[D_LOOPS];
	node->star = d[D_STAR];
	node->rule = b->node_rules.items[number];
	node->accepts = (struct span){(uint32_t)automaton->labels.count, d[D_LABELS]};
	vector_append(&automaton->labels, d + D_HEAD, d[D_LABELS]);
	node->edges = (struct span){(uint32_t)automaton->edges.count / 2, d[D_EDGES]};
	vector_append(&automaton->edges, edges, 2 * (size_t)d[D_EDGES]);
	b->key.count = 0;
	vector_append(&b->key, d + D_HEAD, d[D_LABELS]);
	if (node->star != NO_NODE)
		add_reach(automaton, &b->key, node->star);
	for (uint32_t i = 0; i < d[D_EDGES]; i++)
		add_reach(automaton, &b->key, edges[2 * i + 1]);
	vector_normalise(&b->key);
	if (b->key.failed || automaton->labels.failed || automaton->edges.failed)
		return -ENOMEM;
	r = intern(&automaton->reaches, b->key.items, b->key.count, &node->reach);
	return r < 0 ? r : 0;
}

static int build(struct build *b, struct name_nfa *automaton)
{
	int r = add_globs(b);

	if (r == 0)
		r = add_labels(b);
	if (r == 0)
		r = list_children(b);
	for (size_t node = interner_count(&b->trie) + 1; r == 0 && node-- > 0;)
		r = merge_node(b, (uint32_t)node);
	if (r < 0)
		return r;
	automaton->count = interner_count(&b->nodes);
	automaton->root = b->merged.items[0];
	automaton->nodes = calloc(automaton->count, sizeof(*automaton->nodes));
	if (!automaton->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < automaton->count; i++)
		r = lay_out_node(b, automaton, i);
	return r;
}

int name_nfa_build(const struct nfa *nfa, struct name_nfa *ret_automaton)
{
	_cleanup_(build_release) struct build b = {.nfa = nfa};
	struct name_nfa automaton = {0};
	int r = build(&b, &automaton);

	if (r < 0)
		name_nfa_release(&automaton);
	else
		*ret_automaton = automaton;
	return r;
}
