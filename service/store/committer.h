/*
 * The store's thread: whatever waits is one transaction, one commit (a group
 * commit). Where a batch fails, each of its jobs is tried alone, so that one
 * bad job harms no other.
 */
#ifndef SERVICE_STORE_COMMITTER_H
#define SERVICE_STORE_COMMITTER_H

#include "ca/store/store.h"
#include "service/loop/mailbox.h"

struct committer;

struct store_job {
	struct queue_node node;
	struct letter letter;
	/* On the store's thread, inside a transaction; may run twice. */
	int (*run)(struct store_job *j, struct store *s, struct err *e);
	bool reads; /* it changes nothing: its success says little */
	/* On the loop's thread: err.kind ERR_NONE after the commit. */
	void (*done)(struct store_job *j);
	struct err err;
};

/* Takes over the store. */
MUST_USE int committer_start(struct store *take_store, size_t queue_max,
    struct mailbox *mailbox, struct committer **out, struct err *e);
/* 0: done will be called. -1, ERR_BUSY: full. Loop's thread. */
MUST_USE int committer_submit(
    struct committer *c, struct store_job *j, struct err *e);
/* False after a job failed and until one that writes succeeds again. */
bool committer_is_healthy(struct committer *c);
/* Does what waits, ends the thread, closes the store. */
void committer_stop(struct committer *c);

#endif
