#include <string.h>

#include "policy/nfa-internal.h"
#include "policy/nfa.h"

/*
 * Merging: trie nodes are visited from the last made to the first, so children before parents, and
 * each is described by what it means: its marks, and what its edges lead to after merging. Nodes of
 * one description become one.
 *
 * A description is: loops, the node of the `**` child or NO_NODE, the node of the `*` child or
 * NO_NODE, the number of marks, covers, literal edges and glob edges, and these.
 */

enum { D_LOOPS, D_DEEP, D_ANY, D_MARKS, D_COVERS, D_LITERALS, D_GLOBS, D_HEAD };

struct merge {
	struct nfa *nfa;
	struct interner nodes;
	struct vector rules;    /* of each merged node */
	struct vector merged;   /* by trie node */
	struct vector children; /* edges, by parent */
	struct vector first;    /* by trie node: where its children start, and the end */
	struct vector key;
	struct vector list;
	size_t marks_left, covers_left; /* pairs that belong to nodes not yet visited */
};

static void merge_release(struct merge *m)
{
	interner_release(&m->nodes);
	vector_release(&m->rules);
	vector_release(&m->merged);
	vector_release(&m->children);
	vector_release(&m->first);
	vector_release(&m->key);
	vector_release(&m->list);
}

static int compare_pairs(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

static void sort_pairs(uint32_t *pairs, size_t pair_count)
{
	if (pair_count > 1)
		qsort(pairs, pair_count, 2 * sizeof(*pairs), compare_pairs);
}

static const uint32_t *edge(const struct nfa *nfa, uint32_t id)
{
	size_t count;

	return interned(&nfa->edges, id, &count);
}

/* Lists each node's edges: a counting sort by parent. */
static int list_children(struct merge *m)
{
	size_t edges = interner_count(&m->nfa->edges), nodes = edges + 1;

	for (size_t i = 0; i < nodes + 2; i++)
		vector_push(&m->first, 0);
	for (size_t i = 0; i < edges; i++)
		vector_push(&m->children, 0);
	for (size_t i = 0; i < nodes; i++)
		vector_push(&m->merged, NO_NODE);
	if (m->first.failed || m->children.failed || m->merged.failed)
		return -ENOMEM;
	for (size_t i = 0; i < edges; i++)
		m->first.items[edge(m->nfa, (uint32_t)i)[0] + 2]++;
	for (size_t i = 2; i < nodes + 2; i++)
		m->first.items[i] += m->first.items[i - 1];
	for (size_t i = 0; i < edges; i++)
		m->children.items[m->first.items[edge(m->nfa, (uint32_t)i)[0] + 1]++] = (uint32_t)i;
	return 0;
}

/* Takes the marks of `node` from the end of the sorted pairs into the description. */
static uint32_t take_marks(struct merge *m, const struct vector *pairs, size_t *left, uint32_t node)
{
	m->list.count = 0;
	for (; *left > 0 && pairs->items[2 * (*left - 1)] == node; --*left)
		vector_push(&m->list, pairs->items[2 * (*left - 1) + 1]);
	vector_normalise(&m->list);
	vector_append(&m->key, m->list.items, m->list.count);
	return (uint32_t)m->list.count;
}

/* Adds the edges of one kind, sorted by component, to the description. */
static uint32_t take_edges(struct merge *m, uint32_t node, enum edge_kind kind)
{
	m->list.count = 0;
	for (uint32_t i = m->first.items[node]; i < m->first.items[node + 1]; i++) {
		const uint32_t *e = edge(m->nfa, m->children.items[i]);

		if (e[1] != kind)
			continue;
		vector_push(&m->list, e[2]);
		vector_push(&m->list, m->merged.items[m->children.items[i] + 1]);
	}
	sort_pairs(m->list.items, m->list.count / 2);
	vector_append(&m->key, m->list.items, m->list.count);
	return (uint32_t)m->list.count / 2;
}

static uint32_t only_child(const struct merge *m, uint32_t node, enum edge_kind kind)
{
	for (uint32_t i = m->first.items[node]; i < m->first.items[node + 1]; i++)
		if (edge(m->nfa, m->children.items[i])[1] == kind)
			return m->merged.items[m->children.items[i] + 1];
	return NO_NODE;
}

static int merge_node(struct merge *m, uint32_t node)
{
	uint32_t head[D_HEAD], id;
	int r;

	m->key.count = 0;
	vector_append(&m->key, (uint32_t[D_HEAD]){0}, D_HEAD);
	head[D_LOOPS] = node > 0 && edge(m->nfa, node - 1)[1] == EDGE_DEEP;
	head[D_DEEP] = only_child(m, node, EDGE_DEEP);
	head[D_ANY] = only_child(m, node, EDGE_ANY);
	head[D_MARKS] = take_marks(m, &m->nfa->marks_of, &m->marks_left, node);
	head[D_COVERS] = take_marks(m, &m->nfa->covers_of, &m->covers_left, node);
	head[D_LITERALS] = take_edges(m, node, EDGE_LITERAL);
	head[D_GLOBS] = take_edges(m, node, EDGE_GLOB);
	if (m->key.failed || m->list.failed)
		return -ENOMEM;
	memcpy(m->key.items, head, sizeof(head));
	r = intern(&m->nodes, m->key.items, m->key.count, &id);
	if (r < 0)
		return r;
	if (r > 0)
		vector_push(&m->rules, m->nfa->rules.count ? m->nfa->rules.items[node] : 0);
	m->merged.items[node] = id;
	return m->rules.failed;
}

/* --- Laying out ----------------------------------------------------------------------------------- */

static struct span copy_marks(struct nfa *nfa, const uint32_t *marks, uint32_t count)
{
	struct span span = {(uint32_t)nfa->marks.count, count};

	vector_append(&nfa->marks, marks, count);
	return span;
}

static struct span copy_literals(struct nfa *nfa, const uint32_t *pairs, uint32_t count)
{
	struct span span = {(uint32_t)nfa->literal_edges.count / 2, count};

	vector_append(&nfa->literal_edges, pairs, 2 * (size_t)count);
	return span;
}

/* Globs that lead to one node become one label. */
static int make_labels(
	struct merge *m, const uint32_t *pairs, uint32_t count, struct span *ret_span)
{
	struct nfa *nfa = m->nfa;
	struct span span = {(uint32_t)nfa->label_edges.count / 2, 0};

	m->list.count = 0;
	for (uint32_t i = 0; i < count; i++) {
		vector_push(&m->list, pairs[2 * i + 1]);
		vector_push(&m->list, pairs[2 * i]);
	}
	if (m->list.failed)
		return -ENOMEM;
	sort_pairs(m->list.items, count);
	for (uint32_t i = 0, end; i < count; i = end, span.count++) {
		uint32_t label;
		int r;

		m->key.count = 0;
		for (end = i; end < count && m->list.items[2 * end] == m->list.items[2 * i]; end++)
			vector_push(&m->key, m->list.items[2 * end + 1]);
		r = intern(&nfa->labels, m->key.items, m->key.count, &label);
		if (r < 0)
			return r;
		vector_push(&nfa->label_edges, label);
		vector_push(&nfa->label_edges, m->list.items[2 * i]);
	}
	if (nfa->label_edges.failed || m->key.failed)
		return -ENOMEM;
	if (span.count > 1)
		sort_pairs(nfa->label_edges.items + 2 * (size_t)span.start, span.count);
	*ret_span = span;
	return 0;
}

static int lay_out_node(struct merge *m, uint32_t node)
{
	struct position *position = &m->nfa->positions[node];
	size_t count;
	const uint32_t *d = interned(&m->nodes, node, &count);
	const uint32_t *at = d + D_HEAD;

	position->rule = m->rules.items[node];
	position->loops = d[D_LOOPS];
	position->any = d[D_ANY];
	position->marks = copy_marks(m->nfa, at, d[D_MARKS]);
	at += d[D_MARKS] + d[D_COVERS];
	position->literals = copy_literals(m->nfa, at, d[D_LITERALS]);
	at += 2 * d[D_LITERALS];
	position->continues = d[D_LOOPS] || d[D_ANY] != NO_NODE || d[D_LITERALS] > 0 ||
			      d[D_GLOBS] > 0;
	return make_labels(m, at, d[D_GLOBS], &position->labels);
}

/* Every mark that covers what is below is a position of its own: it loops and marks. */
static int lay_out_covers(struct merge *m, struct vector *covers)
{
	struct nfa *nfa = m->nfa;

	for (size_t i = 1; i < nfa->covers_of.count; i += 2)
		vector_push(covers, nfa->covers_of.items[i]);
	vector_normalise(covers);
	if (covers->failed)
		return covers->failed;
	nfa->position_count = nfa->node_count + covers->count;
	nfa->positions = calloc(nfa->position_count, sizeof(*nfa->positions));
	if (!nfa->positions)
		return -ENOMEM;
	for (size_t i = 0; i < covers->count; i++) {
		struct position *position = &nfa->positions[nfa->node_count + i];

		position->any = NO_NODE;
		position->loops = position->continues = true;
		position->marks = copy_marks(nfa, &covers->items[i], 1);
	}
	return 0;
}

static uint32_t cover_index(const struct vector *covers, uint32_t mark)
{
	size_t low = 0, high = covers->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (covers->items[middle] <= mark)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* A node stands for itself, its `**` child and its covers; the first only if it means anything. */
static void close_node(struct merge *m, uint32_t node, const struct vector *covers)
{
	struct nfa *nfa = m->nfa;
	size_t count, start = nfa->closures.count;
	const uint32_t *d = interned(&m->nodes, node, &count);
	const uint32_t *cover = d + D_HEAD + d[D_MARKS];

	vector_push(&nfa->closure_starts, (uint32_t)start);
	if (nfa->positions[node].continues || d[D_MARKS] > 0)
		vector_push(&nfa->closures, node);
	if (d[D_DEEP] != NO_NODE)
		vector_push(&nfa->closures, d[D_DEEP]);
	for (uint32_t i = 0; i < d[D_COVERS]; i++)
		vector_push(
			&nfa->closures, (uint32_t)nfa->node_count + cover_index(covers, cover[i]));
	vector_normalise_from(&nfa->closures, start);
}

/* --- Ranks ---------------------------------------------------------------------------------------- */

static void strengthen(uint32_t *best, const uint32_t *other)
{
	for (size_t f = 0; f < FAMILIES; f++)
		if (other[f] < best[f])
			best[f] = other[f];
}

static void strengthen_by_node(const struct nfa *nfa, uint32_t *best, uint32_t node)
{
	size_t count;
	const uint32_t *closure = nfa_closure(nfa, node, &count);

	for (size_t i = 0; i < count; i++)
		strengthen(best, nfa->positions[closure[i]].best);
}

static void rank_position(struct nfa *nfa, struct position *position)
{
	uint32_t own[FAMILIES] = {NO_GROUP, NO_GROUP};

	position->below[0] = position->below[1] = NO_GROUP;
	for (uint32_t i = 0; i < position->marks.count; i++) {
		uint32_t mark = nfa->marks.items[position->marks.start + i];

		if (nfa_strength(nfa, mark) < own[mark_family(mark)])
			own[mark_family(mark)] = nfa_strength(nfa, mark);
	}
	if (position->any != NO_NODE)
		strengthen_by_node(nfa, position->below, position->any);
	for (uint32_t i = 0; i < position->literals.count; i++)
		strengthen_by_node(nfa, position->below,
			nfa->literal_edges.items[2 * (size_t)(position->literals.start + i) + 1]);
	for (uint32_t i = 0; i < position->labels.count; i++)
		strengthen_by_node(nfa, position->below,
			nfa->label_edges.items[2 * (size_t)(position->labels.start + i) + 1]);
	if (position->loops)
		strengthen(position->below, own);
	memcpy(position->best, position->below, sizeof(own));
	strengthen(position->best, own);
}

/* Covers first, then nodes in the order of merging: whatever an edge leads to is ranked before it. */
static void rank_positions(struct nfa *nfa)
{
	for (size_t i = nfa->node_count; i < nfa->position_count; i++)
		rank_position(nfa, &nfa->positions[i]);
	for (size_t i = 0; i < nfa->node_count; i++)
		rank_position(nfa, &nfa->positions[i]);
}

static int lay_out(struct merge *m)
{
	struct nfa *nfa = m->nfa;
	_cleanup_(vector_release) struct vector covers = {0};
	int r;

	nfa->node_count = interner_count(&m->nodes);
	nfa->root = m->merged.items[0];
	r = lay_out_covers(m, &covers);
	for (uint32_t node = 0; r == 0 && node < nfa->node_count; node++)
		r = lay_out_node(m, node);
	if (r < 0)
		return r;
	for (uint32_t node = 0; node < nfa->node_count; node++)
		close_node(m, node, &covers);
	vector_push(&nfa->closure_starts, (uint32_t)nfa->closures.count);
	if (nfa->closures.failed || nfa->closure_starts.failed || nfa->marks.failed ||
		nfa->literal_edges.failed)
		return -ENOMEM;
	rank_positions(nfa);
	return 0;
}

int nfa_finish(struct nfa *nfa)
{
	_cleanup_(merge_release) struct merge m = {.nfa = nfa};
	int r = list_children(&m);

	if (r < 0)
		return r;
	sort_pairs(nfa->marks_of.items, nfa->marks_of.count / 2);
	sort_pairs(nfa->covers_of.items, nfa->covers_of.count / 2);
	m.marks_left = nfa->marks_of.count / 2;
	m.covers_left = nfa->covers_of.count / 2;
	for (size_t node = interner_count(&nfa->edges) + 1; node-- > 0;) {
		r = merge_node(&m, (uint32_t)node);
		if (r < 0)
			return r;
	}
	return lay_out(&m);
}
