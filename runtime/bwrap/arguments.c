#include "runtime/bwrap/arguments.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/bwrap/etc.h"

/*
 * The file systems in memory. What is written there counts as the sandbox's memory; under a memory
 * limit each gets a part of it, 1 << shift to one, all together less than the whole: a full one is
 * an ENOSPC, and never all that the limit leaves.
 */
struct memory_fs {
	uint64_t size; /* at most; bytes */
	unsigned shift;
};

static const struct memory_fs fs_tmp = {1 << 30, 1}, fs_home = {1 << 30, 2}, fs_run = {64 << 20, 4},
			      fs_shm = {512 << 20, 3};

#define SANDBOX_PATH                                                                               \
	"/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/games:/usr/"      \
	"games:"                                                                                   \
	"/run/ward"

/* The system's programs, from the host, read-only. Links among them are reproduced. */
static const char *const system_directories[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/libexec", "/opt"};

/* Where a view can't be mounted: the directory itself and all below it. */
static const char *const reserved[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
	"/libx32", "/libexec", "/opt", "/etc", "/proc", "/sys", "/dev", "/run/ward"};

/* Where it can't be mounted itself, only below. */
static const char *const needed[] = {"/", "/tmp", "/run", "/var", "/var/tmp", "/var/run"};

static void add(struct strbuf *arguments, const char *argument)
{
	strbuf_add(arguments, argument, strlen(argument) + 1);
}

static void add2(struct strbuf *arguments, const char *option, const char *value)
{
	add(arguments, option);
	add(arguments, value);
}

static void add3(struct strbuf *arguments, const char *option, const char *a, const char *b)
{
	add2(arguments, option, a);
	add(arguments, b);
}

static void add_fd(struct strbuf *arguments, const char *option, int fd)
{
	add(arguments, option);
	strbuf_addf(arguments, "%d", fd);
	strbuf_add_char(arguments, '\0');
}

static void add_tmpfs(struct strbuf *arguments, const struct spec *spec, struct memory_fs fs,
	const char *mode, const char *path)
{
	uint64_t part = spec->resources.memory_bytes >> fs.shift;

	add(arguments, "--size");
	strbuf_addf(arguments, "%" PRIu64 "%c", part && part < fs.size ? part : fs.size, 0);
	add2(arguments, "--perms", mode);
	add2(arguments, "--tmpfs", path);
}

static bool is_at_or_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

static bool has_odd_components(const char *path)
{
	if (path[0] != '/')
		return true;
	for (const char *p = path; p; p = strchr(p + 1, '/')) {
		size_t length = strcspn(p + 1, "/");

		if (length == 0 && p[1])
			return true;
		if ((length == 1 && p[1] == '.') || (length == 2 && p[1] == '.' && p[2] == '.'))
			return true;
	}
	return path[1] && path[strlen(path) - 1] == '/';
}

static int check_mount_point(const char *path, struct ward_error *error)
{
	bool refused = false;

	if (has_odd_components(path))
		return error_set(error, -EINVAL,
			"the mount point %s is not an absolute, normalised path", path);
	for (size_t i = 0; i < ELEMENTS(reserved); i++)
		refused = refused || is_at_or_below(path, reserved[i]);
	for (size_t i = 0; i < ELEMENTS(needed); i++)
		refused = refused || strcmp(path, needed[i]) == 0;
	if (!refused)
		return 0;
	error_set(error, -EINVAL, "the mount point %s is a place that the sandbox itself needs",
		path);
	return error_hint(error, "choose another, such as /workspace");
}

static void add_namespaces(struct strbuf *arguments, const struct spec *spec)
{
	static const char *const options[] = {"--unshare-user", "--unshare-pid", "--unshare-ipc",
		"--unshare-uts", "--unshare-cgroup-try", "--disable-userns", "--die-with-parent",
		"--as-pid-1", "--clearenv"};

	for (size_t i = 0; i < ELEMENTS(options); i++)
		add(arguments, options[i]);
	if (spec->network != NETWORK_HOST)
		add(arguments, "--unshare-net");
	add2(arguments, "--cap-drop", "ALL");
	add2(arguments, "--hostname", "ward");
}

/* A link that stays among the system's directories is made again; all else is bound. */
static void add_system(struct strbuf *arguments)
{
	for (size_t i = 0; i < ELEMENTS(system_directories); i++) {
		const char *path = system_directories[i];
		char target[PATH_MAX];
		struct stat stat;
		ssize_t n;

		if (lstat(path, &stat) < 0)
			continue;
		n = S_ISLNK(stat.st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;
		target[n > 0 ? n : 0] = '\0';
		if (strncmp(target, "usr/", 4) == 0 || strncmp(target, "/usr/", 5) == 0)
			add3(arguments, "--symlink", target, path);
		else
			add3(arguments, "--ro-bind", path, path);
	}
}

/* The home is outside the view, also where the mount point is what it would be. */
static void choose_home(const struct sandbox_plan *plan, char *home, size_t size)
{
	snprintf(home, size, "/home/%s", plan->identity->name);
	if (is_at_or_below(home, plan->spec->mount_point))
		snprintf(home, size, "/run/home");
}

static void add_writable(struct strbuf *arguments, const struct spec *spec, const char *home)
{
	add2(arguments, "--dir", "/home");
	add2(arguments, "--dir", "/var");
	add_tmpfs(arguments, spec, fs_tmp, "1777", "/tmp");
	add_tmpfs(arguments, spec, fs_run, "0755", "/run");
	add_tmpfs(arguments, spec, fs_home, "0700", home);
	add3(arguments, "--symlink", "../tmp", "/var/tmp");
	add3(arguments, "--symlink", "../run", "/var/run");
}

/* The settings of its own IPC and PID namespaces would be the sandbox's to write: with
 * --disable-userns its user counts as the owner of those. Bound from the host, a mount that can be
 * made read-only; each reader sees the settings of its own namespaces there. */
static void add_devices(struct strbuf *arguments, const struct spec *spec)
{
	add2(arguments, "--proc", "/proc");
	add3(arguments, "--ro-bind", "/proc/sys", "/proc/sys");
	add2(arguments, "--dev", "/dev");
	add_tmpfs(arguments, spec, fs_shm, "1777", "/dev/shm");
}

static void add_environment(
	struct strbuf *arguments, const struct sandbox_plan *plan, const char *home)
{
	const struct spec *spec = plan->spec;
	const struct env_entry base[] = {
		{(char *)"PATH", (char *)SANDBOX_PATH},
		{(char *)"HOME", (char *)home},
		{(char *)"USER", (char *)plan->identity->name},
		{(char *)"LOGNAME", (char *)plan->identity->name},
		{(char *)"SHELL", spec->shell ? spec->shell : (char *)"/bin/sh"},
		{(char *)"TERM", (char *)"dumb"},
		{(char *)"LANG", (char *)"C.UTF-8"},
	};

	for (size_t i = 0; i < ELEMENTS(base); i++)
		add3(arguments, "--setenv", base[i].name, base[i].value);
	for (size_t i = 0; i < spec->env_count; i++)
		add3(arguments, "--setenv", spec->env[i].name, spec->env[i].value);
}

int bwrap_arguments(const struct sandbox_plan *plan, const struct bwrap_fds *fds,
	struct strbuf *arguments, struct ward_error *error)
{
	char home[64];
	int r = check_mount_point(plan->spec->mount_point, error);

	if (r < 0)
		return r;
	choose_home(plan, home, sizeof(home));
	add_namespaces(arguments, plan->spec);
	add_fd(arguments, "--seccomp", fds->seccomp);
	add_system(arguments);
	add3(arguments, "--ro-bind", plan->etc, "/etc");
	etc_add_binds(arguments);
	add_devices(arguments, plan->spec);
	add_writable(arguments, plan->spec, home);
	add3(arguments, "--ro-bind", plan->init, SANDBOX_INIT);
	add3(arguments, "--ro-bind", plan->ward, SANDBOX_WARD);
	add3(arguments, "--bind", plan->view, plan->spec->mount_point);
	add2(arguments, "--remount-ro", "/dev");
	add2(arguments, "--remount-ro", "/");
	add2(arguments, "--chdir", plan->spec->mount_point);
	add_environment(arguments, plan, home);
	if (arguments->failed)
		return error_set_errno(error, arguments->failed, "no memory");
	return 0;
}
