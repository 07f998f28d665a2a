/*
 * How other threads speak to the loop: they post a letter, the loop's thread
 * calls its function, in order. Bounded by what posts: every letter is part of
 * a job that exists already.
 */
#ifndef SERVICE_LOOP_MAILBOX_H
#define SERVICE_LOOP_MAILBOX_H

#include <uv.h>

#include "ca/base/err.h"

struct letter {
	struct letter *next;
	void (*deliver)(struct letter *l); /* on the loop's thread */
};

struct mailbox;

MUST_USE int mailbox_open(uv_loop_t *loop, struct mailbox **out, struct err *e);
/* Any thread. The letter is the mailbox's until deliver is called. */
void mailbox_post(struct mailbox *m, struct letter *l);
/* Delivers what is there, then closes; frees itself in the close callback. No
 * other thread may post any more. */
void mailbox_close(struct mailbox *m);

#endif
