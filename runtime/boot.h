/* Which boot of the machine this is, and when a process was started in it. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

/* Replaces `*id` by the kernel's random id of this boot (random(4)). */
int boot_id_read(char **id);

/* When a process was started, as proc(5) has it in /proc/PID/stat (starttime); 0 where that can't be
 * told, and for one that has ended and is not reaped. With the pid it names a process for good within
 * one boot. */
int64_t process_start_time(pid_t pid);
