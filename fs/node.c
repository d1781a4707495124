#include "fs/node-table.h"

#include <string.h>
#include <sys/random.h>

/* --- Look-up in the tables ----------------------------------------------------------------------- */

static uint64_t hash_binding(struct node_table *table, const struct node *parent, const char *name)
{
	return table_hash(table->seed, parent->id, name, strlen(name));
}

static struct binding *find_binding(
	struct node_table *table, const struct node *parent, const char *name)
{
	uint64_t hash = hash_binding(table, parent, name);

	for (struct table_entry *e = table_first(&table->bindings, hash); e; e = table_next(e)) {
		struct binding *binding = container_of(e, struct binding, entry);

		if (binding->parent == parent && strcmp(binding->name, name) == 0)
			return binding;
	}
	return NULL;
}

static struct node *find_id(struct node_table *table, uint64_t id)
{
	for (struct table_entry *e = table_first(&table->ids, id); e; e = table_next(e)) {
		struct node *node = container_of(e, struct node, by_id);

		if (node->id == id)
			return node;
	}
	return NULL;
}

static uint64_t hash_identity(struct node_table *table, const struct found *found)
{
	uint64_t key[5] = {found->identity.dev, found->identity.ino,
		(uint64_t)found->identity.birth_seconds, found->identity.birth_nanoseconds,
		(uint64_t)found->type << 8 | found->level};

	return table_hash(table->seed, 0, key, sizeof(key));
}

static struct node *find_identity(struct node_table *table, const struct found *found)
{
	uint64_t hash = hash_identity(table, found);

	for (struct table_entry *e = table_first(&table->identities, hash); e; e = table_next(e)) {
		struct node *node = container_of(e, struct node, by_identity);

		if (node->type == found->type && node->level == found->level &&
			lower_identity_equal(&node->identity, &found->identity))
			return node;
	}
	return NULL;
}

/* --- Life and death ------------------------------------------------------------------------------ */

static void forget_identity(struct node_table *table, struct node *node)
{
	if (!node->identified)
		return;
	table_remove(&table->identities, &node->by_identity);
	node->identified = false;
}

/* Puts `node` on the list of those to look at, once. The list ends in itself, for `walk` is NULL in
 * nodes that are on none. */
static void suspect(struct node **list, struct node *node)
{
	if (node->walk)
		return;
	node->walk = *list ? *list : node;
	*list = node;
}

static struct node *suspect_take(struct node **list)
{
	struct node *node = *list;

	*list = node->walk == node ? NULL : node->walk;
	node->walk = NULL;
	return node;
}

static void drop_binding(struct node_table *table, struct binding *binding, struct node **suspects)
{
	struct binding **link = &binding->node->bindings;

	while (*link != binding)
		link = &(*link)->next;
	*link = binding->next;
	binding->node->binding_count--;
	table_remove(&table->bindings, &binding->entry);
	binding->parent->references--;
	suspect(suspects, binding->parent);
	free(binding);
}

/* Frees the nodes of the list that nothing holds any more, and what they alone held. */
static void reap(struct node_table *table, struct node *suspects)
{
	while (suspects) {
		struct node *node = suspect_take(&suspects);

		if (node->lookups > 0 || node->references > 0 || node == table->root)
			continue;
		while (node->bindings)
			drop_binding(table, node->bindings, &suspects);
		forget_identity(table, node);
		table_remove(&table->ids, &node->by_id);
		free(node);
	}
}

void node_reap(struct node_table *table, struct node *node)
{
	struct node *suspects = NULL;

	suspect(&suspects, node);
	reap(table, suspects);
}

static int make_node(struct node_table *table, const struct found *found, struct node **ret_node)
{
	struct node *node = calloc(1, sizeof(*node));
	int r;

	if (!node)
		return -ENOMEM;
	node->id = table->next_id;
	node->type = found->type;
	node->level = found->level;
	node->identity = found->identity;
	r = table_add(&table->ids, &node->by_id, node->id);
	if (r < 0) {
		free(node);
		return r;
	}
	if (!S_ISDIR(found->type)) {
		r = table_add(&table->identities, &node->by_identity, hash_identity(table, found));
		if (r < 0) {
			table_remove(&table->ids, &node->by_id);
			free(node);
			return r;
		}
		node->identified = true;
	}
	table->next_id++;
	*ret_node = node;
	return 0;
}

int node_table_new(
	struct policy *policy, const struct lower_identity *root, struct node_table **ret_table)
{
	_cleanup_(node_table_freep) struct node_table *table = calloc(1, sizeof(*table));
	struct found found = {.identity = *root, .type = S_IFDIR};
	int r;

	if (!table)
		return -ENOMEM;
	if (getrandom(table->seed, sizeof(table->seed), 0) != sizeof(table->seed))
		return -EIO;
	pthread_mutex_init(&table->mutex, NULL);
	table->policy = policy_ref(policy);
	table->next_id = NODE_ROOT;
	table->epoch = 1;
	found.level = policy_verdict(policy, policy_root(policy)).level;
	r = make_node(table, &found, &table->root);
	if (r < 0)
		return r;
	table->root->state = policy_root(policy);
	table->root->epoch = table->epoch;
	*ret_table = TAKE_PTR(table);
	return 0;
}

static void free_node(struct node *node)
{
	while (node->bindings) {
		struct binding *binding = node->bindings;

		node->bindings = binding->next;
		free(binding);
	}
	free(node);
}

struct node_table *node_table_free(struct node_table *table)
{
	if (!table)
		return NULL;
	for (size_t i = 0; i < table->ids.capacity; i++) {
		struct table_entry *entry = table->ids.buckets[i];

		while (entry) {
			struct table_entry *next = entry->next;

			free_node(container_of(entry, struct node, by_id));
			entry = next;
		}
	}
	table_release(&table->ids);
	table_release(&table->identities);
	table_release(&table->bindings);
	policy_unref(table->policy);
	pthread_mutex_destroy(&table->mutex);
	free(table);
	return NULL;
}

struct node *node_get(struct node_table *table, uint64_t id)
{
	struct node *node;

	node_table_lock(table);
	node = find_id(table, id);
	if (node)
		node->references++;
	node_table_unlock(table);
	return node;
}

void node_put(struct node_table *table, struct node *node)
{
	if (!node)
		return;
	node_table_lock(table);
	if (--node->references == 0 && node->lookups == 0)
		node_reap(table, node);
	node_table_unlock(table);
}

uint64_t node_id(const struct node *node)
{
	return node->id;
}

mode_t node_type(const struct node *node)
{
	return node->type;
}

enum ward_level node_level(const struct node *node)
{
	return node->level;
}

void node_forget(struct node_table *table, uint64_t id, uint64_t count)
{
	struct node *node;

	node_table_lock(table);
	node = find_id(table, id);
	if (node) {
		node->lookups -= count < node->lookups ? count : node->lookups;
		if (node->lookups == 0 && node->references == 0)
			node_reap(table, node);
	}
	node_table_unlock(table);
}

/* --- Bindings ------------------------------------------------------------------------------------ */

static int add_binding(
	struct node_table *table, struct node *parent, const char *name, struct node *node)
{
	size_t size = strlen(name) + 1;
	struct binding *binding = malloc(sizeof(*binding) + size);
	int r;

	if (!binding)
		return -ENOMEM;
	binding->parent = parent;
	binding->node = node;
	memcpy(binding->name, name, size);
	r = table_add(&table->bindings, &binding->entry, hash_binding(table, parent, name));
	if (r < 0) {
		free(binding);
		return r;
	}
	binding->next = node->bindings;
	node->bindings = binding;
	node->binding_count++;
	parent->references++;
	return 0;
}

/* The node that a lookup found: by its place where it is a directory, else by its identity. */
static struct node *find_found(
	struct node_table *table, const struct binding *bound, const struct found *found)
{
	if (!S_ISDIR(found->type))
		return find_identity(table, found);
	if (bound && S_ISDIR(bound->node->type) && bound->node->level == found->level &&
		lower_identity_equal(&bound->node->identity, &found->identity))
		return bound->node;
	return NULL;
}

/* Moves a binding to the front: the one seen last is the likeliest to hold. */
static void prefer(struct node *node, struct binding *binding)
{
	struct binding **link = &node->bindings;

	while (*link != binding)
		link = &(*link)->next;
	*link = binding->next;
	binding->next = node->bindings;
	node->bindings = binding;
}

/* Drops the bindings seen longest ago where there are more than the inode has names: the host
 * removed some. */
static void trim(struct node_table *table, struct node *node, nlink_t names)
{
	struct node *suspects = NULL;

	while (node->binding_count > 1 && node->binding_count > names) {
		struct binding *oldest = node->bindings;

		while (oldest->next)
			oldest = oldest->next;
		drop_binding(table, oldest, &suspects);
	}
	reap(table, suspects);
}

static int bind_locked(struct node_table *table, struct node *parent, const char *name,
	const struct found *found, struct node **ret_node, bool *ret_made)
{
	struct binding *bound = find_binding(table, parent, name);
	struct node *node = find_found(table, bound, found);
	bool made = !node;
	int r;

	if (bound && bound->node == node) {
		prefer(node, bound);
		*ret_node = node;
		*ret_made = false;
		return 0;
	}
	if (made) {
		r = make_node(table, found, &node);
		if (r < 0)
			return r;
	}
	node->references++;
	if (bound) {
		struct node *suspects = NULL;

		suspect(&suspects, bound->node);
		drop_binding(table, bound, &suspects);
		reap(table, suspects);
	}
	r = add_binding(table, parent, name, node);
	if (r == 0)
		trim(table, node, found->names);
	node->references--;
	if (r < 0) {
		node_reap(table, node);
		return r;
	}
	*ret_node = node;
	*ret_made = made;
	return 0;
}

int node_bind(struct node_table *table, struct node *parent, const char *name,
	const struct found *found, uint64_t *ret_id, nlink_t *ret_links, bool *ret_made)
{
	struct node *node;
	bool made;
	int r;

	node_table_lock(table);
	r = bind_locked(table, parent, name, found, &node, &made);
	if (r == 0) {
		node->lookups++;
		node->told = found->stamp;
		*ret_id = node->id;
		*ret_links = node->binding_count;
		*ret_made = made;
	}
	node_table_unlock(table);
	return r;
}

nlink_t node_links(struct node_table *table, struct node *node)
{
	nlink_t links;

	node_table_lock(table);
	links = node->binding_count;
	node_table_unlock(table);
	return links;
}

void node_unbind(struct node_table *table, struct node *parent, const char *name, bool last)
{
	struct node *suspects = NULL;
	struct binding *binding;

	node_table_lock(table);
	binding = find_binding(table, parent, name);
	if (binding) {
		suspect(&suspects, binding->node);
		if (last)
			forget_identity(table, binding->node);
		drop_binding(table, binding, &suspects);
		reap(table, suspects);
	}
	node_table_unlock(table);
}

bool node_unplace(struct node_table *table, struct node *node)
{
	struct node *suspects = NULL;
	bool bound;

	node_table_lock(table);
	bound = node->bindings != NULL;
	if (bound) {
		drop_binding(table, node->bindings, &suspects);
		reap(table, suspects);
	}
	node_table_unlock(table);
	return bound;
}

/* Binds the node of `binding` at another place. Without memory the node is left without a name, and
 * is found anew by the next lookup. */
static void rebind(struct node_table *table, struct node *node, struct node *to, const char *name)
{
	if (node && add_binding(table, to, name, node) == 0 && S_ISDIR(node->type))
		table->epoch++;
}

/* Takes the binding away and returns its node with a reference, or NULL. */
static struct node *take(struct node_table *table, struct node *parent, const char *name)
{
	struct binding *binding = find_binding(table, parent, name);
	struct node *suspects = NULL;
	struct node *node;

	if (!binding)
		return NULL;
	node = binding->node;
	node->references++;
	drop_binding(table, binding, &suspects);
	reap(table, suspects);
	return node;
}

static void give_back(struct node_table *table, struct node *node)
{
	if (!node)
		return;
	node->references--;
	node_reap(table, node);
}

void node_move(struct node_table *table, struct node *from, const char *from_name, struct node *to,
	const char *to_name)
{
	struct node *replaced;
	struct node *moved;

	node_table_lock(table);
	replaced = take(table, to, to_name);
	moved = take(table, from, from_name);
	rebind(table, moved, to, to_name);
	give_back(table, replaced);
	give_back(table, moved);
	node_table_unlock(table);
}

void node_exchange(struct node_table *table, struct node *from, const char *from_name,
	struct node *to, const char *to_name)
{
	struct node *a;
	struct node *b;

	node_table_lock(table);
	a = take(table, from, from_name);
	b = take(table, to, to_name);
	rebind(table, a, to, to_name);
	rebind(table, b, from, from_name);
	give_back(table, a);
	give_back(table, b);
	node_table_unlock(table);
}

void node_reidentify(struct node_table *table, struct node *base, const char *path,
	const struct lower_identity *identity)
{
	struct node *node = base;
	char name[NAME_MAX + 1];

	node_table_lock(table);
	while (node && *path) {
		size_t length = strcspn(path, "/");
		struct binding *binding = NULL;

		if (length < sizeof(name)) {
			memcpy(name, path, length);
			name[length] = '\0';
			binding = find_binding(table, node, name);
		}
		node = binding ? binding->node : NULL;
		path += length + (path[length] == '/');
	}
	if (node && S_ISDIR(node->type))
		node->identity = *identity;
	node_table_unlock(table);
}

/* --- Where a node is ----------------------------------------------------------------------------- */

/* Links the chain from the root to `directory` through `walk`, and measures its path. */
static int climb(struct node_table *table, struct node *directory, size_t *ret_size)
{
	size_t size = 0;

	directory->walk = NULL;
	for (struct node *node = directory; node != table->root;) {
		struct binding *binding = node->bindings;

		if (!binding)
			return -ESTALE;
		size += strlen(binding->name) + 1;
		if (size >= LOWER_PATH_MAX)
			return -ENAMETOOLONG;
		binding->parent->walk = node;
		node = binding->parent;
	}
	*ret_size = size;
	return 0;
}

/* Clears the scratch pointers that climb() left, from `directory` upward. */
static void climb_clear(struct node *directory)
{
	for (struct node *node = directory; node;) {
		node->walk = NULL;
		node = node->bindings ? node->bindings->parent : NULL;
	}
}

/* Writes the path down the chain, and brings every state on it up to date. */
static int descend(struct node_table *table, struct strbuf *path)
{
	for (struct node *node = table->root; node->walk; node = node->walk) {
		struct node *child = node->walk;
		const char *name = child->bindings->name;

		if (child->epoch != table->epoch) {
			child->state = policy_step(table->policy, node->state, name, strlen(name));
			child->epoch = table->epoch;
		}
		if (path->size > 0)
			strbuf_add_char(path, '/');
		strbuf_add_string(path, name);
	}
	return path->failed;
}

static int locate_directory(struct node_table *table, struct node *directory, struct place *place)
{
	size_t size;
	int r = climb(table, directory, &size);

	if (r == 0)
		r = descend(table, &place->directory);
	climb_clear(directory);
	if (r < 0)
		return r;
	place->directory_state = directory == table->root ? policy_root(table->policy)
							  : directory->state;
	place->directory_verdict = policy_verdict(table->policy, place->directory_state);
	place->directory_identity = directory->identity;
	return 0;
}

static int locate_node(struct node_table *table, struct node *node, struct place *place)
{
	int r;

	if (node == table->root) {
		place->name[0] = '.';
		place->name[1] = '\0';
		r = locate_directory(table, node, place);
		if (r < 0)
			return r;
		place->state = place->directory_state;
		place->verdict = place->directory_verdict;
		place->identity = node->identity;
		return 0;
	}
	if (!node->bindings)
		return -ESTALE;
	r = locate_directory(table, node->bindings->parent, place);
	if (r == 0)
		r = place_aim(table->policy, place, node->bindings->name);
	if (r < 0)
		return r;
	place->identity = node->identity;
	if (place->verdict.level > node->level)
		place->verdict.level = node->level;
	return 0;
}

int node_place(struct node_table *table, struct node *node, struct place *place)
{
	int r;

	node_table_lock(table);
	r = locate_node(table, node, place);
	node_table_unlock(table);
	return r;
}

int node_place_child(
	struct node_table *table, struct node *parent, const char *name, struct place *place)
{
	int r;

	node_table_lock(table);
	r = S_ISDIR(parent->type) ? locate_directory(table, parent, place) : -ENOTDIR;
	node_table_unlock(table);
	return r < 0 ? r : place_aim(table->policy, place, name);
}

size_t node_count(struct node_table *table)
{
	size_t count;

	node_table_lock(table);
	count = table->ids.count;
	node_table_unlock(table);
	return count;
}
