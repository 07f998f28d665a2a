/* One line of the ledger: how it is written and chained. Internal. */
#ifndef CA_LEDGER_LINE_H
#define CA_LEDGER_LINE_H

#include "ca/ledger/ledger.h"

#define LINE_HASH_LEN   64 /* hex digits */
#define LEDGER_LINE_MAX 2048

/* The hash that the first line is chained to. */
void line_hash_start(char hash[LINE_HASH_LEN + 1]);

/* Appends the line, with its hash and line end; hash holds the previous line's
 * and gets this one's (both NUL-terminated). */
MUST_USE int line_write(const struct ledger_entry *entry, uint64_t number,
    char hash[LINE_HASH_LEN + 1], struct buf *out, struct err *e);

/*
 * Checks one line (without its end) against the previous hash and the number
 * it must have; text gets the part before the hash, hash the new one. Where
 * number is 0 any will do, and is returned in *found.
 */
MUST_USE int line_check(struct bytes line, uint64_t number,
    char hash[LINE_HASH_LEN + 1], uint64_t *found, struct bytes *text,
    struct err *e);

#endif
