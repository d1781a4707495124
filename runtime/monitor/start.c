#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/monitor/monitor.h"
#include "runtime/userns.h"

static int read_inputs(struct monitor *monitor, struct ward_error *error)
{
	int r = spec_read(monitor->inputs.spec_fd, &monitor->spec);

	if (r < 0)
		return error_set_errno(error, r, "ward-monitor can't read what to run");
	if (monitor->inputs.id && chdir("/") < 0)
		return error_set_errno(error, -errno, "ward-monitor can't leave its directory");
	if (monitor->spec.runtime != RUNTIME_BWRAP)
		return error_set(error, -ENOTSUP, "this ward runs sandboxes with bwrap only");
	if (monitor->spec.network == NETWORK_BRIDGE)
		return error_set(error, -EINVAL, "bwrap sandboxes have network none or host");
	monitor->backend = &backend_bwrap;
	return identity_of_caller(monitor->inputs.codebase_fd, &monitor->identity, error);
}

static int make_limits(struct monitor *monitor, struct ward_error *error)
{
	const struct runtime_directory *directory = &monitor->directory;
	_cleanup_(fd_closep) int fd = openat(
		directory->base_fd, directory->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(error, -errno, "no runtime directory");
	return limits_make(&monitor->spec.resources, fd, directory->id, &monitor->limits, error);
}

static int start_view(struct monitor *monitor, struct ward_error *error)
{
	int events[2] = {-1, -1};
	struct view_plan plan = {.path = monitor->stage.view,
		.codebase_fd = monitor->inputs.codebase_fd,
		.rules_fd = monitor->inputs.rules_fd,
		.identity = &monitor->identity,
		.events_fd = -1,
		.own_user_namespace = !monitor->identity.changes_user};
	int r = 0;

	if (monitor->inputs.id && pipe2(events, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "can't start wardfs");
	plan.events_fd = events[1];
	if (events[0] >= 0)
		r = detached_read_events(monitor, events[0]);
	if (r == 0)
		r = view_start(&plan, &monitor->view, error);
	fd_close(events[1]);
	monitor->inputs.codebase_fd = fd_close(monitor->inputs.codebase_fd);
	monitor->inputs.rules_fd = fd_close(monitor->inputs.rules_fd);
	return r;
}

/* The view's daemon starts meanwhile: what asks the view before that waits in the kernel. */
static int start_backend(struct monitor *monitor, struct ward_error *error)
{
	struct sandbox_plan plan = {.spec = &monitor->spec,
		.identity = &monitor->identity,
		.view = monitor->stage.view,
		.init = monitor->stage.init,
		.ward = monitor->stage.ward,
		.etc = monitor->stage.etc,
		.limits = monitor->limits};
	int output[2];
	int r;

	if (pipe2(output, O_CLOEXEC) < 0)
		return error_set_errno(error, -errno, "can't start the sandbox");
	monitor->backend_output.fd = output[0];
	plan.error_fd = output[1];
	r = monitor->backend->start(&plan, &monitor->instance, &monitor->init_fd, error);
	fd_close(output[1]);
	if (r < 0)
		return r;
	r = fd_set_nonblock(output[0], 1);
	return r < 0 ? r : fd_set_nonblock(monitor->init_fd, 1);
}

int monitor_start(struct monitor *monitor, struct ward_error *error)
{
	int r = read_inputs(monitor, error);

	if (r == 0 && monitor->inputs.id)
		r = runtime_directory_make_for(monitor->inputs.id, &monitor->directory, error);
	else if (r == 0)
		r = runtime_directory_make(&monitor->directory, error);
	if (r == 0 && monitor->inputs.id)
		r = detached_bind(monitor, error);
	if (r == 0)
		r = make_limits(monitor, error);
	if (r == 0)
		r = userns_enter(!monitor->identity.changes_user, error);
	if (r == 0)
		r = stage_make(monitor->directory.base_path, monitor->directory.base_fd,
			&monitor->stage, error);
	if (r == 0)
		r = start_view(monitor, error);
	monitor->view_output.fd = monitor->view.output_fd;
	return r == 0 ? start_backend(monitor, error) : r;
}

int monitor_drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].permitted &= 1U << CAP_KILL;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){0};
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
