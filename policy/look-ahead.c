#include <string.h>

#include "policy/automaton.h"

/*
 * What lies ahead of each state, backwards from where it is: a level that some step gives can also
 * be met from every state from which one can get to that step. One sweep for each level and
 * direction, so linear in the automaton.
 */

struct sweep {
	struct automaton *automaton;
	struct vector first;   /* by state: where its predecessors start, and the end */
	struct vector sources; /* predecessors */
	struct vector seen;    /* by state: the last source that was counted */
	struct vector queue;
	uint8_t *child_min;
};

static void sweep_release(struct sweep *s)
{
	vector_release(&s->first);
	vector_release(&s->sources);
	vector_release(&s->seen);
	vector_release(&s->queue);
	free(s->child_min);
}

typedef void (*step_visitor)(struct sweep *s, uint32_t state, automaton_value value);

static void visit_steps(struct sweep *s, uint32_t state, step_visitor visit)
{
	const struct automaton *a = s->automaton;
	const struct row *row = &a->rows[state];

	for (size_t i = row->exceptions; i < (size_t)row->exceptions + row->exception_count; i++)
		visit(s, state, a->exceptions.items[2 * i + 1]);
	for (uint32_t i = 0; i < a->partitions[row->partition].block_count; i++)
		if (a->targets.items[row->targets + i] != VALUE_VOID)
			visit(s, state, a->targets.items[row->targets + i]);
}

static void count_step(struct sweep *s, uint32_t state, automaton_value value)
{
	struct outlook *outlook = &s->automaton->outlooks[state];
	uint8_t level = (uint8_t)value_level(value, 0);
	uint32_t target = value_state(value);

	if (level > outlook->child_max)
		outlook->child_max = level;
	if (level < s->child_min[state])
		s->child_min[state] = level;
	if (s->seen.items[target] != state + 1) {
		s->seen.items[target] = state + 1;
		s->first.items[target + 2]++;
	}
}

static void record_step(struct sweep *s, uint32_t state, automaton_value value)
{
	uint32_t target = value_state(value);

	if (s->seen.items[target] == state + 1)
		return;
	s->seen.items[target] = state + 1;
	s->sources.items[s->first.items[target + 1]++] = state;
}

static int list_predecessors(struct sweep *s)
{
	uint32_t states = s->automaton->state_count;

	for (size_t i = 0; i < (size_t)states + 2; i++)
		vector_push(&s->first, 0);
	for (size_t i = 0; i < states; i++)
		vector_push(&s->seen, 0);
	if (s->first.failed || s->seen.failed)
		return -ENOMEM;
	for (uint32_t state = 0; state < states; state++)
		visit_steps(s, state, count_step);
	for (size_t i = 2; i < (size_t)states + 2; i++)
		s->first.items[i] += s->first.items[i - 1];
	if (vector_grow(&s->sources, s->first.items[states + 1] + (size_t)1) < 0)
		return -ENOMEM;
	memset(s->seen.items, 0, states * sizeof(*s->seen.items));
	for (uint32_t state = 0; state < states; state++)
		visit_steps(s, state, record_step);
	return 0;
}

/*
 * Gives `level` to the queued states and to all from which they can be reached, where it is an
 * improvement.
 */
static int spread(struct sweep *s, bool max, uint8_t level)
{
	for (size_t i = 0; i < s->queue.count; i++) {
		uint32_t state = s->queue.items[i];

		for (uint32_t j = s->first.items[state]; j < s->first.items[state + 1]; j++) {
			struct outlook *outlook = &s->automaton->outlooks[s->sources.items[j]];
			uint8_t *mark = max ? &outlook->below_max : &outlook->below_min;

			if (max ? *mark >= level : *mark <= level)
				continue;
			*mark = level;
			vector_push(&s->queue, s->sources.items[j]);
		}
	}
	return s->queue.failed;
}

static int sweep_level(struct sweep *s, bool max, uint8_t level)
{
	s->queue.count = 0;
	for (uint32_t state = 0; state < s->automaton->state_count; state++) {
		struct outlook *outlook = &s->automaton->outlooks[state];
		uint8_t *mark = max ? &outlook->below_max : &outlook->below_min;

		if (max ? outlook->child_max < level || *mark >= level
			: s->child_min[state] > level || *mark <= level)
			continue;
		*mark = level;
		vector_push(&s->queue, state);
	}
	return s->queue.failed ? s->queue.failed : spread(s, max, level);
}

int automaton_look_ahead(struct automaton *automaton)
{
	_cleanup_(sweep_release) struct sweep s = {.automaton = automaton};
	int r;

	automaton->outlooks = calloc(automaton->state_count, sizeof(*automaton->outlooks));
	s.child_min = malloc(automaton->state_count);
	if (!automaton->outlooks || !s.child_min)
		return -ENOMEM;
	memset(s.child_min, LEVEL_WRITE, automaton->state_count);
	for (uint32_t state = 0; state < automaton->state_count; state++)
		automaton->outlooks[state].below_min = LEVEL_WRITE;
	r = list_predecessors(&s);
	for (int level = LEVEL_WRITE; r == 0 && level > LEVEL_NONE; level--)
		r = sweep_level(&s, true, (uint8_t)level);
	for (int level = LEVEL_NONE; r == 0 && level < LEVEL_WRITE; level++)
		r = sweep_level(&s, false, (uint8_t)level);
	return r;
}
