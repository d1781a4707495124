/* How examinations are written: a table of them, each filling in one finding. */
#pragma once

#include <stddef.h>

#include "common/error.h"
#include "runtime/doctor.h"

struct examination {
	const char *name; /* NULL ends a table */
	void (*examine)(struct finding *finding);
};

/* Sets state and text. */
void finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
	_printf_(3, 4);

/* Sets what to do. */
void finding_mend(struct finding *finding, const char *format, ...) _printf_(2, 3);

/* Sets state, text and mend from an error. */
void finding_set_error(
	struct finding *finding, enum finding_state state, const struct ward_error *error);

/* Makes all examinations of a table; returns how many findings are bad. */
int finding_run(const struct examination *table, finding_handler handler, void *data);

/*
 * Runs `function` in a child and returns what it returned, with its error; -ECHILD where the child
 * died of a signal, whose number goes to `*ret_signal` (may be NULL), else 0.
 */
int finding_in_child(int (*function)(const void *data, struct ward_error *error), const void *data,
	int *ret_signal, struct ward_error *error);

/* --- The examinations of the machine, by what they look at --------------------------------------- */

void examine_kernel(struct finding *finding);
void examine_openat2(struct finding *finding);
void examine_seccomp(struct finding *finding);
void examine_landlock(struct finding *finding);
void examine_inotify(struct finding *finding);
void examine_fanotify(struct finding *finding);

void examine_user_namespaces(struct finding *finding);
void examine_fuse_device(struct finding *finding);
void examine_fuse_mount(struct finding *finding);
void examine_passthrough(struct finding *finding);

void examine_bwrap(struct finding *finding);
void examine_bwrap_run(struct finding *finding);
void examine_fusermount(struct finding *finding);
void examine_allow_other(struct finding *finding);
void examine_docker(struct finding *finding);

/* --- Those of a sandbox from inside -------------------------------------------------------------- */

void check_capabilities(struct finding *finding);
void check_no_new_privileges(struct finding *finding);
void check_host_uid(struct finding *finding);
void check_core_dumps(struct finding *finding);
void check_descriptors(struct finding *finding);
void check_environment(struct finding *finding);

void check_filter(struct finding *finding);
void check_abis(struct finding *finding);
void check_terminals(struct finding *finding);
void check_mounts(struct finding *finding);
void check_user_namespaces(struct finding *finding);
void check_handles(struct finding *finding);
void check_keyrings(struct finding *finding);
void check_kernel_interfaces(struct finding *finding);
void check_machine(struct finding *finding);
void check_families(struct finding *finding);

void check_settings(struct finding *finding);
void check_system(struct finding *finding);
void check_host_files(struct finding *finding);
void check_devices(struct finding *finding);
void check_control_groups(struct finding *finding);
void check_memory_file_systems(struct finding *finding);

void check_processes(struct finding *finding);
void check_init(struct finding *finding);
void check_path_sockets(struct finding *finding);
void check_abstract_sockets(struct finding *finding);
