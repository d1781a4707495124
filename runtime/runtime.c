#include "runtime/runtime.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/boot.h"
#include "runtime/journal.h"

enum { NAME_LENGTH_MAX = 63, RELEASE_PATIENCE_MS = 10000, RELEASE_PERIOD_MS = 5 };

const char *runtime_name(const struct project *project)
{
	return project->runtime == RUNTIME_DOCKER ? "docker" : "bwrap";
}

static int copy_labels(struct record *record, const struct project *project)
{
	struct env_entry *labels = calloc(project->label_count + 1, sizeof(*labels));
	int r = labels ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < project->label_count; i++) {
		r = record_set(&labels[i].name, project->labels[i].name);
		if (r == 0)
			r = record_set(&labels[i].value, project->labels[i].value);
	}
	for (size_t i = 0; i < record->label_count; i++) {
		free(record->labels[i].name);
		free(record->labels[i].value);
	}
	free(record->labels);
	record->labels = labels;
	record->label_count = labels ? project->label_count : 0;
	return r;
}

int record_describe(struct record *record, const struct project *project)
{
	static const char *const networks[] = {[NETWORK_UNSET] = "none",
		[NETWORK_NONE] = "none",
		[NETWORK_HOST] = "host",
		[NETWORK_BRIDGE] = "bridge"};
	int r = record_set(&record->mount_point,
		project->mount_point ? project->mount_point : PROJECT_MOUNT_POINT);

	if (r == 0)
		r = record_set(&record->runtime, runtime_name(project));
	if (r == 0)
		r = record_set(&record->network, networks[project->network]);
	if (r == 0)
		r = record_set(&record->docker_image, project->docker.image);
	if (r == 0)
		r = record_set(&record->docker_user, project->docker.user);
	record->resources = project->resources;
	return r == 0 ? copy_labels(record, project) : r;
}

/* --- What is true ----------------------------------------------------------------------------- */

static bool runs(const struct record *record)
{
	return record->runtime_directory &&
	       runtime_directory_is_held(record->runtime_directory, record->id);
}

/* True where the monitor itself is there, though its runtime directory can't be seen from here: another
 * mount namespace may share the records and not the directory. */
static bool monitor_lives(const struct record *record)
{
	_cleanup_(freep) char *boot_id = NULL;

	return record->monitor_pid > 0 && record->monitor_start > 0 && record->boot_id &&
	       boot_id_read(&boot_id) == 0 && strcmp(boot_id, record->boot_id) == 0 &&
	       process_start_time((pid_t)record->monitor_pid) == record->monitor_start;
}

static int record_death(int records, struct record *record)
{
	_cleanup_(freep) char *boot_id = NULL;
	bool restarted = boot_id_read(&boot_id) == 0 && record->boot_id &&
			 strcmp(boot_id, record->boot_id) != 0;
	int r = record_set(&record->reason,
		restarted ? "the machine was restarted" : "ward-monitor was killed");

	record->state = restarted ? SANDBOX_STOPPED : SANDBOX_ERROR;
	if (r == 0)
		r = record_set_now(&record->stopped_at);
	if (r == 0)
		r = record_write(records, record);
	if (r == 0)
		journal_event(
			records, record->id, restarted ? "stopped" : "failed", record->reason);
	return r;
}

/* A monitor writes its record before it gives up its lock: what still says "running" after the lock
 * was seen free was left by one that was killed. */
static int refresh(int records, struct record *record)
{
	_cleanup_(record_release) struct record now = {0};
	_cleanup_(fd_closep) int lock = -1;
	int r;

	if (record->state != SANDBOX_RUNNING || runs(record) || monitor_lives(record))
		return 0;
	r = records_lock(records, &lock);
	if (r == 0)
		r = record_read(records, record->id, &now);
	if (r < 0)
		return r;
	if (now.state == SANDBOX_RUNNING && !runs(&now))
		record_death(records, &now);
	record_release(record);
	*record = now;
	now = (struct record){0};
	return 0;
}

int runtime_list(struct record **ret_list, size_t *ret_count, struct ward_error *error)
{
	_cleanup_(fd_closep) int records = -1;
	struct record *list = NULL;
	size_t count = 0, kept = 0;
	int r = records_open(&records, error);

	if (r < 0)
		return r;
	r = records_list(records, &list, &count);
	if (r < 0)
		return error_set_errno(error, r, "can't read the records of sandboxes");
	for (size_t i = 0; i < count; i++) {
		if (refresh(records, &list[i]) == -ENOENT) {
			record_release(&list[i]);
			continue;
		}
		list[kept++] = list[i];
	}
	*ret_list = list;
	*ret_count = kept;
	return 0;
}

/* The index of the record that `word` means, or a negative errno. */
static ssize_t find(const struct record *list, size_t count, const char *word)
{
	ssize_t found = -ENOENT;

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].id, word) == 0)
			return (ssize_t)i;
	for (size_t i = 0; i < count; i++)
		if (list[i].name && strcmp(list[i].name, word) == 0)
			return (ssize_t)i;
	for (size_t i = 0; word[0] && i < count; i++)
		if (strncmp(list[i].id, word, strlen(word)) == 0)
			found = found == -ENOENT ? (ssize_t)i : -ENOTUNIQ;
	return found;
}

int runtime_get(const char *word, struct record *ret_record, struct ward_error *error)
{
	struct record *list = NULL;
	size_t count = 0;
	ssize_t found;
	int r = runtime_list(&list, &count, error);

	if (r < 0)
		return r;
	found = find(list, count, word);
	if (found >= 0) {
		*ret_record = list[found];
		list[found] = (struct record){0};
	}
	records_free(list, count);
	if (found == -ENOTUNIQ) {
		error_set(
			error, -ENOTUNIQ, "several sandboxes have an id that begins with %s", word);
		return error_hint(error, "say more of it");
	}
	if (found < 0) {
		error_set(error, -ENOENT, "there is no sandbox %s", word);
		return error_hint(error, "see ward ps --all");
	}
	return 0;
}

/* --- Create and destroy ----------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(name);

	return length > 0 && length <= NAME_LENGTH_MAX && strspn(name, letters) == length &&
	       !strchr("_.-", name[0]);
}

static int check_name(int records, const char *name, struct ward_error *error)
{
	struct record *list = NULL;
	size_t count = 0;
	bool taken = false;
	int r;

	if (!name)
		return 0;
	if (!is_name(name)) {
		error_set(error, -EINVAL, "%s is no name for a sandbox", name);
		return error_hint(error,
			"use at most %d letters, digits, dots, dashes and underscores, a letter or "
			"digit first",
			NAME_LENGTH_MAX);
	}
	r = records_list(records, &list, &count);
	if (r < 0)
		return error_set_errno(error, r, "can't read the records of sandboxes");
	for (size_t i = 0; i < count; i++)
		taken = taken || (list[i].name && strcmp(list[i].name, name) == 0);
	records_free(list, count);
	if (!taken)
		return 0;
	error_set(error, -EEXIST, "there is a sandbox %s already", name);
	return error_hint(error, "choose another name, or ward destroy %s first", name);
}

/* FNV-1a, 64 bits, of the path. */
static int identify_codebase(struct record *record)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[17];

	for (const char *p = record->codebase; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	return record_set(&record->codebase_id, text);
}

int runtime_create(struct record *record, struct ward_error *error)
{
	_cleanup_(fd_closep) int records = -1;
	_cleanup_(fd_closep) int lock = -1;
	char id[SANDBOX_ID_LENGTH + 1];
	int r = records_open(&records, error);

	if (r < 0)
		return r;
	r = records_lock(records, &lock);
	if (r < 0)
		return error_set_errno(error, r, "can't lock the records of sandboxes");
	r = check_name(records, record->name, error);
	if (r < 0)
		return r;
	record->state = SANDBOX_PENDING;
	r = sandbox_id_make(id);
	if (r == 0)
		r = record_set(&record->id, id);
	if (r == 0)
		r = identify_codebase(record);
	if (r == 0)
		r = record_set_now(&record->created_at);
	if (r == 0)
		r = record_write(records, record);
	if (r < 0)
		return error_set_errno(error, r, "can't put the sandbox on record");
	journal_event(records, id, "created", NULL);
	return 0;
}

static int refuse_running(const struct record *record, const char *hint, struct ward_error *error)
{
	error_set(error, -EBUSY, "the sandbox %s runs", record->name ? record->name : record->id);
	return error_hint(error, "%s", hint);
}

int runtime_destroy(const char *id, bool force, struct ward_error *error)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int records = -1;
	_cleanup_(fd_closep) int lock = -1;
	int r = force ? runtime_stop(id, 0, error) : 0;

	if (r == 0)
		r = records_open(&records, error);
	if (r < 0)
		return r;
	r = runtime_get(id, &record, error);
	if (r < 0)
		return r;
	if (record.state == SANDBOX_RUNNING)
		return refuse_running(&record, "ward stop it first, or say --force", error);
	r = records_lock(records, &lock);
	if (r == 0)
		r = record_remove(records, record.id);
	return r < 0 ? error_set_errno(error, r, "can't remove the record of %s", id) : 0;
}

/* --- Start ------------------------------------------------------------------------------------ */

static int set_error(int records, const char *id, const char *reason)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int lock = -1;
	int r = records_lock(records, &lock);

	if (r == 0)
		r = record_read(records, id, &record);
	if (r < 0 || (record.state == SANDBOX_RUNNING && runs(&record)))
		return r;
	record.state = SANDBOX_ERROR;
	r = record_set(&record.reason, reason);
	if (r == 0)
		r = record_set_now(&record.stopped_at);
	if (r == 0)
		r = record_write(records, &record);
	if (r == 0)
		journal_event(records, id, "failed", reason);
	return r;
}

void runtime_fail(const char *id, const struct ward_error *why)
{
	_cleanup_(fd_closep) int records = -1;
	_cleanup_(freep) char *reason = NULL;

	if (records_open(&records, NULL) < 0)
		return;
	if (why->file[0] && asprintf(&reason, "%s:%u:%u: %s", why->file, why->line, why->column,
				    why->message) < 0)
		reason = NULL;
	set_error(records, id, reason ? reason : why->message);
}

/* What the project says may have changed since the sandbox was created. */
static int describe_again(
	int records, const char *id, const struct project *project, struct ward_error *error)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int lock = -1;
	int r = records_lock(records, &lock);

	if (r == 0)
		r = record_read(records, id, &record);
	if (r == 0 && record.state == SANDBOX_RUNNING && runs(&record))
		return refuse_running(&record, "there is nothing to start", error);
	if (r == 0)
		r = record_describe(&record, project);
	if (r == 0)
		r = record_write(records, &record);
	return r < 0 ? error_set_errno(error, r, "can't change the record of %s", id) : 0;
}

int runtime_start(const char *id, const struct sandbox_spec *spec, struct ward_error *error)
{
	_cleanup_(fd_closep) int records = -1;
	struct ward_error why = {0};
	int r = records_open(&records, error);

	if (r == 0)
		r = describe_again(records, id, spec->project, error);
	if (r < 0)
		return r;
	r = sandbox_launch(spec, records, id, &why);
	if (r < 0 && r != -EBUSY)
		set_error(records, id, why.message);
	if (r < 0 && error)
		*error = why;
	return r;
}

/* --- Enter and stop --------------------------------------------------------------------------- */

int runtime_open(
	const struct record *record, struct sandbox **ret_sandbox, struct ward_error *error)
{
	int r = -ENOTCONN;

	if (record->state == SANDBOX_RUNNING)
		r = sandbox_connect(record->runtime_directory, record->id, ret_sandbox, error);
	if (r == -ENOTCONN) {
		error_set(error, r, "the sandbox %s does not run",
			record->name ? record->name : record->id);
		error_hint(error, "ward start %s", record->name ? record->name : record->id);
	}
	return r;
}

/* The monitor gives up its lock last of all. */
static int wait_until_released(const struct record *record, struct ward_error *error)
{
	for (int waited = 0; runs(record); waited += RELEASE_PERIOD_MS) {
		if (waited >= RELEASE_PATIENCE_MS)
			return error_set(
				error, -ETIMEDOUT, "ward-monitor of %s does not end", record->id);
		poll(NULL, 0, RELEASE_PERIOD_MS);
	}
	return 0;
}

int runtime_stop(const char *id, uint32_t grace_ms, struct ward_error *error)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(sandbox_stopp) struct sandbox *sandbox = NULL;
	int r = runtime_get(id, &record, error);

	if (r < 0 || record.state != SANDBOX_RUNNING)
		return r;
	r = sandbox_connect(record.runtime_directory, record.id, &sandbox, error);
	if (r == 0)
		r = sandbox_halt(sandbox, grace_ms, error);
	if (r < 0 && r != -ENOTCONN)
		return r;
	return wait_until_released(&record, error);
}
