/* The half of the payload code that ward-init needs: it allocates nothing. */
#include <stdint.h>
#include <string.h>

#include "runtime/payload-format.h"
#include "runtime/payload.h"

const char *payload_next(const char *string)
{
	return string + strlen(string) + 1;
}

/* True where exactly `count` NUL-terminated strings fill `size` bytes. */
static int holds_strings(const char *data, size_t size, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < size; i++)
		found += data[i] == '\0';
	return size > 0 && data[size - 1] == '\0' && found == count;
}

int payload_read(int fd, struct payload *ret_payload)
{
	struct payload payload = {0};
	struct payload_header header;
	const char *strings;
	size_t size;
	int r;

	r = sealed_file_map(fd, PAYLOAD_MAX, &payload.map);
	if (r < 0)
		return r;
	if (payload.map.size < sizeof(header))
		goto bad;
	memcpy(&header, payload.map.data, sizeof(header));
	strings = payload.map.data + sizeof(header);
	size = payload.map.size - sizeof(header);
	if (header.magic != PAYLOAD_MAGIC || header.arguments == 0 ||
		header.arguments > PAYLOAD_STRINGS_MAX || header.entries > PAYLOAD_STRINGS_MAX)
		goto bad;
	if (!holds_strings(strings, size, 1 + (size_t)header.arguments + header.entries))
		goto bad;
	payload.workdir = strings;
	payload.strings = payload_next(strings);
	payload.argument_count = header.arguments;
	payload.env_count = header.entries;
	*ret_payload = payload;
	return 0;
bad:
	sealed_map_release(&payload.map);
	return -EBADMSG;
}

void payload_release(struct payload *payload)
{
	sealed_map_release(&payload->map);
}
