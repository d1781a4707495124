/*
 * Records: what is known of each sandbox that was created, on disk, one JSON file each.
 *
 * In $XDG_STATE_HOME/ward/sandboxes (by default ~/.local/state/ward/sandboxes; for root
 * /var/lib/ward/sandboxes), mode 0700: ID.json, the record; ID.log and ID.log.1, its log (see
 * runtime/journal.h); lock, held with flock(2) by whoever changes a record that others may change,
 * too. A record is replaced whole, by rename(2) after fsync(2): a reader sees the old one or the new
 * one. Text that is not UTF-8 is kept as json_add_bytes() does it.
 *
 * Not thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "common/error.h"
#include "common/json.h"
#include "policy/project.h"
#include "runtime/directory.h"

enum sandbox_state {
	SANDBOX_PENDING, /* created, never started */
	SANDBOX_RUNNING,
	SANDBOX_STOPPED,
	SANDBOX_ERROR, /* it could not start, or died: `reason` */
};

/* All strings are owned by it; NULL where there is none. Times are RFC 3339 in UTC. */
struct record {
	char *id; /* SANDBOX_ID_LENGTH hexadecimal digits */
	char *name;
	char *codebase;    /* absolute real path */
	char *codebase_id; /* the same for all sandboxes over one path */
	char *policy;      /* a preset or an absolute path; NULL: what the codebase has */
	char **options;    /* `ward create`'s others, as "--name=value", NULL-terminated */
	char *mount_point;
	char *runtime;
	char *network;
	char *docker_image;
	char *docker_user;
	struct resources resources;
	struct env_entry *labels;
	size_t label_count;
	enum sandbox_state state;
	char *reason;
	char *created_at;
	char *started_at;
	char *stopped_at;
	char *runtime_directory; /* where its socket is while it runs */
	char *boot_id;           /* of the boot in which it was started last */
	int64_t monitor_pid;     /* with its start: told from another of that pid */
	int64_t monitor_start;   /* proc(5), /proc/PID/stat, starttime */
};

void record_release(struct record *record);

/* Sets a string field to a copy. 0 or -ENOMEM. */
int record_set(char **field, const char *value);

/* As record_set(), with the time now; and that as text. */
enum { RECORD_TIME_SIZE = 40 };
int record_set_now(char **field);
void record_format_now(char text[static RECORD_TIME_SIZE]);

/* Adds a copy of `option` to `options`. 0 or -ENOMEM. */
int record_add_option(struct record *record, const char *option);

const char *sandbox_state_name(enum sandbox_state state);

/* Adds what people may see of a record as one JSON object: everything but the values of variables.
 */
void record_add_json(struct json_writer *writer, const char *key, const struct record *record);

/*
 * Opens the directory of records, and makes it first where that is missing. `*ret_fd` is the
 * caller's. -EPERM with a message where it is not the caller's own.
 */
int records_open(int *ret_fd, struct ward_error *error);

/* Waits for the right to change records that others may change. `*ret_lock` is a descriptor; closing
 * it gives the right back. */
int records_lock(int records, int *ret_lock);

/* Writes a record, atomically and durably. */
int record_write(int records, const struct record *record);

/* Reads one. -ENOENT, -EBADMSG where the file is no record. */
int record_read(int records, const char *id, struct record *ret_record);

/* Removes a record and its log. */
int record_remove(int records, const char *id);

/* All records, oldest first. Files that can't be read are passed over. Release with records_free().
 */
int records_list(int records, struct record **ret_list, size_t *ret_count);
void records_free(struct record *list, size_t count);
