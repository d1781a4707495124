#include "runtime/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json-read.h"

enum { RECORD_MAX = 16 << 20, RECORD_VERSION = 1 };

static const char *const state_names[] = {[SANDBOX_PENDING] = "pending",
	[SANDBOX_RUNNING] = "running",
	[SANDBOX_STOPPED] = "stopped",
	[SANDBOX_ERROR] = "error"};

const char *sandbox_state_name(enum sandbox_state state)
{
	return state_names[state];
}

/* The fields that are one string, in the order in which they are shown. */
static const struct text_field {
	const char *key;
	size_t offset;
} text_fields[] = {
	{"id", offsetof(struct record, id)},
	{"name", offsetof(struct record, name)},
	{"codebase_id", offsetof(struct record, codebase_id)},
	{"codebase", offsetof(struct record, codebase)},
	{"policy", offsetof(struct record, policy)},
	{"mount_point", offsetof(struct record, mount_point)},
	{"runtime", offsetof(struct record, runtime)},
	{"network", offsetof(struct record, network)},
	{"reason", offsetof(struct record, reason)},
	{"created_at", offsetof(struct record, created_at)},
	{"started_at", offsetof(struct record, started_at)},
	{"stopped_at", offsetof(struct record, stopped_at)},
	{"runtime_directory", offsetof(struct record, runtime_directory)},
	{"boot_id", offsetof(struct record, boot_id)},
};

static char **text_of(const struct record *record, const struct text_field *field)
{
	return (char **)((char *)record + field->offset);
}

static void free_entries(struct env_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(entries[i].name);
		free(entries[i].value);
	}
	free(entries);
}

void record_release(struct record *record)
{
	for (size_t i = 0; i < ELEMENTS(text_fields); i++)
		free(*text_of(record, &text_fields[i]));
	free(record->docker_image);
	free(record->docker_user);
	for (size_t i = 0; record->options && record->options[i]; i++)
		free(record->options[i]);
	free(record->options);
	free_entries(record->labels, record->label_count);
	*record = (struct record){0};
}

int record_set(char **field, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

void record_format_now(char text[static RECORD_TIME_SIZE])
{
	struct timespec now;
	struct tm utc;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(text, RECORD_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + used, RECORD_TIME_SIZE - used, ".%03ldZ", now.tv_nsec / 1000000);
}

int record_set_now(char **field)
{
	char text[RECORD_TIME_SIZE];

	record_format_now(text);
	return record_set(field, text);
}

int record_add_option(struct record *record, const char *option)
{
	size_t count = 0;
	char **grown;

	while (record->options && record->options[count])
		count++;
	grown = reallocarray(record->options, count + 2, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	record->options = grown;
	grown[count + 1] = NULL;
	grown[count] = strdup(option);
	return grown[count] ? 0 : -ENOMEM;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void add_text(struct json_writer *writer, const char *key, const char *value)
{
	if (value)
		json_add_bytes(writer, key, value, strlen(value));
	else
		json_add_string(writer, key, NULL);
}

/* The rules among the options, and the names of the variables: "--LEVEL=PATTERN", "--env=N=V". */
static void add_options(struct json_writer *writer, const struct record *record)
{
	static const char *const levels[] = {"none", "view", "read", "write"};

	json_begin_array(writer, "rules");
	for (size_t i = 0; record->options && record->options[i]; i++) {
		const char *name = record->options[i] + 2;
		size_t length = strcspn(name, "=");

		for (size_t j = 0; j < ELEMENTS(levels); j++) {
			if (strlen(levels[j]) != length || strncmp(name, levels[j], length) != 0)
				continue;
			json_begin_object(writer, NULL);
			add_text(writer, "pattern", name + length + 1);
			json_add_string(writer, "permission", levels[j]);
			json_end(writer);
		}
	}
	json_end(writer);
	json_begin_array(writer, "env");
	for (size_t i = 0; record->options && record->options[i]; i++) {
		const char *option = record->options[i];

		if (strncmp(option, "--env=", 6) == 0)
			json_add_bytes(writer, NULL, option + 6, strcspn(option + 6, "="));
	}
	json_end(writer);
}

static void add_resources(struct json_writer *writer, const struct resources *resources)
{
	json_begin_object(writer, "resources");
	json_add_integer(writer, "memory", (int64_t)resources->memory_bytes);
	json_add_integer(writer, "cpu_millis", resources->cpu_millis);
	json_add_integer(writer, "cpu_shares", resources->cpu_shares);
	json_add_integer(writer, "pids", resources->pids);
	json_end(writer);
}

static void add_members(struct json_writer *writer, const struct record *record)
{
	for (size_t i = 0; i < ELEMENTS(text_fields); i++)
		add_text(writer, text_fields[i].key, *text_of(record, &text_fields[i]));
	json_add_string(writer, "state", state_names[record->state]);
	add_resources(writer, &record->resources);
	json_begin_object(writer, "labels");
	for (size_t i = 0; i < record->label_count; i++)
		add_text(writer, record->labels[i].name, record->labels[i].value);
	json_end(writer);
	json_begin_object(writer, "docker");
	add_text(writer, "image", record->docker_image);
	add_text(writer, "user", record->docker_user);
	json_end(writer);
	json_add_integer(writer, "monitor_pid", record->monitor_pid);
	json_add_integer(writer, "monitor_start", record->monitor_start);
}

void record_add_json(struct json_writer *writer, const char *key, const struct record *record)
{
	json_begin_object(writer, key);
	add_members(writer, record);
	add_options(writer, record);
	json_end(writer);
}

static int format(const struct record *record, char **ret_text)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	int r = json_writer_new(&writer);

	if (r < 0)
		return r;
	json_begin_object(writer, NULL);
	json_add_integer(writer, "version", RECORD_VERSION);
	add_members(writer, record);
	json_begin_array(writer, "options");
	for (size_t i = 0; record->options && record->options[i]; i++)
		add_text(writer, NULL, record->options[i]);
	json_end(writer);
	json_end(writer);
	return json_format_line(writer, ret_text);
}

/* What is not renamed because its writer was killed is overwritten by the next one: who writes a
 * record holds the lock, or is its monitor. */
int record_write(int records, const struct record *record)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(fd_closep) int fd = -1;
	char name[64], temporary[64];
	int r = format(record, &text);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s.json", record->id);
	snprintf(temporary, sizeof(temporary), "%s.new-%d", record->id, (int)getpid());
	fd = openat(
		records, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(records, temporary, records, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(records, temporary, 0);
	else
		fsync(records);
	return r;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int read_text(const struct json_value *value, char **field)
{
	char *text = NULL;
	int r = json_bytes_of(value, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	free(*field);
	*field = text;
	return 0;
}

static int read_state(const struct json_value *value, enum sandbox_state *ret_state)
{
	const char *name = json_string_of(value);

	for (size_t i = 0; name && i < ELEMENTS(state_names); i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*ret_state = (enum sandbox_state)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int read_options(const struct json_value *array, struct record *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_count(array); i++) {
		_cleanup_(freep) char *option = NULL;

		r = read_text(json_element(array, i), &option);
		if (r == 0)
			r = option ? record_add_option(record, option) : -EBADMSG;
	}
	return r;
}

static void read_resources(const struct json_value *value, struct resources *resources)
{
	resources->memory_bytes = (uint64_t)json_integer_of(json_member(value, "memory"), 0);
	resources->cpu_millis = (uint32_t)json_integer_of(json_member(value, "cpu_millis"), 0);
	resources->cpu_shares = (uint32_t)json_integer_of(json_member(value, "cpu_shares"), 0);
	resources->pids = (uint32_t)json_integer_of(json_member(value, "pids"), 0);
}

static int read_labels(const struct json_value *labels, struct record *record)
{
	size_t count = json_count(labels);

	if (count == 0)
		return 0;
	record->labels = calloc(count, sizeof(*record->labels));
	if (!record->labels)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct env_entry *label = &record->labels[i];
		const char *key = json_key(labels, i);
		int r = record_set(&label->name, key);

		record->label_count++;
		if (r == 0)
			r = read_text(json_member(labels, key), &label->value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_members(const struct json_value *document, struct record *record)
{
	const struct json_value *docker = json_member(document, "docker");
	int r = 0;

	if (json_integer_of(json_member(document, "version"), 0) != RECORD_VERSION)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < ELEMENTS(text_fields); i++)
		r = read_text(json_member(document, text_fields[i].key),
			text_of(record, &text_fields[i]));
	if (r == 0)
		r = read_state(json_member(document, "state"), &record->state);
	if (r == 0)
		r = read_text(json_member(docker, "image"), &record->docker_image);
	if (r == 0)
		r = read_text(json_member(docker, "user"), &record->docker_user);
	if (r == 0)
		r = read_labels(json_member(document, "labels"), record);
	if (r == 0)
		r = read_options(json_member(document, "options"), record);
	if (r < 0)
		return r;
	read_resources(json_member(document, "resources"), &record->resources);
	record->monitor_pid = json_integer_of(json_member(document, "monitor_pid"), 0);
	record->monitor_start = json_integer_of(json_member(document, "monitor_start"), 0);
	return record->codebase && record->mount_point && record->created_at ? 0 : -EBADMSG;
}

int record_read(int records, const char *id, struct record *ret_record)
{
	_cleanup_(json_document_freep) struct json_value *document = NULL;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	char name[64];
	size_t size;
	int r;

	if (strlen(id) != SANDBOX_ID_LENGTH)
		return -ENOENT;
	snprintf(name, sizeof(name), "%s.json", id);
	fd = openat(records, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fd_read_file(fd, RECORD_MAX, &text, &size);
	if (r == 0)
		r = json_parse(text, size, &document);
	if (r == 0)
		r = read_members(document, &record);
	if (r == 0 && (!record.id || strcmp(record.id, id) != 0))
		r = -EBADMSG;
	if (r < 0)
		return r;
	*ret_record = record;
	record = (struct record){0};
	return 0;
}

/* --- The directory ---------------------------------------------------------------------------- */

static int base_path(char **ret_path)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int r;

	if (geteuid() == 0)
		r = asprintf(ret_path, "/var/lib/ward/sandboxes");
	else if (state && state[0] == '/')
		r = asprintf(ret_path, "%s/ward/sandboxes", state);
	else if (home && home[0] == '/')
		r = asprintf(ret_path, "%s/.local/state/ward/sandboxes", home);
	else
		return -ENOENT;
	return r < 0 ? -ENOMEM : 0;
}

static void make_parents(const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_(freep) char *parent = strndup(path, (size_t)(slash - path));

		if (parent)
			mkdir(parent, 0700);
	}
}

static int open_own(const char *path, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat stat;

	make_parents(path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_uid != geteuid())
		return -EPERM;
	if ((stat.st_mode & 077) != 0 && fchmod(fd, 0700) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int records_open(int *ret_fd, struct ward_error *error)
{
	_cleanup_(freep) char *path = NULL;
	int r = base_path(&path);

	if (r < 0) {
		error_set(error, r, "there is no directory for the records of sandboxes");
		return error_hint(error, "set HOME or XDG_STATE_HOME");
	}
	r = open_own(path, ret_fd);
	if (r < 0) {
		error_set_errno(error, r, "can't use %s for the records of sandboxes", path);
		return error_hint(error, "it must be a directory of your own");
	}
	return 0;
}

int records_lock(int records, int *ret_lock)
{
	_cleanup_(fd_closep) int fd = openat(
		records, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_lock = TAKE_FD(fd);
	return 0;
}

int record_remove(int records, const char *id)
{
	static const char *const suffixes[] = {".log", ".log.1"};
	char name[64];

	snprintf(name, sizeof(name), "%s.json", id);
	if (unlinkat(records, name, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ELEMENTS(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", id, suffixes[i]);
		unlinkat(records, name, 0);
	}
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct record *left = a, *right = b;
	int order = strcmp(left->created_at, right->created_at);

	return order ? order : strcmp(left->id, right->id);
}

static int add_record(struct record **list, size_t *count, struct record *record)
{
	struct record *grown = reallocarray(*list, *count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*count)++] = *record;
	*record = (struct record){0};
	return 0;
}

/* "ID.json" -> "ID". */
static bool take_id(const char *name, char id[static SANDBOX_ID_LENGTH + 1])
{
	if (strlen(name) != SANDBOX_ID_LENGTH + 5 || strcmp(name + SANDBOX_ID_LENGTH, ".json") != 0)
		return false;
	memcpy(id, name, SANDBOX_ID_LENGTH);
	id[SANDBOX_ID_LENGTH] = '\0';
	return true;
}

int records_list(int records, struct record **ret_list, size_t *ret_count)
{
	int fd = openat(records, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct record *list = NULL;
	struct dirent *entry;
	size_t count = 0;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		_cleanup_(record_release) struct record record = {0};
		char id[SANDBOX_ID_LENGTH + 1];

		if (take_id(entry->d_name, id) && record_read(records, id, &record) == 0)
			r = add_record(&list, &count, &record);
	}
	closedir(dir);
	if (r < 0) {
		records_free(list, count);
		return r;
	}
	if (count > 1)
		qsort(list, count, sizeof(*list), by_age);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

void records_free(struct record *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		record_release(&list[i]);
	free(list);
}
