#include "policy/automaton.h"

int automaton_new(struct automaton **ret_automaton)
{
	_cleanup_(automaton_freep) struct automaton *automaton = calloc(1, sizeof(*automaton));

	if (!automaton)
		return -ENOMEM;
	for (unsigned family = 0; family < FAMILIES; family++) {
		vector_push(&automaton->rankings[family].levels, LEVEL_NONE);
		if (automaton->rankings[family].levels.failed)
			return -ENOMEM;
	}
	*ret_automaton = TAKE_PTR(automaton);
	return 0;
}

struct automaton *automaton_free(struct automaton *automaton)
{
	int saved = errno;

	if (automaton) {
		nfa_release(&automaton->nfa);
		names_release(&automaton->names);
		for (unsigned family = 0; family < FAMILIES; family++)
			vector_release(&automaton->rankings[family].levels);
		free(automaton->rows);
		vector_release(&automaton->exceptions);
		vector_release(&automaton->targets);
		free(automaton->partitions);
		vector_release(&automaton->maps);
		vector_release(&automaton->representatives);
		free(automaton->slots);
		free(automaton->outlooks);
		free(automaton);
	}
	errno = saved;
	return NULL;
}

int automaton_add_group(struct automaton *automaton, unsigned family, enum ward_level level)
{
	struct vector *levels = &automaton->rankings[family].levels;

	vector_push(levels, level);
	return levels->failed ? levels->failed : (int)levels->count - 1;
}

/* --- The table of exceptions ---------------------------------------------------------------------- */

static size_t slot_of(const struct automaton *automaton, uint32_t state, uint32_t symbol)
{
	return mix64((uint64_t)state << 32 | symbol) & (automaton->slot_count - 1);
}

static int fill_slots(struct automaton *automaton, struct budget *budget)
{
	size_t count = automaton->exceptions.count / 2, slot_count = 4;
	int r;

	while (slot_count < 2 * count)
		slot_count *= 2;
	r = budget_pay(budget, slot_count, slot_count * sizeof(*automaton->slots), budget->rule);
	if (r < 0)
		return r;
	automaton->slots = calloc(slot_count, sizeof(*automaton->slots));
	if (!automaton->slots)
		return -ENOMEM;
	automaton->slot_count = slot_count;
	for (uint32_t state = 0; state < automaton->state_count; state++) {
		const struct row *row = &automaton->rows[state];

		for (size_t i = row->exceptions; i < (size_t)row->exceptions + row->exception_count;
			i++) {
			uint32_t symbol = automaton->exceptions.items[2 * i];
			size_t slot = slot_of(automaton, state, symbol);

			while (automaton->slots[slot].state != 0)
				slot = (slot + 1) & (slot_count - 1);
			automaton->slots[slot] = (struct exception_slot){
				state + 1, symbol, automaton->exceptions.items[2 * i + 1]};
		}
	}
	return 0;
}

int automaton_finish(struct automaton *automaton, struct budget *budget)
{
	int r = nfa_finish(&automaton->nfa);

	if (r == 0)
		r = names_build(&automaton->nfa, budget, &automaton->names);
	if (r == 0)
		r = automaton_determinise(automaton, budget);
	if (r == 0)
		r = fill_slots(automaton, budget);
	return r;
}

/* --- Stepping ------------------------------------------------------------------------------------- */

/* The value of the exception for `symbol` in `state`, or VALUE_VOID. */
static automaton_value find_exception(
	const struct automaton *automaton, uint32_t state, uint32_t symbol)
{
	size_t slot = slot_of(automaton, state, symbol);

	for (; automaton->slots[slot].state != 0; slot = (slot + 1) & (automaton->slot_count - 1))
		if (automaton->slots[slot].state == state + 1 &&
			automaton->slots[slot].symbol == symbol)
			return automaton->slots[slot].value;
	return VALUE_VOID;
}

automaton_value automaton_step(
	const struct automaton *automaton, uint32_t state, const char *name, size_t length)
{
	const struct row *row = &automaton->rows[state];
	const struct partition *partition = &automaton->partitions[row->partition];
	const struct name_literal *literal = NULL;
	uint32_t class;

	if (row->exception_count > 0) {
		literal = names_literal(&automaton->names, name, length);
		if (literal) {
			automaton_value value = find_exception(automaton, state, literal->symbol);

			if (value != VALUE_VOID)
				return value;
		}
	}
	if (partition->block_count == 1)
		return automaton->targets.items[row->targets];
	class = literal ? literal->class : names_class(&automaton->names, name, length);
	return automaton->targets
		.items[row->targets + automaton->maps.items[partition->map + class]];
}
