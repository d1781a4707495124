/*
 * The operations of the low-level API, by kind; ops.c puts them into one table.
 */
#pragma once

#include "fs/view.h"

/* The table for fuse_session_new(); its user data is the view. */
struct fuse_lowlevel_ops ops_table(const struct view *view);

/* ops-attr.c: look-up, attributes, symbolic links, the file system */
void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t request, fuse_ino_t id, uint64_t count);
void op_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets);
void op_getattr(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info);
void op_readlink(fuse_req_t request, fuse_ino_t id);
void op_statfs(fuse_req_t request, fuse_ino_t id);

/* ops-setattr.c */
void op_setattr(fuse_req_t request, fuse_ino_t id, struct stat *wanted, int which,
	struct fuse_file_info *info);

/* readdir.c */
void op_opendir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info);
void op_readdir(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info);
void op_readdirplus(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info);
void op_releasedir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info);
void op_fsyncdir(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info);

/* ops-data.c: open files */
void op_open(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info);
void op_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *info);
void op_read(
	fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info);
void op_write(fuse_req_t request, fuse_ino_t id, const char *data, size_t size, off_t offset,
	struct fuse_file_info *info);
void op_release(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info);
void op_fsync(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info);
void op_fallocate(fuse_req_t request, fuse_ino_t id, int mode, off_t offset, off_t length,
	struct fuse_file_info *info);
void op_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_info, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_info, size_t size, int flags);
void op_lseek(
	fuse_req_t request, fuse_ino_t id, off_t offset, int whence, struct fuse_file_info *info);
void op_ioctl(fuse_req_t request, fuse_ino_t id, unsigned command, void *argument,
	struct fuse_file_info *info, unsigned flags, const void *input, size_t input_size,
	size_t output_size);

/* The descriptor of an open file: what fuse_file_info carries. Borrowed. */
int file_fd(const struct fuse_file_info *info);
bool file_writable(const struct fuse_file_info *info);

/* ops-names.c: what changes names */
void op_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device);
void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t request, fuse_ino_t id, fuse_ino_t new_parent, const char *new_name);
void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name);

/* rename.c */
void op_rename(fuse_req_t request, fuse_ino_t from, const char *from_name, fuse_ino_t to,
	const char *to_name, unsigned flags);

/* ops-xattr.c */
void op_getxattr(fuse_req_t request, fuse_ino_t id, const char *name, size_t size);
void op_listxattr(fuse_req_t request, fuse_ino_t id, size_t size);
void op_setxattr(fuse_req_t request, fuse_ino_t id, const char *name, const char *value,
	size_t size, int flags);
void op_removexattr(fuse_req_t request, fuse_ino_t id, const char *name);
