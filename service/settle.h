/* At the start: what became of the intents that the last life left open. */
#ifndef SERVICE_SETTLE_H
#define SERVICE_SETTLE_H

#include "ca/ledger/intents.h"
#include "ca/store/store.h"
#include "service/work/pipeline.h"

struct settlement {
	struct ledger_intent *open; /* nobody has a certificate for them yet */
	size_t count;
	struct store *store;
	struct ledger *ledger;
	size_t stored, abandoned;
};

/*
 * Each intent at the ledger's end that has none: the certificate is in the
 * store (the line "issued" is written now), or the intent is more than a day
 * old (written off as "abandoned"), or it is left for its request to come
 * again. Before the store is given to its thread.
 */
MUST_USE int settle_intents(const char *ledger_path, struct ledger *ledger,
    struct store *store, struct settlement *out, struct err *e);

/* Hands those that are left to the pipeline; frees them in any case. */
MUST_USE int settle_resume(
    struct settlement *s, struct pipeline *p, struct err *e);

#endif
