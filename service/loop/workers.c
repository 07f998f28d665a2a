#include "service/loop/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct workers {
	struct queue *queue;
	struct mailbox *mailbox;
	unsigned threads;
	pthread_t thread[];
};

static void
on_done(struct letter *l)
{
	struct work *w = QUEUE_ITEM(l, struct work, letter);

	w->done(w);
}

static void *
worker_main(void *arg)
{
	struct workers *p = arg;
	struct queue_node *node;

	while ((node = queue_take(p->queue)) != NULL) {
		struct work *w = QUEUE_ITEM(node, struct work, node);

		w->run(w);
		w->letter.deliver = on_done;
		mailbox_post(p->mailbox, &w->letter);
	}
	return NULL;
}

/* Signals belong to the loop's thread: a worker is born with all blocked. */
static int
worker_start(struct workers *p)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&p->thread[p->threads], NULL, worker_main, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		return -1;
	p->threads++;
	return 0;
}

int
workers_start(unsigned threads, size_t queue_max, struct mailbox *mailbox,
    struct workers **out, struct err *e)
{
	struct workers *p;

	p = calloc(1, sizeof(*p) + threads * sizeof(p->thread[0]));
	if (p == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	p->mailbox = mailbox;
	if (queue_new(queue_max, &p->queue, e) != 0) {
		free(p);
		return -1;
	}
	while (p->threads < threads) {
		if (worker_start(p) != 0) {
			workers_stop(p);
			return err_set(
			    e, ERR_INTERNAL, NULL, "workers: no thread");
		}
	}
	*out = p;
	return 0;
}

int
workers_submit(struct workers *p, struct work *w, struct err *e)
{
	if (queue_put(p->queue, &w->node) == 0)
		return 0;
	err_set(e, ERR_BUSY, NULL, "too many requests are being worked on");
	e->retry_after_s = 1;
	return -1;
}

void
workers_stop(struct workers *p)
{
	if (p == NULL)
		return;
	queue_close(p->queue);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	queue_free(p->queue);
	free(p);
}
