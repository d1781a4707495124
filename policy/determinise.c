#include <string.h>

#include "policy/automaton.h"

/*
 * The subset construction over components. A state is a sorted set of positions that continue;
 * positions that can only lead to groups weaker than one that already covers everything below,
 * without condition, are dropped.
 */

struct construction {
	struct automaton *automaton;
	struct nfa *nfa;
	struct names *names;
	struct budget *budget;
	struct interner states;
	struct interner label_sets; /* what partitions are made for */
	struct vector rows;         /* four words each, see struct row */
	struct vector finite;       /* classes of few names */
	struct vector taken;        /* by class: names that are exceptions */
	struct vector
		live; /* by partition and block, as `representatives`: has a class of many names */

	/* Of the state in work: */
	struct vector base;     /* positions that every name leads to */
	struct vector labels;   /* pairs of label and node, sorted */
	struct vector literals; /* pairs of symbol and node, sorted */
	struct vector next;     /* positions of the step in work */
	struct vector active;   /* labels */
	struct vector kept;
	uint32_t rule;
};

static void construction_release(struct construction *c)
{
	interner_release(&c->states);
	interner_release(&c->label_sets);
	vector_release(&c->rows);
	vector_release(&c->finite);
	vector_release(&c->taken);
	vector_release(&c->live);
	vector_release(&c->base);
	vector_release(&c->labels);
	vector_release(&c->literals);
	vector_release(&c->next);
	vector_release(&c->active);
	vector_release(&c->kept);
}

static void enter(struct construction *c, struct vector *positions, uint32_t node)
{
	size_t count;
	const uint32_t *closure = nfa_closure(c->nfa, node, &count);

	vector_append(positions, closure, count);
}

/* --- From a set of positions to a value ----------------------------------------------------------- */

/* What the positions of a step say about one family. */
struct tally {
	uint32_t winner;  /* the strongest group that is marked and not negated */
	uint32_t covered; /* the strongest group that marks everything below without condition */
	bool capped;
};

static bool is_met(const struct construction *c, unsigned family, uint32_t condition)
{
	uint32_t negation = mark_make(family, condition, true);

	for (size_t i = 0; i < c->next.count; i++) {
		const struct position *position = &c->nfa->positions[c->next.items[i]];

		if (position->marks.count > 0 &&
			sorted_has(c->nfa->marks.items + position->marks.start,
				position->marks.count, negation))
			return true;
	}
	return false;
}

static void tally_position(
	const struct construction *c, const struct position *position, struct tally *tallies)
{
	for (uint32_t i = 0; i < position->marks.count; i++) {
		uint32_t mark = c->nfa->marks.items[position->marks.start + i],
			 group = mark_number(mark);
		struct tally *tally = &tallies[mark_family(mark)];

		if (mark_negative(mark))
			continue;
		if (group == GROUP_CAP) {
			tally->capped = true;
			continue;
		}
		if (nfa_unconditional(c->nfa, mark)) {
			if (position->loops && group < tally->covered)
				tally->covered = group;
			if (group < tally->winner)
				tally->winner = group;
		} else if (group < tally->winner &&
			   !is_met(c, mark_family(mark), nfa_condition(c->nfa, mark))) {
			tally->winner = group;
		}
	}
}

static enum ward_level tally_level(
	const struct construction *c, const struct tally *tally, unsigned family)
{
	const struct ranking *ranking = &c->automaton->rankings[family];
	enum ward_level level = ranking->fallback;

	if (tally->winner != NO_GROUP)
		level = (enum ward_level)ranking->levels.items[tally->winner];
	return tally->capped && level > LEVEL_READ ? LEVEL_READ : level;
}

/* True where another cover of the same condition makes this one superfluous. */
static bool has_stronger_cover(const struct construction *c, uint32_t mark)
{
	for (size_t i = 0; i < c->next.count; i++) {
		const struct position *position = &c->nfa->positions[c->next.items[i]];
		uint32_t other;

		if (!position->loops || position->marks.count != 1)
			continue;
		other = c->nfa->marks.items[position->marks.start];
		if (!mark_negative(other) && mark_family(other) == mark_family(mark) &&
			other < mark && mark_number(other) != GROUP_CAP &&
			nfa_condition(c->nfa, other) == nfa_condition(c->nfa, mark))
			return true;
	}
	return false;
}

/* True where a position can still change a verdict below, given what is covered. */
static bool matters(
	const struct construction *c, const struct position *position, const struct tally *tallies)
{
	bool cover = position->loops && position->marks.count == 1;
	uint32_t mark;

	if (!position->continues)
		return false;
	if (cover) {
		mark = c->nfa->marks.items[position->marks.start];
		if (nfa_unconditional(c->nfa, mark))
			return mark_number(mark) == tallies[mark_family(mark)].covered;
		if (!mark_negative(mark) && has_stronger_cover(c, mark))
			return false;
	}
	for (unsigned family = 0; family < FAMILIES; family++)
		if (position->below[family] < tallies[family].covered)
			return true;
	return false;
}

/* Makes a value of the positions in c->next. */
static int make_value(struct construction *c, automaton_value *ret_value)
{
	struct tally tallies[FAMILIES] = {{NO_GROUP, NO_GROUP, false}, {NO_GROUP, NO_GROUP, false}};
	uint32_t state;
	int r;

	vector_normalise(&c->next);
	for (size_t i = 0; i < c->next.count; i++)
		tally_position(c, &c->nfa->positions[c->next.items[i]], tallies);
	c->kept.count = 0;
	for (size_t i = 0; i < c->next.count; i++)
		if (matters(c, &c->nfa->positions[c->next.items[i]], tallies))
			vector_push(&c->kept, c->next.items[i]);
	if (c->next.failed || c->kept.failed)
		return -ENOMEM;
	r = intern(&c->states, c->kept.items, c->kept.count, &state);
	if (r < 0)
		return r;
	if (state >= AUTOMATON_STATES_MAX) {
		c->budget->rule = c->rule;
		return -E2BIG;
	}
	r = budget_pay(
		c->budget, 8 + 4 * c->next.count, r > 0 ? 4 * c->kept.count + 64 : 8, c->rule);
	if (r < 0)
		return r;
	*ret_value = state << VALUE_SHIFT | (uint32_t)tally_level(c, &tallies[1], 1) << 2 |
		     (uint32_t)tally_level(c, &tallies[0], 0);
	return 0;
}

/* --- The edges of a state ------------------------------------------------------------------------- */

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

static int gather(struct construction *c, uint32_t state)
{
	struct nfa *nfa = c->nfa;
	size_t count, literal_sources = 0, label_sources = 0;
	const uint32_t *set = interned(&c->states, state, &count);

	c->base.count = c->labels.count = c->literals.count = 0;
	c->rule = 0;
	for (size_t i = 0; i < count; i++) {
		const struct position *position = &nfa->positions[set[i]];

		if (position->rule > c->rule)
			c->rule = position->rule;
		if (position->loops)
			vector_push(&c->base, set[i]);
		if (position->any != NO_NODE)
			enter(c, &c->base, position->any);
		if (position->literals.count > 0) {
			vector_append(&c->literals,
				nfa->literal_edges.items + 2 * (size_t)position->literals.start,
				2 * (size_t)position->literals.count);
			literal_sources++;
		}
		if (position->labels.count > 0) {
			vector_append(&c->labels,
				nfa->label_edges.items + 2 * (size_t)position->labels.start,
				2 * (size_t)position->labels.count);
			label_sources++;
		}
	}
	if (c->base.failed || c->labels.failed || c->literals.failed)
		return -ENOMEM;
	if (literal_sources > 1)
		sort_pairs(&c->literals);
	if (label_sources > 1)
		sort_pairs(&c->labels);
	return budget_pay(c->budget, count + c->literals.count + c->labels.count, 0, c->rule);
}

/* Starts a step: what every name leads to, and what the labels of `class` lead to. */
static void start_step(struct construction *c, uint32_t class)
{
	size_t count, j = 0;
	const uint32_t *labels = interned(&c->names->classes, class, &count);

	c->next.count = 0;
	vector_append(&c->next, c->base.items, c->base.count);
	for (size_t i = 0; i < c->labels.count && j < count; i += 2) {
		while (j < count && labels[j] < c->labels.items[i])
			j++;
		if (j < count && labels[j] == c->labels.items[i])
			enter(c, &c->next, c->labels.items[i + 1]);
	}
}

/* --- Partitions ----------------------------------------------------------------------------------- */

/* Maps each class to its block: the classes that agree on the active labels. */
static int fill_partition(struct construction *c, struct partition *partition)
{
	_cleanup_(interner_release) struct interner blocks = {0};
	struct automaton *a = c->automaton;
	size_t classes = interner_count(&c->names->classes);
	int r = budget_pay(c->budget, 4 * classes, 4 * classes, c->rule);

	for (uint32_t class = 0; r >= 0 && class < classes; class ++) {
		size_t count;
		const uint32_t *labels = interned(&c->names->classes, class, &count);
		uint32_t block;

		c->kept.count = 0;
		for (size_t i = 0; i < count; i++)
			if (sorted_has(c->active.items, c->active.count, labels[i]))
				vector_push(&c->kept, labels[i]);
		if (c->kept.failed)
			return c->kept.failed;
		r = intern(&blocks, c->kept.items, c->kept.count, &block);
		if (r < 0)
			return r;
		if (r > 0) {
			vector_push(&a->representatives, class);
			vector_push(&c->live, 0);
			partition->block_count++;
		}
		vector_push(&a->maps, block);
		if (a->maps.failed || a->representatives.failed || c->live.failed)
			return -ENOMEM;
		if (c->names->class_size[class] == NAMES_MANY)
			c->live.items[partition->representatives + block] = 1;
		r = budget_pay(c->budget, count, 0, c->rule);
	}
	return r < 0 ? r : 0;
}

/* The partition for the labels that the state in work asks for. */
static int find_partition(struct construction *c, uint32_t *ret_partition)
{
	struct automaton *a = c->automaton;
	struct partition *grown;
	uint32_t id;
	int r;

	c->active.count = 0;
	for (size_t i = 0; i < c->labels.count; i += 2)
		vector_push(&c->active, c->labels.items[i]);
	vector_normalise(&c->active);
	if (c->active.failed)
		return c->active.failed;
	r = intern(&c->label_sets, c->active.items, c->active.count, &id);
	if (r < 0)
		return r;
	if (r > 0) {
		grown = realloc(a->partitions, (id + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		a->partitions = grown;
		a->partition_count = id + 1;
		grown[id] = (struct partition){
			(uint32_t)a->maps.count, 0, (uint32_t)a->representatives.count};
		r = fill_partition(c, &grown[id]);
		if (r < 0)
			return r;
	}
	*ret_partition = id;
	return 0;
}

/* --- Rows ----------------------------------------------------------------------------------------- */

/* The steps by literals that some pattern names here. */
static int add_exceptions(struct construction *c)
{
	struct automaton *a = c->automaton;

	for (size_t i = 0, end; i < c->literals.count; i = end) {
		uint32_t symbol = c->literals.items[i];
		size_t count;
		uint32_t class = interned(&c->names->symbols, symbol, &count)[0];
		automaton_value value;
		int r;

		start_step(c, class);
		for (end = i; end < c->literals.count && c->literals.items[end] == symbol; end += 2)
			enter(c, &c->next, c->literals.items[end + 1]);
		r = make_value(c, &value);
		if (r < 0)
			return r;
		vector_push(&a->exceptions, symbol);
		vector_push(&a->exceptions, value);
		if (c->names->class_size[class] != NAMES_MANY)
			c->taken.items[class] += c->names->symbol_size.items[symbol];
	}
	return a->exceptions.failed;
}

static bool block_is_live(
	const struct construction *c, const struct partition *partition, uint32_t block)
{
	if (c->live.items[partition->representatives + block])
		return true;
	for (size_t i = 0; i < c->finite.count; i++) {
		uint32_t class = c->finite.items[i];

		if (c->automaton->maps.items[partition->map + class] == block &&
			c->names->class_size[class] > c->taken.items[class])
			return true;
	}
	return false;
}

/* The steps by all other names. */
static int add_targets(struct construction *c, uint32_t partition_id)
{
	struct automaton *a = c->automaton;
	struct partition partition = a->partitions[partition_id];

	for (uint32_t block = 0; block < partition.block_count; block++) {
		automaton_value value = VALUE_VOID;
		int r;

		if (block_is_live(c, &partition, block)) {
			start_step(c, a->representatives.items[partition.representatives + block]);
			r = make_value(c, &value);
			if (r < 0)
				return r;
		}
		vector_push(&a->targets, value);
	}
	return a->targets.failed;
}

static int expand(struct construction *c, uint32_t state)
{
	struct automaton *a = c->automaton;
	uint32_t partition = 0, row[4];
	int r = gather(c, state);

	for (size_t i = 0; i < c->finite.count; i++)
		c->taken.items[c->finite.items[i]] = 0;
	row[0] = (uint32_t)a->exceptions.count / 2;
	if (r == 0)
		r = add_exceptions(c);
	row[1] = (uint32_t)a->exceptions.count / 2 - row[0];
	if (r == 0)
		r = find_partition(c, &partition);
	row[2] = partition;
	row[3] = (uint32_t)a->targets.count;
	if (r == 0)
		r = add_targets(c, partition);
	vector_append(&c->rows, row, ELEMENTS(row));
	return r < 0 ? r : c->rows.failed;
}

static int find_finite(struct construction *c)
{
	for (uint32_t class = 0; class < interner_count(&c->names->classes); class ++) {
		vector_push(&c->taken, 0);
		if (c->names->class_size[class] != NAMES_MANY)
			vector_push(&c->finite, class);
	}
	return c->taken.failed ? c->taken.failed : c->finite.failed;
}

static int construct(struct construction *c)
{
	struct automaton *a = c->automaton;
	int r = find_finite(c);

	if (r < 0)
		return r;
	enter(c, &c->next, c->nfa->root);
	r = make_value(c, &a->root);
	if (r < 0)
		return r;
	a->root |= VALUE_ROOT;
	for (uint32_t state = 0; r == 0 && state < interner_count(&c->states); state++)
		r = expand(c, state);
	return r;
}

int automaton_determinise(struct automaton *automaton, struct budget *budget)
{
	_cleanup_(construction_release) struct construction c = {.automaton = automaton,
		.nfa = &automaton->nfa,
		.names = &automaton->names,
		.budget = budget};
	int r = construct(&c);

	if (r < 0)
		return r;
	automaton->state_count = (uint32_t)interner_count(&c.states);
	automaton->rows = calloc(automaton->state_count, sizeof(*automaton->rows));
	if (!automaton->rows)
		return -ENOMEM;
	for (uint32_t state = 0; state < automaton->state_count; state++)
		memcpy(&automaton->rows[state], c.rows.items + 4 * (size_t)state,
			sizeof(*automaton->rows));
	return 0;
}
