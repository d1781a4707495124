#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "policy/project-internal.h"

enum {
	PAIRS_MAX = 256, /* env entries or labels in all */
	DOCKER_WORD_MAX = 255,
};

static struct project *project_of(void *context)
{
	return ((struct reading *)context)->loader->project;
}

/* Fails if the policy is repository content: `what` reaches outside of the codebase. */
static int require_user(void *context, const struct document *document,
	const struct yaml_node *node, const char *what, const char *hint)
{
	if (((struct reading *)context)->loader->trust != TRUST_PROJECT)
		return 0;
	error_set_at(document->error, -EPERM, document->file, node->line, node->column,
		"a policy in the codebase may not ask for %s", what);
	error_hint(document->error, "%s", hint);
	return -EPERM;
}

#define OWN_POLICY_HINT                                                                            \
	"put it in a policy of your own outside the codebase, and name that with -p on the "       \
	"command line"

static int read_runtime(
	void *context, const struct document *document, const struct yaml_node *node)
{
	static const char *const words[] = {"bwrap", "docker", NULL};
	unsigned index;
	int r = value_word(document, node, "runtime", words, &index);

	if (r >= 0)
		project_of(context)->runtime = index == 0 ? RUNTIME_BWRAP : RUNTIME_DOCKER;
	return r;
}

static int read_mount_point(
	void *context, const struct document *document, const struct yaml_node *node)
{
	struct project *project = project_of(context);
	const char *text, *why = NULL;
	char *path;
	int r = value_string(document, node, "mount_point", &text);

	if (r < 0)
		return r;
	r = normalise_mount_point(text, &path, &why);
	if (r == -EINVAL) {
		value_fail(document, node, "mount_point can't be \"%.200s\": %s", text, why);
		error_hint(document->error, "use a directory of its own, such as %s",
			PROJECT_MOUNT_POINT);
		return r;
	}
	if (r < 0)
		return error_set(document->error, r, "out of memory");
	free(project->mount_point);
	project->mount_point = path;
	return 0;
}

static int read_network_word(void *context, const struct document *document,
	const struct yaml_node *node, const char *what, enum sandbox_network *ret_network)
{
	static const char *const words[] = {"none", "host", "bridge", NULL};
	static const enum sandbox_network networks[] = {NETWORK_NONE, NETWORK_HOST, NETWORK_BRIDGE};
	char asked[64];
	unsigned index;
	int r = value_word(document, node, what, words, &index);

	if (r < 0)
		return r;
	if (networks[index] != NETWORK_NONE) {
		snprintf(asked, sizeof(asked), "%s: %s", what, words[index]);
		r = require_user(context, document, node, asked,
			networks[index] == NETWORK_HOST ? "say --net host on the command line"
							: OWN_POLICY_HINT);
		if (r < 0)
			return r;
	}
	*ret_network = networks[index];
	return 0;
}

static int read_network(
	void *context, const struct document *document, const struct yaml_node *node)
{
	return read_network_word(context, document, node, "network", &project_of(context)->network);
}

/* --- resources --- */

static int read_memory(void *context, const struct document *document, const struct yaml_node *node)
{
	const char *text;
	uint64_t bytes = 0;
	int r = value_string(document, node, "memory", &text);

	if (r < 0)
		return r;
	r = parse_size(text, &bytes);
	if (r < 0 || bytes < RESOURCES_MEMORY_MIN) {
		value_fail(document, node,
			r == -EINVAL ? "memory \"%.100s\" is no size"
			: r < 0      ? "memory \"%.100s\" is too much"
				     : "memory \"%.100s\" is less than 8M",
			text);
		error_hint(document->error, "write a size such as 512M or 1.5G");
		return -EINVAL;
	}
	project_of(context)->resources.memory_bytes = bytes;
	return 0;
}

static int read_cpus(void *context, const struct document *document, const struct yaml_node *node)
{
	const char *text;
	int r = value_string(document, node, "cpus", &text);

	if (r < 0)
		return r;
	r = parse_cpus(text, &project_of(context)->resources.cpu_millis);
	if (r < 0) {
		value_fail(document, node, "cpus \"%.100s\" is no number of processors", text);
		error_hint(document->error, "write a number such as 2 or 0.5");
		return -EINVAL;
	}
	return 0;
}

static int read_cpu_shares(
	void *context, const struct document *document, const struct yaml_node *node)
{
	int64_t shares;
	int r = value_integer(document, node, "cpu_shares", RESOURCES_CPU_SHARES_MIN,
		RESOURCES_CPU_SHARES_MAX, &shares);

	if (r >= 0)
		project_of(context)->resources.cpu_shares = (uint32_t)shares;
	return r;
}

static int read_pids(void *context, const struct document *document, const struct yaml_node *node)
{
	int64_t pids;
	int r = value_integer(
		document, node, "pids", RESOURCES_PIDS_MIN, RESOURCES_PIDS_MAX, &pids);

	if (r >= 0)
		project_of(context)->resources.pids = (uint32_t)pids;
	return r;
}

static int read_resources(
	void *context, const struct document *document, const struct yaml_node *node)
{
	static const struct value_key keys[] = {
		{"memory", read_memory},
		{"cpus", read_cpus},
		{"cpu_shares", read_cpu_shares},
		{"pids", read_pids},
		{NULL, NULL},
	};

	return value_mapping(context, document, node, "resources", keys);
}

/* --- env and labels --- */

/* Sets `name` in an array of `*count` pairs. */
static int set_pair(const struct document *document, const struct yaml_node *node,
	struct env_entry **pairs, size_t *count, const char *name, const char *value)
{
	struct env_entry *grown;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*pairs)[i].name, name) == 0)
			return set_string(&(*pairs)[i].value, value, document->error);
	if (*count == PAIRS_MAX)
		return value_fail(document, node, "more than %d entries in all", PAIRS_MAX);
	grown = realloc(*pairs, (*count + 1) * sizeof(*grown));
	if (!grown)
		return error_set(document->error, -ENOMEM, "out of memory");
	*pairs = grown;
	grown[*count] = (struct env_entry){.name = strdup(name), .value = strdup(value)};
	(*count)++;
	if (!grown[*count - 1].name || !grown[*count - 1].value)
		return error_set(document->error, -ENOMEM, "out of memory");
	return 0;
}

static bool is_variable_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

/* A variable without a value is the host's, if it is set there. */
static int read_variable(
	void *context, const struct document *document, const struct yaml_node *node)
{
	struct project *project = project_of(context);
	const char *name = node->key->text;
	const char *value;
	int r;

	if (!is_variable_name(name))
		return value_fail(document, node->key,
			"\"%.100s\" is no name for an environment variable", name);
	if (yaml_is_null(node)) {
		r = require_user(context, document, node->key, "a variable of the host",
			"write a value (\"\" is empty), or say -e NAME on the command line");
		value = getenv(name);
		if (r < 0 || !value)
			return r;
	} else {
		r = value_string(document, node, "a variable", &value);
		if (r < 0)
			return r;
	}
	return set_pair(document, node, &project->env, &project->env_count, name, value);
}

static int read_label(void *context, const struct document *document, const struct yaml_node *node)
{
	struct project *project = project_of(context);
	const char *name = node->key->text;
	const char *value;
	int r = value_string(document, node, "a label", &value);

	if (r < 0)
		return r;
	if (!isalnum((unsigned char)*name) || strchr(name, '=') || strlen(name) > DOCKER_WORD_MAX)
		return value_fail(document, node->key,
			"\"%.100s\" is no name for a label: it must start with a letter or a digit "
			"and have no '='",
			name);
	return set_pair(document, node, &project->labels, &project->label_count, name, value);
}

static int read_pairs(void *context, const struct document *document, const struct yaml_node *node,
	const char *what, value_reader read)
{
	int r = 0;

	if (yaml_is_null(node))
		return 0;
	if (node->kind != YAML_MAPPING) {
		value_fail(document, node, "%s must be a mapping", what);
		error_hint(document->error, "write NAME: VALUE, one per line and indented");
		return -EINVAL;
	}
	for (const struct yaml_node *pair = node->first; pair && r >= 0; pair = pair->next)
		r = read(context, document, pair);
	return r;
}

static int read_env(void *context, const struct document *document, const struct yaml_node *node)
{
	return read_pairs(context, document, node, "env", read_variable);
}

int read_labels(void *context, const struct document *document, const struct yaml_node *node)
{
	return read_pairs(context, document, node, "labels", read_label);
}

static int read_shell(void *context, const struct document *document, const struct yaml_node *node)
{
	const char *shell;
	int r = value_string(document, node, "shell", &shell);

	if (r < 0)
		return r;
	if (*shell != '/' || strlen(shell) >= PATH_MAX) {
		value_fail(document, node, "shell must be an absolute path, not \"%.100s\"", shell);
		error_hint(document->error, "write a path inside the sandbox, such as /bin/bash");
		return -EINVAL;
	}
	return set_string(&project_of(context)->shell, shell, document->error);
}

/* --- docker --- */

/* A word for docker's command line: never an option, nothing that its own syntax knows. */
static int read_docker_word(const struct document *document, const struct yaml_node *node,
	const char *what, const char *allowed, char **word)
{
	const char *text;
	int r = value_string(document, node, what, &text);

	if (r < 0)
		return r;
	if (!isalnum((unsigned char)*text) || strlen(text) > DOCKER_WORD_MAX)
		return value_fail(document, node, "bad %s \"%.100s\"", what, text);
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(allowed, *p))
			return value_fail(document, node, "bad %s \"%.100s\"", what, text);
	return set_string(word, text, document->error);
}

static int read_image(void *context, const struct document *document, const struct yaml_node *node)
{
	return read_docker_word(
		document, node, "image", "._/:@-", &project_of(context)->docker.image);
}

static int read_docker_network(
	void *context, const struct document *document, const struct yaml_node *node)
{
	return read_network_word(
		context, document, node, "docker network", &project_of(context)->docker.network);
}

/* Reads "UID" or "UID:GID". */
static bool parse_user(const char *text, unsigned long *ret_uid, unsigned long *ret_gid)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 21)
		return false;
	*ret_gid = 1;
	*ret_uid = strtoul(text, &end, 10);
	if (*end == ':' && isdigit((unsigned char)end[1]))
		*ret_gid = strtoul(end + 1, &end, 10);
	return *end == '\0' && *ret_uid < UINT32_MAX && *ret_gid < UINT32_MAX;
}

static int read_user(void *context, const struct document *document, const struct yaml_node *node)
{
	unsigned long uid, gid;
	const char *text;
	int r = value_string(document, node, "user", &text);

	if (r < 0)
		return r;
	if (!parse_user(text, &uid, &gid)) {
		value_fail(document, node, "bad user \"%.100s\"", text);
		error_hint(document->error, "write numbers: \"1000:1000\" or 1000");
		return -EINVAL;
	}
	if (uid == 0 || gid == 0) {
		r = require_user(context, document, node, "the user or group 0", OWN_POLICY_HINT);
		if (r < 0)
			return r;
	}
	return set_string(&project_of(context)->docker.user, text, document->error);
}

static int read_oci_runtime(
	void *context, const struct document *document, const struct yaml_node *node)
{
	int r = require_user(context, document, node, "an OCI runtime", OWN_POLICY_HINT);

	if (r < 0)
		return r;
	return read_docker_word(
		document, node, "oci_runtime", "._-", &project_of(context)->docker.oci_runtime);
}

static int read_writable_root(
	void *context, const struct document *document, const struct yaml_node *node)
{
	return value_bool(
		document, node, "writable_root", &project_of(context)->docker.writable_root);
}

static int read_docker(void *context, const struct document *document, const struct yaml_node *node)
{
	static const struct value_key keys[] = {
		{"image", read_image},
		{"network", read_docker_network},
		{"user", read_user},
		{"oci_runtime", read_oci_runtime},
		{"writable_root", read_writable_root},
		{NULL, NULL},
	};

	return value_mapping(context, document, node, "docker", keys);
}

int read_sandbox(void *context, const struct document *document, const struct yaml_node *node)
{
	static const struct value_key keys[] = {
		{"runtime", read_runtime},
		{"mount_point", read_mount_point},
		{"network", read_network},
		{"resources", read_resources},
		{"env", read_env},
		{"shell", read_shell},
		{"docker", read_docker},
		{NULL, NULL},
	};

	return value_mapping(context, document, node, "sandbox", keys);
}
