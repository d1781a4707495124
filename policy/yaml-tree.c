#include "policy/yaml-tree.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "policy/yaml-bytes.h"

#define QUOTE_HINT "put a pattern that starts with one of * ! & [ { %% @ ` in quotes"

/* A node and its place in the list of all, through which the tree frees them. */
struct holder {
	struct yaml_node node;
	struct holder *previous;
};

struct yaml_tree {
	struct holder *last;
	size_t count;
	struct yaml_node *root;
};

struct builder {
	yaml_parser_t parser;
	struct yaml_bytes bytes;
	const char *text;
	const char *file;
	struct yaml_tree *tree;
	struct ward_error *error;
};

struct yaml_tree *yaml_tree_free(struct yaml_tree *tree)
{
	int saved = errno;

	if (!tree)
		return NULL;
	while (tree->last) {
		struct holder *previous = tree->last->previous;

		free(tree->last->node.text);
		free(tree->last);
		tree->last = previous;
	}
	free(tree);
	errno = saved;
	return NULL;
}

_printf_(4, 5) static int fail_at(
	struct builder *b, yaml_mark_t mark, int code, const char *format, ...)
{
	char message[256];
	unsigned line, column;
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	yaml_bytes_place(&b->bytes, mark.index, &line, &column);
	return error_set_at(b->error, code, b->file, line, column, "%s", message);
}

/* For what is often a pattern without quotes. */
static int fail_quote(struct builder *b, yaml_mark_t mark, const char *message)
{
	fail_at(b, mark, -EINVAL, "%s", message);
	error_hint(b->error, QUOTE_HINT);
	return -EINVAL;
}

/* What libyaml says, with what most likely was meant: its messages are constants. */
static int fail_syntax(struct builder *b)
{
	const char *context = b->parser.context ? b->parser.context : "";
	const char *problem = b->parser.problem ? b->parser.problem : "unknown error";

	if (b->parser.error == YAML_MEMORY_ERROR)
		return error_set(b->error, -ENOMEM, "out of memory");
	if (strstr(context, "scanning an alias") || strstr(context, "scanning an anchor"))
		return fail_quote(
			b, b->parser.context_mark, "aliases and anchors are not supported");
	fail_at(b, b->parser.problem_mark, -EINVAL, "not valid YAML: %s%s%s", problem,
		*context ? ", " : "", context);
	if (strstr(problem, "escape"))
		error_hint(b->error, "write a backslash in single quotes, or twice in double ones");
	else if (strstr(problem, "cannot start any token") || strstr(context, "indentation"))
		error_hint(b->error, "indent with spaces, not tabs; " QUOTE_HINT);
	else
		error_hint(b->error, "check the indentation here and above; " QUOTE_HINT);
	return -EINVAL;
}

static int next_event(struct builder *b, yaml_event_t *ret_event)
{
	return yaml_parser_parse(&b->parser, ret_event) ? 0 : fail_syntax(b);
}

static int new_node(struct builder *b, enum yaml_kind kind, const yaml_event_t *event,
	struct yaml_node **ret_node)
{
	struct holder *holder;

	if (b->tree->count++ >= YAML_NODES_MAX)
		return fail_at(
			b, event->start_mark, -E2BIG, "more than %d YAML nodes", YAML_NODES_MAX);
	holder = calloc(1, sizeof(*holder));
	if (!holder)
		return error_set(b->error, -ENOMEM, "out of memory");
	holder->previous = b->tree->last;
	b->tree->last = holder;
	holder->node.kind = kind;
	yaml_bytes_place(
		&b->bytes, event->start_mark.index, &holder->node.line, &holder->node.column);
	*ret_node = &holder->node;
	return 0;
}

static int refuse_decorations(
	struct builder *b, const yaml_event_t *event, const void *anchor, const void *tag)
{
	if (anchor)
		return fail_quote(b, event->start_mark, "aliases and anchors are not supported");
	if (tag)
		return fail_quote(b, event->start_mark, "tags (!) are not supported");
	return 0;
}

/* Sets text_column where the text of `node` stands in the source as it is. */
static void find_verbatim(struct builder *b, const yaml_event_t *event, struct yaml_node *node)
{
	unsigned line, column;
	unsigned quote = node->plain ? 0 : 1;
	size_t start = yaml_bytes_place(&b->bytes, event->start_mark.index, &line, &column);
	size_t end = yaml_bytes_place(&b->bytes, event->end_mark.index, &line, &column);

	if (end - start == node->length + quote + quote &&
		memcmp(b->text + start + quote, node->text, node->length) == 0)
		node->text_column = node->column + quote;
}

static int build_scalar(struct builder *b, const yaml_event_t *event, struct yaml_node **ret_node)
{
	struct yaml_node *node;
	yaml_scalar_style_t style = event->data.scalar.style;
	int r = refuse_decorations(b, event, event->data.scalar.anchor, event->data.scalar.tag);

	if (r < 0)
		return r;
	r = new_node(b, YAML_SCALAR, event, &node);
	if (r < 0)
		return r;
	node->length = event->data.scalar.length;
	node->text = malloc(node->length + 1);
	if (!node->text)
		return error_set(b->error, -ENOMEM, "out of memory");
	memcpy(node->text, event->data.scalar.value, node->length);
	node->length = yaml_bytes_decode(node->text, node->length);
	node->text[node->length] = '\0';
	if (memchr(node->text, '\0', node->length))
		return fail_at(b, event->start_mark, -EINVAL, "NUL in a policy");
	node->plain = style == YAML_PLAIN_SCALAR_STYLE;
	if (style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE)
		find_verbatim(b, event, node);
	*ret_node = node;
	return 0;
}

/* Checks a key against those before it. */
static int check_key(struct builder *b, const yaml_event_t *event, const struct yaml_node *mapping,
	const struct yaml_node *key)
{
	if (key->kind != YAML_SCALAR)
		return fail_quote(b, event->start_mark, "a key must be a plain word");
	if (key->plain && strcmp(key->text, "<<") == 0)
		return fail_at(b, event->start_mark, -EINVAL, "merge keys (<<) are not supported");
	if (mapping->count >= YAML_KEYS_MAX)
		return fail_at(b, event->start_mark, -E2BIG, "more than %d keys in one mapping",
			YAML_KEYS_MAX);
	for (const struct yaml_node *value = mapping->first; value; value = value->next) {
		if (strcmp(value->key->text, key->text) != 0)
			continue;
		fail_at(b, event->start_mark, -EINVAL, "duplicate key \"%s\"", key->text);
		error_hint(b->error, "it is already given in line %u", value->key->line);
		return -EINVAL;
	}
	return 0;
}

static int build_node(
	struct builder *b, const yaml_event_t *event, unsigned depth, struct yaml_node **ret_node);

/* Builds the elements or the keys and values up to the end of the collection. */
static int build_children(struct builder *b, struct yaml_node *parent, unsigned depth)
{
	struct yaml_node **end = &parent->first;

	for (;;) {
		_cleanup_(yaml_event_delete) yaml_event_t event = {0};
		_cleanup_(yaml_event_delete) yaml_event_t value_event = {0};
		struct yaml_node *node, *key = NULL;
		int r = next_event(b, &event);

		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			return 0;
		r = build_node(b, &event, depth + 1, &node);
		if (r < 0)
			return r;
		if (parent->kind == YAML_MAPPING) {
			key = node;
			r = check_key(b, &event, parent, key);
			if (r >= 0)
				r = next_event(b, &value_event);
			if (r >= 0)
				r = build_node(b, &value_event, depth + 1, &node);
			if (r < 0)
				return r;
		}
		node->key = key;
		*end = node;
		end = &node->next;
		parent->count++;
	}
}

static int build_collection(struct builder *b, enum yaml_kind kind, const yaml_event_t *event,
	unsigned depth, struct yaml_node **ret_node)
{
	struct yaml_node *node;
	int r;

	r = kind == YAML_SEQUENCE ? refuse_decorations(b, event, event->data.sequence_start.anchor,
					    event->data.sequence_start.tag)
				  : refuse_decorations(b, event, event->data.mapping_start.anchor,
					    event->data.mapping_start.tag);
	if (r < 0)
		return r;
	if (depth > YAML_DEPTH_MAX)
		return fail_at(b, event->start_mark, -E2BIG, "nested deeper than %d levels",
			YAML_DEPTH_MAX);
	r = new_node(b, kind, event, &node);
	if (r < 0)
		return r;
	r = build_children(b, node, depth);
	if (r < 0)
		return r;
	*ret_node = node;
	return 0;
}

static int build_node(
	struct builder *b, const yaml_event_t *event, unsigned depth, struct yaml_node **ret_node)
{
	if (event->type == YAML_SCALAR_EVENT)
		return build_scalar(b, event, ret_node);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return build_collection(b, YAML_SEQUENCE, event, depth, ret_node);
	if (event->type == YAML_MAPPING_START_EVENT)
		return build_collection(b, YAML_MAPPING, event, depth, ret_node);
	return fail_quote(b, event->start_mark, "aliases and anchors are not supported");
}

/* Stream start, one document at most, stream end. */
static int build_stream(struct builder *b)
{
	for (;;) {
		_cleanup_(yaml_event_delete) yaml_event_t event = {0};
		int r = next_event(b, &event);

		if (r < 0)
			return r;
		if (event.type == YAML_STREAM_END_EVENT)
			return 0;
		if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (event.type != YAML_DOCUMENT_START_EVENT) {
			r = build_node(b, &event, 1, &b->tree->root);
			if (r < 0)
				return r;
			continue;
		}
		if (b->tree->root) {
			fail_at(b, event.start_mark, -EINVAL, "a second YAML document");
			error_hint(b->error, "remove the line ---");
			return -EINVAL;
		}
		if (event.data.document_start.tag_directives.start !=
			event.data.document_start.tag_directives.end)
			return fail_at(b, event.start_mark, -EINVAL, "tags are not supported");
	}
}

static void parser_deletep(struct builder *b)
{
	yaml_parser_delete(&b->parser);
	yaml_bytes_release(&b->bytes);
}

int yaml_tree_parse(const char *text, size_t size, const char *file, struct yaml_tree **ret_tree,
	struct ward_error *error)
{
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	_cleanup_(parser_deletep) struct builder b = {.text = text, .file = file, .error = error};
	int r;

	if (size > YAML_SIZE_MAX)
		return error_set_at(
			error, -E2BIG, file, 0, 0, "larger than %d KiB", YAML_SIZE_MAX / 1024);
	tree = calloc(1, sizeof(*tree));
	if (!tree || !yaml_parser_initialize(&b.parser))
		return error_set(error, -ENOMEM, "out of memory");
	b.tree = tree;
	r = yaml_bytes_encode(text, size, file, &b.bytes, error);
	if (r < 0)
		return r;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&b.parser, (const unsigned char *)b.bytes.encoded, b.bytes.encoded_size);
	r = build_stream(&b);
	if (r < 0)
		return r;
	*ret_tree = TAKE_PTR(tree);
	return 0;
}

const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree)
{
	return tree->root;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	for (const struct yaml_node *value = mapping->first; value; value = value->next)
		if (strcmp(value->key->text, key) == 0)
			return value;
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (node->length == 0 || strcmp(node->text, "~") == 0 ||
		       strcmp(node->text, "null") == 0);
}
