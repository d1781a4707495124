#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/events.h"

struct fixture {
	struct policy *policy;
	struct events *events;
	int read_fd;
	int write_fd;
};

static void setup(struct fixture *f)
{
	_cleanup_(rule_set_freep) struct rule_set *rules = NULL;
	struct rule all = {.pattern = "**", .permission = LEVEL_WRITE};
	struct rule hidden = {.pattern = "**/h",
		.permission = LEVEL_NONE,
		.place = {.file = "policy \"x\"", .line = 7}};
	int pipe_fds[2];

	assert_int_equal(rule_set_new(&rules), 0);
	assert_int_equal(rule_set_add(rules, &all, NULL), 0);
	assert_int_equal(rule_set_add(rules, &hidden, NULL), 0);
	assert_int_equal(policy_compile(rules, &f->policy, NULL), 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	f->read_fd = pipe_fds[0];
	f->write_fd = pipe_fds[1];
	assert_int_equal(events_new(f->write_fd, f->policy, &f->events), 0);
	assert_int_equal(fd_set_nonblock(f->read_fd, 1), 0);
}

static void teardown(struct fixture *f)
{
	events_free(f->events);
	policy_unref(f->policy);
	fd_close(f->read_fd);
	fd_close(f->write_fd);
}

static void deny(struct fixture *f, const char *name)
{
	struct place place = PLACE_INIT;
	struct denial denial = {.pid = 42,
		.operation = "lookup",
		.place = &place,
		.required = LEVEL_VIEW,
		.error = ENOENT};

	strbuf_add_string(&place.directory, "a/b");
	snprintf(place.name, sizeof(place.name), "%s", name);
	place.verdict.level = LEVEL_NONE;
	errno = ENOTTY;
	events_deny(f->events, &denial);
	assert_int_equal(errno, ENOTTY);
	place_release(&place);
}

/* All that is in the pipe, as a string. */
static const char *read_lines(struct fixture *f)
{
	static char text[1 << 18];
	ssize_t n = read(f->read_fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	while ((text = strchr(text, '\n'))) {
		count++;
		text++;
	}
	return count;
}

static void tells_what_and_why(void **state)
{
	static const char *const parts[] = {"{\"event\":\"denied\",", "\"pid\":42,",
		"\"operation\":\"lookup\",", "\"path\":\"a/b/h\",", "\"level\":\"none\",",
		"\"required\":\"view\",", "\"errno\":\"ENOENT\"", "\"pattern\":\"**/h\"",
		"\"file\":\"policy \\\"x\\\"\"", "\"line\":7"};
	struct fixture f;
	const char *text;

	setup(&f);
	deny(&f, "h");
	text = read_lines(&f);
	assert_int_equal(count_lines(text), 1);
	for (size_t i = 0; i < ELEMENTS(parts); i++)
		if (!strstr(text, parts[i]))
			fail_msg("%s is not in %s", parts[i], text);
	assert_null(strstr(text, "left_out"));
	teardown(&f);
}

static void odd_names_are_one_line(void **state)
{
	static const char *const names[] = {
		"new\nline", "quote\"", "back\\slash", "\xff\xfe", "\x01"};
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		deny(&f, names[i]);
		assert_int_equal(count_lines(read_lines(&f)), 1);
	}
	teardown(&f);
}

static void counts_what_is_left_out(void **state)
{
	struct fixture f;
	unsigned lines = 0;
	const char *text;
	char *end;

	setup(&f);
	for (unsigned i = 0; i < 10 * EVENTS_BURST; i++) {
		deny(&f, "h");
		lines += count_lines(read_lines(&f));
	}
	assert_in_range(lines, EVENTS_BURST, EVENTS_BURST + EVENTS_PER_SECOND * 5);
	usleep(1500 * 1000 / EVENTS_PER_SECOND);
	deny(&f, "h");
	text = strstr(read_lines(&f), "\"left_out\":");
	assert_non_null(text);
	/* Those in between that the refilled bucket let through told their own. */
	assert_in_range(
		strtoul(text + strlen("\"left_out\":"), &end, 10), 1, 10 * EVENTS_BURST - lines);
	teardown(&f);
}

/* Without a reader, and with a pipe that is full. */
static void never_blocks(void **state)
{
	struct fixture f;
	char filler[4096] = {0};

	setup(&f);
	while (write(f.write_fd, filler, sizeof(filler)) > 0)
		;
	deny(&f, "h");
	deny(&f, "h");
	while (read(f.read_fd, filler, sizeof(filler)) > 0)
		;
	deny(&f, "h");
	assert_non_null(strstr(read_lines(&f), "\"left_out\":2"));
	signal(SIGPIPE, SIG_IGN);
	f.read_fd = fd_close(f.read_fd);
	deny(&f, "h");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_and_why),
		cmocka_unit_test(odd_names_are_one_line),
		cmocka_unit_test(counts_what_is_left_out),
		cmocka_unit_test(never_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
