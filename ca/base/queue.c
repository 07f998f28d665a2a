#include "ca/base/queue.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled; /* something came, or it was closed */
	struct queue_node *first;
	struct queue_node **last;
	size_t count, max;
	bool closed;
};

int
queue_new(size_t max, struct queue **out, struct err *e)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL || pthread_mutex_init(&q->lock, NULL) != 0 ||
	    pthread_cond_init(&q->filled, NULL) != 0) {
		free(q);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	q->last = &q->first;
	q->max = max;
	*out = q;
	return 0;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

int
queue_put(struct queue *q, struct queue_node *node)
{
	int rc = -1;

	node->next = NULL;
	pthread_mutex_lock(&q->lock);
	if (!q->closed && q->count < q->max) {
		*q->last = node;
		q->last = &node->next;
		q->count++;
		rc = 0;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

struct queue_node *
queue_take(struct queue *q)
{
	return queue_take_many(q, 1);
}

/* The first n as a list of their own. */
static struct queue_node *
split(struct queue *q, size_t n)
{
	struct queue_node *first = q->first;
	struct queue_node **at = &q->first;

	for (size_t i = 0; i < n; i++)
		at = &(*at)->next;
	q->first = *at;
	if (q->first == NULL)
		q->last = &q->first;
	*at = NULL;
	q->count -= n;
	return first;
}

struct queue_node *
queue_take_many(struct queue *q, size_t max)
{
	struct queue_node *first = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->count == 0 && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (q->count > 0 && max > 0)
		first = split(q, q->count < max ? q->count : max);
	pthread_mutex_unlock(&q->lock);
	return first;
}

void
queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

size_t
queue_length(struct queue *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->count;
	pthread_mutex_unlock(&q->lock);
	return n;
}
