/*
 * Growing arrays of numbers, and sequences of numbers as dense identifiers: what the compiler of
 * policies is made of.
 *
 * Both fail stickily: after a failed allocation calls do nothing and `failed` is -ENOMEM, so that a
 * phase may append freely and check once, before it relies on what it appended. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct vector {
	uint32_t *items;
	size_t count;
	size_t capacity;
	int failed;
};

int vector_grow(struct vector *vector, size_t need);
void vector_release(struct vector *vector);

static inline void vector_push(struct vector *vector, uint32_t item)
{
	if (vector->count == vector->capacity && vector_grow(vector, vector->count + 1) < 0)
		return;
	vector->items[vector->count++] = item;
}

void vector_append(struct vector *vector, const uint32_t *items, size_t count);

/* Sorts and removes duplicates. */
void vector_normalise(struct vector *vector);

/* The items from `start` on only. */
void vector_normalise_from(struct vector *vector, size_t start);

/* Binary search in a sorted array. */
bool sorted_has(const uint32_t *items, size_t count, uint32_t item);

/* True where every item of `a` is in `b`; both are sorted. */
bool sorted_subset(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count);

/* Numbers sequences from 0 on; equal ones alike. */
struct interner {
	struct vector pool;    /* the sequences, one after the other */
	struct vector offsets; /* where each begins; its end is where the next one begins */
	uint32_t *slots;       /* identifier + 1, open addressing */
	size_t slot_count;
	uint32_t *hashes;
};

/* Sets `*ret_id`; 1 where the sequence is new, 0 where it was known, or -ENOMEM. */
int intern(struct interner *interner, const uint32_t *key, size_t count, uint32_t *ret_id);

/* True and the identifier where the sequence is known. */
bool interner_find(
	const struct interner *interner, const uint32_t *key, size_t count, uint32_t *ret_id);

/* The sequence of an identifier; valid until the next intern(). */
const uint32_t *interned(const struct interner *interner, uint32_t id, size_t *ret_count);

/* As intern() for bytes; they lie at interned() + 1, and the word before them is their number. */
int intern_bytes(struct interner *interner, const void *bytes, size_t count, uint32_t *ret_id);

static inline size_t interner_count(const struct interner *interner)
{
	return interner->offsets.count;
}

void interner_release(struct interner *interner);

/* Spreads the bits of a number. */
static inline uint64_t mix64(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}
