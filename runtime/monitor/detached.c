#include "runtime/monitor/detached.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "runtime/boot.h"
#include "runtime/journal.h"
#include "runtime/monitor/monitor.h"
#include "runtime/record.h"

/* With two descriptors an exec at most, within the usual limit of 1024. */
enum { CLIENTS_MAX = 256 };

struct client {
	struct client *next;
	struct monitor *monitor;
	int fd; /* non-blocking */
	struct event_source *source;
};

/* --- Clients ---------------------------------------------------------------------------------- */

static void client_release(struct client *client)
{
	struct detached *detached = &client->monitor->detached;
	struct client **link = &detached->clients;

	for (; *link != client; link = &(*link)->next)
		;
	*link = client->next;
	detached->client_count--;
	event_source_remove(client->source);
	fd_close(client->fd);
	free(client);
}

/* A client that breaks the protocol loses its connection, and nobody else anything. */
static void handle_client(void *data, uint32_t events)
{
	struct client *client = data;
	int fds[PROTOCOL_FDS_MAX];
	struct message message;
	size_t fd_count = 0;
	int r = message_receive(client->fd, &message, fds, &fd_count);

	if (r == -EAGAIN)
		return;
	if (r == 1 && message.header.type == MESSAGE_EXEC) {
		exec_request(client->monitor, &message, fds, fd_count);
		return;
	}
	for (size_t i = 0; r == 1 && i < fd_count; i++)
		fd_close(fds[i]);
	if (r == 1 && message.header.type == MESSAGE_STOP)
		monitor_stop(client->monitor, message.stop.grace_ms);
	else
		client_release(client);
}

static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static int add_client(struct monitor *monitor, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	struct message hello;
	int r;

	if (!client)
		return -ENOMEM;
	r = event_loop_add_fd(monitor->loop, fd, EPOLLIN, handle_client, client, &client->source);
	if (r < 0) {
		free(client);
		return r;
	}
	client->monitor = monitor;
	client->fd = fd;
	client->next = monitor->detached.clients;
	monitor->detached.clients = client;
	monitor->detached.client_count++;
	message_init(&hello, MESSAGE_HELLO, 0);
	hello.hello.pid = getpid();
	if (message_send(fd, &hello, NULL, 0) < 0)
		client_release(client);
	return 0;
}

static void handle_connection(void *data, uint32_t events)
{
	struct monitor *monitor = data;
	int fd = accept4(monitor->detached.socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!is_trusted(fd) || monitor->detached.client_count >= CLIENTS_MAX ||
		add_client(monitor, fd) < 0)
		fd_close(fd);
}

/* The path is too short for any directory, so it leads through the descriptor of the base. */
int detached_bind(struct monitor *monitor, struct ward_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct detached *detached = &monitor->detached;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s/control",
		monitor->directory.base_fd, monitor->directory.id);
	detached->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (detached->socket < 0 ||
		bind(detached->socket, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(error, -errno, "can't make the sandbox's control socket");
	return 0;
}

/* --- The log ---------------------------------------------------------------------------------- */

/* Whole lines are written; one that is too long is dropped. */
static void handle_events(void *data, uint32_t events)
{
	struct monitor *monitor = data;
	struct detached *detached = &monitor->detached;
	ssize_t n = read(detached->events_fd, detached->events + detached->events_size,
		JOURNAL_LINE_MAX - detached->events_size);
	size_t whole;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		detached->events_source = event_source_remove(detached->events_source);
		return;
	}
	detached->events_size += (size_t)n;
	for (whole = detached->events_size; whole > 0 && detached->events[whole - 1] != '\n';)
		whole--;
	if (whole > 0)
		journal_append(detached->records_fd, detached->id, detached->events, whole);
	else if (detached->events_size == JOURNAL_LINE_MAX)
		whole = detached->events_size;
	detached->events_size -= whole;
	memmove(detached->events, detached->events + whole, detached->events_size);
}

int detached_read_events(struct monitor *monitor, int fd)
{
	struct detached *detached = &monitor->detached;
	int r = fd_set_nonblock(fd, 1);

	detached->events_fd = fd;
	detached->events = malloc(JOURNAL_LINE_MAX);
	if (!detached->events)
		return -ENOMEM;
	return r < 0 ? r
		     : event_loop_add_fd(monitor->loop, fd, EPOLLIN, handle_events, monitor,
			       &detached->events_source);
}

/* --- The record ------------------------------------------------------------------------------- */

/* Under the lock, so that what others change meanwhile is not lost. A record that is gone, destroyed
 * with force, stays gone. */
static int change_record(
	struct monitor *monitor, int (*change)(struct monitor *monitor, struct record *record))
{
	struct detached *detached = &monitor->detached;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(fd_closep) int lock = -1;
	int r = records_lock(detached->records_fd, &lock);

	if (r == 0)
		r = record_read(detached->records_fd, detached->id, &record);
	if (r == 0)
		r = change(monitor, &record);
	return r < 0 ? r : record_write(detached->records_fd, &record);
}

static int record_running(struct monitor *monitor, struct record *record)
{
	int r = record_set_now(&record->started_at);

	record->state = SANDBOX_RUNNING;
	record->monitor_pid = getpid();
	record->monitor_start = process_start_time(getpid());
	if (r == 0)
		r = record_set(&record->runtime_directory, monitor->directory.base_path);
	if (r == 0)
		r = record_set(&record->reason, NULL);
	if (r == 0)
		r = record_set(&record->stopped_at, NULL);
	if (r == 0)
		r = boot_id_read(&record->boot_id);
	return r;
}

static int record_ended(struct monitor *monitor, struct record *record)
{
	bool failed = monitor->error.code < 0;
	int r = record_set_now(&record->stopped_at);

	record->state = failed ? SANDBOX_ERROR : SANDBOX_STOPPED;
	return r < 0 ? r : record_set(&record->reason, failed ? monitor->error.message : NULL);
}

int detached_run(struct monitor *monitor)
{
	struct detached *detached = &monitor->detached;
	struct event_source *ignored;
	int r = change_record(monitor, record_running);

	if (r < 0)
		return r;
	detached->recorded = true;
	journal_event(detached->records_fd, detached->id, "started", NULL);
	if (listen(detached->socket, SOMAXCONN) < 0)
		return -errno;
	return event_loop_add_fd(
		monitor->loop, detached->socket, EPOLLIN, handle_connection, monitor, &ignored);
}

void detached_end(struct monitor *monitor)
{
	struct detached *detached = &monitor->detached;
	bool failed = monitor->error.code < 0;

	if (detached->recorded) {
		journal_event(detached->records_fd, detached->id, failed ? "failed" : "stopped",
			failed ? monitor->error.message : NULL);
		change_record(monitor, record_ended);
	}
	while (detached->clients)
		client_release(detached->clients);
	event_source_remove(detached->events_source);
	fd_close(detached->events_fd);
	fd_close(detached->socket);
	fd_close(detached->records_fd);
	freep(&detached->events);
}
