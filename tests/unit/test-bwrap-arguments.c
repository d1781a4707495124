#include "tests/unit/unit.h"

#include <string.h>

#include "runtime/bwrap/arguments.h"

enum { ARGUMENTS_MAX = 1024 };

/* How many values each option takes, as bwrap(1) has it. An option that is not here is a bug. */
static const struct {
	const char *option;
	size_t values;
} arity[] = {{"--unshare-user", 0}, {"--unshare-pid", 0}, {"--unshare-ipc", 0},
	{"--unshare-uts", 0}, {"--unshare-cgroup-try", 0}, {"--unshare-net", 0},
	{"--disable-userns", 0}, {"--die-with-parent", 0}, {"--as-pid-1", 0}, {"--clearenv", 0},
	{"--cap-drop", 1}, {"--hostname", 1}, {"--seccomp", 1}, {"--symlink", 2}, {"--ro-bind", 2},
	{"--bind", 2}, {"--proc", 1}, {"--dev", 1}, {"--size", 1}, {"--perms", 1}, {"--tmpfs", 1},
	{"--dir", 1}, {"--remount-ro", 1}, {"--chdir", 1}, {"--setenv", 2}};

struct parsed {
	struct strbuf buf;
	const char *argument[ARGUMENTS_MAX];
	size_t count;
};

static const struct identity identity = {.uid = 1000, .gid = 1000, .name = "ada"};

static int build(struct spec *spec, struct parsed *parsed, struct ward_error *error)
{
	const struct sandbox_plan plan = {.spec = spec,
		.identity = &identity,
		.view = "/stage/view",
		.init = "/stage/init",
		.ward = "/stage/ward",
		.etc = "/stage/etc"};
	const struct bwrap_fds fds = {.seccomp = 5};
	int r;

	*parsed = (struct parsed){.buf = STRBUF_INIT};
	r = bwrap_arguments(&plan, &fds, &parsed->buf, error);
	if (r < 0) {
		strbuf_release(&parsed->buf);
		return r;
	}
	for (const char *p = parsed->buf.data; p < parsed->buf.data + parsed->buf.size;
		p += strlen(p) + 1)
		parsed->argument[parsed->count++] = p;
	return 0;
}

static size_t values_of(const char *option)
{
	for (size_t i = 0; i < ELEMENTS(arity); i++)
		if (strcmp(arity[i].option, option) == 0)
			return arity[i].values;
	fail_msg("%s is no option", option);
	return 0;
}

/* The index of an option with these values (NULL: any), walking as bwrap does; -1 if there is none.
 */
static int find(const struct parsed *parsed, const char *option, const char *a, const char *b)
{
	for (size_t i = 0; i < parsed->count; i += 1 + values_of(parsed->argument[i]))
		if (strcmp(parsed->argument[i], option) == 0 &&
			(!a || strcmp(parsed->argument[i + 1], a) == 0) &&
			(!b || strcmp(parsed->argument[i + 2], b) == 0))
			return (int)i;
	return -1;
}

static void a_sandbox_has_what_it_needs(void **state)
{
	struct spec spec = {.mount_point = (char *)"/home/ada/project", .network = NETWORK_NONE};
	struct parsed parsed;
	int view, root;

	assert_int_equal(build(&spec, &parsed, NULL), 0);
	assert_true(find(&parsed, "--unshare-user", NULL, NULL) >= 0);
	assert_true(find(&parsed, "--unshare-pid", NULL, NULL) >= 0);
	assert_true(find(&parsed, "--unshare-net", NULL, NULL) >= 0);
	assert_true(find(&parsed, "--die-with-parent", NULL, NULL) >= 0);
	assert_true(find(&parsed, "--clearenv", NULL, NULL) >= 0);
	assert_true(find(&parsed, "--cap-drop", "ALL", NULL) >= 0);
	assert_true(find(&parsed, "--seccomp", "5", NULL) >= 0);
	assert_true(find(&parsed, "--ro-bind", "/usr", "/usr") >= 0);
	assert_true(find(&parsed, "--setenv", "HOME", "/home/ada") >= 0);
	assert_true(find(&parsed, "--chdir", "/home/ada/project", NULL) >= 0);
	view = find(&parsed, "--bind", "/stage/view", "/home/ada/project");
	root = find(&parsed, "--remount-ro", "/", NULL);
	assert_true(view > find(&parsed, "--tmpfs", "/home/ada", NULL));
	assert_true(root > view);
	strbuf_release(&parsed.buf);
}

/* The view alone is bound writable, and nothing of the host's but the system's programs. */
static void nothing_else_of_the_host_is_bound(void **state)
{
	static const char *const allowed[] = {
		"/usr", "/opt", "/lib", "/bin", "/sbin", "/etc/", "/proc/sys", "/stage/"};
	struct spec spec = {.mount_point = (char *)"/workspace", .network = NETWORK_NONE};
	struct parsed parsed;

	assert_int_equal(build(&spec, &parsed, NULL), 0);
	for (size_t i = 0; i < parsed.count; i += 1 + values_of(parsed.argument[i])) {
		bool is_allowed = false;

		if (strcmp(parsed.argument[i], "--bind") == 0)
			assert_string_equal(parsed.argument[i + 1], "/stage/view");
		if (strcmp(parsed.argument[i], "--ro-bind") != 0)
			continue;
		for (size_t j = 0; j < ELEMENTS(allowed); j++)
			is_allowed = is_allowed || strncmp(parsed.argument[i + 1], allowed[j],
							   strlen(allowed[j])) == 0;
		if (!is_allowed)
			fail_msg("%s is bound", parsed.argument[i + 1]);
	}
	strbuf_release(&parsed.buf);
}

static void names_stay_data(void **state)
{
	struct env_entry env[] = {{(char *)"--bind", (char *)"/"}, {(char *)"A", (char *)"--\n-x"}};
	struct spec spec = {.mount_point = (char *)"/--bind\n/ x",
		.shell = (char *)"--unshare-all",
		.network = NETWORK_NONE,
		.env = env,
		.env_count = 2};
	struct parsed parsed;

	assert_int_equal(build(&spec, &parsed, NULL), 0);
	assert_true(find(&parsed, "--bind", "/stage/view", "/--bind\n/ x") >= 0);
	assert_true(find(&parsed, "--setenv", "--bind", "/") >= 0);
	assert_true(find(&parsed, "--setenv", "A", "--\n-x") >= 0);
	assert_true(find(&parsed, "--setenv", "SHELL", "--unshare-all") >= 0);
	assert_int_equal(find(&parsed, "--bind", "/", NULL), -1);
	strbuf_release(&parsed.buf);
}

static void the_host_network_is_shared_only_when_asked(void **state)
{
	struct spec spec = {.mount_point = (char *)"/workspace", .network = NETWORK_HOST};
	struct parsed parsed;

	assert_int_equal(build(&spec, &parsed, NULL), 0);
	assert_int_equal(find(&parsed, "--unshare-net", NULL, NULL), -1);
	strbuf_release(&parsed.buf);
}

/* The value of --size before the --tmpfs at `path`. */
static unsigned long long size_of(const struct parsed *parsed, const char *path)
{
	int i = find(parsed, "--tmpfs", path, NULL);

	assert_true(i >= 4);
	assert_string_equal(parsed->argument[i - 4], "--size");
	return strtoull(parsed->argument[i - 3], NULL, 10);
}

static void file_systems_in_memory_stay_below_the_limit(void **state)
{
	static const char *const paths[] = {"/tmp", "/run", "/dev/shm", "/home/ada"};
	static const uint64_t limits[] = {8 << 20, 64 << 20, UINT64_C(1) << 30, UINT64_C(1) << 40};
	struct spec spec = {.mount_point = (char *)"/workspace", .network = NETWORK_NONE};
	struct parsed parsed;

	for (size_t i = 0; i < ELEMENTS(limits); i++) {
		unsigned long long sum = 0;

		spec.resources.memory_bytes = limits[i];
		assert_int_equal(build(&spec, &parsed, NULL), 0);
		for (size_t j = 0; j < ELEMENTS(paths); j++) {
			assert_true(size_of(&parsed, paths[j]) > 0);
			sum += size_of(&parsed, paths[j]);
		}
		assert_true(sum < limits[i]);
		strbuf_release(&parsed.buf);
	}
	spec.resources.memory_bytes = 0;
	assert_int_equal(build(&spec, &parsed, NULL), 0);
	assert_int_equal(size_of(&parsed, "/tmp"), 1 << 30);
	strbuf_release(&parsed.buf);
}

static void mount_points_are_judged(void **state)
{
	static const struct {
		const char *path;
		const char *home; /* NULL: refused */
	} table[] = {{"/workspace", "/home/ada"}, {"/home/ada/project", "/home/ada"},
		{"/home/other", "/home/ada"}, {"/home/ada", "/run/home"}, {"/home", "/run/home"},
		{"/home/ad", "/home/ada"}, {"/tmp/x", "/home/ada"}, {"/usr2", "/home/ada"},
		{"/root/x", "/home/ada"}, {"/", NULL}, {"/usr", NULL}, {"/usr/x", NULL},
		{"/etc", NULL}, {"/proc/x", NULL}, {"/dev", NULL}, {"/sys/x", NULL}, {"/tmp", NULL},
		{"/run", NULL}, {"/run/ward/x", NULL}, {"/lib64", NULL}, {"/bin/x", NULL},
		{"relative", NULL}, {"/a/../b", NULL}, {"/a/./b", NULL}, {"/a//b", NULL},
		{"/a/", NULL}, {"", NULL}, {"/..", NULL}};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct spec spec = {.mount_point = (char *)table[i].path, .network = NETWORK_NONE};
		struct ward_error error = {0};
		struct parsed parsed;
		int r = build(&spec, &parsed, &error);

		if (r != (table[i].home ? 0 : -EINVAL))
			fail_msg("%s: %d", table[i].path, r);
		if (r < 0) {
			assert_true(strlen(error.message) > 0);
			continue;
		}
		if (find(&parsed, "--setenv", "HOME", table[i].home) < 0)
			fail_msg("%s: the home is not %s", table[i].path, table[i].home);
		strbuf_release(&parsed.buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sandbox_has_what_it_needs),
		cmocka_unit_test(nothing_else_of_the_host_is_bound),
		cmocka_unit_test(names_stay_data),
		cmocka_unit_test(the_host_network_is_shared_only_when_asked),
		cmocka_unit_test(file_systems_in_memory_stay_below_the_limit),
		cmocka_unit_test(mount_points_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
