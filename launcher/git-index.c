#include "launcher/git-index.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/strbuf.h"

enum {
	INDEX_SIZE_MAX = 1 << 28,
	HEADER_SIZE = 12,
	STAT_SIZE = 40, /* of an entry, before its hash */
	MODE_OFFSET = 24,
	FLAG_EXTENDED = 0x4000,
	MODE_TREE = 0040000, /* a directory that a sparse index keeps folded */
	MODE_TYPE = 0170000,
};

struct reader {
	const unsigned char *data;
	size_t size; /* without the checksum at the end */
	size_t at;
	size_t hash_size;
	uint32_t version;
	struct strbuf name; /* of the last entry: version 4 builds on it */
	struct git_index index;
};

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int add_path(struct reader *reader)
{
	struct git_index *index = &reader->index;
	const char *name = reader->name.data ? reader->name.data : "";

	/* A conflict has one entry per side. */
	if (index->count && strcmp(index->paths[index->count - 1], name) == 0)
		return 0;
	index->paths[index->count] = strdup(name);
	if (!index->paths[index->count])
		return -ENOMEM;
	index->count++;
	return 0;
}

/* Version 4: how many bytes of the last name to drop, as in the offsets of a pack. */
static int read_strip(struct reader *reader, size_t *ret_strip)
{
	size_t value;
	unsigned char byte;

	if (reader->at >= reader->size)
		return -EBADMSG;
	byte = reader->data[reader->at++];
	value = byte & 127;
	while (byte & 128) {
		if (reader->at >= reader->size || value > INDEX_SIZE_MAX)
			return -EBADMSG;
		byte = reader->data[reader->at++];
		value = ((value + 1) << 7) + (byte & 127);
	}
	*ret_strip = value;
	return 0;
}

static int read_name(struct reader *reader, size_t entry)
{
	const unsigned char *end;
	size_t strip = reader->name.size;
	size_t length;

	if (reader->version == 4) {
		int r = read_strip(reader, &strip);

		if (r < 0)
			return r;
	}
	if (strip > reader->name.size || reader->at >= reader->size)
		return -EBADMSG;
	end = memchr(reader->data + reader->at, 0, reader->size - reader->at);
	if (!end)
		return -EBADMSG;
	length = (size_t)(end - reader->data) - reader->at;
	strbuf_truncate(&reader->name, reader->name.size - strip);
	if (strbuf_add(&reader->name, reader->data + reader->at, length) < 0)
		return -ENOMEM;
	reader->at += length + 1;
	/* Versions 2 and 3 pad with NULs to a multiple of eight. */
	if (reader->version < 4)
		reader->at = entry + ((reader->at - 1 - entry + 8) & ~(size_t)7);
	return reader->at > reader->size ? -EBADMSG : 0;
}

static int read_entry(struct reader *reader)
{
	size_t entry = reader->at;
	size_t fixed = STAT_SIZE + reader->hash_size + 2;
	const unsigned char *p = reader->data + entry;
	bool extended;
	int r;

	if (reader->size - entry < fixed + 2)
		return -EBADMSG;
	extended = (((unsigned)p[fixed - 2] << 8 | p[fixed - 1]) & FLAG_EXTENDED) != 0;
	if (extended && reader->version < 3)
		return -EBADMSG;
	reader->at += fixed + (extended ? 2 : 0);
	r = read_name(reader, entry);
	if (r < 0)
		return r;
	if ((get_u32(p + MODE_OFFSET) & MODE_TYPE) == MODE_TREE)
		return 0;
	return add_path(reader);
}

/* The extensions must fill the rest exactly: this is how a wrong hash size shows. */
static int read_extensions(struct reader *reader)
{
	while (reader->at < reader->size) {
		const unsigned char *p = reader->data + reader->at;
		size_t left = reader->size - reader->at;

		if (left < 8 || get_u32(p + 4) > left - 8)
			return -EBADMSG;
		if (memcmp(p, "link", 4) == 0)
			return -EOPNOTSUPP;
		reader->at += 8 + (size_t)get_u32(p + 4);
	}
	return 0;
}

static int read_all(struct reader *reader)
{
	uint32_t count;
	int r = 0;

	if (reader->size < HEADER_SIZE || memcmp(reader->data, "DIRC", 4) != 0)
		return -EBADMSG;
	reader->version = get_u32(reader->data + 4);
	count = get_u32(reader->data + 8);
	if (reader->version < 2 || reader->version > 4)
		return -EOPNOTSUPP;
	if (count > reader->size / STAT_SIZE)
		return -EBADMSG;
	reader->index.paths = calloc((size_t)count + 1, sizeof(*reader->index.paths));
	if (!reader->index.paths)
		return -ENOMEM;
	reader->at = HEADER_SIZE;
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = read_entry(reader);
	return r < 0 ? r : read_extensions(reader);
}

int git_index_parse(const char *data, size_t size, struct git_index *ret_index)
{
	static const size_t hash_sizes[] = {20, 32};
	int r = -EBADMSG;

	for (size_t i = 0; i < ELEMENTS(hash_sizes) && r == -EBADMSG; i++) {
		struct reader reader = {
			.data = (const unsigned char *)data, .hash_size = hash_sizes[i]};

		if (size < hash_sizes[i])
			break;
		reader.size = size - hash_sizes[i];
		r = read_all(&reader);
		strbuf_release(&reader.name);
		if (r == 0)
			*ret_index = reader.index;
		else
			git_index_release(&reader.index);
	}
	return r;
}

int git_index_read(int codebase, struct git_index *ret_index)
{
	_cleanup_(fd_closep) int git = -1;
	_cleanup_(fd_closep) int file = -1;
	_cleanup_(freep) char *data = NULL;
	struct stat st;
	size_t size;
	int r;

	git = openat(codebase, ".git", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (git < 0 || fstat(git, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -EOPNOTSUPP;
	file = openat(git, "index", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	r = fd_read_file(file, INDEX_SIZE_MAX, &data, &size);
	return r < 0 ? r : git_index_parse(data, size, ret_index);
}

void git_index_release(struct git_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->paths[i]);
	free(index->paths);
	*index = (struct git_index){0};
}
