/*
 * wardfs's command line.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "policy/rule.h"

enum { EXIT_WARD_FAILED = 125 };

struct owner {
	bool given;
	uid_t uid;
	gid_t gid;
};

struct options {
	bool help;
	bool version;
	bool foreground;
	bool allow_other;
	bool xattr;
	const char *policy;      /* NULL: not given */
	struct rule_set *rules;  /* of --rule, never NULL */
	const char *codebase;    /* NULL with fuse_fd */
	const char *mount_point; /* NULL with fuse_fd */
	int fuse_fd;             /* descriptors: -1 where not given */
	int codebase_fd;
	int rules_fd;
	int ready_fd;
	int lifeline_fd;
	int events_fd;
	struct owner run_as;
	struct owner show_as;
};

/* Parses and checks that what belongs together is there. The strings are those of `argv`. Release
 * with options_release(), also after failure. */
int options_parse(int argc, char **argv, struct options *options, struct ward_error *error);
void options_release(struct options *options);

/* The text of --help. */
extern const char options_help[];
