#include "policy/pattern.h"

#include <string.h>

/*
 * Two passes. The first makes tokens and resolves quotes and sets, so that nothing after it needs
 * to know the syntax of bytes. The second expands the braces, first group first, and cuts each
 * brace-free row of tokens into components.
 */

enum token_kind {
	TOKEN_BYTE,
	TOKEN_SET,
	TOKEN_ANY,
	TOKEN_STAR,
	TOKEN_SLASH,
	TOKEN_OPEN,
	TOKEN_COMMA,
	TOKEN_CLOSE
};

struct token {
	enum token_kind kind;
	uint32_t value;
	uint32_t offset;
};

struct parser {
	const char *text;
	size_t length;
	size_t at;
	size_t braces;                        /* open ones */
	uint32_t commas[PATTERN_NESTING_MAX]; /* in each open brace */
	uint32_t opened[PATTERN_NESTING_MAX]; /* the offset of each */
	struct token *tokens;
	size_t token_count;
	size_t set_count;
	size_t atom_count, atom_capacity;
	size_t component_count, component_capacity;
	size_t alternative_capacity;
	struct pattern *pattern;
	struct pattern_error *error;
};

struct pattern *pattern_free(struct pattern *pattern)
{
	int saved = errno;

	if (pattern) {
		free(pattern->alternatives);
		free(pattern->components);
		free(pattern->atoms);
		free(pattern->sets);
		free(pattern);
	}
	errno = saved;
	return NULL;
}

static int fail(struct parser *p, int code, size_t offset, const char *message)
{
	p->error->offset = offset;
	p->error->message = message;
	return code;
}

static void add_token(struct parser *p, enum token_kind kind, uint32_t value, size_t offset)
{
	p->tokens[p->token_count++] = (struct token){kind, value, (uint32_t)offset};
}

/* One byte inside a set, quoted or not. */
static int set_byte(struct parser *p, size_t open, unsigned char *ret_byte)
{
	if (p->at < p->length && p->text[p->at] == '\\')
		p->at++;
	if (p->at >= p->length)
		return fail(p, -EINVAL, open, "'[' is never closed; write '\\[' for the character");
	*ret_byte = (unsigned char)p->text[p->at++];
	return 0;
}

static int set_members(struct parser *p, size_t open, struct byte_set *set)
{
	for (bool first = true;; first = false) {
		size_t start = p->at;
		unsigned char low, high;
		int r;

		if (p->at < p->length && p->text[p->at] == ']' && !first) {
			p->at++;
			return 0;
		}
		if (p->at + 1 < p->length && p->text[p->at] == '[' && p->text[p->at + 1] == ':' &&
			strstr(p->text + p->at, ":]"))
			return fail(p, -EINVAL, start,
				"named sets such as [:alpha:] are not known; write the range");
		r = set_byte(p, open, &low);
		if (r < 0)
			return r;
		high = low;
		if (p->at + 1 < p->length && p->text[p->at] == '-' && p->text[p->at + 1] != ']') {
			p->at++;
			r = set_byte(p, open, &high);
			if (r < 0)
				return r;
		}
		if (high < low)
			return fail(p, -EINVAL, start, "the range is the wrong way round");
		for (unsigned c = low; c <= high; c++)
			byte_set_add(set, c);
	}
}

/* `[` was read. A set of one byte becomes that byte, one of all bytes `?`. */
static int read_set(struct parser *p, size_t open)
{
	struct byte_set set = {{0}};
	bool inverted = p->at < p->length && (p->text[p->at] == '!' || p->text[p->at] == '^');
	unsigned count = 0, last = 0;
	int r;

	p->at += inverted;
	r = set_members(p, open, &set);
	if (r < 0)
		return r;
	for (size_t i = 0; inverted && i < 4; i++)
		set.words[i] = ~set.words[i];
	set.words[0] &= ~UINT64_C(1);
	set.words['/' >> 6] &= ~(UINT64_C(1) << ('/' & 63));
	for (unsigned c = 0; c < 256; c++) {
		if (byte_set_has(&set, c)) {
			count++;
			last = c;
		}
	}
	if (count == 0)
		return fail(p, -EINVAL, open, "the set matches nothing");
	if (count == 1) {
		add_token(p, TOKEN_BYTE, last, open);
	} else if (count == 254) {
		add_token(p, TOKEN_ANY, 0, open);
	} else {
		p->pattern->sets[p->set_count] = set;
		add_token(p, TOKEN_SET, (uint32_t)p->set_count++, open);
	}
	return 0;
}

static int read_brace(struct parser *p, char c, size_t offset)
{
	if (c == '{') {
		if (p->braces == PATTERN_NESTING_MAX)
			return fail(p, -E2BIG, offset, "braces nest too deeply");
		p->commas[p->braces] = 0;
		p->opened[p->braces++] = (uint32_t)offset;
		add_token(p, TOKEN_OPEN, 0, offset);
	} else if (p->braces == 0) {
		add_token(p, TOKEN_BYTE, (unsigned char)c, offset);
	} else if (c == ',') {
		p->commas[p->braces - 1]++;
		add_token(p, TOKEN_COMMA, 0, offset);
	} else {
		if (p->commas[--p->braces] == 0)
			return fail(p, -EINVAL, p->opened[p->braces],
				"braces without a ',' inside; write '\\{' for the character");
		add_token(p, TOKEN_CLOSE, 0, offset);
	}
	return 0;
}

static int read_quoted(struct parser *p, size_t offset)
{
	if (p->at >= p->length)
		return fail(p, -EINVAL, offset, "nothing follows the last '\\'");
	if (p->text[p->at] == '/')
		return fail(p, -EINVAL, offset, "'/' can't be quoted");
	add_token(p, TOKEN_BYTE, (unsigned char)p->text[p->at++], offset);
	return 0;
}

static int read_tokens(struct parser *p)
{
	while (p->at < p->length) {
		size_t offset = p->at++;
		char c = p->text[offset];
		int r = 0;

		switch (c) {
		case '\\':
			r = read_quoted(p, offset);
			break;
		case '[':
			r = read_set(p, offset);
			break;
		case '{':
		case ',':
		case '}':
			r = read_brace(p, c, offset);
			break;
		case '/':
			add_token(p, TOKEN_SLASH, 0, offset);
			break;
		case '*':
			add_token(p, TOKEN_STAR, 0, offset);
			break;
		case '?':
			add_token(p, TOKEN_ANY, 0, offset);
			break;
		default:
			add_token(p, TOKEN_BYTE, (unsigned char)c, offset);
		}
		if (r < 0)
			return r;
	}
	if (p->braces > 0)
		return fail(p, -EINVAL, p->opened[p->braces - 1],
			"'{' is never closed; write '\\{' for the character");
	return 0;
}

/* --- Rows of tokens without braces to components -------------------------------------------------- */

static int reserve(void **array, size_t *capacity, size_t need, size_t size)
{
	size_t want = *capacity ? *capacity : 16;
	void *grown;

	if (need <= *capacity)
		return 0;
	while (want < need)
		want *= 2;
	grown = realloc(*array, want * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = want;
	return 0;
}

static struct atom token_atom(const struct token *token)
{
	static const enum atom_kind kinds[] = {[TOKEN_BYTE] = ATOM_BYTE,
		[TOKEN_SET] = ATOM_SET,
		[TOKEN_ANY] = ATOM_ANY,
		[TOKEN_STAR] = ATOM_STAR};

	return (struct atom){kinds[token->kind], token->value};
}

/* Judges the tokens of one component; the kind, or a negative errno. */
static int component_kind(struct parser *p, const struct token *tokens, size_t count)
{
	bool literal = true;

	if (count == 2 && tokens[0].kind == TOKEN_STAR && tokens[1].kind == TOKEN_STAR)
		return COMPONENT_DEEP;
	for (size_t i = 0; i < count; i++) {
		if (tokens[i].kind != TOKEN_BYTE)
			literal = false;
		if (i > 0 && tokens[i].kind == TOKEN_STAR && tokens[i - 1].kind == TOKEN_STAR)
			return fail(p, -EINVAL, tokens[i - 1].offset,
				"'**' must be a whole component, as in 'a/**/b'");
	}
	if (!literal)
		return COMPONENT_GLOB;
	if (tokens[0].value == '.' && (count == 1 || (count == 2 && tokens[1].value == '.')))
		return fail(p, -EINVAL, tokens[0].offset,
			"'.' and '..' are no components of a pattern");
	if (count > PATTERN_COMPONENT_MAX)
		return fail(p, -EINVAL, tokens[0].offset, "a component is longer than 255 bytes");
	return COMPONENT_LITERAL;
}

/* Offsets stand in for pointers until the arrays have their final place. */
static int add_component(
	struct parser *p, struct alternative *alternative, const struct token *tokens, size_t count)
{
	struct pattern *pattern = p->pattern;
	int kind = component_kind(p, tokens, count);
	bool deep = kind == COMPONENT_DEEP;
	struct component *previous;
	int r;

	if (kind < 0)
		return kind;
	previous = alternative->count ? &pattern->components[p->component_count - 1] : NULL;
	if (deep && previous && previous->kind == COMPONENT_DEEP)
		return 0;
	r = reserve((void **)&pattern->components, &p->component_capacity, p->component_count + 1,
		sizeof(*pattern->components));
	if (r < 0)
		return r;
	if (p->atom_count + count > PATTERN_ATOMS_MAX)
		return fail(p, -E2BIG, tokens[0].offset, "the braces multiply to too much");
	r = reserve((void **)&pattern->atoms, &p->atom_capacity, p->atom_count + count,
		sizeof(*pattern->atoms));
	if (r < 0)
		return r;
	pattern->components[p->component_count++] = (struct component){
		(enum component_kind)kind, deep ? 0 : count, NULL};
	alternative->count++;
	if (kind == COMPONENT_LITERAL && !alternative->wildcard)
		alternative->leading_literals++;
	alternative->wildcard |= kind != COMPONENT_LITERAL;
	for (size_t i = 0; !deep && i < count; i++) {
		pattern->atoms[p->atom_count++] = token_atom(&tokens[i]);
		alternative->literal_bytes += tokens[i].kind == TOKEN_BYTE;
	}
	return 0;
}

static int add_alternative(struct parser *p, const struct token *tokens, size_t count)
{
	struct pattern *pattern = p->pattern;
	struct alternative alternative = {.covers = pattern->directory};
	size_t start = count > 0 && tokens[0].kind == TOKEN_SLASH;
	int r;

	for (size_t i = start; i <= count; i++) {
		if (i < count && tokens[i].kind != TOKEN_SLASH)
			continue;
		if (i == start && i == count && pattern->directory && p->token_count == 0)
			break; /* "/": the root */
		if (i == start)
			return fail(p, -EINVAL,
				count == 0 ? p->length : tokens[i < count ? i : count - 1].offset,
				count == 0 ? "an alternative is empty" : "a component is empty");
		r = add_component(p, &alternative, tokens + start, i - start);
		if (r < 0)
			return r;
		start = i + 1;
	}
	if (alternative.count > 0 &&
		pattern->components[p->component_count - 1].kind == COMPONENT_DEEP) {
		p->component_count--;
		alternative.count--;
		alternative.covers = true;
	}
	r = reserve((void **)&pattern->alternatives, &p->alternative_capacity, pattern->count + 1,
		sizeof(*pattern->alternatives));
	if (r < 0)
		return r;
	pattern->alternatives[pattern->count++] = alternative;
	return 0;
}

/* --- Braces -------------------------------------------------------------------------------------- */

/* The index of the brace that closes the one at `open`. */
static size_t matching_close(const struct token *tokens, size_t open)
{
	size_t depth = 0;

	for (size_t i = open;; i++) {
		if (tokens[i].kind == TOKEN_OPEN)
			depth++;
		else if (tokens[i].kind == TOKEN_CLOSE && --depth == 0)
			return i;
	}
}

/* How many alternatives a row of tokens stands for, saturating above the limit. */
static size_t count_alternatives(const struct token *tokens, size_t count)
{
	size_t product = 1;

	for (size_t i = 0; i < count; i++) {
		size_t close, start, depth = 0, sum = 0;

		if (tokens[i].kind != TOKEN_OPEN)
			continue;
		close = matching_close(tokens, i);
		start = i + 1;
		for (size_t j = i + 1; j <= close; j++) {
			if (depth == 0 && (tokens[j].kind == TOKEN_COMMA || j == close)) {
				sum += count_alternatives(tokens + start, j - start);
				start = j + 1;
			} else if (tokens[j].kind == TOKEN_OPEN) {
				depth++;
			} else if (tokens[j].kind == TOKEN_CLOSE) {
				depth--;
			}
		}
		product *= sum;
		if (product > PATTERN_ALTERNATIVES_MAX)
			return PATTERN_ALTERNATIVES_MAX + 1;
		i = close;
	}
	return product;
}

/* Recursion is bounded: each level resolves a group of at least two, and the product is bounded. */
static int expand(struct parser *p, const struct token *tokens, size_t count)
{
	_cleanup_(freep) struct token *row = NULL;
	size_t open = 0, close, depth = 0, start;

	while (open < count && tokens[open].kind != TOKEN_OPEN)
		open++;
	if (open == count)
		return add_alternative(p, tokens, count);
	close = matching_close(tokens, open);
	row = malloc(count * sizeof(*row));
	if (!row)
		return -ENOMEM;
	memcpy(row, tokens, open * sizeof(*row));
	start = open + 1;
	for (size_t i = open + 1; i <= close; i++) {
		size_t length = i - start;
		int r;

		if (depth == 0 && (tokens[i].kind == TOKEN_COMMA || i == close)) {
			memcpy(row + open, tokens + start, length * sizeof(*row));
			memcpy(row + open + length, tokens + close + 1,
				(count - close - 1) * sizeof(*row));
			r = expand(p, row, open + length + count - close - 1);
			if (r < 0)
				return r;
			start = i + 1;
		} else if (tokens[i].kind == TOKEN_OPEN) {
			depth++;
		} else if (tokens[i].kind == TOKEN_CLOSE) {
			depth--;
		}
	}
	return 0;
}

/* The arrays move no more: gives each alternative and component its share. */
static void settle(struct pattern *pattern)
{
	struct component *component = pattern->components;
	const struct atom *atom = pattern->atoms;

	for (size_t i = 0; i < pattern->count; i++) {
		struct alternative *alternative = &pattern->alternatives[i];

		alternative->components = component;
		for (size_t j = 0; j < alternative->count; j++, component++) {
			component->atoms = atom;
			atom += component->count;
		}
	}
}

static int parse(struct parser *p)
{
	int r;

	if (p->length == 0)
		return fail(p, -EINVAL, 0, "the pattern is empty");
	if (p->length > PATTERN_LENGTH_MAX)
		return fail(
			p, -EINVAL, PATTERN_LENGTH_MAX, "the pattern is longer than 4096 bytes");
	p->tokens = malloc(p->length * sizeof(*p->tokens));
	p->pattern->sets = malloc(p->length * sizeof(*p->pattern->sets));
	if (!p->tokens || !p->pattern->sets)
		return -ENOMEM;
	r = read_tokens(p);
	if (r < 0)
		return r;
	if (p->tokens[p->token_count - 1].kind == TOKEN_SLASH) {
		p->pattern->directory = true;
		p->token_count--;
	}
	if (count_alternatives(p->tokens, p->token_count) > PATTERN_ALTERNATIVES_MAX)
		return fail(p, -E2BIG, 0, "the braces multiply to more than 1024 patterns");
	r = expand(p, p->tokens, p->token_count);
	if (r < 0)
		return r;
	settle(p->pattern);
	return 0;
}

int pattern_parse(const char *text, struct pattern **ret_pattern, struct pattern_error *ret_error)
{
	_cleanup_(pattern_freep) struct pattern *pattern = calloc(1, sizeof(*pattern));
	struct pattern_error error = {0, "out of memory"};
	struct parser parser = {.text = text,
		.length = strnlen(text, PATTERN_LENGTH_MAX + 1),
		.pattern = pattern,
		.error = &error};
	int r = pattern ? parse(&parser) : -ENOMEM;

	free(parser.tokens);
	if (r < 0) {
		if (ret_error)
			*ret_error = error;
		return r;
	}
	*ret_pattern = TAKE_PTR(pattern);
	return 0;
}
