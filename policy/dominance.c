#include "policy/dominance.h"

/* The strongest groups around a node, in each family. */
struct strength {
	uint32_t own_certain[FAMILIES];   /* marked at the path itself, unconditionally */
	uint32_t below_certain[FAMILIES]; /* marked at everything below, unconditionally */
	uint32_t own_any[FAMILIES];       /* marked at the path itself in any way */
	uint32_t below_any[FAMILIES];     /* marked anywhere below in any way */
};

struct site {
	uint32_t position;
	struct strength strength;
};

static void lower(uint32_t *group, uint32_t other)
{
	if (other < *group)
		*group = other;
}

static void add_strength(
	const struct nfa *nfa, const struct position *position, struct strength *strength)
{
	for (uint32_t i = 0; i < position->marks.count; i++) {
		uint32_t mark = nfa->marks.items[position->marks.start + i];
		unsigned family = mark_family(mark);

		lower(&strength->own_any[family], nfa_strength(nfa, mark));
		if (nfa_unconditional(nfa, mark)) {
			lower(&strength->own_certain[family], mark_number(mark));
			if (position->loops)
				lower(&strength->below_certain[family], mark_number(mark));
		}
	}
	for (unsigned family = 0; family < FAMILIES; family++)
		lower(&strength->below_any[family], position->below[family]);
}

static struct strength node_strength(const struct nfa *nfa, uint32_t node)
{
	struct strength strength;
	size_t count;
	const uint32_t *closure = nfa_closure(nfa, node, &count);

	for (unsigned family = 0; family < FAMILIES; family++)
		strength.own_certain[family] = strength.below_certain[family] =
			strength.own_any[family] = strength.below_any[family] = NO_GROUP;
	for (size_t i = 0; i < count; i++)
		add_strength(nfa, &nfa->positions[closure[i]], &strength);
	return strength;
}

static bool stronger(const struct strength *a, const struct strength *b)
{
	for (unsigned family = 0; family < FAMILIES; family++)
		if (a->own_certain[family] > b->own_any[family] ||
			a->below_certain[family] > b->below_any[family])
			return false;
	return true;
}

/* All sites of all labels, by label. */
struct sites {
	struct site *items;
	struct vector first;
};

static const struct site *site_at(const struct sites *sites, uint32_t label, uint32_t position)
{
	for (uint32_t i = sites->first.items[label]; i < sites->first.items[label + 1]; i++)
		if (sites->items[i].position == position)
			return &sites->items[i];
	return NULL;
}

static bool dominates_everywhere(const struct sites *sites, uint32_t i, uint32_t j)
{
	for (uint32_t s = sites->first.items[j]; s < sites->first.items[j + 1]; s++) {
		const struct site *weaker = &sites->items[s];
		const struct site *site = site_at(sites, i, weaker->position);

		if (!site || !stronger(&site->strength, &weaker->strength))
			return false;
	}
	return true;
}

static int find_sites(const struct nfa *nfa, struct sites *sites)
{
	size_t labels = interner_count(&nfa->labels), edges = nfa->label_edges.count / 2;

	for (size_t i = 0; i < labels + 2; i++)
		vector_push(&sites->first, 0);
	sites->items = calloc(edges + 1, sizeof(*sites->items));
	if (sites->first.failed || !sites->items)
		return -ENOMEM;
	for (size_t i = 0; i < edges; i++)
		sites->first.items[nfa->label_edges.items[2 * i] + 2]++;
	for (size_t i = 2; i < labels + 2; i++)
		sites->first.items[i] += sites->first.items[i - 1];
	for (uint32_t p = 0; p < nfa->position_count; p++) {
		struct span span = nfa->positions[p].labels;

		for (uint32_t i = span.start; i < span.start + span.count; i++) {
			uint32_t label = nfa->label_edges.items[2 * (size_t)i];

			sites->items[sites->first.items[label + 1]++] = (struct site){
				p, node_strength(nfa, nfa->label_edges.items[2 * (size_t)i + 1])};
		}
	}
	return 0;
}

enum { DOMINANCE_SITES_MAX = 4096 };

int dominance_find(const struct nfa *nfa, struct dominance *ret_dominance)
{
	struct dominance dominance = {.count = (uint32_t)interner_count(&nfa->labels)};
	struct sites sites = {0};
	size_t count = dominance.count;
	int r;

	*ret_dominance = (struct dominance){0};
	if (count < 2 || count > DOMINANCE_LABELS_MAX ||
		nfa->label_edges.count / 2 > DOMINANCE_SITES_MAX)
		return 0;
	dominance.bits = calloc(count * count / 64 + 1, sizeof(*dominance.bits));
	r = dominance.bits ? find_sites(nfa, &sites) : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		for (uint32_t j = 0; j < count; j++) {
			size_t bit = i * count + j;

			if (i != j && dominates_everywhere(&sites, i, j) &&
				(i < j || !dominates_everywhere(&sites, j, i)))
				dominance.bits[bit >> 6] |= UINT64_C(1) << (bit & 63);
		}
	}
	free(sites.items);
	vector_release(&sites.first);
	if (r < 0)
		dominance_release(&dominance);
	else
		*ret_dominance = dominance;
	return r;
}

void dominance_release(struct dominance *dominance)
{
	free(dominance->bits);
	*dominance = (struct dominance){0};
}

bool dominance_covers(
	const struct dominance *dominance, const uint32_t *set, size_t count, uint32_t label)
{
	if (sorted_has(set, count, label))
		return true;
	for (size_t i = 0; dominance->count > 0 && i < count; i++)
		if (dominates(dominance, set[i], label))
			return true;
	return false;
}

void dominance_reduce(const struct dominance *dominance, struct vector *set, size_t start)
{
	size_t kept = start;

	if (dominance->count == 0)
		return;
	for (size_t i = start; i < set->count; i++) {
		bool dominated = false;

		for (size_t j = start; !dominated && j < set->count; j++)
			dominated = dominates(dominance, set->items[j], set->items[i]);
		if (!dominated)
			set->items[kept++] = set->items[i];
	}
	set->count = kept;
}
