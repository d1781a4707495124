#include "fs/caller.h"

#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

int caller_thread_start(void)
{
	return unshare(CLONE_FS) < 0 ? -errno : 0;
}

/* setfsuid(2) tells of success only by the next call's answer. */
static bool set_ids(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	return (gid_t)setfsgid((gid_t)-1) == gid && (uid_t)setfsuid((uid_t)-1) == uid;
}

int caller_enter(struct view *view, fuse_req_t request, struct caller *caller)
{
	const struct fuse_ctx *context = fuse_req_ctx(request);

	*caller = (struct caller){.own_uid = geteuid(), .own_gid = getegid()};
	umask(context->umask & 0777);
	if (!view->as_caller)
		return 0;
	caller->taken = true;
	if (set_ids(context->uid, context->gid))
		return 0;
	caller_leave(caller);
	return -EPERM;
}

void caller_join(const struct caller *caller, gid_t gid)
{
	if (caller->taken)
		setfsgid(gid);
}

void caller_leave(struct caller *caller)
{
	if (!caller->taken)
		return;
	caller->taken = false;
	if (set_ids(caller->own_uid, caller->own_gid))
		return;
	log_error("a thread could not take its own user id back");
	abort();
}
