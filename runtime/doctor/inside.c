#include "runtime/doctor/finding.h"

static const struct examination examinations[] = {
	{"descriptors", check_descriptors}, /* first: the others open some */
	{"environment", check_environment},
	{"capabilities", check_capabilities},
	{"no-new-privileges", check_no_new_privileges},
	{"host-uid", check_host_uid},
	{"core-dumps", check_core_dumps},
	{"filter", check_filter},
	{"abis", check_abis},
	{"terminals", check_terminals},
	{"mounts", check_mounts},
	{"user-namespaces", check_user_namespaces},
	{"handles", check_handles},
	{"keyrings", check_keyrings},
	{"kernel-interfaces", check_kernel_interfaces},
	{"machine", check_machine},
	{"socket-families", check_families},
	{"kernel-settings", check_settings},
	{"system", check_system},
	{"host-files", check_host_files},
	{"devices", check_devices},
	{"control-groups", check_control_groups},
	{"memory-file-systems", check_memory_file_systems},
	{"processes", check_processes},
	{"init", check_init},
	{"path-sockets", check_path_sockets},
	{"abstract-sockets", check_abstract_sockets},
	{NULL, NULL},
};

int doctor_examine_inside(finding_handler handler, void *data)
{
	return finding_run(examinations, handler, data);
}
