#include "policy/rule.h"

#include <stdint.h>
#include <string.h>

#include "common/fd.h"
#include "common/strbuf.h"

/*
 * The set as bytes: a magic, the default, the rules, the protected paths. Numbers are in the
 * machine's own order, since both ends are of one build on one machine; a string is its length and
 * its bytes without the NUL.
 *
 * The reader trusts no byte of it: every length is checked against what is left, and every rule
 * goes through rule_set_add().
 */

static const char magic[8] = "WARDRUL2";

enum { WIRE_MAX = 64 * 1024 * 1024, DEFAULT_UNSET = 0xff };

static void put_number(struct strbuf *buf, uint32_t value)
{
	strbuf_add(buf, &value, sizeof(value));
}

static void put_string(struct strbuf *buf, const char *string)
{
	size_t length = strlen(string);

	put_number(buf, (uint32_t)length);
	strbuf_add(buf, string, length);
}

static void put_rule(struct strbuf *buf, const struct rule *rule)
{
	uint32_t excepts = 0;

	while (rule->excepts && rule->excepts[excepts])
		excepts++;
	put_number(buf, rule->permission);
	put_number(buf, rule->type);
	put_number(buf, (uint32_t)rule->priority);
	put_number(buf, rule->cap);
	put_number(buf, rule->place.line);
	put_number(buf, rule->place.column);
	put_string(buf, rule->place.file);
	put_string(buf, rule->pattern);
	put_number(buf, excepts);
	for (uint32_t i = 0; i < excepts; i++)
		put_string(buf, rule->excepts[i]);
}

int rule_set_write(const struct rule_set *set, int fd)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;

	strbuf_add(&buf, magic, sizeof(magic));
	put_number(&buf, rule_set_default_is_set(set) ? rule_set_default(set) : DEFAULT_UNSET);
	put_number(&buf, (uint32_t)rule_set_count(set));
	for (size_t i = 0; i < rule_set_count(set); i++)
		put_rule(&buf, rule_set_get(set, i));
	put_number(&buf, (uint32_t)rule_set_protected_count(set));
	for (size_t i = 0; i < rule_set_protected_count(set); i++)
		put_string(&buf, rule_set_protected(set, i));
	if (buf.failed)
		return buf.failed;
	return fd_write_all(fd, buf.data, buf.size);
}

/* --- Reading -------------------------------------------------------------------------------------- */

struct reader {
	const char *at;
	size_t left;
};

static int get_bytes(struct reader *reader, void *ret_data, size_t size)
{
	if (reader->left < size)
		return -EBADMSG;
	memcpy(ret_data, reader->at, size);
	reader->at += size;
	reader->left -= size;
	return 0;
}

static int get_number(struct reader *reader, uint32_t *ret_value)
{
	return get_bytes(reader, ret_value, sizeof(*ret_value));
}

static int get_string(struct reader *reader, char **ret_string)
{
	uint32_t length;
	char *string;
	int r = get_number(reader, &length);

	if (r < 0)
		return r;
	if (reader->left < length || memchr(reader->at, '\0', length))
		return -EBADMSG;
	string = strndup(reader->at, length);
	if (!string)
		return -ENOMEM;
	reader->at += length;
	reader->left -= length;
	*ret_string = string;
	return 0;
}

/* A rule while it is read: what it points at is its own. */
struct draft {
	struct rule rule;
	char *file;
	char *pattern;
	char *excepts[RULE_EXCEPTS_MAX + 1];
};

static struct draft *draft_free(struct draft *draft)
{
	if (draft) {
		for (size_t i = 0; draft->excepts[i]; i++)
			free(draft->excepts[i]);
		free(draft->file);
		free(draft->pattern);
		free(draft);
	}
	return NULL;
}
DEFINE_CLEANUP(struct draft *, draft_free)

static int get_excepts(struct reader *reader, struct draft *draft)
{
	uint32_t count;
	int r = get_number(reader, &count);

	if (r < 0)
		return r;
	if (count > RULE_EXCEPTS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < count; i++) {
		r = get_string(reader, &draft->excepts[i]);
		if (r < 0)
			return r;
	}
	draft->rule.excepts = count > 0 ? (const char *const *)draft->excepts : NULL;
	return 0;
}

static int get_rule(struct reader *reader, struct rule_set *set, struct ward_error *error)
{
	_cleanup_(draft_freep) struct draft *draft = calloc(1, sizeof(*draft));
	uint32_t numbers[6];
	int r;

	if (!draft)
		return -ENOMEM;
	r = get_bytes(reader, numbers, sizeof(numbers));
	if (r == 0)
		r = get_string(reader, &draft->file);
	if (r == 0)
		r = get_string(reader, &draft->pattern);
	if (r == 0)
		r = get_excepts(reader, draft);
	if (r < 0)
		return r;
	if (numbers[0] >= LEVEL_COUNT || numbers[1] > RULE_FILE || numbers[3] > 1)
		return -EBADMSG;
	draft->rule.permission = (enum ward_level)numbers[0];
	draft->rule.type = (enum rule_type)numbers[1];
	draft->rule.priority = (int)numbers[2];
	draft->rule.cap = numbers[3];
	draft->rule.place = (struct rule_place){draft->file, numbers[4], numbers[5]};
	draft->rule.pattern = draft->pattern;
	return rule_set_add(set, &draft->rule, error);
}

static int get_protected(struct reader *reader, struct rule_set *set)
{
	uint32_t count;
	int r = get_number(reader, &count);

	for (uint32_t i = 0; r == 0 && i < count; i++) {
		_cleanup_(freep) char *path = NULL;

		r = get_string(reader, &path);
		if (r == 0)
			r = rule_set_protect(set, path);
	}
	return r;
}

static int get_set(struct reader *reader, struct rule_set *set, struct ward_error *error)
{
	char head[sizeof(magic)];
	uint32_t fallback, count;
	int r = get_bytes(reader, head, sizeof(head));

	if (r < 0 || memcmp(head, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	r = get_number(reader, &fallback);
	if (r == 0)
		r = get_number(reader, &count);
	if (r < 0)
		return r;
	if (fallback >= LEVEL_COUNT && fallback != DEFAULT_UNSET)
		return -EBADMSG;
	if (fallback != DEFAULT_UNSET)
		rule_set_set_default(set, (enum ward_level)fallback);
	for (uint32_t i = 0; r == 0 && i < count; i++)
		r = get_rule(reader, set, error);
	if (r == 0)
		r = get_protected(reader, set);
	if (r == 0 && reader->left > 0)
		r = -EBADMSG;
	return r;
}

int rule_set_read(int fd, struct rule_set **ret_set, struct ward_error *error)
{
	_cleanup_(rule_set_freep) struct rule_set *set = NULL;
	_cleanup_(freep) char *data = NULL;
	struct ward_error cause = {0};
	struct reader reader;
	size_t size;
	int r = fd_read_file(fd, WIRE_MAX, &data, &size);

	if (r < 0)
		return error_set_errno(error, r, "the rules can't be read");
	r = rule_set_new(&set);
	if (r < 0)
		return error_set_errno(error, r, "the rules can't be read");
	reader = (struct reader){data, size};
	r = get_set(&reader, set, &cause);
	if (r < 0) {
		if (cause.code < 0 && error)
			*error = cause;
		else
			error_set_errno(error, r, "the rules are damaged");
		return r;
	}
	*ret_set = TAKE_PTR(set);
	return 0;
}
