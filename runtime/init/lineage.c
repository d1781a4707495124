#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/init/init.h"

/* A process, as /proc told. */
struct relative {
	pid_t pid;
	pid_t parent;
	char state;     /* proc(5), /proc/PID/stat */
	char descended; /* whether from us: DESCENT_* */
};

enum { DESCENT_UNKNOWN, DESCENT_YES, DESCENT_NO };

enum {
	RELATIVES_MAX = 1 << 22, /* the largest pid_max; memory is used as it is touched */
	FREEZE_PASSES = 20,
};

struct census {
	struct relative *all; /* ascending by pid, the order in which /proc lists */
	size_t count;
};

/* linux/dirent.h is not exported: getdents64(2). */
struct kernel_dirent {
	uint64_t ino;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static pid_t parse_pid(const char **text)
{
	pid_t pid = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		pid = pid * 10 + (**text - '0');
	return pid;
}

/* The command's name is the process's to choose and may hold anything: what follows counts from
 * the last parenthesis. */
static bool read_stat(int proc, const char *name, struct relative *relative)
{
	_cleanup_(fd_closep) int fd = -1;
	char text[512];
	const char *field;
	ssize_t n;

	snprintf(text, sizeof(text), "%s/stat", name);
	fd = openat(proc, text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	field = strrchr(text, ')');
	if (!field || strlen(field) < 5)
		return false;
	relative->pid = parse_pid(&name);
	relative->state = field[2];
	field += 4;
	relative->parent = parse_pid(&field);
	relative->descended = DESCENT_UNKNOWN;
	return true;
}

static void take_census(int proc, struct census *census)
{
	_Alignas(struct kernel_dirent) char buffer[4096];
	long n;

	census->count = 0;
	lseek(proc, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, proc, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);

			at += entry->length;
			if (entry->name[0] >= '1' && entry->name[0] <= '9' &&
				census->count < RELATIVES_MAX &&
				read_stat(proc, entry->name, &census->all[census->count]))
				census->count++;
		}
}

static struct relative *find(const struct census *census, pid_t pid)
{
	size_t low = 0, high = census->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (census->all[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < census->count && census->all[low].pid == pid ? &census->all[low] : NULL;
}

/* Walks up to an ancestor whose descent is known, and notes it for all on the way. A process whose
 * parent went while /proc was read is looked at again in the next pass. */
static bool is_descendant(const struct census *census, struct relative *relative, pid_t self)
{
	struct relative *at = relative;
	char descended = DESCENT_UNKNOWN;

	for (size_t steps = 0; descended == DESCENT_UNKNOWN; steps++) {
		if (!at || at->pid == self || at->parent == 0 || steps > census->count)
			descended = DESCENT_NO;
		else if (at->descended != DESCENT_UNKNOWN)
			descended = at->descended;
		else if (at->parent == self)
			descended = DESCENT_YES;
		else
			at = find(census, at->parent);
	}
	for (at = relative; at && at->descended == DESCENT_UNKNOWN && at->pid != self;
		at = find(census, at->parent))
		at->descended = descended;
	return descended == DESCENT_YES;
}

static bool is_still(char state)
{
	return state == 'T' || state == 't' || state == 'Z' || state == 'X';
}

/* Sends `signal` to all descendants, or to those that are not still. Returns how many. */
static size_t signal_all(const struct census *census, int signal, bool also_still)
{
	pid_t self = getpid();
	size_t count = 0;

	for (size_t i = 0; i < census->count; i++) {
		struct relative *relative = &census->all[i];

		if ((!also_still && is_still(relative->state)) ||
			!is_descendant(census, relative, self))
			continue;
		kill(relative->pid, signal);
		count++;
	}
	return count;
}

void lineage_strike(void)
{
	static struct census census;
	_cleanup_(fd_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!census.all) {
		void *memory = mmap(NULL, RELATIVES_MAX * sizeof(struct relative),
			PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (memory == MAP_FAILED)
			return;
		census.all = memory;
	}
	if (proc < 0)
		return;
	for (int pass = 0; pass < FREEZE_PASSES; pass++) {
		take_census(proc, &census);
		if (signal_all(&census, SIGSTOP, false) == 0)
			break;
		sched_yield();
	}
	take_census(proc, &census);
	signal_all(&census, SIGKILL, true);
}
