#include "runtime/identity.h"

#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The gid that a user gets: from the user database, else `fallback`, never root's. */
static gid_t group_of(uid_t uid, gid_t fallback)
{
	const struct passwd *entry = uid == NOBODY_ID ? NULL : getpwuid(uid);
	gid_t gid = entry ? entry->pw_gid : fallback;

	return gid == 0 ? NOBODY_ID : gid;
}

/* A decimal id as sudo(8) writes it; 0 for everything else, root's included. */
static unsigned parse_id(const char *text)
{
	unsigned long value = 0;

	if (!text || !*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		value = value * 10 + (unsigned long)(*text - '0');
		if (value >= UINT_MAX)
			return 0;
	}
	return (unsigned)value;
}

static bool is_login_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= 32 && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static void set_name(struct identity *identity)
{
	const struct passwd *entry = getpwuid(identity->uid);
	const char *name = "ward";

	if (identity->uid == NOBODY_ID)
		name = "nobody";
	else if (entry && is_login_name(entry->pw_name) && strcmp(entry->pw_name, "root") != 0)
		name = entry->pw_name;
	snprintf(identity->name, sizeof(identity->name), "%s", name);
}

/* For root with a codebase of root's: the user who called sudo, or nobody. */
static void choose_lesser_user(const struct identity_facts *facts, struct identity *identity)
{
	unsigned uid = parse_id(facts->sudo_uid);
	unsigned gid = parse_id(facts->sudo_gid);

	identity->uid = uid ? uid : NOBODY_ID;
	identity->gid = uid && gid ? gid : NOBODY_ID;
	identity->shows_as = true;
}

int identity_decide(
	const struct identity_facts *facts, struct identity *ret_identity, struct ward_error *error)
{
	struct identity identity = {.uid = facts->uid, .gid = facts->gid};

	if (facts->uid == 0) {
		identity.changes_user = true;
		if (facts->codebase_uid == 0) {
			choose_lesser_user(facts, &identity);
		} else {
			identity.uid = facts->codebase_uid;
			identity.gid = group_of(identity.uid, facts->codebase_gid);
			identity.daemon_uid = identity.uid;
			identity.daemon_gid = identity.gid;
		}
	} else {
		identity.daemon_uid = identity.uid;
		identity.daemon_gid = identity.gid;
	}
	if (identity.uid == 0 || identity.uid == (uid_t)-1)
		return error_set(error, -EPERM, "no unprivileged user to run the sandbox as");
	set_name(&identity);
	*ret_identity = identity;
	return 0;
}

int identity_of_caller(int codebase_fd, struct identity *ret_identity, struct ward_error *error)
{
	struct identity_facts facts = {.uid = geteuid(),
		.gid = getegid(),
		.sudo_uid = getenv("SUDO_UID"),
		.sudo_gid = getenv("SUDO_GID")};
	struct stat stat;

	if (fstat(codebase_fd, &stat) < 0)
		return error_set_errno(error, -errno, "can't examine the codebase");
	facts.codebase_uid = stat.st_uid;
	facts.codebase_gid = stat.st_gid;
	return identity_decide(&facts, ret_identity, error);
}
