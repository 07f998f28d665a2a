/*
 * A bounded queue between threads: many put, one or many take.
 *
 * Nodes are the caller's, embedded in what is queued; the queue never
 * allocates. take_all() is what makes a group commit: whatever waits is one
 * batch.
 */
#ifndef CA_BASE_QUEUE_H
#define CA_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "ca/base/err.h"

struct queue_node {
	struct queue_node *next;
};

/* The struct that node is the member of. */
#define QUEUE_ITEM(node, type, member)                                         \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

struct queue;

MUST_USE int queue_new(size_t max, struct queue **out, struct err *e);
/* Nothing may be waiting in it or use it any more. NULL is fine. */
void queue_free(struct queue *q);

/* -1 if it is full or closed; then the node is still the caller's. */
MUST_USE int queue_put(struct queue *q, struct queue_node *node);

/* Waits for something; the oldest, or NULL once closed and empty. */
struct queue_node *queue_take(struct queue *q);
/* Waits for something; up to max of the oldest, in order, or NULL. */
struct queue_node *queue_take_many(struct queue *q, size_t max);

/* Nothing more goes in; what is in it is still taken, then NULL. */
void queue_close(struct queue *q);
size_t queue_length(struct queue *q);

#endif
