#include "fs/attr.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { DIRECTORY_SIZE = 4096, DIRECTORY_BLOCKS = 8 };

int id_ranges_parse(const char *text, struct id_ranges *ret_ranges)
{
	struct id_ranges ranges = {0};

	while (*text) {
		uint64_t inside, outside, count;
		int used = 0;

		if (ranges.count == ID_RANGES_MAX)
			return -EINVAL;
		if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &inside, &outside, &count,
			    &used) != 3)
			return -EINVAL;
		text += used;
		text += strspn(text, " \t\n");
		if (count == 0 || inside > UINT32_MAX || count > UINT32_MAX)
			return -EINVAL;
		ranges.range[ranges.count].first = inside;
		ranges.range[ranges.count++].last = inside + count - 1;
	}
	*ret_ranges = ranges;
	return 0;
}

bool id_ranges_have(const struct id_ranges *ranges, uint64_t id)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (id >= ranges->range[i].first && id <= ranges->range[i].last)
			return true;
	return false;
}

uid_t owner_map_lower_uid(const struct owner_map *map, uid_t uid)
{
	return uid == map->shown_uid ? map->own_uid : uid;
}

gid_t owner_map_lower_gid(const struct owner_map *map, gid_t gid)
{
	return gid == map->shown_gid ? map->own_gid : gid;
}

/* An id that the namespace lacks cannot be shown: the kernel would refuse any change to the file.
 * Such files are shown as the daemon's own; their mode says what may be done. */
static uid_t shown_uid(const struct owner_map *map, uid_t uid)
{
	if (uid == map->own_uid || !id_ranges_have(&map->uids, uid))
		return map->shown_uid;
	return uid;
}

static gid_t shown_gid(const struct owner_map *map, gid_t gid)
{
	if (gid == map->own_gid || !id_ranges_have(&map->gids, gid))
		return map->shown_gid;
	return gid;
}

mode_t attr_mode_mask(mode_t type, struct verdict verdict)
{
	if (S_ISLNK(type))
		return 07777;
	if (S_ISDIR(type))
		return verdict.child_max == LEVEL_WRITE ? 07777 : 07555;
	switch (verdict.level) {
	case LEVEL_WRITE:
		return 07777;
	case LEVEL_READ:
		return 07555;
	case LEVEL_VIEW:
	case LEVEL_NONE:
		return 0;
	}
	return 0;
}

bool attr_needs_granted(const struct owner_map *map, const struct stat *lower)
{
	return map->single_user && lower->st_uid != map->own_uid && !S_ISLNK(lower->st_mode);
}

/* The permission bits as the one user meets them, whichever class the kernel puts him into. */
static mode_t mode_granted(const struct owner_map *map, const struct stat *lower, int granted)
{
	mode_t bits = (granted & R_OK ? 04 : 0) | (granted & W_OK ? 02 : 0) |
		      (granted & X_OK ? 01 : 0);
	bool shown_as_own = shown_uid(map, lower->st_uid) == map->shown_uid;
	mode_t owner = shown_as_own ? bits << 6 : lower->st_mode & 0700;

	return (lower->st_mode & ~0777u) | owner | bits << 3 | bits;
}

void attr_show(const struct owner_map *map, struct verdict verdict, const struct stat *lower,
	int granted, nlink_t links, struct stat *ret_shown)
{
	struct stat shown = *lower;

	if (attr_needs_granted(map, lower))
		shown.st_mode = mode_granted(map, lower, granted);
	shown.st_mode &= S_IFMT | attr_mode_mask(lower->st_mode, verdict);
	shown.st_uid = shown_uid(map, lower->st_uid);
	shown.st_gid = shown_gid(map, lower->st_gid);
	shown.st_rdev = 0;
	shown.st_nlink = links < lower->st_nlink ? links : lower->st_nlink;
	if (S_ISDIR(lower->st_mode)) {
		shown.st_nlink = 1;
		shown.st_size = DIRECTORY_SIZE;
		shown.st_blocks = DIRECTORY_BLOCKS;
	}
	*ret_shown = shown;
}

mode_t attr_lower_mode(struct verdict verdict, mode_t current, mode_t requested)
{
	mode_t mask = attr_mode_mask(current & S_IFMT, verdict);

	return (requested & mask & 07777) | (current & ~mask & 07777);
}
