#include "common/json-read.h"

#include <jansson.h>
#include <string.h>

/* An opaque name for jansson's own type. */
static const json_t *in(const struct json_value *value)
{
	return (const json_t *)value;
}

static const struct json_value *out(const json_t *value)
{
	return (const struct json_value *)value;
}

int json_parse(const char *text, size_t size, struct json_value **ret_document)
{
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	if (!root)
		return -EBADMSG;
	*ret_document = (struct json_value *)root;
	return 0;
}

struct json_value *json_document_free(struct json_value *document)
{
	int saved = errno;

	json_decref((json_t *)document);
	errno = saved;
	return NULL;
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
	return out(json_object_get(in(object), key));
}

size_t json_count(const struct json_value *container)
{
	return json_is_object(in(container)) ? json_object_size(in(container))
					     : json_array_size(in(container));
}

const char *json_key(const struct json_value *object, size_t index)
{
	json_t *root = (json_t *)object;
	void *at = json_object_iter(root);

	while (at && index-- > 0)
		at = json_object_iter_next(root, at);
	return at ? json_object_iter_key(at) : NULL;
}

const struct json_value *json_element(const struct json_value *array, size_t index)
{
	return out(json_array_get(in(array), index));
}

const char *json_string_of(const struct json_value *value)
{
	return json_string_value(in(value));
}

int64_t json_integer_of(const struct json_value *value, int64_t otherwise)
{
	return json_is_integer(in(value)) ? json_integer_value(in(value)) : otherwise;
}

bool json_boolean_of(const struct json_value *value, bool otherwise)
{
	return json_is_boolean(in(value)) ? json_is_true(in(value)) : otherwise;
}

/* U+10FF80 to U+10FFFF are F4 8F BE 80 to F4 8F BF BF: the last seven bits are the byte's. */
static bool is_byte(const unsigned char *s, size_t left, unsigned char *ret_byte)
{
	if (left < 4 || s[0] != 0xf4 || s[1] != 0x8f || (s[2] & 0xfe) != 0xbe)
		return false;
	*ret_byte = (unsigned char)(0x80 | (s[2] & 1) << 6 | (s[3] & 0x3f));
	return true;
}

int json_bytes_of(const struct json_value *value, char **ret_bytes, size_t *ret_size)
{
	const char *text = json_string_value(in(value));
	size_t size = json_string_length(in(value));
	size_t used = 0;
	char *bytes;

	if (!text)
		return -ENOENT;
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < size;) {
		unsigned char byte;

		if (is_byte((const unsigned char *)text + i, size - i, &byte)) {
			bytes[used++] = (char)byte;
			i += 4;
		} else {
			bytes[used++] = text[i++];
		}
	}
	bytes[used] = '\0';
	*ret_bytes = bytes;
	if (ret_size)
		*ret_size = used;
	return 0;
}
