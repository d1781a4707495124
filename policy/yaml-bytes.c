#include "policy/yaml-bytes.h"

#include <stdbool.h>
#include <string.h>

/* The private characters that carry the bytes 0x80 to 0xff: U+10FE80 to U+10FEFF. */
enum { CARRIER = 0x10fe00 };

/* The length of the valid UTF-8 character at `p`, and its code point; 0 where there is none. */
static size_t decode_character(const unsigned char *p, size_t size, uint32_t *ret_code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = p[0] < 0x80             ? 1
			: (p[0] & 0xe0) == 0xc0 ? 2
			: (p[0] & 0xf0) == 0xe0 ? 3
			: (p[0] & 0xf8) == 0xf0 ? 4
						: 0;
	uint32_t code;

	if (length == 0 || length > size)
		return 0;
	code = length == 1 ? p[0] : p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

/* True for characters that libyaml refuses, takes for line breaks, skips, or that are carriers. */
static bool must_be_carried(uint32_t code)
{
	return (code >= 0x80 && code <= 0x9f) || code == 0x2028 || code == 0x2029 ||
	       code == 0xfeff || code == 0xfffe || code == 0xffff ||
	       (code >= CARRIER + 0x80 && code <= CARRIER + 0xff);
}

static char *carry(char *to, unsigned char byte)
{
	uint32_t code = CARRIER + byte;

	*to++ = (char)(0xf0 | code >> 18);
	*to++ = (char)(0x80 | (code >> 12 & 0x3f));
	*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

static bool is_forbidden(const unsigned char *p, size_t size)
{
	if (p[0] == '\r')
		return size < 2 || p[1] != '\n';
	return (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n') || p[0] == 0x7f;
}

static int forbidden(const char *file, const struct yaml_bytes *bytes, size_t at, unsigned char c,
	struct ward_error *error)
{
	unsigned line = (unsigned)bytes->line_count;
	unsigned column = (unsigned)(at - bytes->lines[bytes->line_count - 1]) + 1;

	if (c == 0)
		error_set_at(error, -EINVAL, file, line, column, "NUL in a policy");
	else if (c == '\r')
		error_set_at(error, -EINVAL, file, line, column,
			"carriage return in the middle of a line");
	else
		error_set_at(error, -EINVAL, file, line, column, "control character 0x%02x", c);
	if (c != 0)
		error_hint(error, "write it as \"\\x%02x\" in double quotes", c);
	return -EINVAL;
}

static int allocate(struct yaml_bytes *bytes, const char *text, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	*bytes = (struct yaml_bytes){
		.encoded = malloc(4 * size + 1),
		.offsets = malloc((size + 1) * sizeof(*bytes->offsets)),
		.lines = malloc(lines * sizeof(*bytes->lines)),
	};
	return bytes->encoded && bytes->offsets && bytes->lines ? 0 : -ENOMEM;
}

/* Appends the character at `at`; returns its length in the text. */
static size_t encode_character(
	struct yaml_bytes *bytes, const unsigned char *text, size_t at, size_t size)
{
	char *to = bytes->encoded + bytes->encoded_size;
	uint32_t code = 0;
	size_t length = decode_character(text + at, size - at, &code);

	bytes->offsets[bytes->character_count++] = (uint32_t)at;
	if (length == 0 || must_be_carried(code)) {
		bytes->encoded_size = (size_t)(carry(to, text[at]) - bytes->encoded);
		return 1;
	}
	memcpy(to, text + at, length);
	bytes->encoded_size += length;
	if (code == '\n')
		bytes->lines[bytes->line_count++] = (uint32_t)at + 1;
	return length;
}

int yaml_bytes_encode(const char *text, size_t size, const char *file, struct yaml_bytes *ret_bytes,
	struct ward_error *error)
{
	const unsigned char *bytes = (const unsigned char *)text;
	_cleanup_(yaml_bytes_release) struct yaml_bytes made = {0};
	size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	if (allocate(&made, text, size) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	made.lines[made.line_count++] = 0;
	while (at < size) {
		if (is_forbidden(bytes + at, size - at))
			return forbidden(file, &made, at, bytes[at], error);
		at += encode_character(&made, bytes, at, size);
	}
	made.offsets[made.character_count] = (uint32_t)size;
	*ret_bytes = made;
	made = (struct yaml_bytes){0};
	return 0;
}

void yaml_bytes_release(struct yaml_bytes *bytes)
{
	freep(&bytes->encoded);
	freep(&bytes->offsets);
	freep(&bytes->lines);
	*bytes = (struct yaml_bytes){0};
}

size_t yaml_bytes_decode(char *text, size_t length)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t step = decode_character(from + at, length - at, &code);

		if (step == 4 && code >= CARRIER + 0x80 && code <= CARRIER + 0xff) {
			text[used++] = (char)(code - CARRIER);
			at += step;
		} else {
			text[used++] = text[at++];
		}
	}
	return used;
}

size_t yaml_bytes_place(
	const struct yaml_bytes *bytes, size_t index, unsigned *ret_line, unsigned *ret_column)
{
	size_t at = bytes->offsets[index < bytes->character_count ? index : bytes->character_count];
	size_t low = 0, high = bytes->line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (bytes->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	*ret_line = (unsigned)low + 1;
	*ret_column = (unsigned)(at - bytes->lines[low]) + 1;
	return at;
}
