#include "common/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static int reserve(struct strbuf *buf, size_t extra)
{
	size_t capacity = buf->capacity ? buf->capacity : 64;
	char *grown;

	if (buf->failed)
		return buf->failed;
	if (extra >= SIZE_MAX / 2 - buf->size)
		return buf->failed = -ENOMEM;
	while (capacity < buf->size + extra + 1)
		capacity *= 2;
	if (capacity == buf->capacity)
		return 0;
	grown = realloc(buf->data, capacity);
	if (!grown)
		return buf->failed = -ENOMEM;
	buf->data = grown;
	buf->capacity = capacity;
	return 0;
}

int strbuf_add(struct strbuf *buf, const void *data, size_t size)
{
	int r = reserve(buf, size);

	if (r < 0)
		return r;
	if (size > 0)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
	return 0;
}

int strbuf_add_string(struct strbuf *buf, const char *string)
{
	return strbuf_add(buf, string, strlen(string));
}

int strbuf_add_char(struct strbuf *buf, char c)
{
	return strbuf_add(buf, &c, 1);
}

int strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;
	int needed;
	int r;

	va_start(args, format);
	needed = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (needed < 0)
		return buf->failed = -ENOMEM;
	r = reserve(buf, (size_t)needed);
	if (r < 0)
		return r;
	va_start(args, format);
	vsnprintf(buf->data + buf->size, (size_t)needed + 1, format, args);
	va_end(args);
	buf->size += (size_t)needed;
	return 0;
}

void strbuf_truncate(struct strbuf *buf, size_t size)
{
	if (!buf->data)
		return;
	buf->size = size;
	buf->data[size] = '\0';
}

char *strbuf_detach(struct strbuf *buf)
{
	char *data;

	if (reserve(buf, 0) < 0)
		return NULL;
	buf->data[buf->size] = '\0';
	data = TAKE_PTR(buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
	return data;
}

void strbuf_release(struct strbuf *buf)
{
	freep(&buf->data);
	*buf = (struct strbuf)STRBUF_INIT;
}
