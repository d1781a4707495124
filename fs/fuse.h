/* libfuse's low-level API, in the version that we write to. */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
