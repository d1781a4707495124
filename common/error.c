#include "common/error.h"

#include <stdarg.h>
#include <string.h>

/* Copies `from`, with control characters as \xNN; cuts what does not fit. */
static void copy_printable(char *to, size_t size, const char *from)
{
	size_t used = 0;

	for (; *from && used + 5 < size; from++) {
		unsigned char c = (unsigned char)*from;

		if (c < 0x20 || c == 0x7f)
			used += (size_t)snprintf(to + used, size - used, "\\x%02x", c);
		else
			to[used++] = (char)c;
	}
	to[used] = '\0';
}

_printf_(3, 0) static void format_printable(char *to, size_t size, const char *format, va_list args)
{
	char raw[1024];

	vsnprintf(raw, sizeof(raw), format, args);
	copy_printable(to, size, raw);
}

static void set_place(struct ward_error *error, const char *file, unsigned line, unsigned column)
{
	copy_printable(error->file, sizeof(error->file), file ? file : "");
	error->line = line;
	error->column = column;
	error->hint[0] = '\0';
}

int error_set(struct ward_error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	format_printable(error->message, sizeof(error->message), format, args);
	va_end(args);
	set_place(error, NULL, 0, 0);
	return error->code = code;
}

int error_set_errno(struct ward_error *error, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	if (!error)
		return code;
	va_start(args, format);
	format_printable(error->message, sizeof(error->message), format, args);
	va_end(args);
	used = strlen(error->message);
	snprintf(error->message + used, sizeof(error->message) - used, ": %s", strerror(-code));
	set_place(error, NULL, 0, 0);
	return error->code = code;
}

int error_set_at(struct ward_error *error, int code, const char *file, unsigned line,
	unsigned column, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	format_printable(error->message, sizeof(error->message), format, args);
	va_end(args);
	set_place(error, file, line, column);
	return error->code = code;
}

int error_hint(struct ward_error *error, const char *format, ...)
{
	va_list args;

	if (!error)
		return 0;
	va_start(args, format);
	format_printable(error->hint, sizeof(error->hint), format, args);
	va_end(args);
	return error->code;
}

void error_print(const struct ward_error *error, const char *program)
{
	char place[600] = "";

	if (error->file[0] && error->line)
		snprintf(place, sizeof(place), "%s:%u:%u: ", error->file, error->line,
			error->column);
	else if (error->file[0])
		snprintf(place, sizeof(place), "%s: ", error->file);
	fprintf(stderr, "%s: %s%s%s%s\n", program, place, error->message,
		error->hint[0] ? "; " : "", error->hint);
}
