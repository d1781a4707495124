#include "fs/table.h"

#include <string.h>

enum { FIRST_CAPACITY = 256 };

static int grow(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
	struct table_entry **buckets = calloc(capacity, sizeof(*buckets));

	if (!buckets)
		return table->capacity ? 0 : -ENOMEM;
	for (size_t i = 0; i < table->capacity; i++) {
		struct table_entry *entry = table->buckets[i];

		while (entry) {
			struct table_entry *next = entry->next;
			struct table_entry **bucket = &buckets[entry->hash & (capacity - 1)];

			entry->next = *bucket;
			*bucket = entry;
			entry = next;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->capacity = capacity;
	return 0;
}

int table_add(struct table *table, struct table_entry *entry, uint64_t hash)
{
	struct table_entry **bucket;

	if (table->count >= table->capacity) {
		int r = grow(table);

		if (r < 0)
			return r;
	}
	bucket = &table->buckets[hash & (table->capacity - 1)];
	entry->hash = hash;
	entry->next = *bucket;
	*bucket = entry;
	table->count++;
	return 0;
}

void table_remove(struct table *table, struct table_entry *entry)
{
	struct table_entry **link = &table->buckets[entry->hash & (table->capacity - 1)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	table->count--;
}

static struct table_entry *with_hash(struct table_entry *entry, uint64_t hash)
{
	while (entry && entry->hash != hash)
		entry = entry->next;
	return entry;
}

struct table_entry *table_first(const struct table *table, uint64_t hash)
{
	if (!table->capacity)
		return NULL;
	return with_hash(table->buckets[hash & (table->capacity - 1)], hash);
}

struct table_entry *table_next(const struct table_entry *entry)
{
	return with_hash(entry->next, entry->hash);
}

void table_release(struct table *table)
{
	free(table->buckets);
	*table = (struct table){0};
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t table_hash(const uint64_t seed[2], uint64_t start, const void *data, size_t size)
{
	uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
		seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
	const unsigned char *p = data;
	uint64_t tail = (uint64_t)size << 56;

	sip_word(v, start);
	for (; size >= 8; p += 8, size -= 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		sip_word(v, word);
	}
	for (size_t i = 0; i < size; i++)
		tail |= (uint64_t)p[i] << (8 * i);
	sip_word(v, tail);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
