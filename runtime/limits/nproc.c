#include "runtime/limits/nproc.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/limits.h"

/* Exit statuses of the child that tries. */
enum { COUNTED_APART = 0, COUNTED_TOGETHER = 1 };

/* The process itself and one child: fewer than the user has, who runs ward and ward-monitor, too. */
enum { TRIED_PROCESSES = 2 };

static int try_it(void)
{
	const struct rlimit limit = {TRIED_PROCESSES, TRIED_PROCESSES};
	pid_t pid;

	if (unshare(CLONE_NEWUSER) < 0 || setrlimit(RLIMIT_NPROC, &limit) < 0)
		return COUNTED_TOGETHER;
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return COUNTED_TOGETHER;
	waitpid(pid, NULL, 0);
	return COUNTED_APART;
}

/* Root is not counted at all in the first namespace: it says nothing. */
bool nproc_is_per_sandbox(void)
{
	int status;
	pid_t pid;

	if (geteuid() == 0)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(try_it());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == COUNTED_APART;
}
