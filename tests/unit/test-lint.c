#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/strbuf.h"
#include "launcher/lint.h"
#include "policy/project.h"

static char top[] = "/tmp/ward-test-XXXXXX";
static struct codebase codebase = CODEBASE_NONE;

static const char *const directories[] = {"src", "src/deep", ".git"};
static const char *const files[] = {"README.md", "src/main.c", "src/deep/a.key", ".git/index"};

/* An index, version 2, of README.md and src/deep/a.key. */
static void write_index(int fd)
{
	static const char *const tracked[] = {"README.md", "src/deep/a.key"};
	struct strbuf buf = STRBUF_INIT;

	strbuf_add(&buf, "DIRC\0\0\0\2\0\0\0\2", 12);
	for (size_t i = 0; i < ELEMENTS(tracked); i++) {
		size_t start = buf.size;

		for (int zero = 0; zero < 62; zero++)
			strbuf_add_char(&buf, '\0');
		strbuf_add(&buf, tracked[i], strlen(tracked[i]) + 1);
		while ((buf.size - start) % 8)
			strbuf_add_char(&buf, '\0');
	}
	for (int zero = 0; zero < 20; zero++)
		strbuf_add_char(&buf, '\0');
	assert_int_equal(write(fd, buf.data, buf.size), (ssize_t)buf.size);
	strbuf_release(&buf);
}

static int set_up(void **state)
{
	if (!mkdtemp(top) || codebase_open(top, &codebase, NULL) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(directories); i++)
		if (mkdirat(codebase.fd, directories[i], 0755) < 0)
			return -1;
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		int fd = openat(codebase.fd, files[i], O_CREAT | O_RDWR | O_CLOEXEC, 0644);

		if (strcmp(files[i], ".git/index") == 0)
			write_index(fd);
		close(fd);
	}
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < ELEMENTS(files); i++)
		unlinkat(codebase.fd, files[i], 0);
	for (size_t i = ELEMENTS(directories); i-- > 0;)
		unlinkat(codebase.fd, directories[i], AT_REMOVEDIR);
	codebase_release(&codebase);
	return rmdir(top);
}

/* "KIND:LINE[:PATH]" of each finding, one after the other. */
static char *lint(const char *rules)
{
	_cleanup_(project_freep) struct project *project = NULL;
	_cleanup_(policy_unrefp) struct policy *policy = NULL;
	struct strbuf text = STRBUF_INIT, result = STRBUF_INIT;
	struct ward_error error = {0};
	struct lint found = {0};

	strbuf_addf(&text, "version: 1\nrules:\n%s", rules);
	if (project_parse(text.data, text.size, "ward.yaml", TRUST_PROJECT, &project, &error) < 0)
		fail_msg("%u: %s", error.line, error.message);
	assert_int_equal(policy_compile(project->rules, &policy, &error), 0);
	assert_int_equal(lint_run(policy, project->rules, &codebase, 0, &found, &error), 0);
	for (size_t i = 0; i < found.count; i++) {
		const struct lint_finding *f = &found.findings[i];

		strbuf_addf(&result, "%s%s:%u", i ? " " : "", lint_kind_name(f->kind),
			f->rule ? f->rule->place.line : 0);
		if (f->path)
			strbuf_addf(&result, ":%s", f->path);
		assert_true(f->message[0] && f->hint[0]);
	}
	lint_release(&found);
	strbuf_release(&text);
	return strbuf_detach(&result);
}

static void mistakes_are_found_and_nothing_else(void **state)
{
	static const struct {
		const char *rules;
		const char *findings;
	} table[] = {
		{" - read: '**'\n", ""},
		{" - read: '**'\n - read: '/src/**'\n - {write: '/src/**', priority: 1}\n",
			"dead-rule:4"},
		{" - {none: '**/*.key', priority: 0}\n - {read: '/src/**', priority: 5}\n"
		 " - none: /.git/\n",
			"uncovered:4:src/.key"},
		{" - read: '**'\n - none: '*.md'\n - none: /.git/\n", "top-only:4"},
		{" - read: '**'\n - none: '/*.md'\n - none: /.git/\n", ""},
		{" - read: '**'\n - none: 'src'\n - none: /.git/\n", "top-only:4"},
		{" - read: '**'\n - read: 'README.md'\n", ""},
		{" - read: '**'\n - write: /nothing/\n", "no-match:4"},
		{" - read: '**'\n - none: '**/*.key'\n",
			"git-deleted:4:src/deep/a.key git-content:4:src/deep/a.key"},
		{" - read: '**'\n - view: '**/*.key'\n", "git-content:4:src/deep/a.key"},
		{" - read: '**'\n - view: '**/*.key'\n - none: /.git/objects/\n", "no-match:5"},
		{" - read: '**'\n - none: '**/*.key'\n - none: /.git/\n", ""},
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(freep) char *findings = lint(table[i].rules);

		if (strcmp(findings, table[i].findings) != 0)
			fail_msg("%zu: %s, not %s", i, findings, table[i].findings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_found_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
