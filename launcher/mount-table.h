/*
 * What is mounted where: /proc/self/mountinfo, proc(5).
 */
#pragma once

/* The type that the kernel shows for a view. */
#define WARD_MOUNT_TYPE "fuse.ward"

/*
 * 1 where the topmost mount at the absolute path `path` is a view of Ward's, 0 where it is not or
 * nothing is mounted there, or a negative errno.
 */
int mount_table_is_ward(const char *path);

/* Undoes mountinfo's escapes (\040 and the like) in place. */
void mount_table_unescape(char *field);
