/*
 * What the kernel holds handles of: open files and open directories, in one list.
 *
 * The kernel releases a handle some time after it was closed, and not at all where the session ends
 * before that. What is left then is freed from here. Thread-safe: the list has one mutex, which is held
 * for nothing else.
 */
#pragma once

#include <pthread.h>

struct view;

/* Embedded in what a handle is. */
struct open_handle {
	struct open_handle *next;
	struct open_handle **link;                                   /* what points here */
	void (*free)(struct view *view, struct open_handle *handle); /* removes it, too */
};

struct handles {
	pthread_mutex_t mutex;
	struct open_handle *first;
};

void handles_init(struct handles *handles);
void handles_add(struct handles *handles, struct open_handle *handle);
void handles_remove(struct handles *handles, struct open_handle *handle);

/* Frees all that are left; nothing may use them any more. */
void handles_release(struct handles *handles, struct view *view);
