#include "tests/unit/oracle/rule-generator.h"

#include <string.h>

#include "common/strbuf.h"

uint32_t generator_below(struct generator *generator, uint32_t limit)
{
	uint64_t x = generator->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	generator->state = x;
	return (uint32_t)((x >> 16) % limit);
}

static const char *const small[] = {
	"[.a]", "a", "b", "[a]", "*", "?", "[ab]", "[!a]", "{a,b}", "\\a", "{a,b/a}", "a"};

static const char *const atoms[] = {"a", "b", ".", "*", "?", "[ab]", "[!a]", "[a-c.]", "{a,b*}",
	"{b,{a,?}}", "\\b", "[b]", "{,a}", "{a,b/a}", "[^.b]", "a", "b", "{*,a}"};

static void add_component(struct generator *g, enum flavour flavour, struct strbuf *buf)
{
	size_t start = buf->size;

	if (generator_below(g, 4) == 0) {
		strbuf_add_string(buf, "**");
	} else if (flavour == FLAVOUR_SMALL) {
		strbuf_add_string(buf, small[generator_below(g, ELEMENTS(small))]);
	} else {
		for (uint32_t i = generator_below(g, 4) + 1; i > 0; i--) {
			const char *atom = atoms[generator_below(g, ELEMENTS(atoms))];

			if (atom[0] != '*' || buf->size == start || buf->data[buf->size - 1] != '*')
				strbuf_add_string(buf, atom);
		}
	}
}

/* May be a bad pattern: braces can make "." or "a**". */
static char *make_pattern(struct generator *g, enum flavour flavour)
{
	struct strbuf buf = STRBUF_INIT;

	if (generator_below(g, 3) == 0)
		strbuf_add_char(&buf, '/');
	for (uint32_t i = generator_below(g, 3) + 1; i > 0; i--) {
		add_component(g, flavour, &buf);
		if (i > 1)
			strbuf_add_char(&buf, '/');
	}
	if (generator_below(g, 5) == 0)
		strbuf_add_char(&buf, '/');
	return strbuf_detach(&buf);
}

static void add_rule(struct generator *g, enum flavour flavour, struct rule_set *set)
{
	char *excepts[3] = {NULL, NULL, NULL};
	char *pattern = make_pattern(g, flavour);
	struct rule rule = {
		.pattern = pattern,
		.permission = (enum ward_level)generator_below(g, LEVEL_COUNT),
		.type = (enum rule_type)(generator_below(g, 4) == 0 ? generator_below(g, 3) : 0),
		.priority = (int)generator_below(g, 3) - 1,
		.place = {"random", (unsigned)rule_set_count(set) + 1, 1},
	};

	if (generator_below(g, 6) == 0) {
		rule.cap = true;
		rule.permission = generator_below(g, 3) == 0 ? LEVEL_VIEW : LEVEL_READ;
	} else if (generator_below(g, 4) == 0) {
		for (uint32_t i = generator_below(g, 2) + 1; i > 0; i--)
			excepts[i - 1] = make_pattern(g, flavour);
	}
	if (excepts[0])
		rule.excepts = (const char *const *)excepts;
	rule_set_add(set, &rule, NULL);
	free(excepts[0]);
	free(excepts[1]);
	free(pattern);
}

struct rule_set *generator_rules(struct generator *g, enum flavour flavour, uint32_t count)
{
	struct rule_set *set = NULL;

	if (rule_set_new(&set) < 0)
		abort();
	for (uint32_t i = generator_below(g, count) + 1; i > 0; i--)
		add_rule(g, flavour, set);
	if (generator_below(g, 3) == 0)
		rule_set_set_default(set, (enum ward_level)generator_below(g, LEVEL_COUNT));
	if (generator_below(g, 4) == 0)
		rule_set_protect(set, generator_below(g, 2) ? "a" : "a/b");
	return set;
}

void generator_path(struct generator *g, uint32_t depth, char *path)
{
	static const char letters[] = "aab.bx";

	for (uint32_t i = generator_below(g, depth + 1); i > 0; i--) {
		char *name = path;

		for (uint32_t j = generator_below(g, generator_below(g, 5) + 1) + 1; j > 0; j--)
			*path++ = letters[generator_below(g, sizeof(letters) - 1)];
		if (path - name <= 2 && name[0] == '.' && path[-1] == '.')
			name[0] = 'a';
		if (i > 1)
			*path++ = '/';
	}
	*path = '\0';
}
