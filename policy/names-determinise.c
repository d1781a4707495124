#include <string.h>

#include "policy/dominance.h"
#include "policy/name-nfa.h"
#include "policy/names.h"

/*
 * The subset construction over bytes. A state is the set of labels that are matched whatever
 * follows (a glob that ends in `*` was matched so far), and the nodes that may still match others.
 * Nodes that can only lead to labels already settled, or dominated by these, are dropped: that is
 * what keeps twenty `*word*` linear.
 */

struct walk {
	const struct nfa *nfa;
	struct name_nfa automaton;
	struct dominance dominance;
	struct budget *budget;
	struct names *names;
	struct interner states;  /* a set of labels' number, then nodes, sorted */
	struct interner settled; /* sets of labels */
	struct vector common;    /* nodes that every byte leads to */
	struct vector *buckets;  /* by byte class: nodes that it leads to besides */
	struct vector nodes, labels;
	struct vector table, state_class;
	uint64_t effort;      /* comparisons not yet paid for */
	uint8_t members[256]; /* one byte of each byte class */
};

static void walk_release(struct walk *w)
{
	name_nfa_release(&w->automaton);
	dominance_release(&w->dominance);
	interner_release(&w->states);
	interner_release(&w->settled);
	vector_release(&w->common);
	for (size_t i = 0; w->buckets && i < 256; i++)
		vector_release(&w->buckets[i]);
	free(w->buckets);
	vector_release(&w->nodes);
	vector_release(&w->labels);
	vector_release(&w->table);
	vector_release(&w->state_class);
}

/* --- Byte classes --------------------------------------------------------------------------------- */

/* Splits every class into the bytes that are in the set and those that are not. */
static void split(struct names *names, const struct byte_set *set)
{
	int renamed[256];

	memset(renamed, -1, sizeof(renamed));
	for (uint32_t number = 0, count = names->byte_classes; number < count; number++) {
		bool in = false, out = false;

		for (unsigned byte = 0; byte < 256; byte++) {
			if (names->byte_class[byte] != number)
				continue;
			if (byte_set_has(set, byte))
				in = true;
			else
				out = true;
		}
		if (in && out)
			renamed[number] = (int)names->byte_classes++;
	}
	for (unsigned byte = 0; byte < 256; byte++)
		if (byte_set_has(set, byte) && renamed[names->byte_class[byte]] >= 0)
			names->byte_class[byte] = (uint8_t)renamed[names->byte_class[byte]];
}

static void split_by_bytes(const struct nfa *nfa, struct names *names)
{
	struct byte_set used = {{0}};

	for (uint32_t glob = 0; glob < interner_count(&nfa->globs); glob++) {
		size_t count;
		const uint32_t *atoms = interned(&nfa->globs, glob, &count);

		for (size_t i = 0; i < count; i++)
			if (atom_code(atoms[i]) == CODE_BYTE)
				byte_set_add(&used, atom_value(atoms[i]));
	}
	for (unsigned byte = 1; byte < 256; byte++) {
		struct byte_set single = {{0}};

		if (!byte_set_has(&used, byte) || byte == '/')
			continue;
		byte_set_add(&single, byte);
		split(names, &single);
	}
}

static int make_byte_classes(struct walk *w)
{
	struct names *names = w->names;

	names->byte_classes = 2;
	for (unsigned byte = 0; byte < 256; byte++)
		names->byte_class[byte] = byte != 0 && byte != '/';
	for (uint32_t i = 0; i < interner_count(&w->nfa->sets); i++) {
		struct byte_set set;
		size_t count;

		memcpy(&set, interned(&w->nfa->sets, i, &count), sizeof(set));
		split(names, &set);
	}
	split_by_bytes(w->nfa, names);
	for (unsigned byte = 0; byte < 256; byte++) {
		names->byte_weight[names->byte_class[byte]]++;
		w->members[names->byte_class[byte]] = (uint8_t)byte;
	}
	return budget_pay(w->budget, 2000 * (uint64_t)interner_count(&w->nfa->sets), 0, 0);
}

/* --- States --------------------------------------------------------------------------------------- */

static void enter(const struct walk *w, struct vector *nodes, uint32_t node)
{
	uint32_t star = w->automaton.nodes[node].star;

	vector_push(nodes, node);
	if (star != NO_NODE)
		vector_push(nodes, star);
}

/* Fills `labels` with what the nodes settle, and the set `before` did. */
static int settle(struct walk *w, const struct vector *nodes, uint32_t before)
{
	size_t count;
	const uint32_t *settled = interned(&w->settled, before, &count);

	w->labels.count = 0;
	vector_append(&w->labels, settled, count);
	for (size_t i = 0; i < nodes->count; i++) {
		const struct name_node *node = &w->automaton.nodes[nodes->items[i]];

		if (node->loops && node->accepts.count > 0)
			vector_append(&w->labels, w->automaton.labels.items + node->accepts.start,
				node->accepts.count);
	}
	if (w->labels.failed)
		return w->labels.failed;
	vector_normalise(&w->labels);
	dominance_reduce(&w->dominance, &w->labels, 0);
	return 0;
}

/* True where a node can lead to nothing that the settled labels leave open. */
static bool is_settled(struct walk *w, uint32_t node)
{
	size_t count, i = 0;
	const uint32_t *reach = interned(
		&w->automaton.reaches, w->automaton.nodes[node].reach, &count);

	if (w->labels.count == 0 && count > 0)
		return false;
	while (i < count &&
		dominance_covers(&w->dominance, w->labels.items, w->labels.count, reach[i]))
		i++;
	w->effort += (i + 1) * (w->dominance.count > 0 ? w->labels.count + 1 : 1);
	return i == count;
}

/* The state of a set of nodes, which is consumed. */
static int make_state(struct walk *w, struct vector *nodes, uint32_t before, uint32_t *ret_state)
{
	uint32_t set, rule = 0;
	size_t kept = 1;
	int r;

	vector_normalise(nodes);
	r = settle(w, nodes, before);
	if (r < 0)
		return r;
	r = intern(&w->settled, w->labels.items, w->labels.count, &set);
	if (r < 0)
		return r;
	w->nodes.count = 0;
	vector_push(&w->nodes, set);
	for (size_t i = 0; i < nodes->count; i++) {
		uint32_t node = nodes->items[i];

		if (w->automaton.nodes[node].rule > rule)
			rule = w->automaton.nodes[node].rule;
		if (!is_settled(w, node))
			vector_push(&w->nodes, node);
	}
	if (w->nodes.failed)
		return w->nodes.failed;
	kept = w->nodes.count;
	r = intern(&w->states, w->nodes.items, kept, ret_state);
	if (r < 0)
		return r;
	w->effort += 4 + 4 * nodes->count + w->labels.count;
	r = budget_pay(
		w->budget, w->effort, r > 0 ? 4 * (kept + w->names->byte_classes + 6) : 0, rule);
	w->effort = 0;
	return r;
}

static void enter_set(struct walk *w, uint32_t set_number, uint32_t node)
{
	struct byte_set set;
	size_t count;

	memcpy(&set, interned(&w->nfa->sets, set_number, &count), sizeof(set));
	for (uint32_t number = 1; number < w->names->byte_classes; number++)
		if (byte_set_has(&set, w->members[number]))
			enter(w, &w->buckets[number], node);
}

static void follow(struct walk *w, const struct name_node *node)
{
	for (uint32_t i = node->edges.start; i < node->edges.start + node->edges.count; i++) {
		uint32_t atom = w->automaton.edges.items[2 * (size_t)i];
		uint32_t target = w->automaton.edges.items[2 * (size_t)i + 1];

		if (atom_code(atom) == CODE_ANY)
			enter(w, &w->common, target);
		else if (atom_code(atom) == CODE_SET)
			enter_set(w, atom_value(atom), target);
		else
			enter(w, &w->buckets[w->names->byte_class[atom_value(atom)]], target);
	}
}

/* Adds the row of transitions of a state. */
static int expand(struct walk *w, uint32_t state)
{
	size_t count;
	const uint32_t *key = interned(&w->states, state, &count);
	uint32_t before = key[0], otherwise;
	int r;

	w->common.count = 0;
	for (uint32_t number = 0; number < w->names->byte_classes; number++)
		w->buckets[number].count = 0;
	for (size_t i = 1; i < count; i++) {
		const struct name_node *node = &w->automaton.nodes[key[i]];

		if (node->loops)
			vector_push(&w->common, key[i]);
		follow(w, node);
	}
	r = make_state(w, &w->common, before, &otherwise);
	for (uint32_t number = 0; r == 0 && number < w->names->byte_classes; number++) {
		struct vector *bucket = &w->buckets[number];
		uint32_t target = otherwise;

		if (bucket->failed)
			return bucket->failed;
		if (bucket->count > 0) {
			vector_append(bucket, w->common.items, w->common.count);
			if (bucket->failed)
				return bucket->failed;
			r = make_state(w, bucket, before, &target);
		}
		vector_push(&w->table, target);
	}
	return r < 0 ? r : w->table.failed;
}

/* The class of a state: what it settled and what its nodes accept. */
static int classify(struct walk *w, uint32_t state)
{
	size_t count, settled_count;
	const uint32_t *key = interned(&w->states, state, &count);
	const uint32_t *settled = interned(&w->settled, key[0], &settled_count);
	uint32_t class;
	int r;

	w->labels.count = 0;
	vector_append(&w->labels, settled, settled_count);
	for (size_t i = 1; i < count; i++) {
		struct span accepts = w->automaton.nodes[key[i]].accepts;

		if (accepts.count > 0)
			vector_append(&w->labels, w->automaton.labels.items + accepts.start,
				accepts.count);
	}
	if (w->labels.failed)
		return w->labels.failed;
	vector_normalise(&w->labels);
	dominance_reduce(&w->dominance, &w->labels, 0);
	r = intern(&w->names->classes, w->labels.items, w->labels.count, &class);
	if (r < 0)
		return r;
	vector_push(&w->state_class, class);
	return w->state_class.failed ? w->state_class.failed : budget_pay(w->budget, count, 0, 0);
}

static int construct(struct walk *w)
{
	uint32_t start, none;
	int r = intern(&w->settled, NULL, 0, &none);

	if (r < 0)
		return r;
	enter(w, &w->common, w->automaton.root);
	r = make_state(w, &w->common, none, &start);
	for (uint32_t state = 0; r == 0 && state < interner_count(&w->states); state++) {
		r = expand(w, state);
		if (r == 0)
			r = classify(w, state);
	}
	return r;
}

int names_determinise(const struct nfa *nfa, struct budget *budget, struct names *names)
{
	_cleanup_(walk_release) struct walk w = {.nfa = nfa, .budget = budget, .names = names};
	int r;

	w.buckets = calloc(256, sizeof(*w.buckets));
	if (!w.buckets)
		return -ENOMEM;
	r = name_nfa_build(nfa, &w.automaton);
	if (r == 0)
		r = dominance_find(nfa, &w.dominance);
	if (r == 0)
		r = make_byte_classes(&w);
	if (r == 0)
		r = construct(&w);
	if (r < 0)
		return r;
	names->table = TAKE_PTR(w.table.items);
	names->state_class = TAKE_PTR(w.state_class.items);
	names->state_count = interner_count(&w.states);
	names->trivial = names->state_count == 1;
	return 0;
}
