/* The programs that Ward runs. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/backend.h"
#include "runtime/bwrap/bwrap.h"
#include "runtime/doctor/finding.h"
#include "runtime/spawn.h"

enum { RUN_TIMEOUT_MS = 10000 };

/* Fixed places, as wherever Ward runs something. */
static const char *find_program(const char *const *places)
{
	while (*places && access(*places, X_OK) < 0)
		places++;
	return *places;
}

/*
 * Runs it, as nobody where `as_nobody`, for at most ten seconds. Returns its wait status, or a
 * negative errno; the first line of its output, both streams, goes to `line`.
 */
static int run(const char *const *argv, bool as_nobody, char *line, size_t size)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	struct process process = PROCESS_NONE;
	int status = -1;
	int output[2];
	ssize_t n;
	int r;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	{
		const struct spawn spawn = {.path = argv[0],
			.argv = argv,
			.env = env,
			.fds = {-1, output[1], output[1]},
			.fd_count = 3,
			.change_user = as_nobody,
			.uid = NOBODY_ID,
			.gid = NOBODY_ID,
			.no_new_privs = as_nobody};

		r = spawn_process(&spawn, &process, NULL);
	}
	fd_close(output[1]);
	if (r == 0) {
		r = process_wait(&process, RUN_TIMEOUT_MS, &status);
		if (r < 0) {
			process_kill(&process, SIGKILL);
			process_wait(&process, -1, NULL);
		}
	}
	n = r < 0 ? r : read(output[0], line, size - 1);
	fd_close(output[0]);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return r < 0 ? r : status;
}

void examine_bwrap(struct finding *finding)
{
	const char *argv[] = {bwrap_find(), "--version", NULL};
	struct ward_error error = {0};
	char version[128] = "";

	if (backend_bwrap.check(&error) < 0) {
		finding_set_error(finding, FINDING_BAD, &error);
		return;
	}
	run(argv, false, version, sizeof(version));
	finding_set(finding, FINDING_GOOD, "%s at %s", version, argv[0]);
}

void examine_bwrap_run(struct finding *finding)
{
	const char *argv[] = {bwrap_find(), "--unshare-user", "--unshare-pid", "--unshare-net",
		"--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--ro-bind", "/", "/",
		"--proc", "/proc", "--dev", "/dev", "true", NULL};
	struct ward_error error = {0};
	char line[256] = "";
	int r;

	if (!argv[0]) {
		finding_set(finding, FINDING_BAD, "bubblewrap (bwrap) is not there to be tried");
		finding_mend(finding, "apt install bubblewrap");
		return;
	}
	r = run(argv, geteuid() == 0, line, sizeof(line));
	if (r == 0) {
		finding_set(finding, FINDING_GOOD, "bwrap runs a command in namespaces");
		return;
	}
	backend_bwrap.explain(line, &error);
	finding_set_error(finding, FINDING_BAD, &error);
	if (!finding->mend[0])
		finding_mend(finding, "see that user namespaces are allowed and /proc is not "
				      "masked, as it is in many containers");
}

static const char *const fusermount_places[] = {
	"/usr/bin/fusermount3", "/bin/fusermount3", "/usr/local/bin/fusermount3", NULL};

void examine_fusermount(struct finding *finding)
{
	const char *path = find_program(fusermount_places);
	struct stat stat_buf;

	if (!path) {
		finding_set(finding, FINDING_OPTIONAL,
			"fusermount3 is not installed: `ward mount` is root's alone");
		finding_mend(finding, "apt install fuse3");
	} else if (stat(path, &stat_buf) < 0 || !(stat_buf.st_mode & S_ISUID)) {
		finding_set(finding, FINDING_OPTIONAL,
			"%s is not set-user-ID: `ward mount` is root's alone", path);
		finding_mend(finding, "sudo chmod u+s %s", path);
	} else {
		finding_set(finding, FINDING_GOOD, "%s, for `ward mount`", path);
	}
}

/* A line of its own, without anything else: mount.fuse3(8). */
static bool is_allowed(const char *text)
{
	static const char word[] = "user_allow_other";

	while (*text) {
		size_t line = strcspn(text, "\n");
		size_t blank = strspn(text, " \t");

		if (strncmp(text + blank, word, strlen(word)) == 0 &&
			strspn(text + blank + strlen(word), " \t\r") + blank + strlen(word) >= line)
			return true;
		text += line + (text[line] == '\n');
	}
	return false;
}

void examine_allow_other(struct finding *finding)
{
	_cleanup_(fd_closep) int fd = open("/etc/fuse.conf", O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t size;

	if (geteuid() == 0 ||
		(fd >= 0 && fd_read_file(fd, 1 << 20, &text, &size) == 0 && is_allowed(text))) {
		finding_set(finding, FINDING_GOOD, "`ward mount --allow-other` is allowed");
		return;
	}
	finding_set(finding, FINDING_OPTIONAL, "`ward mount --allow-other` is root's alone");
	finding_mend(finding, "add the line user_allow_other to /etc/fuse.conf");
}

void examine_docker(struct finding *finding)
{
	static const char *const places[] = {"/usr/bin/docker", "/usr/local/bin/docker",
		"/usr/bin/podman", "/usr/local/bin/podman", NULL};
	const char *argv[] = {find_program(places), "version", NULL};
	char line[256] = "";

	if (!argv[0]) {
		finding_set(finding, FINDING_OPTIONAL, "no docker and no podman");
		finding_mend(finding, "apt install docker.io, or podman");
	} else if (run(argv, false, line, sizeof(line)) != 0) {
		finding_set(finding, FINDING_OPTIONAL, "%s does not reach its daemon", argv[0]);
		finding_mend(finding,
			"sudo systemctl start docker; or add yourself to its group: sudo usermod "
			"-aG docker \"$USER\"");
	} else {
		finding_set(finding, FINDING_GOOD, "%s reaches its daemon", argv[0]);
	}
}
