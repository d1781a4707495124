#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/strbuf.h"
#include "common/suggest.h"
#include "policy/project-internal.h"
#include "policy/resolve.h"

enum { PRESETS_MAX = 32 };

/* Fails where the name stands, if it stands somewhere. */
_printf_(5, 6) static int fail_name(const struct loader *loader, const struct document *document,
	const struct yaml_node *node, int code, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (node)
		return error_set_at(loader->error, code, document->file, node->line, node->column,
			"%s", message);
	return error_set(loader->error, code, "%s", message);
}

static const struct preset *find_preset(const char *name)
{
	for (const struct preset *preset = presets; preset->name; preset++)
		if (strcmp(preset->name, name) == 0)
			return preset;
	return NULL;
}

static void hint_presets(const struct loader *loader, const char *name)
{
	const char *names[PRESETS_MAX + 1] = {NULL};
	const char *close;

	for (size_t i = 0; presets[i].name && i < PRESETS_MAX; i++)
		names[i] = presets[i].name;
	close = suggest(name, names);
	if (close)
		error_hint(loader->error, "did you mean the preset \"%s\"?", close);
	else
		error_hint(loader->error, "`ward presets` lists the presets");
}

/* Refuses a chain that is too long, or that comes back to `real_path` (if not NULL). */
static int check_chain(const struct loader *loader, const struct reading *extended_by,
	const char *real_path, const struct document *document, const struct yaml_node *node)
{
	unsigned depth = 0;

	for (const struct reading *reading = extended_by; reading; reading = reading->extended_by) {
		if (++depth > EXTENDS_DEPTH_MAX)
			return fail_name(loader, document, node, -E2BIG,
				"extends goes deeper than %d levels", EXTENDS_DEPTH_MAX);
		if (real_path && reading->real_path && strcmp(real_path, reading->real_path) == 0)
			return fail_name(
				loader, document, node, -ELOOP, "\"%s\" extends itself", real_path);
	}
	return 0;
}

int load_preset(struct loader *loader, const struct reading *extended_by, const char *name,
	const struct document *document, const struct yaml_node *node)
{
	const struct preset *preset = find_preset(name);
	struct reading reading = {.loader = loader, .extended_by = extended_by};
	char file[256];
	int r;

	if (!preset) {
		fail_name(loader, document, node, -ENOENT, "no preset \"%s\"", name);
		hint_presets(loader, name);
		return -ENOENT;
	}
	r = check_chain(loader, extended_by, NULL, document, node);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "preset %s", preset->name);
	return read_policy(&reading, preset->text, strlen(preset->text), file);
}

/* Appends a copy of `path` unless it is there. */
static int add_path(struct policy_source **paths, size_t *count, const char *path)
{
	struct policy_source *grown;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*paths)[i].path, path) == 0)
			return 0;
	grown = realloc(*paths, (*count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*paths = grown;
	grown[*count].path = strdup(path);
	if (!grown[*count].path)
		return -ENOMEM;
	(*count)++;
	return 0;
}

static int record(struct loader *loader, const struct resolved *resolved)
{
	struct project *project = loader->project;
	int r = add_path(&project->sources, &project->source_count, resolved->path);

	for (size_t i = 0; i < resolved->link_count && r >= 0; i++)
		r = add_path(&project->links, &project->link_count, resolved->links[i]);
	return r < 0 ? error_set(loader->error, r, "out of memory") : 0;
}

/*
 * What repository content says may not make ward open, and by its messages show, what lies outside
 * of the repository: neither by name nor through a symlink. Decided before the file is read, on the
 * descriptor that will be read.
 */
static int check_inside(const struct loader *loader, const struct resolved *resolved,
	const char *name, const struct document *document, const struct yaml_node *node)
{
	bool inside = loader->tree && path_below(loader->tree, resolved->path);

	for (size_t i = 0; i < resolved->link_count && inside; i++)
		inside = path_below(loader->tree, resolved->links[i]) != NULL;
	if (inside || loader->trust != TRUST_PROJECT)
		return 0;
	fail_name(loader, document, node, -EPERM,
		"\"%s\" is outside of the codebase; a policy in the codebase may not %s it", name,
		node ? "extend" : "link to");
	error_hint(loader->error,
		"copy the file into the codebase, or name the policy with -p on the command line");
	return -EPERM;
}

/* Opens what was resolved for reading, if it is a regular file. */
static int open_resolved(const struct resolved *resolved, int *ret_fd)
{
	char self[64];
	struct stat st;
	int fd;

	if (fstat(resolved->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", resolved->fd);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* How the user would name `path` when `document` names it. */
static char *display_name(const struct document *document, const char *path)
{
	_cleanup_(strbuf_release) struct strbuf name = STRBUF_INIT;
	const char *slash = document ? strrchr(document->file, '/') : NULL;

	if (slash && *path != '/')
		strbuf_add(&name, document->file, (size_t)(slash - document->file) + 1);
	strbuf_add_string(&name, path);
	return strbuf_detach(&name);
}

/* Reads the text of a file that was resolved. */
static int load_resolved(struct loader *loader, const struct reading *extended_by,
	const struct resolved *resolved, const char *name, const struct document *document,
	const struct yaml_node *node)
{
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) char *display = display_name(document, name);
	_cleanup_(freep) char *directory = strdup(resolved->path);
	struct reading reading = {.loader = loader,
		.extended_by = extended_by,
		.real_path = resolved->path,
		.directory = directory};
	size_t size;
	int r;

	if (!display || !directory)
		return error_set(loader->error, -ENOMEM, "out of memory");
	*strrchr(directory, '/') = '\0';
	r = open_resolved(resolved, &fd);
	if (r >= 0)
		r = fd_read_file(fd, YAML_SIZE_MAX, &text, &size);
	if (r == -EFBIG)
		return fail_name(loader, document, node, r, "the policy %s is larger than %d KiB",
			display, YAML_SIZE_MAX / 1024);
	if (r < 0)
		return fail_name(loader, document, node, r, "can't read the policy %s: %s", display,
			r == -EINVAL ? "not a regular file" : strerror(-r));
	r = record(loader, resolved);
	return r < 0 ? r : read_policy(&reading, text, size, display);
}

int load_named(struct loader *loader, const struct reading *extended_by, const char *name,
	const struct document *document, const struct yaml_node *node)
{
	_cleanup_(resolved_release) struct resolved resolved = {.fd = -1};
	const char *base = name;
	const char *directory = extended_by ? extended_by->directory : loader->tree;
	int r;

	if (find_preset(name))
		return load_preset(loader, extended_by, name, document, node);
	if (!extended_by && strrchr(name, '/'))
		base = strrchr(name, '/') + 1;
	r = directory ? resolve(directory, base, &resolved) : -ENOENT;
	if (r == -ENOENT && !strchr(name, '/')) {
		fail_name(loader, document, node, r, "no preset and no file \"%s\"", name);
		hint_presets(loader, name);
		return r;
	}
	if (r < 0)
		return fail_name(loader, document, node, r, "can't find the policy \"%s\": %s",
			name, strerror(-r));
	r = check_inside(loader, &resolved, name, document, node);
	if (r >= 0)
		r = check_chain(loader, extended_by, resolved.path, document, node);
	if (r < 0)
		return r;
	return load_resolved(loader, extended_by, &resolved, name, document, node);
}

int read_extends(void *context, const struct document *document, const struct yaml_node *node)
{
	struct reading *reading = context;
	const struct yaml_node *element = node->kind == YAML_SEQUENCE ? node->first : node;

	for (; element; element = element->next) {
		const char *name;
		int r = value_string(document, element, "extends", &name);

		if (r >= 0 && !*name)
			r = value_fail(document, element, "extends has no value");
		if (r >= 0)
			r = load_named(reading->loader, reading, name, document, element);
		if (r < 0)
			return r;
		if (element == node)
			break;
	}
	return 0;
}
