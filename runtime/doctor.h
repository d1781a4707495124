/*
 * Examinations: of the machine, whether sandboxes can be had on it, and of a sandbox from inside,
 * whether it keeps what it promises. Both find out by doing it, and change nothing.
 */
#pragma once

enum finding_state {
	FINDING_GOOD,
	FINDING_OPTIONAL, /* not there, and only what `text` says is missed */
	FINDING_BAD,      /* sandboxes can't be had; from inside: a promise is broken */
};

struct finding {
	const char *name; /* of what was examined: a word */
	enum finding_state state;
	char text[512]; /* what was found, one line */
	char mend[512]; /* what to do, or "" */
};

/* Takes one finding after the other, in the order of the examination. */
typedef void (*finding_handler)(void *data, const struct finding *finding);

/* Examine, and return how many findings are bad. For a single-threaded process that may fork. */
int doctor_examine_machine(finding_handler handler, void *data);
int doctor_examine_inside(finding_handler handler, void *data);
