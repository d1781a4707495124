#include "launcher/mount-table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static int is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void mount_table_unescape(char *field)
{
	char *to = field;

	for (char *from = field; *from; to++) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) &&
			is_octal(from[3])) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Field 5 of a line is the mount point; the type follows the field that is a single dash. */
static int split_line(char *line, char **ret_point, char **ret_type)
{
	char *point = NULL;
	char *word = strsep(&line, " \n");

	for (int field = 1; word && strcmp(word, "-") != 0; field++) {
		if (field == 5)
			point = word;
		word = strsep(&line, " \n");
	}
	if (!point || !line)
		return -EBADMSG;
	*ret_type = strsep(&line, " \n");
	*ret_point = point;
	return 0;
}

int mount_table_is_ward(const char *path)
{
	_cleanup_(fclosep) FILE *table = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL; /* getline()'s */
	size_t capacity = 0;
	int found = 0;

	if (!table)
		return -errno;
	while (getline(&line, &capacity, table) >= 0) {
		char *point, *type;

		if (split_line(line, &point, &type) < 0)
			continue;
		mount_table_unescape(point);
		/* A later line lies on top of an earlier one. */
		if (strcmp(point, path) == 0)
			found = strcmp(type, WARD_MOUNT_TYPE) == 0;
	}
	return found;
}
