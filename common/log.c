#include "common/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "ward";
static enum log_level most = LOG_LEVEL_WARNING;

void log_open(const char *program)
{
	program_name = program;
}

void log_set_level(enum log_level level)
{
	most = level;
}

static const char *level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_INFO:
		return "info: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	}
	return "";
}

void log_message(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char text[1024];
	char line[1200];
	va_list args;
	int used;

	if (level > most)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	used = snprintf(line, sizeof(line), "%s: %s%s\n", program_name, level_prefix(level), text);
	if (used > 0 && write(STDERR_FILENO, line, (size_t)used) < 0)
		used = 0; /* nobody is left to tell */
	errno = saved;
}
