#include "service/store/committer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ca/base/log.h"

#define BATCH_MAX 256

struct committer {
	struct store *store;
	struct queue *queue;
	struct mailbox *mailbox;
	pthread_t thread;
	atomic_bool healthy;
};

static struct store_job *
job_of(struct queue_node *node)
{
	return QUEUE_ITEM(node, struct store_job, node);
}

/* Runs first up to (not with) end in one transaction. */
static int
transact(struct committer *c, struct queue_node *first, struct queue_node *end,
    struct err *e)
{
	if (store_begin(c->store, e) != 0)
		return -1;
	for (struct queue_node *n = first; n != end; n = n->next) {
		struct store_job *j = job_of(n);

		if (j->run(j, c->store, e) != 0) {
			store_rollback(c->store);
			return -1;
		}
	}
	if (store_commit(c->store, e) == 0)
		return 0;
	store_rollback(c->store);
	return -1;
}

static void
on_done(struct letter *l)
{
	struct store_job *j = QUEUE_ITEM(l, struct store_job, letter);

	j->done(j);
}

static void
finish(struct committer *c, struct store_job *j, const struct err *e)
{
	bool ok = e->kind != ERR_INTERNAL;

	if ((!ok || !j->reads) && atomic_exchange(&c->healthy, ok) != ok)
		log_warn("store", log_text("commits", ok ? "again" : "fail"));
	j->err = *e;
	j->letter.deliver = on_done;
	mailbox_post(c->mailbox, &j->letter);
}

/* The batch has failed: each job alone, so that one harms no other. */
static void
run_each(struct committer *c, struct queue_node *batch)
{
	while (batch != NULL) {
		struct queue_node *next = batch->next;
		struct err e = ERR_INIT;

		if (transact(c, batch, next, &e) == 0)
			e = (struct err)ERR_INIT;
		finish(c, job_of(batch), &e); /* may free the job */
		batch = next;
	}
}

static void
finish_all(struct committer *c, struct queue_node *batch)
{
	struct err none = ERR_INIT;

	while (batch != NULL) {
		struct queue_node *next = batch->next;

		finish(c, job_of(batch), &none);
		batch = next;
	}
}

static void *
committer_main(void *arg)
{
	struct committer *c = arg;
	struct queue_node *batch;

	while ((batch = queue_take_many(c->queue, BATCH_MAX)) != NULL) {
		struct err e = ERR_INIT;

		if (transact(c, batch, NULL, &e) == 0)
			finish_all(c, batch);
		else
			run_each(c, batch);
	}
	return NULL;
}

static int
start_thread(struct committer *c, struct err *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&c->thread, NULL, committer_main, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0 ? 0 : err_set(e, ERR_INTERNAL, NULL, "store: no thread");
}

int
committer_start(struct store *take_store, size_t queue_max,
    struct mailbox *mailbox, struct committer **out, struct err *e)
{
	struct committer *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		store_close(take_store);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	c->store = take_store;
	c->mailbox = mailbox;
	atomic_init(&c->healthy, true);
	if (queue_new(queue_max, &c->queue, e) == 0 &&
	    start_thread(c, e) == 0) {
		*out = c;
		return 0;
	}
	queue_free(c->queue);
	store_close(c->store);
	free(c);
	return -1;
}

int
committer_submit(struct committer *c, struct store_job *j, struct err *e)
{
	if (queue_put(c->queue, &j->node) == 0)
		return 0;
	err_set(e, ERR_BUSY, NULL, "the store's queue is full");
	e->retry_after_s = 1;
	return -1;
}

bool
committer_is_healthy(struct committer *c)
{
	return atomic_load(&c->healthy);
}

void
committer_stop(struct committer *c)
{
	if (c == NULL)
		return;
	queue_close(c->queue);
	pthread_join(c->thread, NULL);
	queue_free(c->queue);
	store_close(c->store);
	free(c);
}
