/*
 * A view served as a monitor has it served: on a device that is mounted already, in a mount
 * namespace of its own.
 *
 *     serve WARDFS CODEBASE MOUNTPOINT UID:GID[,GID...] LEVEL:PATTERN... -- COMMAND...
 *
 * Descriptor 9 gets the events; it is /dev/null where it is not open. The daemon and the command run
 * as UID with these groups. Needs CAP_SYS_ADMIN, as of `unshare --user --map-root-user`. Exits as the
 * command did, or with 99 where the daemon did not end well after it; 2 if nothing was run.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "policy/rule.h"

enum { EVENTS_FD = 9, GROUPS_MAX = 16, BAD_DAEMON = 99 };

struct identity {
	uid_t uid;
	size_t group_count;
	gid_t groups[GROUPS_MAX];
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct identity parse_identity(const char *text)
{
	struct identity identity = {0};
	char *rest;

	identity.uid = (uid_t)strtoul(text, &rest, 10);
	while (*rest && identity.group_count < GROUPS_MAX)
		identity.groups[identity.group_count++] = (gid_t)strtoul(rest + 1, &rest, 10);
	return identity;
}

static void become(const struct identity *identity)
{
	/* In a namespace with one id there is nothing to become. */
	if (getuid() == identity->uid)
		return;
	if (setgroups(identity->group_count, identity->groups) < 0 ||
		setgid(identity->groups[0]) < 0 || setuid(identity->uid) < 0)
		die("serve: become");
}

static int write_rules(char **texts, int count)
{
	_cleanup_(rule_set_freep) struct rule_set *rules = NULL;
	struct ward_error error = {0};
	int fd = memfd_create("rules", 0);

	if (fd < 0 || rule_set_new(&rules) < 0)
		die("serve: rules");
	for (int i = 0; i < count; i++) {
		struct rule rule = {.place = {.file = "serve", .line = (unsigned)i + 1}};
		char *colon = strchr(texts[i], ':');

		if (!colon)
			die(texts[i]);
		*colon = '\0';
		rule.pattern = colon + 1;
		if (level_parse(texts[i], &rule.permission) < 0 ||
			rule_set_add(rules, &rule, &error) < 0)
			die(error.message);
	}
	if (rule_set_write(rules, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		die("serve: rules");
	return fd;
}

static int mount_device(const char *mount_point, const struct identity *identity)
{
	int fd = open("/dev/fuse", O_RDWR);
	char options[128];

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("serve: /dev/fuse");
	snprintf(options, sizeof(options),
		"fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fd,
		identity->uid, identity->groups[0]);
	if (mount("ward", mount_point, "fuse.ward", MS_NOSUID | MS_NODEV, options) < 0)
		die("serve: mount");
	return fd;
}

static pid_t start_daemon(
	char **argv, const struct identity *identity, int rules, int *ret_ready, int *ret_lifeline)
{
	int device = mount_device(argv[3], identity);
	int codebase = open(argv[2], O_PATH | O_DIRECTORY);
	int ready[2];
	int lifeline[2];
	char options[6][64];
	pid_t pid;

	if (codebase < 0 || pipe(ready) < 0 || pipe(lifeline) < 0)
		die(argv[2]);
	snprintf(options[0], 64, "--fuse-fd=%d", device);
	snprintf(options[1], 64, "--codebase-fd=%d", codebase);
	snprintf(options[2], 64, "--rules-fd=%d", rules);
	snprintf(options[3], 64, "--ready-fd=%d", ready[1]);
	snprintf(options[4], 64, "--lifeline-fd=%d", lifeline[0]);
	snprintf(options[5], 64, "--events-fd=%d", EVENTS_FD);
	pid = fork();
	if (pid == 0) {
		close(lifeline[1]);
		become(identity);
		execl(argv[1], argv[1], options[0], options[1], options[2], options[3], options[4],
			options[5], NULL);
		_exit(127);
	}
	close(device);
	close(codebase);
	close(rules);
	close(ready[1]);
	close(lifeline[0]);
	close(EVENTS_FD);
	*ret_ready = ready[0];
	*ret_lifeline = lifeline[1];
	return pid;
}

static int run_command(char **command, const struct identity *identity, int lifeline)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		close(lifeline);
		become(identity);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("serve: command");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct identity identity;
	int ready, lifeline, code;
	int status = 0;
	int first = 5;
	char word[6];
	pid_t daemon;

	while (first < argc && strcmp(argv[first], "--") != 0)
		first++;
	if (first + 1 >= argc) {
		fputs("usage: serve WARDFS CODEBASE MOUNTPOINT UID:GID LEVEL:PATTERN... -- "
		      "COMMAND...\n",
			stderr);
		return 2;
	}
	while (fcntl(EVENTS_FD, F_GETFD) < 0)
		if (open("/dev/null", O_WRONLY) < 0)
			die("serve: /dev/null");
	identity = parse_identity(argv[4]);
	daemon = start_daemon(argv, &identity, write_rules(argv + 5, first - 5), &ready, &lifeline);
	if (fd_read_full(ready, word, sizeof(word)) != sizeof(word)) {
		fputs("serve: the daemon is not ready\n", stderr);
		return 2;
	}
	code = run_command(argv + first + 1, &identity, lifeline);
	close(lifeline);
	if (waitpid(daemon, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return BAD_DAEMON;
	return code;
}
