/*
 * The control protocol: between ward and ward-monitor, and between ward-monitor and ward-init.
 *
 * Transport: SOCK_SEQPACKET unix sockets, one message per packet. A message is a header and a body
 * of the one size that its type has, in the machine's own byte order (both ends are of one build);
 * `struct message` is its exact layout. Descriptors travel beside it (SCM_RIGHTS), as many as the
 * type says. What is bigger than a body (argv, environment) travels in a sealed file: see
 * runtime/payload.h. A packet that breaks a rule here is -EBADMSG, and whoever sent it has lost the
 * connection.
 *
 *   type     direction                 descriptors
 *   HELLO    init -> monitor           none      init is up; its first and only HELLO
 *            monitor -> ward           none      the sandbox runs
 *   EXEC     ward -> monitor           5         payload, stdin, stdout, stderr, channel
 *            monitor -> init           4         payload, stdin, stdout, stderr
 *   SIGNAL   ward -> monitor -> init   none      to one exec
 *   STARTED  init -> monitor -> ward   none      the program was executed
 *   KILL     monitor -> init           none      end one exec with all that descends from it
 *   STOP     ward -> monitor -> init   none      SIGTERM to everything inside, then the end
 *   EXITED   init -> monitor -> ward   none      the program ended; the last word on an exec
 *   ERROR    init -> monitor -> ward   none      an exec could not start, or the sandbox died (then
 *                                                it is the last word on everything)
 *
 * `id` names an exec on the socket between monitor and init; the monitor gives it out. Between ward
 * and the monitor each exec has a channel of its own (the last descriptor of EXEC): SIGNAL goes
 * into it, STARTED, EXITED and ERROR come out of it, `id` is 0, and closing it kills the exec with
 * all that descends from it.
 *
 * ward-init is inside the sandbox, so what comes from it is the enemy's: the monitor takes from it
 * only HELLO, STARTED, EXITED and ERROR, only for ids that it gave out and only in that order, never
 * a descriptor and never a text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

enum message_type {
	MESSAGE_HELLO = 1,
	MESSAGE_EXEC = 2,
	MESSAGE_SIGNAL = 3,
	MESSAGE_STARTED = 4,
	MESSAGE_EXITED = 5,
	MESSAGE_ERROR = 6,
	MESSAGE_KILL = 7,
	MESSAGE_STOP = 8,
};

enum {
	PROTOCOL_MAGIC = 0x5744, /* "WD" */
	PROTOCOL_VERSION = 2,
	PROTOCOL_BODY_MAX = 4096,
	PROTOCOL_FDS_MAX = 5,
};

struct message_header {
	uint16_t magic;
	uint8_t version;
	uint8_t type;
	uint32_t id;
	uint32_t length;      /* of the body, bytes */
	uint32_t descriptors; /* how many travel with it; set by message_send() */
};

struct message_hello {
	int32_t pid; /* from init: 1. From the monitor: its own */
};

enum {
	EXEC_TERMINAL = 1 << 0, /* one of 0, 1, 2 is a terminal: make it the controlling one */
};

struct message_exec {
	uint32_t flags;
	uint32_t timeout_ms; /* 0: none. Enforced by the monitor */
};

struct message_signal {
	int32_t signal; /* 1 to 64 */
};

struct message_started {
	int32_t pid; /* inside */
};

enum {
	EXITED_TIMED_OUT = 1 << 0, /* only from the monitor */
	EXITED_OOM_KILLED = 1 << 1,
	EXITED_LINEAGE_KILLED = 1 << 2, /* only from init: asked for by KILL, and nothing is left */
};

struct message_exited {
	int32_t status; /* as wait(2) gives it: exited or killed, never stopped */
	uint32_t flags;
	uint64_t duration_ms; /* set by the monitor */
	uint64_t user_us;     /* CPU time of the program and the children it waited for */
	uint64_t system_us;
	uint64_t max_rss_kib;
};

/* What could not be done. */
enum message_stage {
	STAGE_SANDBOX = 0,  /* the sandbox itself died or never lived: message and hint say why */
	STAGE_REQUEST = 1,  /* the request was refused as it was */
	STAGE_FORK = 2,     /* no process could be made */
	STAGE_WORKDIR = 3,  /* the working directory could not be entered */
	STAGE_TERMINAL = 4, /* the terminal could not be made the controlling one */
	STAGE_EXEC = 5,     /* the program could not be executed */
};

struct message_error {
	int32_t code; /* negative errno */
	uint32_t stage;
	char message[1024]; /* NUL-terminated; empty from init */
	char hint[512];     /* NUL-terminated */
};

struct message_kill {
	uint32_t flags; /* 0 */
};

struct message_stop {
	uint32_t grace_ms; /* until everything is killed; enforced by the monitor */
};

struct message {
	struct message_header header;
	union {
		struct message_hello hello;
		struct message_exec exec;
		struct message_signal signal;
		struct message_started started;
		struct message_exited exited;
		struct message_error error;
		struct message_kill kill;
		struct message_stop stop;
	};
};

/* Starts a message: header set, body zero. */
void message_init(struct message *message, enum message_type type, uint32_t id);

/* Header and body of what message_init() started. */
size_t message_size(const struct message *message);

/* Copies and checks one packet: every field in its range, every text terminated. 0 or -EBADMSG. */
int message_decode(const void *packet, size_t size, struct message *ret_message);

/*
 * Sends one message with its descriptors (which stay the caller's). -EPIPE: the peer is gone;
 * -EAGAIN: the socket is non-blocking and full.
 */
int message_send(int socket, const struct message *message, const int *fds, size_t fd_count);

/*
 * Receives one message. `fds` has room for PROTOCOL_FDS_MAX; `*ret_fd_count` of them came, as many
 * as the header says, and are the caller's. 1: a message; 0: the peer is gone; -EBADMSG:
 * it broke the protocol; -EAGAIN; other errors of recvmsg(2). Nothing is to be closed unless it
 * returns 1.
 */
int message_receive(int socket, struct message *ret_message, int *fds, size_t *ret_fd_count);
