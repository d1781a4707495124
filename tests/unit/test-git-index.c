#include "tests/unit/unit.h"

#include <string.h>

#include "common/strbuf.h"
#include "launcher/git-index.h"

static void add_u32(struct strbuf *buf, uint32_t value)
{
	const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
		(unsigned char)(value >> 8), (unsigned char)value};

	strbuf_add(buf, bytes, sizeof(bytes));
}

static void add_zeros(struct strbuf *buf, size_t count)
{
	while (count--)
		strbuf_add_char(buf, '\0');
}

struct shape {
	uint32_t version;
	size_t hash_size;
};

static void add_header(struct strbuf *buf, struct shape shape, uint32_t count)
{
	strbuf_add_string(buf, "DIRC");
	add_u32(buf, shape.version);
	add_u32(buf, count);
}

/* `strip` counts only in version 4, where `name` is what follows what the last name keeps. */
static void add_entry(
	struct strbuf *buf, struct shape shape, uint32_t mode, char strip, const char *name)
{
	size_t start = buf->size;

	add_zeros(buf, 24);
	add_u32(buf, mode);
	add_zeros(buf, 12 + shape.hash_size + 2);
	if (shape.version == 4)
		strbuf_add_char(buf, strip);
	strbuf_add(buf, name, strlen(name) + 1);
	while (shape.version < 4 && (buf->size - start) % 8)
		strbuf_add_char(buf, '\0');
}

static void every_shape_is_read(void **state)
{
	static const struct shape shapes[] = {{2, 20}, {3, 20}, {4, 20}, {2, 32}, {4, 32}};

	for (size_t i = 0; i < ELEMENTS(shapes); i++) {
		struct strbuf buf = STRBUF_INIT;
		struct git_index index = {0};
		int whole = shapes[i].version < 4;

		add_header(&buf, shapes[i], 4);
		add_entry(&buf, shapes[i], 0100644, 0, "a/b.c");
		add_entry(&buf, shapes[i], 0100644, 3, whole ? "a/d" : "d");
		add_entry(&buf, shapes[i], 0100644, 0, whole ? "a/d" : "");
		add_entry(&buf, shapes[i], 0040000, 1, whole ? "a/sparse/" : "sparse/");
		strbuf_add_string(&buf, "TREE");
		add_u32(&buf, 3);
		add_zeros(&buf, 3 + shapes[i].hash_size);
		assert_int_equal(git_index_parse(buf.data, buf.size, &index), 0);
		assert_int_equal(index.count, 2);
		assert_string_equal(index.paths[0], "a/b.c");
		assert_string_equal(index.paths[1], "a/d");
		git_index_release(&index);
		strbuf_release(&buf);
	}
}

static void every_truncation_is_refused(void **state)
{
	static const struct shape shape = {2, 20};
	struct strbuf buf = STRBUF_INIT;
	struct git_index index = {0};

	add_header(&buf, shape, 2);
	add_entry(&buf, shape, 0100644, 0, "first");
	add_entry(&buf, shape, 0100644, 0, "second/name");
	add_zeros(&buf, 20);
	assert_int_equal(git_index_parse(buf.data, buf.size, &index), 0);
	git_index_release(&index);
	for (size_t size = 0; size < buf.size; size++) {
		_cleanup_(freep) char *cut = malloc(size + 1);

		memcpy(cut, buf.data, size);
		assert_true(git_index_parse(cut, size, &index) < 0);
		assert_null(index.paths);
	}
	strbuf_release(&buf);
}

static void split_and_strange_ones_are_refused(void **state)
{
	static const struct shape shape = {2, 20};
	static const struct shape unknown = {9, 20};
	struct strbuf split = STRBUF_INIT, strange = STRBUF_INIT;
	struct git_index index = {0};

	add_header(&split, shape, 0);
	strbuf_add_string(&split, "link");
	add_u32(&split, 0);
	add_zeros(&split, 20);
	assert_int_equal(git_index_parse(split.data, split.size, &index), -EOPNOTSUPP);
	add_header(&strange, unknown, 0);
	add_zeros(&strange, 20);
	assert_int_equal(git_index_parse(strange.data, strange.size, &index), -EOPNOTSUPP);
	strbuf_release(&split);
	strbuf_release(&strange);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_read),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(split_and_strange_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
