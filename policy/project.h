/*
 * ward.yaml: one project's policy file, its presets and everything it extends, resolved.
 *
 * This is the one place in policy/ that opens files: the policy file, and what it extends. It never
 * looks at the codebase.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rule.h"

enum sandbox_runtime { RUNTIME_UNSET, RUNTIME_BWRAP, RUNTIME_DOCKER };
enum sandbox_network { NETWORK_UNSET, NETWORK_NONE, NETWORK_HOST, NETWORK_BRIDGE };

/* Resource limits; 0 means that none was asked for. */
struct resources {
	uint64_t memory_bytes;
	uint32_t cpu_millis; /* 1500 is one and a half CPUs */
	uint32_t cpu_shares; /* relative weight, as docker's --cpu-shares: 2 to 262144, 1024 is par
			      */
	uint32_t pids;
};

/* What may be asked for, in a policy or on the command line. */
enum {
	RESOURCES_MEMORY_MIN = 8 * 1048576, /* less, and nothing starts */
	RESOURCES_CPU_SHARES_MIN = 2,
	RESOURCES_CPU_SHARES_MAX = 262144,
	RESOURCES_PIDS_MIN = 4,
	RESOURCES_PIDS_MAX = 4194304,
};

/* A name and its value: of the environment, or a label. */
struct env_entry {
	char *name;
	char *value;
};

struct docker_options {
	char *image;       /* NULL where not given */
	char *user;        /* "UID[:GID]" or NULL */
	char *oci_runtime; /* e.g. "runc", or NULL */
	enum sandbox_network network;
	bool writable_root;
};

/* Where a policy comes from decides what it may say. */
enum trust {
	TRUST_PROJECT, /* repo content: what reaches outside the codebase is an error */
	TRUST_USER,    /* the user's own configuration or command line */
};

/* One policy file of those in force. */
struct policy_source {
	char *path; /* absolute and real (no symlinks) */
};

/* A resolved policy. All strings are owned by it; fields not given are 0, NULL or *_UNSET. */
struct project {
	struct rule_set *rules;
	enum sandbox_runtime runtime;
	char *mount_point; /* absolute, normalised; NULL: the default, /workspace */
	enum sandbox_network network;
	struct resources resources;
	struct env_entry *env;
	size_t env_count;
	char *shell;
	struct docker_options docker;
	struct env_entry *labels;
	size_t label_count;
	struct policy_source *sources; /* every file that was read, presets excluded */
	size_t source_count;
	struct policy_source *links; /* every symlink through which one was reached: where it lies,
					with its directory real */
	size_t link_count;
};

#define PROJECT_POLICY_FILE "ward.yaml"
#define PROJECT_MOUNT_POINT "/workspace"

struct project *project_free(struct project *project);
DEFINE_CLEANUP(struct project *, project_free)

/*
 * Loads `name`: the preset of that name if there is one (so that no file of a codebase stands in
 * for a preset), else a path. `trust` is what the policy may say; what a TRUST_PROJECT file extends
 * is trusted no more than it, and must lie, as the file itself, in the directory of `name` or below
 * it, with every symlink on the way to it. Errors carry file:line:column: syntax, unknown and
 * duplicate keys (with "did you mean"), wrong types, bad patterns, limits (1 MiB a file, 10,000
 * rules, nesting 16, 16 levels of extends, no aliases, anchors, tags or second documents), cycles.
 */
int project_load(
	const char *name, enum trust trust, struct project **ret_project, struct ward_error *error);

/* The same from memory; `file` is the name for errors and the base for relative `extends`. For
 * tests and fuzzing. */
int project_parse(const char *text, size_t size, const char *file, enum trust trust,
	struct project **ret_project, struct ward_error *error);

/* A preset alone. -ENOENT with "did you mean" where there is none of that name. */
int project_load_preset(const char *name, struct project **ret_project, struct ward_error *error);

/*
 * Puts the self-protection of `project` into its rules for the codebase at `codebase` (an absolute
 * real path): each source below it and each symlink to one, by its path in the codebase, and the
 * place where a policy would be looked for (PROJECT_POLICY_FILE at the root), existing or not.
 */
int project_protect(struct project *project, const char *codebase);

struct preset {
	const char *name;
	const char *summary; /* one line */
	const char *text;    /* YAML */
};

/* The built-in presets; the array ends with a NULL name. */
extern const struct preset presets[];

/* Parses "512M", "1.5G", "1048576" (bytes; K, M, G, T are powers of 1024). -EINVAL, -ERANGE. */
int parse_size(const char *text, uint64_t *ret_bytes);

enum { SIZE_TEXT_MAX = 24 };

/* Writes a size as parse_size() reads it, in the biggest unit of which it is a whole number. */
void format_size(uint64_t bytes, char text[SIZE_TEXT_MAX]);

/* Parses "1.5" CPUs into thousandths. -EINVAL, -ERANGE. */
int parse_cpus(const char *text, uint32_t *ret_millis);
