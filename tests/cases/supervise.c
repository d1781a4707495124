/*
 * Runs one case and proves that it left nothing.
 *
 *     supervise [--timeout SECONDS] [--report FILE] [--own DIRECTORY] [--private DIRECTORY]
 *               [--empty DIRECTORY]... CMD...
 *
 * Every descendant of CMD stays a descendant of this process (PR_SET_CHILD_SUBREAPER), however it
 * daemonizes, so nothing escapes the time-out or the count of what is left, and other people's
 * processes are never mistaken for it. Started by root, CMD gets a mount namespace of its own,
 * whose mounts are shared as a usual host's are: what a child namespace wrongly propagates is seen
 * here and never reaches the host. There, fresh directories are mounted over --own and --private
 * DIRECTORY.
 *
 * Complaints are appended to FILE, one a line: a time-out, a process that crashed or whose
 * sanitizer ended it, processes and mounts left, --empty or --own directories that are not empty.
 * Exits as CMD did (128 + N for a signal, 124 timed out).
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

#define SANITIZER_EXIT 99 /* what tests/cases/run tells the sanitizers to exit with */
#define GRACE_SECONDS  5  /* for daemons that are on their way out */
#define EMPTY_MAX      8

struct supervision {
	FILE *report;
	const char *own;
	const char *private;
	const char *empty[EMPTY_MAX];
	size_t empty_count;
	double timeout;
	pid_t command;
	int command_status;
	bool command_ended;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One word of /proc/PID/NAME, NUL and newline as spaces. */
static void read_proc(pid_t pid, const char *name, char *ret_text, size_t size)
{
	char path[64];
	_cleanup_(fclosep) FILE *file = NULL;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	if (file)
		n = fread(ret_text, 1, size - 1, file);
	ret_text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (ret_text[i] == '\0' || ret_text[i] == '\n')
			ret_text[i] = ' ';
}

static bool is_crash(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return info->si_status == SANITIZER_EXIT;
	switch (info->si_status) {
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
		return true;
	default:
		return false;
	}
}

/* Reaps one child that has ended. False when none has. */
static bool reap_one(struct supervision *s)
{
	siginfo_t info = {0};
	char name[64];
	int status;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return false;
	read_proc(info.si_pid, "comm", name, sizeof(name));
	waitpid(info.si_pid, &status, 0);
	if (info.si_pid == s->command) {
		s->command_status = status;
		s->command_ended = true;
	}
	if (is_crash(&info))
		fprintf(s->report, "%s(%d) %s %d\n", name, info.si_pid,
			info.si_code == CLD_EXITED ? "was ended by its sanitizer, exit"
						   : "crashed with signal",
			info.si_status);
	return true;
}

/* Calls `visit` for each living child of this process; returns how many there are. */
static size_t each_child(struct supervision *s, void (*visit)(struct supervision *s, pid_t pid))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (proc && (entry = readdir(proc))) {
		char text[512];
		char *end;
		pid_t pid = (pid_t)strtol(entry->d_name, &end, 10);
		char state;
		int parent;

		if (*end != '\0')
			continue;
		read_proc(pid, "stat", text, sizeof(text));
		end = strrchr(text, ')'); /* the name before it may hold anything */
		if (!end || sscanf(end + 1, " %c %d", &state, &parent) != 2)
			continue;
		if (parent != getpid() || state == 'Z')
			continue;
		count++;
		if (visit)
			visit(s, pid);
	}
	if (proc)
		closedir(proc);
	return count;
}

static void report_child(struct supervision *s, pid_t pid)
{
	char line[400];

	read_proc(pid, "cmdline", line, sizeof(line));
	fprintf(s->report, "left a process: %d %s\n", pid, line);
}

static void kill_child(struct supervision *s, pid_t pid)
{
	kill(pid, SIGKILL);
}

/* The grandchildren of a killed child become children, so this goes on until none is left. */
static void kill_all(struct supervision *s)
{
	double deadline = now() + 10;

	while (now() < deadline) {
		while (reap_one(s))
			;
		if (each_child(s, kill_child) == 0)
			return;
		usleep(10000);
	}
	each_child(s, report_child);
}

/* False on a time-out or when told to stop. */
static bool wait_for_command(struct supervision *s, const sigset_t *signals)
{
	double deadline = now() + s->timeout;

	for (;;) {
		struct timespec left = {0};
		double seconds = deadline - now();
		int signal;

		while (reap_one(s))
			;
		if (s->command_ended)
			return true;
		if (seconds <= 0) {
			fprintf(s->report, "timed out after %.0f s\n", s->timeout);
			return false;
		}
		left.tv_sec = (time_t)seconds;
		left.tv_nsec = 50000000;
		signal = sigtimedwait(signals, NULL, &left);
		if (signal > 0 && signal != SIGCHLD) {
			fprintf(s->report, "stopped by signal %d\n", signal);
			return false;
		}
	}
}

/* Lets daemons end by themselves for a while, then names and kills what is still there. */
static void end_descendants(struct supervision *s, bool command_ended)
{
	double deadline = now() + GRACE_SECONDS;

	while (command_ended && now() < deadline) {
		while (reap_one(s))
			;
		if (each_child(s, NULL) == 0)
			return;
		usleep(20000);
	}
	if (command_ended)
		each_child(s, report_child);
	kill_all(s);
}

static void report_entries(struct supervision *s, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fprintf(s->report, "left %s/%s\n", path, entry->d_name);
	if (directory)
		closedir(directory);
}

/* The mount points of this namespace, a line each; the ids in front differ from run to run. */
static char *mount_points(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	char *all = calloc(1, 1);
	char line[8192];
	char path[4096];

	while (file && fgets(line, sizeof(line), file)) {
		char *longer = NULL;

		if (sscanf(line, "%*d %*d %*s %*s %4095s", path) != 1 ||
			asprintf(&longer, "%s%s\n", all, path) < 0)
			continue;
		free(all);
		all = longer;
	}
	return all;
}

/* Complains of each line of `after` that `before` has not. */
static void report_mounts(struct supervision *s, const char *before, char *after)
{
	char *line;

	while ((line = strsep(&after, "\n"))) {
		_cleanup_(freep) char *whole = NULL;

		if (*line == '\0' || asprintf(&whole, "%s\n", line) < 0)
			continue;
		if (!strstr(before, whole))
			fprintf(s->report, "left a mount: %s\n", line);
	}
}

static void own_namespace(struct supervision *s)
{
	if (unshare(CLONE_NEWNS) < 0)
		return; /* root of a container: the cases that need more will say so */
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount("none", "/", NULL, MS_REC | MS_SHARED, NULL);
	if (s->own) {
		mkdir(s->own, 0700);
		if (mount("tmpfs", s->own, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700") == 0)
			s->empty[s->empty_count++] = s->own;
	}
	if (s->private) {
		mkdir(s->private, 0700);
		mount("tmpfs", s->private, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700");
	}
}

static pid_t start(char **argv)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static int usage(void)
{
	fprintf(stderr, "usage: supervise [--timeout SECONDS] [--report FILE] [--own DIRECTORY] "
			"[--private DIRECTORY] [--empty DIRECTORY]... CMD...\n");
	return 125;
}

static bool parse(struct supervision *s, int argc, char **argv)
{
	static const struct option options[] = {
		{"timeout", required_argument, NULL, 't'},
		{"report", required_argument, NULL, 'r'},
		{"own", required_argument, NULL, 'o'},
		{"private", required_argument, NULL, 'p'},
		{"empty", required_argument, NULL, 'e'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 't')
			s->timeout = strtod(optarg, NULL);
		else if (c == 'r')
			s->report = fopen(optarg, "ae");
		else if (c == 'o')
			s->own = optarg;
		else if (c == 'p')
			s->private = optarg;
		else if (c == 'e' && s->empty_count < EMPTY_MAX - 1)
			s->empty[s->empty_count++] = optarg;
		else
			return false;
	}
	return s->report && s->timeout > 0 && optind < argc;
}

int main(int argc, char **argv)
{
	struct supervision s = {.report = stderr, .timeout = 60};
	_cleanup_(freep) char *before = NULL;
	_cleanup_(freep) char *after = NULL;
	sigset_t signals;
	bool ended;

	if (!parse(&s, argc, argv))
		return usage();
	setvbuf(s.report, NULL, _IOLBF, 0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	own_namespace(&s);
	before = mount_points();
	s.command = start(argv + optind);
	if (s.command < 0)
		return 125;
	ended = wait_for_command(&s, &signals);
	end_descendants(&s, ended);
	after = mount_points();
	report_mounts(&s, before, after);
	for (size_t i = 0; i < s.empty_count; i++)
		report_entries(&s, s.empty[i]);
	if (!ended)
		return 124;
	return WIFEXITED(s.command_status) ? WEXITSTATUS(s.command_status)
					   : 128 + WTERMSIG(s.command_status);
}
