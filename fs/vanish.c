#include "fs/vanish.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "fs/table.h"

struct vanished {
	struct table_entry entry;
	struct lower_identity identity;
	char path[];
};

struct vanish {
	pthread_mutex_t mutex;
	uint64_t seed[2];
	struct table paths;
	atomic_size_t count;
};

int vanish_new(struct vanish **ret_vanish)
{
	struct vanish *vanish = calloc(1, sizeof(*vanish));

	if (!vanish)
		return -ENOMEM;
	if (getrandom(vanish->seed, sizeof(vanish->seed), 0) != sizeof(vanish->seed)) {
		free(vanish);
		return -EIO;
	}
	pthread_mutex_init(&vanish->mutex, NULL);
	*ret_vanish = vanish;
	return 0;
}

struct vanish *vanish_free(struct vanish *vanish)
{
	if (!vanish)
		return NULL;
	for (size_t i = 0; i < vanish->paths.capacity; i++) {
		struct table_entry *entry = vanish->paths.buckets[i];

		while (entry) {
			struct table_entry *next = entry->next;

			free(container_of(entry, struct vanished, entry));
			entry = next;
		}
	}
	table_release(&vanish->paths);
	pthread_mutex_destroy(&vanish->mutex);
	free(vanish);
	return NULL;
}

static struct vanished *find(struct vanish *vanish, const char *path)
{
	uint64_t hash = table_hash(vanish->seed, 0, path, strlen(path));

	for (struct table_entry *e = table_first(&vanish->paths, hash); e; e = table_next(e)) {
		struct vanished *vanished = container_of(e, struct vanished, entry);

		if (strcmp(vanished->path, path) == 0)
			return vanished;
	}
	return NULL;
}

static int add_locked(
	struct vanish *vanish, const char *path, const struct lower_identity *identity)
{
	size_t size = strlen(path) + 1;
	struct vanished *vanished = find(vanish, path);
	int r;

	if (vanished) {
		vanished->identity = *identity;
		return 0;
	}
	vanished = malloc(sizeof(*vanished) + size);
	if (!vanished)
		return -ENOMEM;
	vanished->identity = *identity;
	memcpy(vanished->path, path, size);
	r = table_add(
		&vanish->paths, &vanished->entry, table_hash(vanish->seed, 0, path, size - 1));
	if (r < 0)
		free(vanished);
	else
		atomic_fetch_add(&vanish->count, 1);
	return r;
}

int vanish_add(struct vanish *vanish, const char *path, const struct lower_identity *identity)
{
	int r;

	pthread_mutex_lock(&vanish->mutex);
	r = add_locked(vanish, path, identity);
	pthread_mutex_unlock(&vanish->mutex);
	return r;
}

static void remove_locked(struct vanish *vanish, struct vanished *vanished)
{
	table_remove(&vanish->paths, &vanished->entry);
	atomic_fetch_sub(&vanish->count, 1);
	free(vanished);
}

void vanish_remove(struct vanish *vanish, const char *path)
{
	struct vanished *vanished;

	pthread_mutex_lock(&vanish->mutex);
	vanished = find(vanish, path);
	if (vanished)
		remove_locked(vanish, vanished);
	pthread_mutex_unlock(&vanish->mutex);
}

bool vanish_has(struct vanish *vanish, const char *path, const struct lower_identity *identity)
{
	struct vanished *vanished;
	bool has = false;

	pthread_mutex_lock(&vanish->mutex);
	vanished = find(vanish, path);
	if (vanished) {
		has = lower_identity_equal(&vanished->identity, identity);
		if (!has)
			remove_locked(vanish, vanished);
	}
	pthread_mutex_unlock(&vanish->mutex);
	return has;
}

bool vanish_empty(struct vanish *vanish)
{
	return atomic_load(&vanish->count) == 0;
}
