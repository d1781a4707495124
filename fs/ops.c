#include "fs/ops.h"

#include "common/log.h"

static void want(struct fuse_conn_info *connection, unsigned capability)
{
	connection->want |= connection->capable & capability;
}

static void unwant(struct fuse_conn_info *connection, unsigned capability)
{
	connection->want &= ~capability;
}

static void op_init(void *data, struct fuse_conn_info *connection)
{
	struct view *view = data;

	/* The umask is applied to the lower tree's own call: a default ACL may overrule it. */
	want(connection, FUSE_CAP_DONT_MASK);
	/* Listings always carry attributes: what lists a directory mostly wants them. */
	want(connection, FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS);
	unwant(connection, FUSE_CAP_READDIRPLUS_AUTO);
	/* The lower file system clears set-id bits, for the daemon lacks CAP_FSETID. */
	want(connection, FUSE_CAP_HANDLE_KILLPRIV);
	want(connection, FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ASYNC_READ);
	want(connection, FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	unwant(connection, FUSE_CAP_SPLICE_READ | FUSE_CAP_WRITEBACK_CACHE);
	/* Files by handle need no name that could be judged: where libfuse can, there are none. */
#if HAVE_DECL_FUSE_CAP_NO_EXPORT_SUPPORT
	want(connection, FUSE_CAP_NO_EXPORT_SUPPORT);
#endif
	unwant(connection, FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_POSIX_ACL);
	if (view->ready_fd < 0)
		return;
	if (fd_write_all(view->ready_fd, "READY\n", 6) < 0)
		log_warning("nobody waits for the view to be ready");
	view->ready_fd = fd_close(view->ready_fd);
}

struct fuse_lowlevel_ops ops_table(const struct view *view)
{
	struct fuse_lowlevel_ops ops = {
		.init = op_init,
		.lookup = op_lookup,
		.forget = op_forget,
		.forget_multi = op_forget_multi,
		.getattr = op_getattr,
		.setattr = op_setattr,
		.readlink = op_readlink,
		.mknod = op_mknod,
		.mkdir = op_mkdir,
		.unlink = op_unlink,
		.rmdir = op_rmdir,
		.symlink = op_symlink,
		.rename = op_rename,
		.link = op_link,
		.open = op_open,
		.create = op_create,
		.read = op_read,
		.write = op_write,
		.release = op_release,
		.fsync = op_fsync,
		.opendir = op_opendir,
		.readdir = op_readdir,
		.readdirplus = op_readdirplus,
		.releasedir = op_releasedir,
		.fsyncdir = op_fsyncdir,
		.statfs = op_statfs,
		.fallocate = op_fallocate,
		.copy_file_range = op_copy_file_range,
		.lseek = op_lseek,
		.ioctl = op_ioctl,
	};

	/* Where an operation is missing, the kernel is told so once and never asks again. */
	if (view->xattr) {
		ops.getxattr = op_getxattr;
		ops.listxattr = op_listxattr;
		ops.setxattr = op_setxattr;
		ops.removexattr = op_removexattr;
	}
	return ops;
}
