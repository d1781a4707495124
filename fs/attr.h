/*
 * What the view shows of an inode: pure functions from the lower tree's answer.
 *
 * The kernel checks modes by itself (default_permissions), so the mode shown is what lets access(2)
 * and the operation agree: bits that the level forbids are taken out, and where the daemon acts for
 * one user only, bits that the lower tree would not grant to the daemon are, too.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "common/error.h"
#include "policy/policy.h"

enum { ID_RANGES_MAX = 340 }; /* the kernel's limit on lines of a uid_map, user_namespaces(7) */

/* The ids that the daemon's user namespace has, as ranges. */
struct id_ranges {
	size_t count;
	struct {
		uint64_t first;
		uint64_t last;
	} range[ID_RANGES_MAX];
};

/* Who the daemon is, and as whom it shows its own files. */
struct owner_map {
	uid_t own_uid;
	gid_t own_gid;
	uid_t shown_uid;
	gid_t shown_gid;
	bool single_user; /* one uid alone can reach the mount: shown_uid */
	struct id_ranges uids;
	struct id_ranges gids;
};

/* Parses the text of /proc/self/uid_map or gid_map. -EINVAL. */
int id_ranges_parse(const char *text, struct id_ranges *ret_ranges);
bool id_ranges_have(const struct id_ranges *ranges, uint64_t id);

/* Translates the owner of a new or changed file into the lower tree's; (uid_t)-1 stays. */
uid_t owner_map_lower_uid(const struct owner_map *map, uid_t uid);
gid_t owner_map_lower_gid(const struct owner_map *map, gid_t gid);

/* Which permission bits of an inode of this type (S_IFMT) the verdict lets the view show. */
mode_t attr_mode_mask(mode_t type, struct verdict verdict);

/* True where the permission bits alone do not tell what the daemon may do: attr_show() then needs
 * `granted`. */
bool attr_needs_granted(const struct owner_map *map, const struct stat *lower);

/*
 * What the view shows for `lower`. `granted` are the R_OK, W_OK and X_OK bits that the daemon has
 * (used only where attr_needs_granted()); `links` is the number of names that the view knows.
 * Directories have one link and a constant size, so that they count nothing hidden. Device numbers
 * are not shown.
 */
void attr_show(const struct owner_map *map, struct verdict verdict, const struct stat *lower,
	int granted, nlink_t links, struct stat *ret_shown);

/*
 * The lower mode for a chmod(2) to `requested` of an inode whose lower mode is `current`: bits that
 * the view does not show keep their lower value.
 */
mode_t attr_lower_mode(struct verdict verdict, mode_t current, mode_t requested);
