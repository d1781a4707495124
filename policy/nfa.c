#include "policy/nfa.h"

#include <string.h>

#include "policy/nfa-internal.h"

void nfa_release(struct nfa *nfa)
{
	interner_release(&nfa->edges);
	vector_release(&nfa->rules);
	vector_release(&nfa->marks_of);
	vector_release(&nfa->covers_of);
	interner_release(&nfa->sets);
	interner_release(&nfa->literals);
	interner_release(&nfa->globs);
	vector_release(&nfa->glob_rules);
	interner_release(&nfa->labels);
	free(nfa->positions);
	vector_release(&nfa->marks);
	vector_release(&nfa->literal_edges);
	vector_release(&nfa->label_edges);
	vector_release(&nfa->closures);
	vector_release(&nfa->closure_starts);
	for (size_t i = 0; i < FAMILIES; i++) {
		vector_release(&nfa->conditions[i]);
		vector_release(&nfa->strongest[i]);
	}
	*nfa = (struct nfa){0};
}

/* The child of `parent` by a component; made where there is none. */
static int follow(struct nfa *nfa, uint32_t parent, enum edge_kind kind, uint32_t component,
	uint32_t rule, uint32_t *ret_child)
{
	uint32_t key[3] = {parent, kind, component}, id;
	int r = intern(&nfa->edges, key, ELEMENTS(key), &id);

	if (r < 0)
		return r;
	if (nfa->rules.count == 0)
		vector_push(&nfa->rules, rule);
	if (r > 0)
		vector_push(&nfa->rules, rule);
	*ret_child = id + 1;
	return nfa->rules.failed;
}

static int intern_literal(struct nfa *nfa, const struct component *component, uint32_t *ret_id)
{
	char name[PATTERN_COMPONENT_MAX];

	for (size_t i = 0; i < component->count; i++)
		name[i] = (char)component->atoms[i].value;
	return intern_bytes(&nfa->literals, name, component->count, ret_id);
}

static int intern_set(struct nfa *nfa, const struct byte_set *set, uint32_t *ret_id)
{
	uint32_t words[8];

	memcpy(words, set, sizeof(words));
	return intern(&nfa->sets, words, ELEMENTS(words), ret_id);
}

static int intern_glob(struct nfa *nfa, const struct pattern *pattern,
	const struct component *component, uint32_t rule, uint32_t *ret_id)
{
	struct vector key = {0};
	uint32_t set;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < component->count; i++) {
		const struct atom *atom = &component->atoms[i];

		switch (atom->kind) {
		case ATOM_BYTE:
			vector_push(&key, atom_pack(CODE_BYTE, atom->value));
			break;
		case ATOM_SET:
			r = intern_set(nfa, &pattern->sets[atom->value], &set);
			if (r >= 0)
				vector_push(&key, atom_pack(CODE_SET, set));
			break;
		case ATOM_ANY:
			vector_push(&key, atom_pack(CODE_ANY, 0));
			break;
		case ATOM_STAR:
			vector_push(&key, atom_pack(CODE_STAR, 0));
			break;
		}
	}
	if (r >= 0)
		r = key.failed;
	if (r >= 0)
		r = intern(&nfa->globs, key.items, key.count, ret_id);
	if (r > 0)
		vector_push(&nfa->glob_rules, rule);
	vector_release(&key);
	return r < 0 ? r : nfa->glob_rules.failed;
}

static int follow_component(struct nfa *nfa, const struct pattern *pattern,
	const struct component *component, uint32_t rule, uint32_t *node)
{
	uint32_t id = 0;
	int r = 0;

	switch (component->kind) {
	case COMPONENT_DEEP:
		return follow(nfa, *node, EDGE_DEEP, 0, rule, node);
	case COMPONENT_LITERAL:
		r = intern_literal(nfa, component, &id);
		return r < 0 ? r : follow(nfa, *node, EDGE_LITERAL, id, rule, node);
	case COMPONENT_GLOB:
		if (component->count == 1 && component->atoms[0].kind == ATOM_STAR)
			return follow(nfa, *node, EDGE_ANY, 0, rule, node);
		r = intern_glob(nfa, pattern, component, rule, &id);
		return r < 0 ? r : follow(nfa, *node, EDGE_GLOB, id, rule, node);
	}
	return -EINVAL;
}

/* Makes `vector` long enough for an item; new ones are `filler`. */
static int reach(struct vector *vector, uint32_t item, uint32_t filler)
{
	while (vector->count <= item && !vector->failed)
		vector_push(vector, filler);
	return vector->failed;
}

int nfa_set_condition(struct nfa *nfa, unsigned family, uint32_t group, uint32_t condition)
{
	struct vector *strongest = &nfa->strongest[family];
	int r = reach(&nfa->conditions[family], group, 0);

	if (r == 0)
		r = reach(strongest, condition, NO_GROUP);
	if (r < 0)
		return r;
	nfa->conditions[family].items[group] = condition;
	if (strongest->items[condition] != NO_GROUP)
		return 0;
	strongest->items[condition] = group;
	return 1;
}

static int add_mark(struct nfa *nfa, struct vector *pairs, uint32_t node, uint32_t mark)
{
	vector_push(pairs, node);
	vector_push(pairs, mark);
	return pairs->failed;
}

int nfa_add(struct nfa *nfa, const struct pattern *pattern, const struct alternative *alternative,
	bool covers, uint32_t mark, uint32_t rule)
{
	uint32_t node = 0;

	for (size_t i = 0; i < alternative->count; i++) {
		int r = follow_component(nfa, pattern, &alternative->components[i], rule, &node);

		if (r < 0)
			return r;
	}
	return add_mark(nfa, covers ? &nfa->covers_of : &nfa->marks_of, node, mark);
}

int nfa_add_path(struct nfa *nfa, const char *path, uint32_t mark)
{
	uint32_t node = 0;

	while (*path) {
		size_t length = strcspn(path, "/");
		uint32_t id;
		int r = intern_bytes(&nfa->literals, path, length, &id);

		if (r < 0)
			return r;
		r = follow(nfa, node, EDGE_LITERAL, id, 0, &node);
		if (r < 0)
			return r;
		path += length;
		path += *path == '/';
	}
	return add_mark(nfa, &nfa->marks_of, node, mark);
}
