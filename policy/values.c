#include "policy/values.h"

#include <stdarg.h>
#include <string.h>

#include "common/strbuf.h"
#include "common/suggest.h"

int value_fail(
	const struct document *document, const struct yaml_node *node, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return error_set_at(
		document->error, -EINVAL, document->file, node->line, node->column, "%s", message);
}

int value_string(const struct document *document, const struct yaml_node *node, const char *what,
	const char **ret_string)
{
	if (node->kind != YAML_SCALAR) {
		value_fail(document, node, "%s must be a string, not a %s", what,
			node->kind == YAML_MAPPING ? "mapping" : "list");
		error_hint(document->error, "put a string that starts with [ or { in quotes");
		return -EINVAL;
	}
	if (yaml_is_null(node))
		return value_fail(document, node, "%s has no value", what);
	*ret_string = node->text;
	return 0;
}

int value_integer(const struct document *document, const struct yaml_node *node, const char *what,
	int64_t min, int64_t max, int64_t *ret_integer)
{
	const char *text;
	char *end;
	long long integer;
	int r = value_string(document, node, what, &text);

	if (r < 0)
		return r;
	errno = 0;
	integer = strtoll(text, &end, 10);
	if (end == text || *end || strspn(text, "-0123456789") != strlen(text))
		return value_fail(
			document, node, "%s must be a whole number, not \"%.100s\"", what, text);
	if (errno == ERANGE || integer < min || integer > max)
		return value_fail(document, node, "%s must be between %lld and %lld", what,
			(long long)min, (long long)max);
	*ret_integer = integer;
	return 0;
}

int value_bool(const struct document *document, const struct yaml_node *node, const char *what,
	bool *ret_bool)
{
	static const char *const words[] = {"false", "true", NULL};
	unsigned index;
	int r = value_word(document, node, what, words, &index);

	if (r >= 0)
		*ret_bool = index != 0;
	return r;
}

static char *list_words(const char *const *words)
{
	_cleanup_(strbuf_release) struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; words[i]; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", words[i]);
	return strbuf_detach(&list);
}

static void hint_words(const struct document *document, const char *word, const char *const *known)
{
	const char *close = suggest(word, known);
	_cleanup_(freep) char *list = NULL;

	if (close) {
		error_hint(document->error, "did you mean \"%s\"?", close);
		return;
	}
	list = list_words(known);
	if (list)
		error_hint(document->error, "known are: %s", list);
}

int value_word(const struct document *document, const struct yaml_node *node, const char *what,
	const char *const *words, unsigned *ret_index)
{
	const char *text;
	int r = value_string(document, node, what, &text);

	if (r < 0)
		return r;
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	value_fail(document, node, "unknown %s \"%.100s\"", what, text);
	hint_words(document, text, words);
	return -EINVAL;
}

int value_check_keys(const struct document *document, const struct yaml_node *mapping,
	const char *what, const char *const *known)
{
	for (const struct yaml_node *value = mapping->first; value; value = value->next) {
		const struct yaml_node *key = value->key;
		bool found = false;

		for (size_t i = 0; known[i] && !found; i++)
			found = strcmp(known[i], key->text) == 0;
		if (found)
			continue;
		value_fail(document, key, "unknown key \"%.100s\" in %s", key->text, what);
		hint_words(document, key->text, known);
		return -EINVAL;
	}
	return 0;
}

int value_mapping(void *context, const struct document *document, const struct yaml_node *node,
	const char *what, const struct value_key *keys)
{
	const char *known[VALUE_KEYS_MAX + 1] = {NULL};
	int r;

	if (yaml_is_null(node))
		return 0;
	if (node->kind != YAML_MAPPING) {
		value_fail(document, node, "%s must be a mapping, not a %s", what,
			node->kind == YAML_SEQUENCE ? "list" : "string");
		error_hint(document->error, "write KEY: VALUE, one per line and indented");
		return -EINVAL;
	}
	for (size_t i = 0; keys[i].name && i < VALUE_KEYS_MAX; i++)
		known[i] = keys[i].name;
	r = value_check_keys(document, node, what, known);
	for (size_t i = 0; keys[i].name && r >= 0; i++) {
		const struct yaml_node *value = yaml_get(node, keys[i].name);

		if (value)
			r = keys[i].read(context, document, value);
	}
	return r < 0 ? r : 0;
}
