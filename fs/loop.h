/*
 * The threads that serve requests.
 */
#pragma once

#include "fs/fuse.h"

/*
 * Serves a mounted session with a bounded number of threads, until the file system is unmounted, a
 * SIGTERM, SIGINT or SIGHUP comes, or `lifeline_fd` (-1: none) reads end of file. Call from the main
 * thread, before any other exists. Returns 0 or a negative errno where threads could not be had.
 */
int loop_run(struct fuse_session *session, int lifeline_fd);
