#include "policy/vector.h"

#include <string.h>

int vector_grow(struct vector *vector, size_t need)
{
	size_t capacity = vector->capacity ? vector->capacity : 16;
	uint32_t *grown;

	if (vector->failed)
		return vector->failed;
	while (capacity < need)
		capacity *= 2;
	grown = realloc(vector->items, capacity * sizeof(*grown));
	if (!grown)
		return vector->failed = -ENOMEM;
	vector->items = grown;
	vector->capacity = capacity;
	return 0;
}

void vector_release(struct vector *vector)
{
	free(vector->items);
	*vector = (struct vector){0};
}

void vector_append(struct vector *vector, const uint32_t *items, size_t count)
{
	if (count == 0)
		return;
	if (vector->count + count > vector->capacity &&
		vector_grow(vector, vector->count + count) < 0)
		return;
	memcpy(vector->items + vector->count, items, count * sizeof(*items));
	vector->count += count;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Most of what is sorted here is short and nearly in order. */
static void sort(uint32_t *items, size_t count)
{
	if (count > 24) {
		qsort(items, count, sizeof(*items), compare);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		uint32_t item = items[i];
		size_t j = i;

		for (; j > 0 && items[j - 1] > item; j--)
			items[j] = items[j - 1];
		items[j] = item;
	}
}

void vector_normalise_from(struct vector *vector, size_t start)
{
	size_t count = vector->count - start, kept = 0;
	uint32_t *items;

	if (count < 2)
		return;
	items = vector->items + start;
	sort(items, count);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || items[i] != items[kept - 1])
			items[kept++] = items[i];
	vector->count = start + kept;
}

void vector_normalise(struct vector *vector)
{
	vector_normalise_from(vector, 0);
}

bool sorted_has(const uint32_t *items, size_t count, uint32_t item)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle] == item)
			return true;
		if (items[middle] < item)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool sorted_subset(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
	size_t j = 0;

	if (a_count > b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		while (j < b_count && b[j] < a[i])
			j++;
		if (j == b_count || b[j] != a[i])
			return false;
	}
	return true;
}

/* --- Interning ------------------------------------------------------------------------------------ */

static uint32_t hash(const uint32_t *key, size_t count)
{
	uint64_t h = count;

	for (size_t i = 0; i < count; i++)
		h = mix64(h ^ key[i]) + i;
	return (uint32_t)(h ^ h >> 32);
}

static void place(struct interner *interner, uint32_t id)
{
	size_t slot = interner->hashes[id] & (interner->slot_count - 1);

	while (interner->slots[slot] != 0)
		slot = (slot + 1) & (interner->slot_count - 1);
	interner->slots[slot] = id + 1;
}

static int make_room(struct interner *interner)
{
	size_t count = interner_count(interner);
	size_t slot_count = interner->slot_count ? interner->slot_count * 2 : 64;
	uint32_t *slots, *hashes;

	if (count * 2 < interner->slot_count)
		return 0;
	hashes = realloc(interner->hashes, slot_count * sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	interner->hashes = hashes;
	slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(interner->slots);
	interner->slots = slots;
	interner->slot_count = slot_count;
	for (size_t id = 0; id < count; id++)
		place(interner, (uint32_t)id);
	return 0;
}

static bool find(const struct interner *interner, const uint32_t *key, size_t count, uint32_t h,
	uint32_t *ret_id)
{
	size_t mask = interner->slot_count - 1;

	if (interner->slot_count == 0)
		return false;
	for (size_t slot = h & mask; interner->slots[slot] != 0; slot = (slot + 1) & mask) {
		uint32_t id = interner->slots[slot] - 1;
		const uint32_t *known;
		size_t known_count;

		if (interner->hashes[id] != h)
			continue;
		known = interned(interner, id, &known_count);
		if (known_count == count &&
			(count == 0 || memcmp(known, key, count * sizeof(*key)) == 0)) {
			*ret_id = id;
			return true;
		}
	}
	return false;
}

bool interner_find(
	const struct interner *interner, const uint32_t *key, size_t count, uint32_t *ret_id)
{
	return find(interner, key, count, hash(key, count), ret_id);
}

int intern(struct interner *interner, const uint32_t *key, size_t count, uint32_t *ret_id)
{
	uint32_t h = hash(key, count), id;
	int r;

	if (find(interner, key, count, h, ret_id))
		return 0;
	r = make_room(interner);
	if (r < 0)
		return r;
	id = (uint32_t)interner_count(interner);
	vector_push(&interner->offsets, (uint32_t)interner->pool.count);
	vector_append(&interner->pool, key, count);
	if (interner->offsets.failed || interner->pool.failed)
		return -ENOMEM;
	interner->hashes[id] = h;
	place(interner, id);
	*ret_id = id;
	return 1;
}

const uint32_t *interned(const struct interner *interner, uint32_t id, size_t *ret_count)
{
	const uint32_t *offsets = interner->offsets.items;
	size_t end = id + 1 < interner->offsets.count ? offsets[id + 1] : interner->pool.count;

	*ret_count = end - offsets[id];
	return *ret_count > 0 ? interner->pool.items + offsets[id] : NULL;
}

int intern_bytes(struct interner *interner, const void *bytes, size_t count, uint32_t *ret_id)
{
	uint32_t key[1 + 256 / sizeof(uint32_t)];
	size_t words = 1 + (count + sizeof(uint32_t) - 1) / sizeof(uint32_t);

	key[words - 1] = 0;
	key[0] = (uint32_t)count;
	memcpy(key + 1, bytes, count);
	return intern(interner, key, words, ret_id);
}

void interner_release(struct interner *interner)
{
	vector_release(&interner->pool);
	vector_release(&interner->offsets);
	free(interner->slots);
	free(interner->hashes);
	*interner = (struct interner){0};
}
