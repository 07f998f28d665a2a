/*
 * The local entities (PROTOCOL, "The local entities"): the authority's own
 * certificate, the broker's and the service's. Made where they are missing,
 * renewed before they end; asked for like any other certificate, so each has
 * its intent in the ledger and its row in the store.
 *
 * Needs the CA key to be open; until then a check changes nothing and says so.
 * Loop's thread.
 */
#ifndef SERVICE_LOCAL_LOCAL_H
#define SERVICE_LOCAL_LOCAL_H

#include "service/config/config.h"
#include "service/work/pipeline.h"

struct local;

struct local_handler {
	/* A check has ended; e is NULL when all files are there and good. */
	void (*on_checked)(void *arg, const struct err *e);
	/* Certificates that others hold open were replaced. */
	void (*on_broker_changed)(void *arg);
	void (*on_service_changed)(void *arg);
	void (*on_authority_changed)(void *arg);
	void *arg;
};

/* All borrowed until local_close. */
MUST_USE int local_open(const struct config *c, struct pipeline *p,
    struct channel *channel, struct ledger *ledger, struct mailbox *mailbox,
    const struct local_handler *h, struct local **out, struct err *e);

/* Looks at all files and renews what is due; one check at a time, a second
 * call while one runs is that one. */
void local_check(struct local *l);

/* When the first of broker's and service's certificates ends; 0: unknown. */
int64_t local_not_after_s(const struct local *l);

/* Only between checks, or after the pipeline is idle. */
void local_close(struct local *l);

#endif
