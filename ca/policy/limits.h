/*
 * Back-off after wrong passphrases, per name and per address: after a few in a
 * row the next try must wait, twice as long each time. A fixed table; where it
 * is full the entry that was longest without a failure goes.
 * One thread only (the loop).
 */
#ifndef CA_POLICY_LIMITS_H
#define CA_POLICY_LIMITS_H

#include <stdint.h>

#include "ca/base/err.h"

struct limits;

struct limits_rule {
	unsigned free_failures; /* this many in a row cost nothing */
	unsigned wait_max_s;    /* the wait doubles from 1 s up to this */
	unsigned entries;       /* names and addresses remembered */
};

MUST_USE int limits_new(
    const struct limits_rule *rule, struct limits **out, struct err *e);
void limits_free(struct limits *l);

/* -1, ERR_SLOW_DOWN with retry_after_s, while key must wait. */
MUST_USE int limits_check(
    struct limits *l, const char *key, int64_t now_ms, struct err *e);

void limits_failed(struct limits *l, const char *key, int64_t now_ms);
void limits_passed(struct limits *l, const char *key);

#endif
