/*
 * An intrusive hash table with chains.
 *
 * The owner embeds a `struct table_entry` and computes the hashes; keys that an enemy chooses must
 * go through table_hash() with a secret seed. Growing may fail without harm: chains then get longer.
 * Not thread-safe.
 */
#pragma once

#include <stdint.h>

#include "common/cleanup.h"

struct table_entry {
	struct table_entry *next;
	uint64_t hash;
};

struct table {
	struct table_entry **buckets;
	size_t capacity; /* 0 or a power of two */
	size_t count;
};

#define container_of(pointer, type, member)                                                        \
	((type *)((char *)(pointer) - __builtin_offsetof(type, member)))

/* Adds `entry`, whose hash is set here. -ENOMEM only where the table has no bucket at all yet. */
int table_add(struct table *table, struct table_entry *entry, uint64_t hash);

/* Removes `entry`, which must be in the table. */
void table_remove(struct table *table, struct table_entry *entry);

/* The first entry with this hash, and the next one after `entry`; NULL where there is none. */
struct table_entry *table_first(const struct table *table, uint64_t hash);
struct table_entry *table_next(const struct table_entry *entry);

/* Frees the buckets; the entries are their owner's. */
void table_release(struct table *table);

/* SipHash-1-3 of `data` with the 128-bit key `seed`, continued from `start`. */
uint64_t table_hash(const uint64_t seed[2], uint64_t start, const void *data, size_t size);
