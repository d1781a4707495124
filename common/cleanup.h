/*
 * Ownership helpers: scope-bound destruction and explicit hand-over.
 *
 * `_cleanup_(fn)` runs fn(&variable) when the variable leaves its scope. TAKE_PTR and TAKE_FD move
 * the resource out, so that the cleanup finds nothing to do. Every destructor accepts NULL (or -1)
 * and keeps errno.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define _cleanup_(fn)  __attribute__((cleanup(fn)))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _unused_       __attribute__((unused))
#define _noreturn_     __attribute__((noreturn))

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Evaluates to the pointer and leaves NULL behind. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_from_ = &(p);                                                  \
		__typeof__(p) taken_ = *take_from_;                                                \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

/* Evaluates to the descriptor and leaves -1 behind. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_fd_ = &(fd);                                                             \
		int taken_fd_ = *take_fd_;                                                         \
		*take_fd_ = -1;                                                                    \
		taken_fd_;                                                                         \
	})

/* Defines `namep`, the cleanup twin of `void name(type *)`. */
#define DEFINE_CLEANUP(type, name)                                                                 \
	static inline void name##p(type *p)                                                        \
	{                                                                                          \
		if (*p)                                                                            \
			name(*p);                                                                  \
	}

static inline void freep(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void fclosep(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}
