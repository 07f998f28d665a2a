/*
 * A bounded pool of threads for what computes: checking requests, making keys.
 * (libuv's own pool is unbounded and shared with its file calls.)
 */
#ifndef SERVICE_LOOP_WORKERS_H
#define SERVICE_LOOP_WORKERS_H

#include "ca/base/queue.h"
#include "service/loop/mailbox.h"

struct workers;

struct work {
	struct queue_node node;
	struct letter letter;
	void (*run)(struct work *w);  /* on a worker's thread */
	void (*done)(struct work *w); /* then on the loop's */
};

MUST_USE int workers_start(unsigned threads, size_t queue_max,
    struct mailbox *mailbox, struct workers **out, struct err *e);
/* -1, ERR_BUSY: full; run and done are not called. Loop's thread. */
MUST_USE int workers_submit(struct workers *p, struct work *w, struct err *e);
/* Runs what waits, joins the threads; dones still come by the mailbox. */
void workers_stop(struct workers *p);

#endif
