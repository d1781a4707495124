/*
 * wardfs: serves one view of one codebase. See wardfs(8).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/log.h"
#include "fs/isolate.h"
#include "fs/loop.h"
#include "fs/mount.h"
#include "fs/ops.h"
#include "fs/options.h"
#include "policy/project.h"

#ifdef WARD_SANITIZED
/* A session keeps the copy of its mount point until it unmounts itself, which ours never does. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:fuse_session_mount\n";
}
#endif

/* Everything that a view is made of, from whichever source. */
struct setup {
	struct mount_places places;
	struct rule_set *rules;
	struct policy *policy;
	struct owner_map owners;
	struct isolation isolation;
};

static void setup_release(struct setup *setup)
{
	mount_places_release(&setup->places);
	setup->rules = rule_set_free(setup->rules);
	setup->policy = policy_unref(setup->policy);
}

/* --- The policy ---------------------------------------------------------------------------------- */

static int load_project(const struct options *options, const char *codebase,
	struct project **ret_project, struct ward_error *error)
{
	_cleanup_(freep) char *found = NULL;

	if (options->policy)
		return project_load(options->policy, TRUST_USER, ret_project, error);
	if (asprintf(&found, "%s/%s", codebase, PROJECT_POLICY_FILE) < 0)
		return error_set_errno(error, -ENOMEM, "cannot find the policy");
	if (access(found, F_OK) == 0)
		return project_load(found, TRUST_PROJECT, ret_project, error);
	return project_load_preset("agent-safe", ret_project, error);
}

static int load_rules(const struct options *options, struct setup *setup, struct ward_error *error)
{
	_cleanup_(project_freep) struct project *project = NULL;
	int r;

	r = load_project(options, setup->places.codebase, &project, error);
	if (r < 0)
		return r;
	r = rule_set_append(project->rules, options->rules, error);
	if (r < 0)
		return r;
	r = project_protect(project, setup->places.codebase);
	if (r < 0)
		return error_set_errno(error, r, "cannot protect the policy files");
	setup->rules = TAKE_PTR(project->rules);
	return 0;
}

/* --- Who we are ---------------------------------------------------------------------------------- */

static int read_ranges(const char *path, struct id_ranges *ret_ranges)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = fd_read_file(fd, 64 * 1024, &text, &size);
	return r < 0 ? r : id_ranges_parse(text, ret_ranges);
}

static int find_owners(
	const struct options *options, struct owner_map *owners, struct ward_error *error)
{
	int r;

	r = read_ranges("/proc/self/uid_map", &owners->uids);
	if (r == 0)
		r = read_ranges("/proc/self/gid_map", &owners->gids);
	if (r < 0)
		return error_set_errno(error, r, "cannot read /proc/self/uid_map and gid_map");
	owners->own_uid = options->run_as.given ? options->run_as.uid : geteuid();
	owners->own_gid = options->run_as.given ? options->run_as.gid : getegid();
	owners->shown_uid = options->show_as.given ? options->show_as.uid : owners->own_uid;
	owners->shown_gid = options->show_as.given ? options->show_as.gid : owners->own_gid;
	return 0;
}

/* --- Serving ------------------------------------------------------------------------------------- */

_printf_(2, 0) static void log_fuse(
	enum fuse_log_level level, const char *format, va_list arguments)
{
	char message[512];

	vsnprintf(message, sizeof(message), format, arguments);
	message[strcspn(message, "\n")] = '\0';
	log_message(level <= FUSE_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "%s", message);
}

/* Each open file of the view takes a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("cannot raise the limit of open files: %s", strerror(errno));
}

/* Where the mounting happens: a path, or "/dev/fd/N" for a device on which it happened already. */
static int serve(const struct setup *setup, struct view *view, struct fuse_args *arguments,
	const char *mount_point, int lifeline_fd, struct ward_error *error)
{
	struct fuse_lowlevel_ops ops = ops_table(view);
	struct fuse_session *session = fuse_session_new(arguments, &ops, sizeof(ops), view);
	int r;

	if (!session)
		return error_set(error, -EINVAL, "libfuse takes no session");
	view->session = session;
	raise_descriptor_limit();
	r = mount_session(session, mount_point, error);
	if (r == 0)
		r = isolate(&setup->isolation, error);
	if (r == 0) {
		r = loop_run(session, lifeline_fd);
		if (r < 0)
			error_set_errno(error, r, "cannot serve");
	}
	/* Unmounting is not ours any more; the kernel ends the connection with the descriptor. */
	fuse_session_destroy(session);
	return r;
}

static int compile(struct setup *setup, struct ward_error *error)
{
	return policy_compile(setup->rules, &setup->policy, error);
}

static int make_view(const struct setup *setup, const struct options *options, int root_fd,
	int ready_fd, struct view **ret_view, struct ward_error *error)
{
	struct view_options view_options = {.policy = setup->policy,
		.rules = setup->rules,
		.root_fd = root_fd,
		.owners = &setup->owners,
		.xattr = options->xattr,
		.as_caller = setup->isolation.serve_many,
		.events_fd = options->events_fd,
		.ready_fd = ready_fd};
	int r = view_new(&view_options, ret_view);

	if (r == -EOPNOTSUPP)
		return error_set(error, r, "the codebase folds case, so its names can't be judged");
	return r < 0 ? error_set_errno(error, r, "cannot make the view") : 0;
}

static int serve_monitor(const struct options *options, struct ward_error *error)
{
	_cleanup_(setup_release) struct setup setup = {.places.codebase_fd = -1};
	_cleanup_(view_freep) struct view *view = NULL;
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
	char device[32];
	int r;

	r = rule_set_read(options->rules_fd, &setup.rules, error);
	if (r == 0)
		r = compile(&setup, error);
	if (r == 0)
		r = find_owners(options, &setup.owners, error);
	if (r < 0)
		return r;
	setup.owners.single_user = true;
	setup.isolation = (struct isolation){.change_ids = options->run_as.given,
		.run_uid = options->run_as.uid,
		.run_gid = options->run_as.gid,
		.die_with_parent = true};
	r = make_view(&setup, options, options->codebase_fd, options->ready_fd, &view, error);
	if (r < 0)
		return r;
	fd_close(options->codebase_fd);
	fd_close(options->rules_fd);
	snprintf(device, sizeof(device), "/dev/fd/%d", options->fuse_fd);
	if (fuse_opt_add_arg(&arguments, "wardfs") < 0)
		return error_set_errno(error, -ENOMEM, "cannot make a session");
	r = serve(&setup, view, &arguments, device, options->lifeline_fd, error);
	fuse_opt_free_args(&arguments);
	return r;
}

static int serve_mount(
	const struct options *options, struct setup *setup, int ready_fd, struct ward_error *error)
{
	_cleanup_(view_freep) struct view *view = NULL;
	struct fuse_args arguments;
	int r;

	r = mount_arguments(options->allow_other, &arguments);
	if (r < 0)
		return error_set_errno(error, r, "cannot make a session");
	r = make_view(setup, options, setup->places.codebase_fd, ready_fd, &view, error);
	if (r == 0)
		r = serve(setup, view, &arguments, setup->places.mount_point, -1, error);
	fuse_opt_free_args(&arguments);
	return r;
}

/* --- By itself ----------------------------------------------------------------------------------- */

static int prepare_mount(
	const struct options *options, struct setup *setup, struct ward_error *error)
{
	bool root = geteuid() == 0;
	int r;

	r = mount_check(options->codebase, options->mount_point, &setup->places, error);
	if (r == 0)
		r = load_rules(options, setup, error);
	if (r == 0)
		r = compile(setup, error);
	if (r == 0)
		r = find_owners(options, &setup->owners, error);
	setup->owners.single_user = !root && !options->allow_other;
	setup->isolation.serve_many = root;
	return r;
}

static int fail(const struct ward_error *error)
{
	error_print(error, "wardfs");
	return EXIT_WARD_FAILED;
}

/* Waits until the child in the background serves or gives up; it prints its own errors. */
static int wait_for_child(int ready_fd)
{
	char ready[6];

	return fd_read_full(ready_fd, ready, sizeof(ready)) == sizeof(ready) ? 0 : EXIT_WARD_FAILED;
}

/* In the background nobody reads what it prints, and nobody shall wait for it to close. */
static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; null >= 0 && fd < 2; fd++)
		dup2(null, fd);
	fd_close(null);
}

/*
 * The daemon is a child of a keeper that does nothing but wait, and unmount what a daemon that died
 * left: the daemon itself cannot any more. Returns in both: an exit status, or a negative errno.
 */
static int serve_kept(
	const struct options *options, struct setup *setup, int ready_fd, struct ward_error *error)
{
	pid_t daemon = fork();
	int status;
	int r;

	if (daemon < 0)
		return error_set_errno(error, -errno, "cannot start the daemon");
	if (daemon == 0)
		return serve_mount(options, setup, ready_fd, error);
	fd_close(ready_fd);
	setup->places.codebase_fd = fd_close(setup->places.codebase_fd);
	r = mount_keep(daemon, setup->places.mount_point, &status);
	return r < 0 ? error_set_errno(error, r, "cannot wait for the daemon") : status;
}

static int run_background(
	const struct options *options, struct setup *setup, struct ward_error *error)
{
	int ready[2];
	pid_t keeper;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "cannot make a pipe");
	keeper = fork();
	if (keeper < 0)
		return error_set_errno(error, -errno, "cannot start the daemon");
	if (keeper > 0) {
		fd_close(ready[1]);
		return wait_for_child(ready[0]);
	}
	fd_close(ready[0]);
	detach();
	return serve_kept(options, setup, ready[1], error);
}

static int run_mount(const struct options *options, struct ward_error *error)
{
	_cleanup_(setup_release) struct setup setup = {.places.codebase_fd = -1};
	int r;

	r = prepare_mount(options, &setup, error);
	if (r < 0)
		return r;
	if (options->foreground)
		return serve_kept(options, &setup, -1, error);
	return run_background(options, &setup, error);
}

static int compare_fds(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* Nothing that a parent left open by mistake comes along. */
static int close_inherited(const struct options *options, struct ward_error *error)
{
	int keep[] = {options->fuse_fd, options->codebase_fd, options->rules_fd, options->ready_fd,
		options->lifeline_fd, options->events_fd};
	int r;

	qsort(keep, ELEMENTS(keep), sizeof(*keep), compare_fds);
	r = fd_close_from(3, keep, ELEMENTS(keep));
	return r < 0 ? error_set_errno(error, r, "cannot close inherited descriptors") : 0;
}

int main(int argc, char **argv)
{
	_cleanup_(options_release) struct options options = {0};
	struct ward_error error = {0};
	int r;

	log_open("wardfs");
	fuse_set_log_func(log_fuse);
	r = options_parse(argc, argv, &options, &error);
	if (r < 0)
		return fail(&error);
	if (options.help || options.version) {
		fputs(options.help ? options_help : "wardfs " PACKAGE_VERSION "\n", stdout);
		return fflush(stdout) == EOF ? EXIT_WARD_FAILED : 0;
	}
	r = close_inherited(&options, &error);
	if (r == 0)
		r = options.fuse_fd >= 0 ? serve_monitor(&options, &error)
					 : run_mount(&options, &error);
	return r < 0 ? fail(&error) : r;
}
