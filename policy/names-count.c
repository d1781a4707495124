#include <string.h>

#include "policy/names.h"

/*
 * How many names each class has. A name has 1 to 255 bytes and is neither "." nor "..". Numbers
 * saturate: all that matters is whether a class has more names than literals could take away.
 */

enum { NAME_LENGTH_MAX = 255 };

struct count {
	struct names *names;
	uint32_t many;
	uint32_t *now, *next; /* by state: how many strings of the current length lead there */
};

static uint32_t add(const struct count *c, uint32_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum >= c->many ? c->many : (uint32_t)sum;
}

static void lengthen(struct count *c)
{
	struct names *names = c->names;

	memset(c->next, 0, names->state_count * sizeof(*c->next));
	for (size_t state = 0; state < names->state_count; state++) {
		const uint32_t *row = &names->table[state * names->byte_classes];

		if (c->now[state] == 0)
			continue;
		for (uint32_t number = 1; number < names->byte_classes; number++)
			c->next[row[number]] = add(c, c->next[row[number]],
				(uint64_t)c->now[state] * names->byte_weight[number]);
	}
}

/* The strings of the current length are names, `times` over. */
static void collect(struct count *c, uint32_t times)
{
	for (size_t state = 0; state < c->names->state_count; state++) {
		uint32_t *size = &c->names->class_size[c->names->state_class[state]];

		*size = add(c, *size, (uint64_t)c->now[state] * times);
	}
}

static void forget_dots(struct count *c)
{
	for (size_t length = 1; length <= 2; length++) {
		uint32_t *size = &c->names->class_size[names_class(c->names, "..", length)];

		if (*size < c->many)
			--*size;
	}
}

static int run(struct count *c, struct budget *budget)
{
	size_t states = c->names->state_count;

	c->now[0] = 1;
	for (uint32_t length = 1; length <= NAME_LENGTH_MAX; length++) {
		uint32_t *swap = c->now;
		bool stable;
		int r = budget_pay(budget, states * c->names->byte_classes / 8, 0, 0);

		if (r < 0)
			return r;
		lengthen(c);
		stable = memcmp(c->now, c->next, states * sizeof(*c->now)) == 0;
		c->now = c->next;
		c->next = swap;
		collect(c, stable ? NAME_LENGTH_MAX - length + 1 : 1);
		if (stable)
			break;
	}
	forget_dots(c);
	for (size_t class = 0; class < interner_count(&c->names->classes); class ++)
		if (c->names->class_size[class] == c->many)
			c->names->class_size[class] = NAMES_MANY;
	return 0;
}

int names_count(struct names *names, struct budget *budget)
{
	struct count c = {.names = names, .many = (uint32_t)interner_count(names->literals) + 4};
	int r = -ENOMEM;

	names->class_size = calloc(interner_count(&names->classes), sizeof(*names->class_size));
	c.now = calloc(names->state_count, sizeof(*c.now));
	c.next = calloc(names->state_count, sizeof(*c.next));
	if (names->class_size && c.now && c.next)
		r = run(&c, budget);
	free(c.now);
	free(c.next);
	return r;
}
