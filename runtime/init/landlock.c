#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"

/* Linux 6.12; older headers lack both the constants and the field. */
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1, ABI_WITH_SCOPES = 6 };

struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

void scope_by_landlock(void)
{
	const struct ruleset ruleset = {.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	_cleanup_(fd_closep) int fd = -1;

	if (abi < ABI_WITH_SCOPES)
		return;
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd >= 0)
		syscall(SYS_landlock_restrict_self, fd, 0);
}
