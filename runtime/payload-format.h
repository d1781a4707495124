/* What both halves of the payload code share: see runtime/payload.h. */
#pragma once

#include <stdint.h>

enum { PAYLOAD_MAGIC = 0x31445057 };

struct payload_header {
	uint32_t magic;
	uint32_t arguments;
	uint32_t entries;
};
