#include "common/suggest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 64 };

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static int same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* The optimal string alignment distance of two words of at most WORD_MAX bytes. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *reused = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = smallest(row[j - 1] + 1, last[j] + 1,
				last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = smallest(row[j], before[j - 2] + 1, row[j]);
		}
		before = last;
		last = row;
		row = reused;
	}
	return last[b_length];
}

const char *suggest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	const char *best = NULL;
	unsigned best_distance = 0;

	if (length > WORD_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t other = strlen(*candidates);
		size_t longer = other > length ? other : length;
		unsigned d;

		if (other > WORD_MAX)
			continue;
		d = distance(word, length, *candidates, other);
		if (d > (longer + 2) / 3 || d >= longer || (best && d >= best_distance))
			continue;
		best = *candidates;
		best_distance = d;
	}
	return best;
}
