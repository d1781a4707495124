/*
 * What a daemon says: one line per message on standard error, or on the descriptor it was given.
 *
 * Thread-safe: a line is one write(2).
 */
#pragma once

#include "common/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Names the program in every line. Call before threads start; the string is not copied. */
void log_open(const char *program);

/* Messages less important than `level` are dropped. The default is LOG_LEVEL_WARNING. */
void log_set_level(enum log_level level);

/* Writes "PROGRAM: [warning: ]MESSAGE". Control characters are escaped, long messages cut. Keeps
 * errno. */
void log_message(enum log_level level, const char *format, ...) _printf_(2, 3);

#define log_error(...)   log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
