#include "fs/events.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"

struct events {
	pthread_mutex_t mutex; /* guards what follows; never held over a system call that blocks */
	int fd;
	struct policy *policy;
	double tokens;
	struct timespec refilled;
	uint64_t left_out;
};

int events_new(int fd, struct policy *policy, struct events **ret_events)
{
	_cleanup_(events_freep) struct events *events = calloc(1, sizeof(*events));
	int r;

	if (!events)
		return -ENOMEM;
	pthread_mutex_init(&events->mutex, NULL);
	events->fd = fd;
	events->policy = policy_ref(policy);
	events->tokens = EVENTS_BURST;
	clock_gettime(CLOCK_MONOTONIC, &events->refilled);
	r = fd_set_nonblock(fd, 1);
	if (r < 0)
		return r;
	*ret_events = TAKE_PTR(events);
	return 0;
}

struct events *events_free(struct events *events)
{
	if (!events)
		return NULL;
	policy_unref(events->policy);
	pthread_mutex_destroy(&events->mutex);
	free(events);
	return NULL;
}

/* Takes a token; false where there is none, and the event is only counted. */
static bool admit(struct events *events, uint64_t *ret_left_out)
{
	struct timespec now;
	double elapsed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	elapsed = (double)(now.tv_sec - events->refilled.tv_sec) +
		  (double)(now.tv_nsec - events->refilled.tv_nsec) / 1e9;
	events->refilled = now;
	events->tokens += elapsed * EVENTS_PER_SECOND;
	if (events->tokens > EVENTS_BURST)
		events->tokens = EVENTS_BURST;
	if (events->tokens < 1) {
		events->left_out++;
		return false;
	}
	events->tokens -= 1;
	*ret_left_out = events->left_out;
	events->left_out = 0;
	return true;
}

static void add_rule(struct json_writer *writer, const struct rule *rule)
{
	if (!rule)
		return;
	json_begin_object(writer, "rule");
	json_add_string(writer, "pattern", rule->pattern);
	json_add_string(writer, "permission", level_name(rule->permission));
	json_add_string(writer, "file", rule->place.file);
	json_add_integer(writer, "line", rule->place.line);
	json_end(writer);
}

static int format(
	struct events *events, const struct denial *denial, uint64_t left_out, char **ret_line)
{
	_cleanup_(json_writer_freep) struct json_writer *writer = NULL;
	_cleanup_(freep) char *path = place_path(denial->place);
	struct timespec now;
	int r;

	if (!path)
		return -ENOMEM;
	r = json_writer_new(&writer);
	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	json_begin_object(writer, NULL);
	json_add_string(writer, "event", "denied");
	json_add_integer(writer, "time_ms", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	json_add_integer(writer, "pid", denial->pid);
	json_add_string(writer, "operation", denial->operation);
	json_add_string(writer, "path", path);
	json_add_string(writer, "level", level_name(denial->place->verdict.level));
	json_add_string(writer, "required", level_name(denial->required));
	json_add_string(writer, "errno", strerrorname_np(denial->error));
	add_rule(writer, policy_deciding_rule(events->policy, path));
	if (left_out > 0)
		json_add_integer(writer, "left_out", (int64_t)left_out);
	json_end(writer);
	return json_format_line(writer, ret_line);
}

static void count_lost(struct events *events, uint64_t lost)
{
	pthread_mutex_lock(&events->mutex);
	events->left_out += lost;
	pthread_mutex_unlock(&events->mutex);
}

void events_deny(struct events *events, const struct denial *denial)
{
	_cleanup_(freep) char *line = NULL;
	int saved = errno;
	uint64_t left_out;
	bool admitted;

	pthread_mutex_lock(&events->mutex);
	admitted = admit(events, &left_out);
	pthread_mutex_unlock(&events->mutex);
	if (!admitted)
		return;
	/* A pipe takes a line below PIPE_BUF whole or not at all. */
	if (format(events, denial, left_out, &line) < 0 ||
		write(events->fd, line, strlen(line)) < 0)
		count_lost(events, left_out + 1);
	errno = saved;
}
