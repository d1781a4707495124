#include "runtime/bwrap/etc.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

/* Below /etc on the host; files are copied where everybody may read them. */
static const char *const copied[] = {"debian_version", "ethertypes", "gai.conf", "host.conf",
	"inputrc", "ld.so.cache", "ld.so.conf", "locale.alias", "locale.conf", "localtime",
	"lsb-release", "magic", "magic.mime", "mailcap", "manpath.config", "mime.types",
	"netconfig", "networks", "os-release", "papersize", "protocols", "redhat-release", "rpc",
	"services", "shells", "ssl/openssl.cnf", "timezone"};

/* With the host's network its resolver is needed, too. */
static const char *const copied_with_network[] = {"resolv.conf"};

/* Directories, as glob(7) patterns; those that everybody may list are bound. */
static const char *const bound[] = {"ImageMagick-*", "R", "alternatives", "ca-certificates",
	"crypto-policies", "dpkg", "emacs", "fonts", "ghc", "ghostscript", "groff", "java",
	"java-*", "ld.so.conf.d", "lua", "maven", "perl", "php", "pki/ca-trust", "pki/tls/certs",
	"python*", "sgml", "ssl/certs", "terminfo", "texmf", "vim", "xml"};

enum { COPY_MAX = 4 << 20 };

static int write_text(int dir_fd, const char *name, const char *data, size_t size)
{
	_cleanup_(fd_closep) int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0644) < 0)
		return -errno;
	return fd_write_all(fd, data, size);
}

static int make_directory(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return fchmodat(dir_fd, name, 0755, 0) < 0 ? -errno : 0;
}

/* Makes `path` and the directories above it. */
static int make_directories(int dir_fd, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int r;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		r = make_directory(dir_fd, part);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What is missing on the host, or not for everybody, is left out. */
static int copy_entry(int dir_fd, const char *name)
{
	_cleanup_(freep) char *data = NULL;
	_cleanup_(fd_closep) int fd = -1;
	char path[PATH_MAX];
	char target[PATH_MAX];
	struct stat stat;
	size_t size;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/etc/%s", name);
	r = make_directories(dir_fd, name);
	if (r < 0)
		return r;
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		if (strncmp(target, "/usr/", 5) == 0 || strncmp(target, "../usr/", 7) == 0)
			return symlinkat(target, dir_fd, name) < 0 ? -errno : 0;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || !(stat.st_mode & S_IROTH))
		return 0;
	r = fd_read_file(fd, COPY_MAX, &data, &size);
	return r < 0 ? 0 : write_text(dir_fd, name, data, size);
}

static int copy_entries(int dir_fd, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = copy_entry(dir_fd, names[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_accounts(int dir_fd, const struct identity *identity, const char *shell)
{
	_cleanup_(strbuf_release) struct strbuf passwd = STRBUF_INIT;
	_cleanup_(strbuf_release) struct strbuf group = STRBUF_INIT;
	int r;

	strbuf_add_string(&passwd, "root:x:0:0:root:/root:/usr/sbin/nologin\n");
	strbuf_add_string(&group, "root:x:0:\n");
	strbuf_addf(&passwd, "%s:x:%u:%u::/home/%s:%s\n", identity->name, (unsigned)identity->uid,
		(unsigned)identity->gid, identity->name, shell);
	if (identity->gid == NOBODY_ID)
		strbuf_add_string(&group, "nogroup:x:65534:\n");
	else
		strbuf_addf(&group, "%s:x:%u:\nnogroup:x:65534:\n", identity->name,
			(unsigned)identity->gid);
	if (identity->uid != NOBODY_ID)
		strbuf_add_string(
			&passwd, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
	if (passwd.failed || group.failed)
		return -ENOMEM;
	r = write_text(dir_fd, "passwd", passwd.data, passwd.size);
	return r < 0 ? r : write_text(dir_fd, "group", group.data, group.size);
}

static int make_fixed(int dir_fd)
{
	static const struct {
		const char *name;
		const char *text;
	} files[] = {
		{"hostname", "ward\n"},
		{"hosts", "127.0.0.1 localhost ward\n::1 localhost ip6-localhost ip6-loopback\n"},
		{"nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
				  "networks: files\nprotocols: files\nservices: files\nethers: "
				  "files\nrpc: files\n"},
		{"fstab", ""},
	};

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		int r = write_text(dir_fd, files[i].name, files[i].text, strlen(files[i].text));

		if (r < 0)
			return r;
	}
	return symlinkat("../proc/self/mounts", dir_fd, "mtab") < 0 ? -errno : 0;
}

/* Calls `visit` for each directory of the host's that is to be bound, relative to /etc. */
static int visit_bound(int (*visit)(void *data, const char *name), void *data)
{
	for (size_t i = 0; i < ELEMENTS(bound); i++) {
		char pattern[64];
		glob_t found;
		int r = 0;

		snprintf(pattern, sizeof(pattern), "/etc/%s", bound[i]);
		if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
			continue;
		for (size_t j = 0; r == 0 && j < found.gl_pathc; j++) {
			struct stat stat;

			if (lstat(found.gl_pathv[j], &stat) == 0 && S_ISDIR(stat.st_mode) &&
				(stat.st_mode & 05) == 05)
				r = visit(data, found.gl_pathv[j] + strlen("/etc/"));
		}
		globfree(&found);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_bind_target(void *data, const char *name)
{
	int dir_fd = *(int *)data;
	int r = make_directories(dir_fd, name);

	return r < 0 ? r : make_directory(dir_fd, name);
}

int etc_make(int etc_fd, const struct sandbox_plan *plan, struct ward_error *error)
{
	const char *shell = plan->spec->shell ? plan->spec->shell : "/bin/sh";
	int r;

	r = make_accounts(etc_fd, plan->identity, shell);
	if (r == 0)
		r = make_fixed(etc_fd);
	if (r == 0)
		r = copy_entries(etc_fd, copied, ELEMENTS(copied));
	if (r == 0 && plan->spec->network == NETWORK_HOST)
		r = copy_entries(etc_fd, copied_with_network, ELEMENTS(copied_with_network));
	if (r == 0)
		r = visit_bound(make_bind_target, &etc_fd);
	if (r < 0)
		return error_set_errno(error, r, "can't make the sandbox's /etc");
	return 0;
}

static int add_bind(void *data, const char *name)
{
	struct strbuf *arguments = data;

	strbuf_add(arguments, "--ro-bind", sizeof("--ro-bind"));
	for (int i = 0; i < 2; i++) {
		strbuf_addf(arguments, "/etc/%s", name);
		strbuf_add_char(arguments, '\0');
	}
	return 0;
}

void etc_add_binds(struct strbuf *arguments)
{
	visit_bound(add_bind, arguments);
}
