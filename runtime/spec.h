/*
 * What a monitor is told to run: the part of a sandbox's specification that is text. Descriptors
 * (codebase, rules, control socket) travel beside it.
 *
 * Encoded as NUL-terminated "key=value" strings in a sealed file; unknown keys are refused, so that
 * two builds never misunderstand each other silently.
 */
#pragma once

#include "policy/project.h"
#include "runtime/sealed.h"

enum { SPEC_MAX = 4 << 20 };

struct spec {
	char *codebase;    /* for messages and records; what is served comes by descriptor */
	char *mount_point; /* absolute, normalised */
	char *shell;       /* or NULL */
	enum sandbox_runtime runtime;
	enum sandbox_network network;
	struct resources resources;
	struct env_entry *env;
	size_t env_count;
};

/* Makes the spec of a project's sandbox. All is copied; release with spec_release(). */
int spec_make(const struct project *project, const char *codebase, struct spec *ret_spec);

/* Writes it into a sealed file, the caller's. */
int spec_write(const struct spec *spec, int *ret_fd);

/* Reads one, checked. -EBADMSG, -EPERM, -EFBIG. */
int spec_read(int fd, struct spec *ret_spec);

void spec_release(struct spec *spec);
