/*
 * The service's end of the socket to the signer: sends requests, matches
 * replies by id. A reply that does not decode, one that does not come in time,
 * or the socket's end, is fatal (on_lost): service and signer end
 * together and start together.
 * All functions: the loop's thread.
 */
#ifndef SERVICE_SIGNER_CHANNEL_H
#define SERVICE_SIGNER_CHANNEL_H

#include <uv.h>

#include "ca/signer/message.h"

struct channel;

/* reply->err.kind ERR_NONE: done; views are good during the call. */
typedef void (*channel_reply_fn)(void *arg, const struct signer_reply *reply);

/* Takes over the descriptor. max: requests under way. reply_ms: so long without
 * a reply the signer hangs; the slowest thing that it does is the derivation of
 * a passphrase. */
MUST_USE int channel_open(uv_loop_t *loop, int take_fd, size_t max,
    unsigned reply_ms, void (*on_lost)(void *arg), void *arg,
    struct channel **out, struct err *e);

/* 0: fn is called once, later (also when the channel is lost or closed, with
 * ERR_INTERNAL). -1, ERR_BUSY: too many under way. m->id is set here. */
MUST_USE int channel_call(struct channel *c, struct signer_request *m,
    channel_reply_fn fn, void *arg, struct err *e);

/* The state that the newest reply told. */
bool channel_is_open(const struct channel *c);
void channel_close(struct channel *c);

#endif
