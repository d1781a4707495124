#include "runtime/limits/place.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/fd.h"

enum { FILE_MAX = 16 << 20 };

const char *controller_name(enum controller controller)
{
	static const char *const names[] = {[CONTROLLER_MEMORY] = "memory",
		[CONTROLLER_CPU] = "cpu",
		[CONTROLLER_PIDS] = "pids"};

	return names[controller];
}

/* True where `word` is one of the comma-separated words at `list`, `length` bytes. */
static bool has_word(const char *list, size_t length, const char *word)
{
	size_t wanted = strlen(word);

	for (size_t i = 0; i < length;) {
		size_t end = i;

		while (end < length && list[end] != ',')
			end++;
		if (end - i == wanted && memcmp(list + i, word, wanted) == 0)
			return true;
		i = end + 1;
	}
	return false;
}

/* cgroups(7): lines "ID:CONTROLLERS:PATH"; those of version 2 have ID 0 and no controllers. Returns
 * a copy of the path of the hierarchy with `controller` (NULL: of version 2), or NULL. */
static char *own_path(const char *text, const char *controller)
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		const char *list = memchr(text, ':', line);
		const char *path = list ? memchr(list + 1, ':', line - (size_t)(list + 1 - text))
					: NULL;

		if (path) {
			size_t length = (size_t)(path - list - 1);
			bool found = controller ? has_word(list + 1, length, controller)
						: length == 0;

			if (found)
				return strndup(path + 1, line - (size_t)(path + 1 - text));
		}
		text += line + (text[line] == '\n');
	}
	return NULL;
}

/* proc(5): blanks and the like are written as three octal digits behind a backslash. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 +
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* What of a line of mountinfo is needed; points into the line. */
struct mount_line {
	char *root;
	char *mount_point;
	char *type;
	char *options; /* of the file system itself */
};

/* "ID PARENT DEVICE ROOT MOUNT-POINT OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS" */
static bool split_line(char *line, struct mount_line *ret_line)
{
	char *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += strlen(" - ");
	ret_line->type = strsep(&rest, " ");
	strsep(&rest, " ");
	ret_line->options = strsep(&rest, " ");
	for (int i = 0; i < 3; i++)
		strsep(&line, " ");
	ret_line->root = strsep(&line, " ");
	ret_line->mount_point = strsep(&line, " ");
	return ret_line->options && ret_line->mount_point;
}

/* The group at `own` in a hierarchy whose part from `root` on is mounted; where the own group is
 * outside of that part, as in a container that sees the host's names, what is mounted is its own. */
static int join(const char *mount_point, const char *root, const char *own, char **ret_path)
{
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(own, root, length) != 0 || (own[length] && own[length] != '/') ||
		strncmp(own, "/..", 3) == 0)
		own = "";
	else
		own += length;
	if (strcmp(own, "/") == 0)
		own = "";
	return asprintf(ret_path, "%s%s", mount_point, own) < 0 ? -ENOMEM : 0;
}

static int find_mount(
	const char *mountinfo, const char *controller, const char *own, struct cgroup_place *place)
{
	_cleanup_(freep) char *copy = strdup(mountinfo);
	char *rest = copy;
	int r = copy ? 0 : -ENOMEM;
	char *line;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		struct mount_line mount = {0};

		if (!split_line(line, &mount) ||
			strcmp(mount.type, controller ? "cgroup" : "cgroup2") != 0 ||
			(controller && !has_word(mount.options, strlen(mount.options), controller)))
			continue;
		unescape(mount.root);
		unescape(mount.mount_point);
		place->mount = strdup(mount.mount_point);
		r = place->mount ? join(mount.mount_point, mount.root, own, &place->path) : -ENOMEM;
		place->version = controller ? 1 : 2;
		return r;
	}
	return r;
}

static int find_place(const char *cgroup, const char *mountinfo, enum controller controller,
	struct cgroup_place *place)
{
	const char *name = controller_name(controller);
	_cleanup_(freep) char *own = own_path(cgroup, name);

	if (own)
		return find_mount(mountinfo, name, own, place);
	own = own_path(cgroup, NULL);
	return own ? find_mount(mountinfo, NULL, own, place) : 0;
}

int cgroup_places_parse(const char *cgroup, const char *mountinfo, struct cgroup_places *ret_places)
{
	_cleanup_(cgroup_places_release) struct cgroup_places places = {0};

	for (int i = 0; i < CONTROLLER_COUNT; i++) {
		int r = find_place(cgroup, mountinfo, (enum controller)i, &places.of[i]);

		if (r < 0)
			return r;
	}
	*ret_places = places;
	places = (struct cgroup_places){0};
	return 0;
}

static int read_text(const char *path, char **ret_text)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size;

	return fd < 0 ? -errno : fd_read_file(fd, FILE_MAX, ret_text, &size);
}

int cgroup_places_find(struct cgroup_places *ret_places)
{
	_cleanup_(freep) char *cgroup = NULL;
	_cleanup_(freep) char *mountinfo = NULL;
	int r = read_text("/proc/self/cgroup", &cgroup);

	/* A kernel without control groups has no such file. */
	if (r == -ENOENT) {
		*ret_places = (struct cgroup_places){0};
		return 0;
	}
	if (r == 0)
		r = read_text("/proc/self/mountinfo", &mountinfo);
	return r < 0 ? r : cgroup_places_parse(cgroup, mountinfo, ret_places);
}

void cgroup_places_release(struct cgroup_places *places)
{
	for (int i = 0; i < CONTROLLER_COUNT; i++) {
		free(places->of[i].mount);
		free(places->of[i].path);
	}
	*places = (struct cgroup_places){0};
}
