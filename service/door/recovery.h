/*
 * Taking up what the journal holds of earlier lives of this process: the signer
 * opens the key of each session, and each entry goes the way of a message that
 * has just come. Loop's thread.
 */
#ifndef SERVICE_DOOR_RECOVERY_H
#define SERVICE_DOOR_RECOVERY_H

#include <uv.h>

#include "service/journal/journal.h"
#include "service/signer/channel.h"

struct recovery;

/* Borrows all; take hands on one entry, as journal_handler's on_entry. */
MUST_USE int recovery_open(uv_loop_t *loop, struct journal *journal,
    struct channel *channel, const struct journal_handler *take,
    struct recovery **out, struct err *e);

/* The CA key is open. Goes on until nothing is left, at the pace at which take
 * takes; more calls are harmless. */
void recovery_start(struct recovery *r);

/* Before the channel's and the journal's close. NULL is fine. */
void recovery_close(struct recovery *r);

#endif
