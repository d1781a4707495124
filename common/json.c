#include "common/json.h"

#include <jansson.h>
#include <string.h>

#include "common/strbuf.h"

struct json_writer {
	json_t *root;
	json_t *open[JSON_DEPTH_MAX]; /* borrowed from root, outermost first */
	size_t depth;
	int failed;
};

int json_writer_new(struct json_writer **ret_writer)
{
	struct json_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	*ret_writer = writer;
	return 0;
}

struct json_writer *json_writer_free(struct json_writer *writer)
{
	int saved = errno;

	if (writer)
		json_decref(writer->root);
	free(writer);
	errno = saved;
	return NULL;
}

static void fail(struct json_writer *writer, int code)
{
	if (!writer->failed)
		writer->failed = code;
}

/* Puts `value` where the writer stands; takes the reference. */
static void add(struct json_writer *writer, const char *key, json_t *value)
{
	json_t *parent = writer->depth ? writer->open[writer->depth - 1] : NULL;
	int r;

	if (!value) {
		fail(writer, -ENOMEM);
		return;
	}
	if (writer->failed) {
		json_decref(value);
		return;
	}
	if (!parent) {
		if (writer->root) {
			json_decref(value);
			fail(writer, -EINVAL);
			return;
		}
		writer->root = value;
		return;
	}
	if (json_is_object(parent) != (key != NULL)) {
		json_decref(value);
		fail(writer, -EINVAL);
		return;
	}
	r = key ? json_object_set_new(parent, key, value) : json_array_append_new(parent, value);
	if (r < 0)
		fail(writer, -ENOMEM);
}

static void begin(struct json_writer *writer, const char *key, json_t *container)
{
	if (writer->depth == JSON_DEPTH_MAX) {
		json_decref(container);
		fail(writer, -E2BIG);
		return;
	}
	add(writer, key, container);
	if (!writer->failed)
		writer->open[writer->depth++] = container;
}

void json_begin_object(struct json_writer *writer, const char *key)
{
	begin(writer, key, json_object());
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	begin(writer, key, json_array());
}

void json_end(struct json_writer *writer)
{
	if (writer->failed)
		return;
	if (!writer->depth)
		fail(writer, -EINVAL);
	else
		writer->depth--;
}

/* The length of the valid UTF-8 sequence at `s` (RFC 3629), or 0. A sequence that is cut short by
 * `left` is none. */
static size_t sequence_length(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

void json_add_string(struct json_writer *writer, const char *key, const char *value)
{
	struct strbuf text = STRBUF_INIT;
	const char *end;

	if (!value) {
		add(writer, key, json_null());
		return;
	}
	end = value + strlen(value);
	while (value < end) {
		size_t length = sequence_length(
			(const unsigned char *)value, (size_t)(end - value));

		if (length)
			strbuf_add(&text, value, length);
		else
			strbuf_add_string(&text, "\xef\xbf\xbd");
		value += length ? length : 1;
	}
	if (text.failed)
		fail(writer, -ENOMEM);
	else
		add(writer, key, json_string(text.data ? text.data : ""));
	strbuf_release(&text);
}

/* The private characters that stand for bytes: F4 8F BE 80 to F4 8F BF BF. */
static bool stands_for_byte(const unsigned char *s, size_t length)
{
	return length == 4 && s[0] == 0xf4 && s[1] == 0x8f && (s[2] & 0xfe) == 0xbe;
}

static void add_byte(struct strbuf *text, unsigned char byte)
{
	const char encoded[] = {(char)0xf4, (char)0x8f, (char)(0xbe | (byte >> 6 & 1)),
		(char)(0x80 | (byte & 0x3f))};

	strbuf_add(text, encoded, sizeof(encoded));
}

void json_add_bytes(struct json_writer *writer, const char *key, const char *data, size_t size)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < size;) {
		const unsigned char *s = (const unsigned char *)data + i;
		size_t length = sequence_length(s, size - i);

		if (length > 0 && !stands_for_byte(s, length)) {
			strbuf_add(&text, s, length);
			i += length;
		} else {
			add_byte(&text, *s);
			i++;
		}
	}
	if (text.failed)
		fail(writer, -ENOMEM);
	else
		add(writer, key, json_stringn(text.data ? text.data : "", text.size));
	strbuf_release(&text);
}

void json_add_integer(struct json_writer *writer, const char *key, int64_t value)
{
	add(writer, key, json_integer(value));
}

void json_add_boolean(struct json_writer *writer, const char *key, bool value)
{
	add(writer, key, json_boolean(value));
}

int json_print(const struct json_writer *writer, FILE *file)
{
	if (writer->failed)
		return writer->failed;
	if (writer->depth || !writer->root)
		return -EINVAL;
	if (json_dumpf(writer->root, file, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0 ||
		fputc('\n', file) == EOF || fflush(file) == EOF)
		return -EIO;
	return 0;
}

int json_format_line(const struct json_writer *writer, char **ret_line)
{
	_cleanup_(freep) char *compact = NULL;
	char *line;

	if (writer->failed)
		return writer->failed;
	if (!writer->root || writer->depth)
		return -EINVAL;
	compact = json_dumps(writer->root, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!compact)
		return -ENOMEM;
	if (asprintf(&line, "%s\n", compact) < 0)
		return -ENOMEM;
	*ret_line = line;
	return 0;
}
