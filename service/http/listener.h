/*
 * A listening socket that stays bound whatever happens. When accepting fails
 * again and again (no descriptors, no memory), libuv would call back for ever;
 * so the handle is closed for a while. The socket itself is kept: a port below
 * 1024 could not be bound again, and clients wait in its backlog meanwhile.
 */
#ifndef SERVICE_HTTP_LISTENER_H
#define SERVICE_HTTP_LISTENER_H

#include <uv.h>

#include "ca/base/err.h"

struct listener;

/* Called when a connection waits: listener_accept it, now or later. None other
 * is reported before. */
typedef void (*listener_fn)(void *arg);

/* Binds and listens; on_waiting comes later, never from within. */
MUST_USE int listener_open(uv_loop_t *loop, const char *host, unsigned port,
    struct listener **out, struct err *e);
void listener_start(struct listener *l, listener_fn on_waiting, void *arg);
unsigned listener_port(const struct listener *l);

/* -1: it went away or there are no resources; into must be closed. */
MUST_USE int listener_accept(struct listener *l, uv_tcp_t *into);

/* Accepts nothing for a moment; what waits is reported again. */
void listener_rest(struct listener *l);

/* Calls back once, later; l is gone then. */
void listener_close(struct listener *l, void (*on_closed)(void *), void *arg);

#endif
