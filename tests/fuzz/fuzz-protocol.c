/* Any bytes from the other side of a control socket: taken or refused, never more. The first one
 * says what they claim to be: m, a message; p, the payload of an exec; s, a monitor's spec. */
#include <stdint.h>
#include <string.h>

#include "common/fd.h"
#include "runtime/payload.h"
#include "runtime/protocol.h"
#include "runtime/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_message(const uint8_t *data, size_t size)
{
	struct message message, again;

	if (message_decode(data, size, &message) < 0)
		return;
	if (message_size(&message) != size || message.header.descriptors > PROTOCOL_FDS_MAX)
		abort();
	if (message_decode(&message, size, &again) < 0 || memcmp(&message, &again, size) != 0)
		abort();
	if (message.header.type == MESSAGE_ERROR &&
		strlen(message.error.message) + strlen(message.error.hint) > PROTOCOL_BODY_MAX)
		abort();
}

static void try_payload(int fd)
{
	struct payload payload;
	const char *string;

	if (payload_read(fd, &payload) < 0)
		return;
	string = payload.strings;
	for (size_t i = 1; i < payload.argument_count + payload.env_count; i++)
		string = payload_next(string);
	if (payload_next(string) != payload.map.data + payload.map.size)
		abort();
	payload_release(&payload);
}

static void try_spec(int fd)
{
	_cleanup_(spec_release) struct spec spec = {0};
	_cleanup_(fd_closep) int again = -1;

	if (spec_read(fd, &spec) == 0 && spec_write(&spec, &again) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fd_closep) int fd = -1;

	if (size == 0)
		return 0;
	if (data[0] == 'm')
		try_message(data + 1, size - 1);
	if (data[0] != 'p' && data[0] != 's')
		return 0;
	if (sealed_file_new("fuzz", data + 1, size - 1, &fd) < 0)
		abort();
	if (data[0] == 'p')
		try_payload(fd);
	else
		try_spec(fd);
	return 0;
}
