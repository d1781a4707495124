#include "fs/place.h"

#include <string.h>

void place_release(struct place *place)
{
	strbuf_release(&place->directory);
}

static const char *place_directory(const struct place *place)
{
	return place->directory.data ? place->directory.data : "";
}

char *place_path(const struct place *place)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_add_string(&path, place_directory(place));
	if (strcmp(place->name, ".") != 0) {
		if (path.size > 0)
			strbuf_add_char(&path, '/');
		strbuf_add_string(&path, place->name);
	}
	return strbuf_detach(&path);
}

int place_inside(const struct place *place, struct place *ret_inside)
{
	strbuf_add_string(&ret_inside->directory, place_directory(place));
	if (strcmp(place->name, ".") != 0) {
		if (ret_inside->directory.size > 0)
			strbuf_add_char(&ret_inside->directory, '/');
		strbuf_add_string(&ret_inside->directory, place->name);
	}
	ret_inside->directory_state = place->state;
	ret_inside->directory_verdict = place->verdict;
	ret_inside->directory_identity = place->identity;
	return ret_inside->directory.failed;
}

int place_aim(const struct policy *policy, struct place *place, const char *name)
{
	size_t length = strlen(name);

	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/'))
		return -EINVAL;
	memmove(place->name, name, length + 1);
	place->state = policy_step(policy, place->directory_state, name, length);
	place->verdict = policy_verdict(policy, place->state);
	place->identity = (struct lower_identity){0};
	return 0;
}
