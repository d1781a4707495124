#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "policy/project.h"

enum { FRACTION_DIGITS_MAX = 9, CPUS_MAX = 8192 };

/* A decimal number, exactly: whole + fraction / scale. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale; /* a power of ten, 1 where there is no point */
};

/* Reads digits, and a point with more digits; `*ret_rest` is what follows. */
static int parse_decimal(const char *text, struct decimal *ret_decimal, const char **ret_rest)
{
	struct decimal d = {.scale = 1};

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(d.whole, 10, &d.whole) ||
			__builtin_add_overflow(d.whole, (uint64_t)(*text - '0'), &d.whole))
			return -ERANGE;
	if (*text == '.') {
		int digits = 0;

		for (text++; isdigit((unsigned char)*text); text++, digits++) {
			if (digits == FRACTION_DIGITS_MAX)
				return -EINVAL;
			d.fraction = d.fraction * 10 + (uint64_t)(*text - '0');
			d.scale *= 10;
		}
		if (digits == 0)
			return -EINVAL;
	}
	*ret_decimal = d;
	*ret_rest = text;
	return 0;
}

/* The power of two that a suffix stands for: "", "K", "k", "KB", "KiB" and so on; -1: none. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (*suffix == '\0' || strcasecmp(suffix, "b") == 0)
		return 0;
	letter = strchr(letters, toupper((unsigned char)*suffix));
	suffix++;
	if (!letter || (*suffix && strcasecmp(suffix, "b") != 0 && strcasecmp(suffix, "ib") != 0))
		return -1;
	return (int)(letter - letters + 1) * 10;
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	struct decimal d;
	const char *rest;
	uint64_t bytes;
	int shift;
	int r = parse_decimal(text, &d, &rest);

	if (r < 0)
		return r;
	shift = suffix_shift(rest);
	if (shift < 0 || (shift == 0 && d.scale != 1))
		return -EINVAL;
	if (__builtin_mul_overflow(d.whole, UINT64_C(1) << shift, &bytes))
		return -ERANGE;
	/* The fraction is below 10^9 < 2^30 and the shift at most 40: the high part goes first. */
	if (shift > 30)
		d.fraction = (d.fraction << 30) / d.scale << (shift - 30);
	else
		d.fraction = (d.fraction << shift) / d.scale;
	if (__builtin_add_overflow(bytes, d.fraction, &bytes))
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

void format_size(uint64_t bytes, char text[SIZE_TEXT_MAX])
{
	static const char units[] = "TGMK";

	for (size_t i = 0; bytes && units[i]; i++) {
		uint64_t unit = UINT64_C(1) << (10 * (strlen(units) - i));

		if (bytes % unit == 0) {
			snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 "%c", bytes / unit, units[i]);
			return;
		}
	}
	snprintf(text, SIZE_TEXT_MAX, "%" PRIu64, bytes);
}

int parse_cpus(const char *text, uint32_t *ret_millis)
{
	struct decimal d;
	const char *rest;
	uint64_t millis;
	int r = parse_decimal(text, &d, &rest);

	if (r < 0)
		return r;
	if (*rest || d.fraction * 1000 % d.scale != 0)
		return -EINVAL;
	if (d.whole > CPUS_MAX)
		return -ERANGE;
	millis = d.whole * 1000 + d.fraction * 1000 / d.scale;
	if (millis == 0 || millis > CPUS_MAX * UINT64_C(1000))
		return -ERANGE;
	*ret_millis = (uint32_t)millis;
	return 0;
}
