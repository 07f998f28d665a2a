/* A set of serial numbers: a hash table with open addressing. */
#ifndef MOSQUITTO_SERIALS_H
#define MOSQUITTO_SERIALS_H

#include "mosquitto/identity.h"

#define SERIALS_MAX 1000000

struct serials {
	struct revoked_serial *slot; /* len 0: never used */
	size_t slots;                /* a power of two, or 0 */
	size_t used;                 /* with those that were removed */
	size_t count;
};

void serials_init(struct serials *s);
void serials_clear(struct serials *s);
/* -1: no memory, or SERIALS_MAX are there. One that is there is no fault. */
MUST_USE int serials_add(struct serials *s, const struct revoked_serial *n);
/* False: it was not there. */
bool serials_remove(struct serials *s, const struct revoked_serial *n);
bool serials_has(const struct serials *s, const struct revoked_serial *n);

/* All of them, in no order: start with 0. NULL at the end. */
const struct revoked_serial *serials_next(const struct serials *s, size_t *at);

#endif
