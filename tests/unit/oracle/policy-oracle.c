#include "tests/unit/oracle/policy-oracle.h"

#include <string.h>

/* A pattern without braces, as text; neither a leading nor a trailing slash. */
struct flat {
	char *text;
	bool below; /* matches what is below, too */
	bool deep;  /* a `**` at its end was cut off */
};

struct flats {
	struct flat *items;
	int count;
};

struct oracle_rule {
	const struct rule *rule;
	struct flats patterns;
	struct flats excepts;
};

struct oracle {
	const struct rule_set *set;
	struct oracle_rule *rules;
	int count;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* --- Braces, on text ------------------------------------------------------------------------------ */

/* The length of one unit: a quoted character, a whole set, or a character. */
static size_t unit(const char *text)
{
	size_t i = 1;

	if (text[0] == '\\')
		return 2;
	if (text[0] != '[')
		return 1;
	if (text[i] == '!' || text[i] == '^')
		i++;
	do
		i += text[i] == '\\' ? 2 : 1;
	while (text[i] != ']');
	return i + 1;
}

static void add_flat(struct flats *flats, const char *text, bool below)
{
	size_t length;
	char *copy;
	bool deep = false;

	text += text[0] == '/';
	copy = must(strdup(text));
	length = strlen(copy);
	for (;;) {
		if (length >= 3 && strcmp(copy + length - 3, "/**") == 0)
			copy[length -= 3] = '\0';
		else if (strcmp(copy, "**") == 0)
			copy[length = 0] = '\0';
		else
			break;
		below = deep = true;
	}
	flats->items = must(
		realloc(flats->items, (size_t)(flats->count + 1) * sizeof(*flats->items)));
	flats->items[flats->count++] = (struct flat){copy, below, deep};
}

static void flatten(struct flats *flats, const char *text, bool below)
{
	size_t open = 0, close, start;
	int depth = 0;

	while (text[open] && text[open] != '{')
		open += unit(text + open);
	if (!text[open]) {
		add_flat(flats, text, below);
		return;
	}
	for (close = open;; close += unit(text + close)) {
		depth += (text[close] == '{') - (text[close] == '}');
		if (depth == 0)
			break;
	}
	start = open + 1;
	for (size_t i = start; i <= close; i += unit(text + i)) {
		if (depth == 0 && (text[i] == ',' || i == close)) {
			char *row = NULL;

			if (asprintf(&row, "%.*s%.*s%s", (int)open, text, (int)(i - start),
				    text + start, text + close + 1) < 0)
				abort();
			flatten(flats, row, below);
			free(row);
			start = i + 1;
		}
		depth += (text[i] == '{') - (text[i] == '}');
	}
}

static void flatten_pattern(struct flats *flats, const char *pattern, bool below)
{
	char *copy = must(strdup(pattern));
	size_t length = strlen(copy), last = 0;

	for (size_t i = 0; i < length; i += unit(copy + i))
		last = i;
	if (copy[last] == '/') {
		copy[last] = '\0';
		below = true;
	}
	flatten(flats, copy, below);
	free(copy);
}

/* --- Matching, on text ---------------------------------------------------------------------------- */

static bool in_set(const char *set, size_t length, unsigned char c)
{
	size_t i = 1;
	bool inverted = set[1] == '!' || set[1] == '^', found = false;

	for (i += inverted; i < length - 1;) {
		unsigned char low, high;

		i += set[i] == '\\';
		low = high = (unsigned char)set[i++];
		if (set[i] == '-' && i + 1 < length - 1) {
			i++;
			i += set[i] == '\\';
			high = (unsigned char)set[i++];
		}
		found |= low <= c && c <= high;
	}
	return found != inverted;
}

static bool match_name(const char *glob, size_t glob_length, const char *name, size_t length)
{
	size_t step;

	if (glob_length == 0)
		return length == 0;
	if (glob[0] == '*')
		return match_name(glob + 1, glob_length - 1, name, length) ||
		       (length > 0 && match_name(glob, glob_length, name + 1, length - 1));
	if (length == 0)
		return false;
	step = unit(glob);
	if (glob[0] == '[' ? !in_set(glob, step, (unsigned char)name[0])
			   : glob[0] != '?' && glob[step - 1] != name[0])
		return false;
	return match_name(glob + step, glob_length - step, name + 1, length - 1);
}

static size_t component_length(const char *pattern)
{
	size_t i = 0;

	while (pattern[i] && pattern[i] != '/')
		i += unit(pattern + i);
	return i;
}

static const char *after(const char *text, size_t length)
{
	return text[length] == '/' ? text + length + 1 : text + length;
}

static bool match_path(const char *pattern, bool below, const char *path)
{
	size_t p = component_length(pattern), n = strcspn(path, "/");

	if (pattern[0] == '\0')
		return path[0] == '\0' || below;
	if (p == 2 && strncmp(pattern, "**", 2) == 0)
		return match_path(after(pattern, p), below, path) ||
		       (path[0] != '\0' && match_path(pattern, below, after(path, n)));
	return path[0] != '\0' && match_name(pattern, p, path, n) &&
	       match_path(after(pattern, p), below, after(path, n));
}

static bool any_matches(const struct flats *flats, const char *path)
{
	for (int i = 0; i < flats->count; i++)
		if (match_path(flats->items[i].text, flats->items[i].below, path))
			return true;
	return false;
}

/* --- Specificity, on text ------------------------------------------------------------------------- */

/* The only byte that a unit matches, or -1. */
static int only_byte(const char *text, size_t length)
{
	int only = -1;

	if (text[0] == '*' || text[0] == '?')
		return -1;
	if (text[0] != '[')
		return (unsigned char)text[length - 1];
	for (int c = 1; c < 256; c++) {
		if (c == '/' || !in_set(text, length, (unsigned char)c))
			continue;
		if (only >= 0)
			return -1;
		only = c;
	}
	return only;
}

struct specificity {
	bool literal;
	int leading;
	int bytes;
};

static struct specificity measure(const struct flat *flat)
{
	struct specificity s = {true, 0, 0};

	for (const char *text = flat->text; *text; text += unit(text)) {
		if (*text == '/')
			s.leading += s.literal;
		else if (only_byte(text, unit(text)) >= 0)
			s.bytes++;
		else
			s.literal = false;
	}
	s.leading += s.literal && flat->text[0];
	s.literal &= !flat->deep;
	return s;
}

/* Positive where `a` is stronger. Both apply; `x` and `y` are what their patterns are like. */
static int compare(
	const struct rule *a, struct specificity x, const struct rule *b, struct specificity y)
{
	if (a->priority != b->priority)
		return a->priority > b->priority ? 1 : -1;
	if (a->type != b->type)
		return a->type > b->type ? 1 : -1;
	if ((a->permission == LEVEL_NONE) != (b->permission == LEVEL_NONE))
		return a->permission == LEVEL_NONE ? 1 : -1;
	if (x.literal != y.literal)
		return x.literal ? 1 : -1;
	if (x.leading != y.leading)
		return x.leading > y.leading ? 1 : -1;
	if (x.bytes != y.bytes)
		return x.bytes > y.bytes ? 1 : -1;
	if (a->permission != b->permission)
		return a->permission < b->permission ? 1 : -1;
	return 0;
}

/* --- Judging -------------------------------------------------------------------------------------- */

struct oracle *oracle_new(const struct rule_set *set)
{
	struct oracle *oracle = must(calloc(1, sizeof(*oracle)));

	oracle->set = set;
	oracle->count = (int)rule_set_count(set);
	oracle->rules = must(calloc((size_t)oracle->count + 1, sizeof(*oracle->rules)));
	for (int i = 0; i < oracle->count; i++) {
		struct oracle_rule *r = &oracle->rules[i];

		r->rule = rule_set_get(set, (size_t)i);
		flatten_pattern(&r->patterns, r->rule->pattern, r->rule->type == RULE_DIRECTORY);
		for (int j = 0; r->rule->excepts && r->rule->excepts[j]; j++)
			flatten_pattern(&r->excepts, r->rule->excepts[j], false);
	}
	return oracle;
}

static void release(struct flats *flats)
{
	for (int i = 0; i < flats->count; i++)
		free(flats->items[i].text);
	free(flats->items);
}

void oracle_free(struct oracle *oracle)
{
	for (int i = 0; i < oracle->count; i++) {
		release(&oracle->rules[i].patterns);
		release(&oracle->rules[i].excepts);
	}
	free(oracle->rules);
	free(oracle);
}

bool oracle_applies(const struct oracle *oracle, int rule, const char *path)
{
	return any_matches(&oracle->rules[rule].patterns, path) &&
	       !any_matches(&oracle->rules[rule].excepts, path);
}

/* The strongest way in which a rule matches; false where it does not. */
static bool strongest_match(
	const struct oracle_rule *r, const char *path, struct specificity *ret_strongest)
{
	bool found = false;

	if (any_matches(&r->excepts, path))
		return false;
	for (int i = 0; i < r->patterns.count; i++) {
		const struct flat *flat = &r->patterns.items[i];
		struct specificity s = measure(flat);

		if (!match_path(flat->text, flat->below, path))
			continue;
		if (found && compare(r->rule, s, r->rule, *ret_strongest) < 0)
			continue;
		*ret_strongest = s;
		found = true;
	}
	return found;
}

static enum ward_level find_winner(const struct oracle *oracle, const char *path, int *ret_rule,
	struct specificity *ret_specificity)
{
	struct specificity best = {0};
	int winner = -1;

	for (int i = 0; i < oracle->count; i++) {
		const struct oracle_rule *r = &oracle->rules[i];
		struct specificity s;

		if (r->rule->cap || !strongest_match(r, path, &s))
			continue;
		if (winner >= 0 && compare(r->rule, s, oracle->rules[winner].rule, best) < 0)
			continue;
		winner = i;
		best = s;
	}
	*ret_rule = winner;
	*ret_specificity = best;
	return winner >= 0 ? oracle->rules[winner].rule->permission : rule_set_default(oracle->set);
}

enum ward_level oracle_winner(const struct oracle *oracle, const char *path, int *ret_rule)
{
	struct specificity specificity;

	return find_winner(oracle, path, ret_rule, &specificity);
}

enum ward_level oracle_judge(const struct oracle *oracle, const char *path, int *ret_rule)
{
	struct specificity best, strongest = {0};
	int winner, deciding;
	enum ward_level level = find_winner(oracle, path, &winner, &best);

	deciding = winner;
	for (int i = 0; i < oracle->count; i++) {
		const struct oracle_rule *r = &oracle->rules[i];
		struct specificity s;

		if (!r->rule->cap || r->rule->permission > level || !strongest_match(r, path, &s))
			continue;
		if (winner >= 0 && compare(r->rule, s, oracle->rules[winner].rule, best) < 0)
			continue;
		if (r->rule->permission == level &&
			(deciding == winner ||
				compare(r->rule, s, oracle->rules[deciding].rule, strongest) < 0))
			continue;
		level = r->rule->permission;
		deciding = i;
		strongest = s;
	}
	for (size_t i = 0; i < rule_set_protected_count(oracle->set); i++)
		if (level > LEVEL_READ && strcmp(path, rule_set_protected(oracle->set, i)) == 0)
			level = LEVEL_READ;
	if (ret_rule)
		*ret_rule = deciding;
	return level;
}
