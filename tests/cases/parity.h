/*
 * What parity.c chooses from and parity-operations.c does: one operation in one of two worlds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
	SLOTS = 24,        /* open descriptors in each world */
	TEXT_MAX = 8192,   /* of a result */
	DATA_MAX = 150000, /* of one read or write */
};

struct world {
	const char *name;
	bool is_view;
	int top;         /* what was given; refusals are tried here */
	int root;        /* a directory in it, so that ".." stays inside */
	int slot[SLOTS]; /* or -1 */
};

/* What happened. */
struct result {
	long long value;
	int error;
	size_t length;
	char text[TEXT_MAX];
};

/* What an operation is told; each takes what it needs. */
struct arguments {
	int base; /* a slot that paths are relative to, or -1: the root */
	int slot;
	int other;
	char path[5000];
	char path2[300];
	int flags;
	mode_t mode;
	off_t offset;
	off_t offset2;
	size_t length;
	unsigned number;
};

/* What an operation takes: an open slot, another one, a slot to fill, a view with --xattr. */
enum { NEEDS_SLOT = 1, NEEDS_OTHER = 2, FILLS_OTHER = 4, XATTR = 8 };

/* One kind of operation; its weight is how often it is chosen. */
struct operation {
	const char *name;
	unsigned weight;
	unsigned needs;
	void (*run)(struct world *w, const struct arguments *a, struct result *result);
};

extern const struct operation operations[];
extern const size_t operation_count;

void do_stat(struct world *w, const struct arguments *a, struct result *result);
void do_fstat(struct world *w, const struct arguments *a, struct result *result);
void do_holes(struct world *w, const struct arguments *a, struct result *result);
void do_fallocate(struct world *w, const struct arguments *a, struct result *result);

uint64_t hash(const void *data, size_t size);

/* Makes of an ordinary directory's attributes what a view shows: one link and a constant size, so
 * that they count nothing hidden. */
void normalize(const struct world *w, struct stat *st);
