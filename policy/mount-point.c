#include <limits.h>
#include <string.h>

#include "common/strbuf.h"
#include "policy/project-internal.h"
#include "policy/resolve.h"

/*
 * What the sandbox makes or mounts itself. A view there would cover the system's own programs or
 * the sandbox's own devices, or put repository content where programs look for their configuration.
 */
static const struct {
	const char *path;
	bool below; /* nothing below it either */
} reserved[] = {
	{"/bin", true},
	{"/boot", true},
	{"/dev", true},
	{"/etc", true},
	{"/home", false},
	{"/lib", true},
	{"/lib32", true},
	{"/lib64", true},
	{"/libexec", true},
	{"/libx32", true},
	{"/proc", true},
	{"/root", false},
	{"/run", false},
	{"/run/ward", true},
	{"/sbin", true},
	{"/sys", true},
	{"/tmp", false},
	{"/usr", true},
	{"/var", false},
	{"/var/run", true},
	{"/var/tmp", false},
};

/* Appends one component of at most NAME_MAX plain bytes. */
static const char *add_component(struct strbuf *path, const char *name, size_t length)
{
	if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return "\".\" and \"..\" are not allowed in it";
	if (length > NAME_MAX)
		return "a name in it is longer than 255 bytes";
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || strchr("\x7f:,", name[i]))
			return "control characters, ':' and ',' are not allowed in it";
	strbuf_add_char(path, '/');
	strbuf_add(path, name, length);
	return NULL;
}

static const char *check_reserved(const char *path)
{
	for (size_t i = 0; i < ELEMENTS(reserved); i++)
		if (strcmp(reserved[i].path, path) == 0 ||
			(reserved[i].below && path_below(reserved[i].path, path)))
			return "the sandbox needs that directory for itself";
	return NULL;
}

int normalise_mount_point(const char *text, char **ret_path, const char **ret_why)
{
	_cleanup_(strbuf_release) struct strbuf path = STRBUF_INIT;
	const char *why = *text == '/' ? NULL : "it must be an absolute path";
	char *normal;

	for (text += strspn(text, "/"); *text && !why; text += strspn(text, "/")) {
		size_t length = strcspn(text, "/");

		why = add_component(&path, text, length);
		text += length;
	}
	if (!why && path.size == 0)
		why = "it can't be the root directory";
	if (!why && path.size >= PATH_MAX / 2)
		why = "it is too long";
	if (!why)
		why = check_reserved(path.data);
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	normal = strbuf_detach(&path);
	if (!normal)
		return -ENOMEM;
	*ret_path = normal;
	return 0;
}
