#include "runtime/spec.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "common/strbuf.h"

static void add(struct strbuf *buf, const char *key, const char *value)
{
	strbuf_add_string(buf, key);
	strbuf_add_char(buf, '=');
	strbuf_add(buf, value, strlen(value) + 1);
}

/* 0, which is "none", goes without saying. */
static void add_number(struct strbuf *buf, const char *key, uint64_t value)
{
	if (value)
		strbuf_addf(buf, "%s=%" PRIu64 "%c", key, value, 0);
}

static int copy(char **field, const char *value)
{
	free(*field);
	*field = strdup(value);
	return *field ? 0 : -ENOMEM;
}

static int add_env(struct spec *spec, const char *name, size_t name_length, const char *value)
{
	struct env_entry *grown = realloc(spec->env, (spec->env_count + 1) * sizeof(*spec->env));
	struct env_entry *entry;

	if (!grown)
		return -ENOMEM;
	spec->env = grown;
	entry = &grown[spec->env_count++];
	entry->name = strndup(name, name_length);
	entry->value = strdup(value);
	return entry->name && entry->value ? 0 : -ENOMEM;
}

int spec_make(const struct project *project, const char *codebase, struct spec *ret_spec)
{
	_cleanup_(spec_release) struct spec spec = {
		.runtime = project->runtime ? project->runtime : RUNTIME_BWRAP,
		.network = project->network ? project->network : NETWORK_NONE,
		.resources = project->resources};
	int r;

	r = copy(&spec.codebase, codebase);
	if (r == 0)
		r = copy(&spec.mount_point,
			project->mount_point ? project->mount_point : PROJECT_MOUNT_POINT);
	if (r == 0 && project->shell)
		r = copy(&spec.shell, project->shell);
	for (size_t i = 0; r == 0 && i < project->env_count; i++)
		r = add_env(&spec, project->env[i].name, strlen(project->env[i].name),
			project->env[i].value);
	if (r < 0)
		return r;
	*ret_spec = spec;
	spec = (struct spec){0};
	return 0;
}

static const char *const runtime_names[] = {[RUNTIME_BWRAP] = "bwrap", [RUNTIME_DOCKER] = "docker"};
static const char *const network_names[] = {
	[NETWORK_NONE] = "none", [NETWORK_HOST] = "host", [NETWORK_BRIDGE] = "bridge"};

int spec_write(const struct spec *spec, int *ret_fd)
{
	_cleanup_(strbuf_release) struct strbuf buf = STRBUF_INIT;

	add(&buf, "codebase", spec->codebase);
	add(&buf, "mount-point", spec->mount_point);
	add(&buf, "runtime", runtime_names[spec->runtime]);
	add(&buf, "network", network_names[spec->network]);
	if (spec->shell)
		add(&buf, "shell", spec->shell);
	add_number(&buf, "memory", spec->resources.memory_bytes);
	add_number(&buf, "cpu-millis", spec->resources.cpu_millis);
	add_number(&buf, "cpu-shares", spec->resources.cpu_shares);
	add_number(&buf, "pids", spec->resources.pids);
	for (size_t i = 0; i < spec->env_count; i++) {
		strbuf_addf(&buf, "env=%s=", spec->env[i].name);
		strbuf_add(&buf, spec->env[i].value, strlen(spec->env[i].value) + 1);
	}
	if (buf.failed)
		return buf.failed;
	return sealed_file_new("ward-spec", buf.data, buf.size, ret_fd);
}

static int find_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	return -EBADMSG;
}

static int read_codebase(struct spec *spec, const char *value)
{
	return value[0] == '/' ? copy(&spec->codebase, value) : -EBADMSG;
}

static int read_mount_point(struct spec *spec, const char *value)
{
	return value[0] ? copy(&spec->mount_point, value) : -EBADMSG;
}

static int read_shell(struct spec *spec, const char *value)
{
	return copy(&spec->shell, value);
}

static int read_runtime(struct spec *spec, const char *value)
{
	int r = find_name(runtime_names, ELEMENTS(runtime_names), value);

	if (r < 0)
		return r;
	spec->runtime = (enum sandbox_runtime)r;
	return 0;
}

static int read_network(struct spec *spec, const char *value)
{
	int r = find_name(network_names, ELEMENTS(network_names), value);

	if (r < 0)
		return r;
	spec->network = (enum sandbox_network)r;
	return 0;
}

static int read_env(struct spec *spec, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return -EBADMSG;
	return add_env(spec, value, (size_t)(equals - value), equals + 1);
}

static int read_number(const char *text, uint64_t max, uint64_t *ret_value)
{
	char *end;
	unsigned long long value;

	if (!isdigit((unsigned char)*text))
		return -EBADMSG;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value == 0 || value > max)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

static int read_number32(const char *text, uint32_t *ret_value)
{
	uint64_t value;
	int r = read_number(text, UINT32_MAX, &value);

	if (r == 0)
		*ret_value = (uint32_t)value;
	return r;
}

static int read_memory(struct spec *spec, const char *value)
{
	return read_number(value, INT64_MAX, &spec->resources.memory_bytes);
}

static int read_cpu_millis(struct spec *spec, const char *value)
{
	return read_number32(value, &spec->resources.cpu_millis);
}

static int read_cpu_shares(struct spec *spec, const char *value)
{
	return read_number32(value, &spec->resources.cpu_shares);
}

static int read_pids(struct spec *spec, const char *value)
{
	return read_number32(value, &spec->resources.pids);
}

static const struct field {
	const char *key;
	int (*read)(struct spec *spec, const char *value);
} fields[] = {
	{"codebase", read_codebase},
	{"cpu-millis", read_cpu_millis},
	{"cpu-shares", read_cpu_shares},
	{"env", read_env},
	{"memory", read_memory},
	{"mount-point", read_mount_point},
	{"network", read_network},
	{"pids", read_pids},
	{"runtime", read_runtime},
	{"shell", read_shell},
};

static int read_field(struct spec *spec, const char *string)
{
	const char *equals = strchr(string, '=');

	for (size_t i = 0; equals && i < ELEMENTS(fields); i++)
		if (strlen(fields[i].key) == (size_t)(equals - string) &&
			strncmp(fields[i].key, string, (size_t)(equals - string)) == 0)
			return fields[i].read(spec, equals + 1);
	return -EBADMSG;
}

int spec_read(int fd, struct spec *ret_spec)
{
	_cleanup_(spec_release) struct spec spec = {0};
	_cleanup_(sealed_map_release) struct sealed_map map = {0};
	int r = sealed_file_map(fd, SPEC_MAX, &map);

	if (r < 0)
		return r;
	if (map.data[map.size - 1] != '\0')
		return -EBADMSG;
	for (const char *string = map.data; string < map.data + map.size;
		string += strlen(string) + 1) {
		r = read_field(&spec, string);
		if (r < 0)
			return r;
	}
	if (!spec.codebase || !spec.mount_point || !spec.runtime || !spec.network)
		return -EBADMSG;
	*ret_spec = spec;
	spec = (struct spec){0};
	return 0;
}

void spec_release(struct spec *spec)
{
	for (size_t i = 0; i < spec->env_count; i++) {
		free(spec->env[i].name);
		free(spec->env[i].value);
	}
	free(spec->env);
	free(spec->codebase);
	free(spec->mount_point);
	free(spec->shell);
	*spec = (struct spec){0};
}
