#include "service/loop/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

struct mailbox {
	uv_async_t async;
	pthread_mutex_t lock;
	struct letter *first;
	struct letter **last;
};

static struct letter *
mailbox_take_all(struct mailbox *m)
{
	struct letter *first;

	pthread_mutex_lock(&m->lock);
	first = m->first;
	m->first = NULL;
	m->last = &m->first;
	pthread_mutex_unlock(&m->lock);
	return first;
}

static void
mailbox_deliver(struct mailbox *m)
{
	struct letter *l = mailbox_take_all(m);

	while (l != NULL) {
		struct letter *next = l->next;

		l->deliver(l); /* may free the letter */
		l = next;
	}
}

static void
on_async(uv_async_t *async)
{
	mailbox_deliver(async->data);
}

int
mailbox_open(uv_loop_t *loop, struct mailbox **out, struct err *e)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	if (uv_async_init(loop, &m->async, on_async) != 0) {
		free(m);
		return err_set(e, ERR_INTERNAL, NULL, "mailbox: no handle");
	}
	pthread_mutex_init(&m->lock, NULL);
	m->last = &m->first;
	m->async.data = m;
	*out = m;
	return 0;
}

void
mailbox_post(struct mailbox *m, struct letter *l)
{
	l->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->last = l;
	m->last = &l->next;
	/* Inside the lock: once the letter is delivered, the mailbox may be
	 * closed, and nobody may touch the handle any more. */
	uv_async_send(&m->async);
	pthread_mutex_unlock(&m->lock);
}

static void
on_closed(uv_handle_t *handle)
{
	struct mailbox *m = handle->data;

	pthread_mutex_destroy(&m->lock);
	free(m);
}

void
mailbox_close(struct mailbox *m)
{
	if (m == NULL)
		return;
	mailbox_deliver(m);
	uv_close((uv_handle_t *)&m->async, on_closed);
}
