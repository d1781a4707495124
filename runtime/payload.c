#include "runtime/payload.h"

#include <string.h>

#include "common/strbuf.h"
#include "runtime/payload-format.h"

static int add_entry(struct strbuf *buf, const struct env_entry *entry)
{
	if (!entry->name[0] || strchr(entry->name, '='))
		return -EINVAL;
	strbuf_add_string(buf, entry->name);
	strbuf_add_char(buf, '=');
	return strbuf_add(buf, entry->value, strlen(entry->value) + 1);
}

static int add_all(struct strbuf *buf, const char *workdir, const char *const *argv,
	const struct env_entry *env, size_t env_count)
{
	struct payload_header header = {.magic = PAYLOAD_MAGIC, .entries = (uint32_t)env_count};

	while (argv[header.arguments])
		header.arguments++;
	if (header.arguments == 0)
		return -EINVAL;
	if (header.arguments > PAYLOAD_STRINGS_MAX || env_count > PAYLOAD_STRINGS_MAX)
		return -E2BIG;
	strbuf_add(buf, &header, sizeof(header));
	strbuf_add(buf, workdir ? workdir : "", workdir ? strlen(workdir) + 1 : 1);
	for (size_t i = 0; argv[i]; i++)
		strbuf_add(buf, argv[i], strlen(argv[i]) + 1);
	for (size_t i = 0; i < env_count; i++)
		if (add_entry(buf, &env[i]) == -EINVAL)
			return -EINVAL;
	if (buf->failed)
		return buf->failed;
	return buf->size > PAYLOAD_MAX ? -E2BIG : 0;
}

int payload_write(const char *workdir, const char *const *argv, const struct env_entry *env,
	size_t env_count, int *ret_fd)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;
	int r = add_all(&buf, workdir, argv, env, env_count);

	return r < 0 ? r : sealed_file_new("ward-exec", buf.data, buf.size, ret_fd);
}
