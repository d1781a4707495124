#include <string.h>

#include "common/strbuf.h"
#include "policy/automaton.h"

/*
 * Shortest witnesses. Breadth-first over states for the path; for a component that no literal of
 * the state may be, breadth-first over the bytes of a name, along with a trie of these literals.
 */

enum { STEP_EXCEPTION = 0, STEP_BLOCK = 1 };

struct search {
	const struct automaton *automaton;
	value_predicate wanted;
	struct vector queue; /* states, in the order of finding */
	struct vector from;  /* by place in the queue: the place that it was found from */
	struct vector steps; /* pairs of kind and number, by place in the queue */
	struct vector known; /* by state */
	uint32_t place;      /* in work */
	uint32_t last[2];    /* the step that was wanted */
	bool found;
};

static void search_release(struct search *s)
{
	vector_release(&s->queue);
	vector_release(&s->from);
	vector_release(&s->steps);
	vector_release(&s->known);
}

static void visit(struct search *s, uint32_t kind, uint32_t number, automaton_value value)
{
	uint32_t state;

	if (s->found || value == VALUE_VOID)
		return;
	if (s->wanted(value)) {
		s->found = true;
		s->last[0] = kind;
		s->last[1] = number;
		return;
	}
	state = value_state(value);
	if (s->known.items[state])
		return;
	s->known.items[state] = 1;
	vector_push(&s->queue, state);
	vector_push(&s->from, s->place);
	vector_push(&s->steps, kind);
	vector_push(&s->steps, number);
}

static int run(struct search *s)
{
	const struct automaton *a = s->automaton;

	for (uint32_t i = 0; i < a->state_count; i++)
		vector_push(&s->known, 0);
	if (s->known.failed)
		return s->known.failed;
	visit(s, 0, 0, a->root);
	for (s->place = 0; !s->found && s->place < s->queue.count; s->place++) {
		const struct row *row = &a->rows[s->queue.items[s->place]];

		for (uint32_t i = 0; i < row->exception_count; i++)
			visit(s, STEP_EXCEPTION, i,
				a->exceptions.items[2 * (size_t)(row->exceptions + i) + 1]);
		for (uint32_t i = 0; i < a->partitions[row->partition].block_count; i++)
			visit(s, STEP_BLOCK, i, a->targets.items[row->targets + i]);
		if (s->queue.failed || s->from.failed || s->steps.failed)
			return -ENOMEM;
		if (s->found)
			break;
	}
	return 0;
}

/* --- Names ---------------------------------------------------------------------------------------- */

struct spelling {
	const struct automaton *automaton;
	const struct row *row;
	uint32_t block;
	struct interner taken;    /* trie: node, byte; an edge is its own child's number - 1 */
	struct interner finished; /* trie nodes where a taken name ends */
	struct interner places;   /* state of the walk, trie node or none */
	struct vector from;       /* by place */
	struct vector byte;
};

#define OFF_TRIE UINT32_MAX

static void spelling_release(struct spelling *s)
{
	interner_release(&s->taken);
	interner_release(&s->finished);
	interner_release(&s->places);
	vector_release(&s->from);
	vector_release(&s->byte);
}

static int take(struct spelling *s, const char *name, size_t length)
{
	uint32_t node = 0, id;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < length; i++) {
		r = intern(&s->taken, (uint32_t[]){node, (unsigned char)name[i]}, 2, &id);
		if (r >= 0)
			node = id + 1;
	}
	return r < 0 ? r : intern(&s->finished, &node, 1, &id);
}

/* The literals that are exceptions of the row, and what is no name. */
static int take_literals(struct spelling *s)
{
	const struct automaton *a = s->automaton;
	const struct names *names = &a->names;
	_cleanup_(vector_release) struct vector symbols = {0};
	int r = take(s, ".", 1);

	if (r >= 0)
		r = take(s, "..", 2);
	for (uint32_t i = 0; i < s->row->exception_count; i++)
		vector_push(&symbols, a->exceptions.items[2 * (size_t)(s->row->exceptions + i)]);
	vector_normalise(&symbols);
	if (symbols.failed)
		return symbols.failed;
	for (uint32_t i = 0; r >= 0 && i < interner_count(names->literals); i++) {
		size_t length;
		const char *bytes = names_literal_bytes(names, i, &length);

		if (sorted_has(symbols.items, symbols.count, names->literal[i].symbol))
			r = take(s, bytes, length);
	}
	return r;
}

static bool is_wanted(const struct spelling *s, uint32_t state, uint32_t node)
{
	const struct automaton *a = s->automaton;
	uint32_t map = a->partitions[s->row->partition].map, id;

	if (a->maps.items[map + a->names.state_class[state]] != s->block)
		return false;
	return node == OFF_TRIE || !interner_find(&s->finished, &node, 1, &id);
}

/* Bytes from the most to the least readable. */
static void order_bytes(unsigned char *order)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "_-.+,=@%~ !#$&'()*:;<>?[]^`{|}\"\\";
	size_t count = sizeof(first) - 1;

	memcpy(order, first, count);
	for (unsigned byte = 1; byte < 256; byte++)
		if (byte != '/' && !memchr(first, (int)byte, sizeof(first) - 1))
			order[count++] = (unsigned char)byte;
}

static int lengthen(struct spelling *s, uint32_t place, unsigned char byte, bool *ret_found)
{
	const struct names *names = &s->automaton->names;
	size_t count;
	const uint32_t *key = interned(&s->places, place, &count);
	uint32_t next[2] = {
		names->table[key[0] * names->byte_classes + names->byte_class[byte]], OFF_TRIE};
	uint32_t id;
	int r;

	if (key[1] != OFF_TRIE && interner_find(&s->taken, (uint32_t[]){key[1], byte}, 2, &id))
		next[1] = id + 1;
	r = intern(&s->places, next, 2, &id);
	if (r <= 0)
		return r;
	vector_push(&s->from, place);
	vector_push(&s->byte, byte);
	*ret_found = is_wanted(s, next[0], next[1]);
	return s->from.failed ? s->from.failed : s->byte.failed;
}

/* The shortest name of the block that is no exception; it exists, or the step would be VALUE_VOID. */
static int spell(struct spelling *s, struct strbuf *buf)
{
	unsigned char order[256];
	char name[256];
	size_t length = 0;
	bool found = false;
	uint32_t id, place;
	int r = take_literals(s);

	if (r >= 0)
		r = intern(&s->places, (uint32_t[]){0, 0}, 2, &id);
	vector_push(&s->from, 0);
	vector_push(&s->byte, 0);
	order_bytes(order);
	for (place = 0; r >= 0 && !found && place < interner_count(&s->places); place++)
		for (size_t i = 0; r >= 0 && !found && i < 254; i++)
			r = lengthen(s, place, order[i], &found);
	if (r < 0)
		return r;
	if (!found)
		return -EINVAL;
	for (place = (uint32_t)s->from.count - 1; place > 0 && length < sizeof(name);
		place = s->from.items[place])
		name[sizeof(name) - ++length] = (char)s->byte.items[place];
	return strbuf_add(buf, name + sizeof(name) - length, length);
}

static int spell_step(
	const struct automaton *a, uint32_t state, const uint32_t *step, struct strbuf *buf)
{
	const struct row *row = &a->rows[state];
	_cleanup_(spelling_release) struct spelling spelling = {
		.automaton = a, .row = row, .block = step[1]};
	uint32_t symbol;
	const char *bytes;
	size_t length;

	if (buf->size > 0)
		strbuf_add_char(buf, '/');
	if (step[0] == STEP_BLOCK)
		return spell(&spelling, buf);
	symbol = a->exceptions.items[2 * (size_t)(row->exceptions + step[1])];
	bytes = names_literal_bytes(&a->names, a->names.symbol_literal.items[symbol], &length);
	return strbuf_add(buf, bytes, length);
}

/* The steps from the root to the place in work, and the wanted one. */
static int spell_path(const struct search *s, struct strbuf *buf)
{
	_cleanup_(vector_release) struct vector places = {0};
	int r = 0;

	for (uint32_t place = s->place; place > 0; place = s->from.items[place])
		vector_push(&places, place);
	if (places.failed)
		return places.failed;
	for (size_t i = places.count; r == 0 && i-- > 0;) {
		uint32_t place = places.items[i];

		r = spell_step(s->automaton, s->queue.items[s->from.items[place]],
			&s->steps.items[2 * place], buf);
	}
	return r == 0 ? spell_step(s->automaton, s->queue.items[s->place], s->last, buf) : r;
}

int automaton_witness(const struct automaton *automaton, value_predicate wanted, char **ret_path)
{
	_cleanup_(search_release) struct search s = {.automaton = automaton, .wanted = wanted};
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;
	char *path;
	int r = run(&s);

	if (r < 0 || !s.found)
		return r;
	if (s.queue.count > 0)
		r = spell_path(&s, &buf);
	if (r < 0)
		return r;
	path = strbuf_detach(&buf);
	if (!path)
		return -ENOMEM;
	*ret_path = path;
	return 1;
}
