/* Open files of a node, and what the kernel keeps of its data and attributes. */
#include <fcntl.h>
#include <time.h>

#include "fs/node-table.h"

void node_add_file(struct node_table *table, struct node *node, struct open_file *file)
{
	node_table_lock(table);
	file->next = node->files;
	node->files = file;
	node->references++;
	node_table_unlock(table);
}

void node_remove_file(struct node_table *table, struct node *node, struct open_file *file)
{
	node_table_lock(table);
	for (struct open_file **link = &node->files; *link; link = &(*link)->next)
		if (*link == file) {
			*link = file->next;
			break;
		}
	node->references--;
	node_reap(table, node);
	node_table_unlock(table);
}

int node_dup_file(
	struct node_table *table, struct node *node, bool readable, bool writable, int *ret_fd)
{
	int fd = -1;

	node_table_lock(table);
	for (struct open_file *file = node->files; file && fd < 0; file = file->next)
		if (file->readable >= readable && file->writable >= writable)
			fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	node_table_unlock(table);
	if (fd < 0)
		return -ENOENT;
	*ret_fd = fd;
	return 0;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Kernels stamp files with a clock that ticks every 10 ms at worst: two changes within a tick look
 * alike. */
static bool settled(const struct stamp *stamp)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - stamp->ctime.tv_sec) * 1000 +
	      (now.tv_nsec - stamp->ctime.tv_nsec) / 1000000;
	return age > 50;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->size == b->size && same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

void node_tell_stamp(struct node_table *table, struct node *node, const struct stamp *stamp)
{
	node_table_lock(table);
	node->told = *stamp;
	node_table_unlock(table);
}

bool node_told_stamp(struct node_table *table, struct node *node, const struct stamp *stamp)
{
	bool told;

	node_table_lock(table);
	told = same_stamp(&node->told, stamp);
	node_table_unlock(table);
	return told;
}

bool node_check_stamp(struct node_table *table, struct node *node, const struct stamp *stamp)
{
	bool trusted = settled(stamp);
	bool same;

	node_table_lock(table);
	same = node->stamped && same_stamp(&node->stamp, stamp);
	node->stamp = *stamp;
	node->stamped = trusted;
	node_table_unlock(table);
	return same;
}
