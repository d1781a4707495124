#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/journal.h"
#include "runtime/record.h"

/* The place is chosen by uid and environment: an ordinary user with a directory of the test's own. */
static char parent[] = "/tmp/ward-test-XXXXXX";

static int set_up(void **state)
{
	if (!mkdtemp(parent))
		return -1;
	if (geteuid() == 0 &&
		(chown(parent, 65533, 65533) < 0 || setegid(65533) < 0 || seteuid(65533) < 0))
		return -1;
	return setenv("XDG_STATE_HOME", parent, 1);
}

static int tear_down(void **state)
{
	static const char *const left[] = {"ward/sandboxes/lock", "ward/sandboxes", "ward"};
	int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ELEMENTS(left); i++)
		unlinkat(fd, left[i], i > 0 ? AT_REMOVEDIR : 0);
	close(fd);
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return -1;
	return rmdir(parent);
}

static void fill(struct record *record, const char *id, const char *created)
{
	*record = (struct record){.state = SANDBOX_STOPPED,
		.resources = {1 << 30, 1500, 512, 99},
		.monitor_pid = 4711,
		.monitor_start = INT64_C(1) << 40};
	assert_int_equal(record_set(&record->id, id), 0);
	assert_int_equal(record_set(&record->name, "work"), 0);
	assert_int_equal(record_set(&record->codebase, "/srv/caf\xe9/\xf4\x8f\xbe\x80 x"), 0);
	assert_int_equal(record_set(&record->mount_point, "/workspace"), 0);
	assert_int_equal(record_set(&record->created_at, created), 0);
	assert_int_equal(record_set(&record->reason, "line\nanother"), 0);
	assert_int_equal(record_add_option(record, "--write=**/*.\xff"), 0);
	assert_int_equal(record_add_option(record, "--env=KEY=secret=value"), 0);
	record->labels = calloc(1, sizeof(*record->labels));
	record->label_count = 1;
	assert_int_equal(record_set(&record->labels[0].name, "team"), 0);
	assert_int_equal(record_set(&record->labels[0].value, "payments"), 0);
}

static void a_record_comes_back_as_it_was(void **state)
{
	_cleanup_(record_release) struct record record = {0}, got = {0};
	_cleanup_(fd_closep) int records = -1;
	struct stat stat;

	assert_int_equal(records_open(&records, NULL), 0);
	fill(&record, "0123456789ab", "2026-01-02T03:04:05.678Z");
	assert_int_equal(record_write(records, &record), 0);
	assert_int_equal(fstatat(records, "0123456789ab.json", &stat, 0), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	assert_int_equal(record_read(records, "0123456789ab", &got), 0);
	assert_string_equal(got.id, record.id);
	assert_string_equal(got.name, record.name);
	assert_string_equal(got.codebase, record.codebase);
	assert_string_equal(got.created_at, record.created_at);
	assert_string_equal(got.reason, record.reason);
	assert_null(got.policy);
	assert_null(got.stopped_at);
	assert_int_equal(got.state, SANDBOX_STOPPED);
	assert_memory_equal(&got.resources, &record.resources, sizeof(got.resources));
	assert_int_equal(got.monitor_pid, 4711);
	assert_int_equal(got.monitor_start, INT64_C(1) << 40);
	assert_string_equal(got.options[0], record.options[0]);
	assert_string_equal(got.options[1], record.options[1]);
	assert_null(got.options[2]);
	assert_int_equal(got.label_count, 1);
	assert_string_equal(got.labels[0].name, "team");
	assert_string_equal(got.labels[0].value, "payments");
	assert_int_equal(record_remove(records, "0123456789ab"), 0);
	assert_int_equal(record_read(records, "0123456789ab", &record), -ENOENT);
}

static void values_of_variables_are_not_shown(void **state)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(freep) char *line = NULL;

	fill(&record, "0123456789ab", "2026-01-02T03:04:05.678Z");
	assert_int_equal(json_writer_new(&writer), 0);
	record_add_json(writer, NULL, &record);
	assert_int_equal(json_format_line(writer, &line), 0);
	assert_non_null(strstr(line, "\"env\":[\"KEY\"]"));
	assert_null(strstr(line, "secret"));
	assert_non_null(strstr(line, "\"permission\":\"write\""));
}

static void what_is_no_record_is_passed_over(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = {
		{"aaaaaaaaaaaa.json", "{"},
		{"bbbbbbbbbbbb.json", "{\"version\": 1, \"id\": \"aaaaaaaaaaaa\"}"},
		{"cccccccccccc.json", "{\"version\": 9}"},
		{"0123.json", "{}"},
		{"notes", "x"},
	};
	_cleanup_(fd_closep) int records = -1;
	struct record record = {0};
	struct record *list = NULL;
	size_t count = 0;

	assert_int_equal(records_open(&records, NULL), 0);
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		int fd = openat(records, bad[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_int_equal(fd_write_all(fd, bad[i].text, strlen(bad[i].text)), 0);
		close(fd);
	}
	fill(&record, "222222222222", "2026-01-02T03:04:05.000Z");
	assert_int_equal(record_write(records, &record), 0);
	record_release(&record);
	fill(&record, "111111111111", "2026-01-02T03:04:05.001Z");
	assert_int_equal(record_write(records, &record), 0);
	record_release(&record);
	assert_int_equal(records_list(records, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].id, "222222222222");
	assert_string_equal(list[1].id, "111111111111");
	for (size_t i = 0; i < count; i++)
		assert_int_equal(record_remove(records, list[i].id), 0);
	records_free(list, count);
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_int_equal(unlinkat(records, bad[i].name, 0), 0);
	assert_int_equal(record_read(records, "../../etc/passwd", &record), -ENOENT);
}

static off_t size_of(int records, const char *name)
{
	struct stat stat;

	return fstatat(records, name, &stat, 0) == 0 ? stat.st_size : -1;
}

static void a_log_is_bounded(void **state)
{
	_cleanup_(fd_closep) int records = -1;
	char line[1000];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(records_open(&records, NULL), 0);
	for (int i = 0; i < 3 * JOURNAL_SIZE / (int)sizeof(line); i++)
		assert_int_equal(journal_append(records, "0123456789ab", line, sizeof(line)), 0);
	journal_event(records, "0123456789ab", "stopped", "by \"somebody\"");
	assert_in_range(size_of(records, "0123456789ab.log"), 1, JOURNAL_SIZE);
	assert_in_range(size_of(records, "0123456789ab.log.1"), JOURNAL_SIZE / 2, JOURNAL_SIZE);
	unlinkat(records, "0123456789ab.log", 0);
	unlinkat(records, "0123456789ab.log.1", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_as_it_was),
		cmocka_unit_test(values_of_variables_are_not_shown),
		cmocka_unit_test(what_is_no_record_is_passed_over),
		cmocka_unit_test(a_log_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
