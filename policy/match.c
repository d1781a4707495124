#include "policy/match.h"

#include <string.h>

int path_component(const char **path)
{
	size_t length;

	*path += strspn(*path, "/");
	length = strcspn(*path, "/");
	if (length > PATTERN_COMPONENT_MAX || (length == 1 && (*path)[0] == '.') ||
		(length == 2 && (*path)[0] == '.' && (*path)[1] == '.'))
		return -EINVAL;
	return (int)length;
}

int path_cut(const char *path, struct path_parts *ret_parts)
{
	struct path_parts parts = {0};
	int length;

	parts.items = calloc(strlen(path) / 2 + 1, sizeof(*parts.items));
	if (!parts.items)
		return -ENOMEM;
	while ((length = path_component(&path)) > 0) {
		parts.items[parts.count++] = (struct path_part){path, (size_t)length};
		path += length;
	}
	if (length < 0) {
		free(parts.items);
		return length;
	}
	*ret_parts = parts;
	return 0;
}

static bool match_byte(const struct pattern *pattern, const struct atom *atom, unsigned char byte)
{
	switch (atom->kind) {
	case ATOM_BYTE:
		return atom->value == byte;
	case ATOM_SET:
		return byte_set_has(&pattern->sets[atom->value], byte);
	case ATOM_ANY:
	case ATOM_STAR:
		break;
	}
	return true;
}

/* Backtracks to the last star only: a later one subsumes an earlier one. */
static bool match_component(const struct pattern *pattern, const struct component *component,
	const struct path_part *part)
{
	size_t atom = 0, byte = 0, star = SIZE_MAX, resume = 0;

	while (byte < part->length) {
		const struct atom *at = &component->atoms[atom];

		if (atom < component->count && at->kind == ATOM_STAR) {
			star = atom++;
			resume = byte;
		} else if (atom < component->count &&
			   match_byte(pattern, at, (unsigned char)part->name[byte])) {
			atom++;
			byte++;
		} else if (star != SIZE_MAX) {
			atom = star + 1;
			byte = ++resume;
		} else {
			return false;
		}
	}
	while (atom < component->count && component->atoms[atom].kind == ATOM_STAR)
		atom++;
	return atom == component->count;
}

/* The same over components, where `**` is the star. */
static bool match_path(const struct pattern *pattern, const struct alternative *alternative,
	bool covers, const struct path_parts *path)
{
	size_t component = 0, part = 0, star = SIZE_MAX, resume = 0;

	while (part < path->count) {
		const struct component *at = component < alternative->count
						     ? &alternative->components[component]
						     : NULL;

		if (component == alternative->count && covers)
			return true;
		if (at && at->kind == COMPONENT_DEEP) {
			star = component++;
			resume = part;
		} else if (at && match_component(pattern, at, &path->items[part])) {
			component++;
			part++;
		} else if (star != SIZE_MAX) {
			component = star + 1;
			part = ++resume;
		} else {
			return false;
		}
	}
	return component == alternative->count;
}

bool match_entry(const struct entry *entry, const struct path_parts *path)
{
	return match_path(entry->pattern, entry->alternative, entry->covers, path);
}

bool match_excepts(const struct ranked_rule *rule, const struct path_parts *path)
{
	for (size_t i = 0; i < rule->except_count; i++) {
		const struct pattern *except = rule->excepts[i];

		for (size_t j = 0; j < except->count; j++)
			if (match_path(except, &except->alternatives[j],
				    except->alternatives[j].covers, path))
				return true;
	}
	return false;
}

/* --- Meeting -------------------------------------------------------------------------------------- */

static bool bytes_may_meet(const struct pattern *p, const struct atom *a, const struct pattern *q,
	const struct atom *b)
{
	if (a->kind == ATOM_BYTE)
		return match_byte(q, b, (unsigned char)a->value);
	if (b->kind == ATOM_BYTE)
		return match_byte(p, a, (unsigned char)b->value);
	return true;
}

/* Compares what comes before the first stars and after the last ones. */
static bool components_may_meet(const struct pattern *p, const struct component *a,
	const struct pattern *q, const struct component *b)
{
	size_t i = 0;

	for (; i < a->count && i < b->count; i++) {
		if (a->atoms[i].kind == ATOM_STAR || b->atoms[i].kind == ATOM_STAR)
			break;
		if (!bytes_may_meet(p, &a->atoms[i], q, &b->atoms[i]))
			return false;
	}
	if (i == a->count || i == b->count)
		return (i == a->count || a->atoms[i].kind == ATOM_STAR) &&
		       (i == b->count || b->atoms[i].kind == ATOM_STAR);
	for (size_t j = 1; j <= a->count && j <= b->count; j++) {
		const struct atom *x = &a->atoms[a->count - j], *y = &b->atoms[b->count - j];

		if (x->kind == ATOM_STAR || y->kind == ATOM_STAR)
			break;
		if (!bytes_may_meet(p, x, q, y))
			return false;
	}
	return true;
}

static bool is_deep(const struct alternative *alternative, size_t i)
{
	return i < alternative->count && alternative->components[i].kind == COMPONENT_DEEP;
}

/* One cell of the table over both rows of components: can what is left of both meet? */
static bool cell(const struct entry *a, const struct entry *b, size_t i, size_t j, const bool *row,
	const bool *next)
{
	const struct alternative *x = a->alternative, *y = b->alternative;

	if (i == x->count && j == y->count)
		return true;
	if ((i == x->count && a->covers) || (j == y->count && b->covers))
		return true;
	if (is_deep(x, i) && (next[j] || (j < y->count && row[j + 1])))
		return true;
	if (is_deep(y, j) && (row[j + 1] || (i < x->count && next[j])))
		return true;
	if (i == x->count || j == y->count || is_deep(x, i) || is_deep(y, j))
		return false;
	return next[j + 1] &&
	       components_may_meet(a->pattern, &x->components[i], b->pattern, &y->components[j]);
}

bool entries_may_meet(const struct entry *a, const struct entry *b)
{
	size_t width = b->alternative->count + 2;
	bool rows[2][2 * 64];

	if (width > ELEMENTS(rows[0]))
		return true;
	memset(rows, 0, sizeof(rows));
	for (size_t i = a->alternative->count + 1; i-- > 0;) {
		bool *row = rows[i & 1], *next = rows[(i + 1) & 1];

		row[width - 1] = false;
		for (size_t j = b->alternative->count + 1; j-- > 0;)
			row[j] = cell(a, b, i, j, row, next);
	}
	return rows[0][0];
}
