/*
 * The inside of the node table, shared by the parts of it: node.c (names and lives) and node-file.c
 * (open files and cached data). Nobody else includes this.
 */
#pragma once

#include <pthread.h>

#include "fs/node.h"
#include "fs/table.h"

/* A name of a node. Owned by the node; holds a reference on the parent. */
struct binding {
	struct table_entry entry; /* in node_table.bindings, by (parent, name) */
	struct node *parent;
	struct node *node;
	struct binding *next; /* of the same node, latest first */
	char name[];
};

struct node {
	struct table_entry by_id;
	struct table_entry by_identity; /* in node_table.identities where `identified` */
	uint64_t id;
	uint64_t lookups;    /* the kernel's */
	uint64_t references; /* ours, and one for each binding below */
	mode_t type;
	enum ward_level level;
	bool identified;
	struct lower_identity identity;
	policy_state state; /* of a directory, where `epoch` is the table's */
	uint64_t epoch;
	struct binding *bindings;
	nlink_t binding_count;
	struct open_file *files;
	struct stamp stamp; /* of the cached pages, where `stamped` */
	bool stamped;
	struct stamp told; /* of the cached attributes */
	struct node *walk; /* scratch, under the mutex */
};

struct node_table {
	pthread_mutex_t mutex;
	struct policy *policy;
	uint64_t seed[2];
	uint64_t next_id;
	uint64_t epoch; /* advances when a directory moves */
	struct table ids;
	struct table identities;
	struct table bindings;
	struct node *root;
};

static inline void node_table_lock(struct node_table *table)
{
	pthread_mutex_lock(&table->mutex);
}

static inline void node_table_unlock(struct node_table *table)
{
	pthread_mutex_unlock(&table->mutex);
}

/* Frees the node where nothing holds it any more. The table is locked. */
void node_reap(struct node_table *table, struct node *node);
