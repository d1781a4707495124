/*
 * The payload of an EXEC request: working directory, argv and environment, in a sealed file.
 *
 * Layout: three uint32 (magic, number of arguments, number of environment entries), then that many
 * NUL-terminated strings: the working directory ("" for where init stands), the arguments, the
 * entries "NAME=VALUE". Nothing follows.
 */
#pragma once

#include "policy/project.h"
#include "runtime/sealed.h"

enum {
	PAYLOAD_MAX = 8 << 20,         /* bytes; the kernel takes 6 MiB of arguments at most */
	PAYLOAD_STRINGS_MAX = 1 << 20, /* arguments plus entries */
};

struct payload {
	struct sealed_map map;
	const char *workdir;
	const char *strings;   /* the first argument; the others follow it */
	size_t argument_count; /* at least 1 */
	size_t env_count;
};

/*
 * Makes one; `*ret_fd` is the caller's. -E2BIG where it would be too big, -EINVAL where there is no
 * argument or an environment name is empty or has a '='.
 */
int payload_write(const char *workdir, const char *const *argv, const struct env_entry *env,
	size_t env_count, int *ret_fd);

/* Maps and checks one. Errors of sealed_file_map(), or -EBADMSG. Release with payload_release(). */
int payload_read(int fd, struct payload *ret_payload);
void payload_release(struct payload *payload);

/* The string after `string`, which must not be the payload's last. */
const char *payload_next(const char *string);
