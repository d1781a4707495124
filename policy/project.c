#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "policy/project-internal.h"
#include "policy/resolve.h"

struct project *project_free(struct project *project)
{
	int saved = errno;

	if (!project)
		return NULL;
	rule_set_free(project->rules);
	free(project->mount_point);
	for (size_t i = 0; i < project->env_count; i++) {
		free(project->env[i].name);
		free(project->env[i].value);
	}
	free(project->env);
	free(project->shell);
	free(project->docker.image);
	free(project->docker.user);
	free(project->docker.oci_runtime);
	for (size_t i = 0; i < project->label_count; i++) {
		free(project->labels[i].name);
		free(project->labels[i].value);
	}
	free(project->labels);
	for (size_t i = 0; i < project->source_count; i++)
		free(project->sources[i].path);
	free(project->sources);
	for (size_t i = 0; i < project->link_count; i++)
		free(project->links[i].path);
	free(project->links);
	free(project);
	errno = saved;
	return NULL;
}

static int project_new(struct project **ret_project, struct ward_error *error)
{
	_cleanup_(project_freep) struct project *project = calloc(1, sizeof(*project));

	if (!project || rule_set_new(&project->rules) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	*ret_project = TAKE_PTR(project);
	return 0;
}

int set_string(char **string, const char *text, struct ward_error *error)
{
	char *copy = strdup(text);

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	free(*string);
	*string = copy;
	return 0;
}

/* --- The top level of a text --- */

static int read_version(
	void *context, const struct document *document, const struct yaml_node *node)
{
	const char *version;
	int r = value_string(document, node, "version", &version);

	if (r < 0)
		return r;
	if (strcmp(version, "1") == 0)
		return 0;
	value_fail(document, node, "unknown version \"%.100s\"", version);
	error_hint(document->error, "this ward reads version: 1");
	return -EINVAL;
}

static int read_default(
	void *context, const struct document *document, const struct yaml_node *node)
{
	static const char *const levels[] = {"none", "view", "read", "write", NULL};
	struct reading *reading = context;
	unsigned level;
	int r = value_word(document, node, "default", levels, &level);

	if (r >= 0)
		rule_set_set_default(reading->loader->project->rules, (enum ward_level)level);
	return r;
}

/* In the order in which they are read: what is extended comes before what the text itself says. */
static const struct value_key top_level[] = {
	{"version", read_version},
	{"extends", read_extends},
	{"default", read_default},
	{"rules", read_rules},
	{"sandbox", read_sandbox},
	{"labels", read_labels},
	{NULL, NULL},
};

int read_policy(struct reading *reading, const char *text, size_t size, const char *file)
{
	_cleanup_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	struct loader *loader = reading->loader;
	const struct document document = {.file = file, .error = loader->error};
	const struct yaml_node *root;
	int r;

	loader->bytes += size;
	if (++loader->count > EXTENDS_COUNT_MAX || loader->bytes > EXTENDS_BYTES_MAX)
		return error_set_at(loader->error, -E2BIG, file, 0, 0,
			"more than %d files or %d MiB are extended in all", EXTENDS_COUNT_MAX,
			EXTENDS_BYTES_MAX / 1048576);
	r = yaml_tree_parse(text, size, file, &tree, loader->error);
	if (r < 0)
		return r;
	root = yaml_tree_root(tree);
	r = root ? value_mapping(reading, &document, root, "the policy", top_level) : 0;
	if (r < 0 || (root && yaml_get(root, "version")))
		return r;
	error_set_at(loader->error, -EINVAL, file, root ? root->line : 1, root ? root->column : 1,
		"the policy has no version");
	error_hint(loader->error, "start the file with a line \"version: 1\"");
	return -EINVAL;
}

/* --- Loading --- */

/* The real directory in which `file` lies, or where it would. */
static int real_directory(const char *file, char **ret_directory)
{
	const char *slash = strrchr(file, '/');
	_cleanup_(resolved_release) struct resolved resolved = {.fd = -1};
	_cleanup_(freep) char *directory = NULL;
	char current[PATH_MAX];
	int r;

	directory = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	if (!directory)
		return -ENOMEM;
	if (!getcwd(current, sizeof(current)))
		return -errno;
	r = resolve(current, directory, &resolved);
	if (r < 0)
		return r;
	*ret_directory = TAKE_PTR(resolved.path);
	return 0;
}

static void loader_releasep(struct loader *loader)
{
	project_free(loader->project);
	freep(&loader->tree);
}

int project_load(
	const char *name, enum trust trust, struct project **ret_project, struct ward_error *error)
{
	_cleanup_(loader_releasep) struct loader loader = {.trust = trust, .error = error};
	int r = project_new(&loader.project, error);

	if (r < 0)
		return r;
	r = real_directory(name, &loader.tree);
	if (r < 0)
		return error_set_errno(error, r, "can't find the policy %s", name);
	r = load_named(&loader, NULL, name, NULL, NULL);
	if (r < 0)
		return r;
	*ret_project = TAKE_PTR(loader.project);
	return 0;
}

int project_parse(const char *text, size_t size, const char *file, enum trust trust,
	struct project **ret_project, struct ward_error *error)
{
	_cleanup_(loader_releasep) struct loader loader = {.trust = trust, .error = error};
	struct reading reading = {.loader = &loader};
	int r = project_new(&loader.project, error);

	if (r < 0)
		return r;
	r = real_directory(file, &loader.tree);
	if (r == -ENOMEM)
		return error_set(error, r, "out of memory");
	reading.directory = loader.tree;
	r = read_policy(&reading, text, size, file);
	if (r < 0)
		return r;
	*ret_project = TAKE_PTR(loader.project);
	return 0;
}

int project_load_preset(const char *name, struct project **ret_project, struct ward_error *error)
{
	_cleanup_(loader_releasep) struct loader loader = {.trust = TRUST_PROJECT, .error = error};
	int r = project_new(&loader.project, error);

	if (r < 0)
		return r;
	r = load_preset(&loader, NULL, name, NULL, NULL);
	if (r < 0)
		return r;
	*ret_project = TAKE_PTR(loader.project);
	return 0;
}

int project_protect(struct project *project, const char *codebase)
{
	int r = rule_set_protect(project->rules, PROJECT_POLICY_FILE);

	for (size_t i = 0; i < project->source_count + project->link_count && r >= 0; i++) {
		const struct policy_source *source =
			i < project->source_count ? &project->sources[i]
						  : &project->links[i - project->source_count];
		const char *below = path_below(codebase, source->path);

		if (below)
			r = rule_set_protect(project->rules, below);
	}
	return r < 0 ? r : 0;
}
