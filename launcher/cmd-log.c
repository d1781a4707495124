#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json-read.h"
#include "launcher/command.h"
#include "launcher/lasting.h"
#include "runtime/journal.h"

enum { PERIOD_MS = 100 };

struct follower {
	bool json;
	char *line; /* getline(3)'s */
	size_t capacity;
};

static void print_time(int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm local;
	char text[32];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("%s.%03d ", text, (int)(time_ms % 1000));
}

/* Paths and names come from inside: control characters are shown as '?'. */
static void print_text(const struct json_value *value)
{
	const char *text = json_string_of(value);

	for (; text && *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void print_denial(const struct json_value *event)
{
	const struct json_value *rule = json_member(event, "rule");
	int64_t left_out = json_integer_of(json_member(event, "left_out"), 0);

	fputs("denied ", stdout);
	print_text(json_member(event, "operation"));
	putchar(' ');
	print_text(json_member(event, "path"));
	fputs(": ", stdout);
	print_text(json_member(event, "errno"));
	fputs(", it is ", stdout);
	print_text(json_member(event, "level"));
	fputs(" and ", stdout);
	print_text(json_member(event, "required"));
	fputs(" was wanted", stdout);
	if (rule) {
		fputs(" (", stdout);
		print_text(json_member(rule, "file"));
		printf(":%" PRId64 ": ", json_integer_of(json_member(rule, "line"), 0));
		print_text(json_member(rule, "pattern"));
		putchar(')');
	}
	if (left_out > 0)
		printf(" and %" PRId64 " more", left_out);
}

static void print_line(const struct follower *follower, ssize_t size)
{
	_cleanup_(json_document_freep) struct json_value *event = NULL;
	const char *name;

	if (follower->json || json_parse(follower->line, (size_t)size, &event) < 0) {
		fwrite(follower->line, 1, (size_t)size, stdout);
		return;
	}
	name = json_string_of(json_member(event, "event"));
	print_time(json_integer_of(json_member(event, "time_ms"), 0));
	if (name && strcmp(name, "denied") == 0) {
		print_denial(event);
	} else {
		print_text(json_member(event, "event"));
		if (json_member(event, "reason")) {
			fputs(": ", stdout);
			print_text(json_member(event, "reason"));
		}
	}
	putchar('\n');
}

/* Takes the descriptor. Returns the file for more to come, or NULL. */
static FILE *print_file(struct follower *follower, int fd)
{
	FILE *file = fdopen(fd, "re");
	ssize_t n;

	if (!file) {
		fd_close(fd);
		return NULL;
	}
	while ((n = getline(&follower->line, &follower->capacity, file)) > 0)
		print_line(follower, n);
	fflush(stdout);
	return file;
}

/* A line is written at once, so what is not whole yet is the last line of a file that was replaced. */
static void print_more(struct follower *follower, FILE *file)
{
	ssize_t n;

	clearerr(file);
	while ((n = getline(&follower->line, &follower->capacity, file)) > 0)
		print_line(follower, n);
	fflush(stdout);
}

/* Until the sandbox is destroyed, or nobody reads any more. */
static void follow(struct follower *follower, int records, const char *id, FILE *file)
{
	int fd;

	while (!ferror(stdout)) {
		struct stat now, shown;

		print_more(follower, file);
		poll(NULL, 0, PERIOD_MS);
		if (journal_open(records, id, &fd) < 0)
			break;
		if (fstat(fd, &now) == 0 && fstat(fileno(file), &shown) == 0 &&
			now.st_ino == shown.st_ino) {
			fd_close(fd);
			continue;
		}
		print_more(follower, file);
		fclose(file);
		file = print_file(follower, fd);
		if (!file)
			return;
	}
	fclose(file);
}

int cmd_log(const struct arguments *arguments, struct ward_error *error)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int records = -1;
	struct follower follower = {.json = arguments_has(arguments, OPTION_JSON)};
	FILE *file = NULL;
	int fd;
	int r = runtime_get(arguments->operands[0], &record, error);

	if (r == 0)
		r = records_open(&records, error);
	if (r < 0)
		return r;
	if (journal_open_older(records, record.id, &fd) == 0) {
		file = print_file(&follower, fd);
		if (file)
			fclose(file);
	}
	file = journal_open(records, record.id, &fd) == 0 ? print_file(&follower, fd) : NULL;
	if (file && arguments_has(arguments, OPTION_FOLLOW))
		follow(&follower, records, record.id, file);
	else if (file)
		fclose(file);
	free(follower.line);
	return STATUS_OK;
}
