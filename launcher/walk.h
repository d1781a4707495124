/*
 * Every path of a tree.
 */
#pragma once

/*
 * Calls `visit` with each path below the directory `top` (which may be O_PATH), relative to it,
 * directories before what they hold. Symlinks are not followed and other file systems are entered.
 * Ends early, with success, where `visit` returns more than 0, and with its error where that is
 * negative. Directories that can't be read are passed over.
 */
int walk_tree(int top, int (*visit)(const char *path, void *context), void *context);
