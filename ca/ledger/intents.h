/* What the ledger's end says was about to be signed when the process ended. */
#ifndef CA_LEDGER_INTENTS_H
#define CA_LEDGER_INTENTS_H

#include "ca/ledger/ledger.h"

/* Requests under way at once are far fewer than lines in so many bytes. */
#define LEDGER_INTENTS_TAIL ((size_t)64 << 20)

struct ledger_intent {
	struct serial serial;
	uint8_t request[LEDGER_DIGEST_LEN];
	int64_t not_before_s;
	int64_t not_after_s;
};

typedef int (*ledger_intent_fn)(
    void *arg, const struct ledger_intent *intent, struct err *e);

/*
 * Reads the last LEDGER_INTENTS_TAIL bytes of the file; calls fn for each
 * intent there that was neither issued nor failed afterwards, oldest first. No
 * file: none. The chain is not checked again (ledger_open, ledger_verify).
 */
MUST_USE int ledger_open_intents(
    const char *path, ledger_intent_fn fn, void *arg, struct err *e);

#endif
