#include "policy/names.h"

#include <string.h>

void names_release(struct names *names)
{
	free(names->table);
	free(names->state_class);
	interner_release(&names->classes);
	free(names->class_size);
	free(names->literal);
	free(names->slots);
	free(names->slot_hash);
	interner_release(&names->symbols);
	vector_release(&names->symbol_size);
	vector_release(&names->symbol_literal);
	*names = (struct names){0};
}

uint32_t names_walk(const struct names *names, const char *name, size_t length)
{
	const uint32_t *table = names->table;
	uint32_t state = 0, width = names->byte_classes;

	for (size_t i = 0; i < length; i++)
		state = table[state * width + names->byte_class[(unsigned char)name[i]]];
	return state;
}

/* --- Literals ------------------------------------------------------------------------------------- */

static uint32_t hash_name(const char *name, size_t length)
{
	uint64_t h = length, word;

	for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = mix64(h ^ word);
	}
	word = 0;
	memcpy(&word, name, length);
	return (uint32_t)mix64(h ^ word);
}

const char *names_literal_bytes(const struct names *names, uint32_t literal, size_t *ret_length)
{
	size_t count;
	const uint32_t *key = interned(names->literals, literal, &count);

	*ret_length = key[0];
	return (const char *)(key + 1);
}

const struct name_literal *names_literal(const struct names *names, const char *name, size_t length)
{
	uint32_t h = hash_name(name, length);
	size_t mask = names->slot_count - 1;

	for (size_t slot = h & mask; names->slots[slot] != 0; slot = (slot + 1) & mask) {
		uint32_t literal = names->slots[slot] - 1;
		const char *bytes;
		size_t bytes_length;

		if (names->slot_hash[slot] != h)
			continue;
		bytes = names_literal_bytes(names, literal, &bytes_length);
		if (bytes_length == length && memcmp(bytes, name, length) == 0)
			return &names->literal[literal];
	}
	return NULL;
}

static int fill_slots(struct names *names)
{
	size_t count = interner_count(names->literals), slot_count = 4;

	while (slot_count < 2 * count)
		slot_count *= 2;
	names->slots = calloc(slot_count, sizeof(*names->slots));
	names->slot_hash = calloc(slot_count, sizeof(*names->slot_hash));
	if (!names->slots || !names->slot_hash)
		return -ENOMEM;
	names->slot_count = slot_count;
	for (uint32_t literal = 0; literal < count; literal++) {
		size_t length;
		const char *bytes = names_literal_bytes(names, literal, &length);
		uint32_t h = hash_name(bytes, length);
		size_t slot = h & (slot_count - 1);

		while (names->slots[slot] != 0)
			slot = (slot + 1) & (slot_count - 1);
		names->slots[slot] = literal + 1;
		names->slot_hash[slot] = h;
	}
	return 0;
}

/* --- Symbols -------------------------------------------------------------------------------------- */

static int compare_uses(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	for (size_t i = 0; i < 3; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* Every literal edge as (literal, position, node), sorted. */
static int list_uses(const struct nfa *nfa, struct vector *uses)
{
	for (uint32_t p = 0; p < nfa->position_count; p++) {
		struct span span = nfa->positions[p].literals;

		for (size_t i = span.start; i < (size_t)span.start + span.count; i++) {
			vector_push(uses, nfa->literal_edges.items[2 * i]);
			vector_push(uses, p);
			vector_push(uses, nfa->literal_edges.items[2 * i + 1]);
		}
	}
	if (uses->failed)
		return uses->failed;
	if (uses->count > 3)
		qsort(uses->items, uses->count / 3, 3 * sizeof(*uses->items), compare_uses);
	return 0;
}

static int add_symbol(struct names *names, const struct vector *key, uint32_t literal)
{
	uint32_t symbol;
	int r = intern(&names->symbols, key->items, key->count, &symbol);

	if (r < 0)
		return r;
	if (r > 0) {
		vector_push(&names->symbol_size, 0);
		vector_push(&names->symbol_literal, literal);
	}
	if (names->symbol_size.failed || names->symbol_literal.failed)
		return -ENOMEM;
	names->symbol_size.items[symbol]++;
	names->literal[literal].symbol = symbol;
	return 0;
}

static int make_symbols(const struct nfa *nfa, struct names *names)
{
	_cleanup_(vector_release) struct vector uses = {0};
	_cleanup_(vector_release) struct vector key = {0};
	size_t at = 0;
	int r = list_uses(nfa, &uses);

	for (uint32_t literal = 0; r == 0 && literal < interner_count(names->literals); literal++) {
		size_t length;
		const char *bytes = names_literal_bytes(names, literal, &length);

		names->literal[literal].class = names_class(names, bytes, length);
		key.count = 0;
		vector_push(&key, names->literal[literal].class);
		for (; at < uses.count && uses.items[at] == literal; at += 3)
			vector_append(&key, &uses.items[at + 1], 2);
		r = key.failed ? key.failed : add_symbol(names, &key, literal);
	}
	return r;
}

static int compare_pairs(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

/* Literals of one symbol lead to the same node from everywhere, so one edge serves them all. */
static void replace_literals(struct nfa *nfa, const struct names *names)
{
	for (size_t p = 0; p < nfa->position_count; p++) {
		struct span *span = &nfa->positions[p].literals;
		uint32_t *pairs, kept = 0;

		if (span->count == 0)
			continue;
		pairs = nfa->literal_edges.items + 2 * (size_t)span->start;
		for (uint32_t i = 0; i < span->count; i++)
			pairs[2 * i] = names->literal[pairs[2 * i]].symbol;
		qsort(pairs, span->count, 2 * sizeof(*pairs), compare_pairs);
		for (uint32_t i = 0; i < span->count; i++) {
			if (kept > 0 && pairs[2 * i] == pairs[2 * (kept - 1)])
				continue;
			memmove(&pairs[2 * (size_t)kept++], &pairs[2 * (size_t)i],
				2 * sizeof(*pairs));
		}
		span->count = kept;
	}
}

int names_build(struct nfa *nfa, struct budget *budget, struct names *names)
{
	int r;

	names->literals = &nfa->literals;
	names->literal = calloc(interner_count(&nfa->literals) + 1, sizeof(*names->literal));
	if (!names->literal)
		return -ENOMEM;
	r = names_determinise(nfa, budget, names);
	if (r == 0)
		r = names_count(names, budget);
	if (r == 0)
		r = fill_slots(names);
	if (r == 0)
		r = make_symbols(nfa, names);
	if (r == 0)
		replace_literals(nfa, names);
	return r;
}
