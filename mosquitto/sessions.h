/* The clients that are connected, and what their certificates said. */
#ifndef MOSQUITTO_SESSIONS_H
#define MOSQUITTO_SESSIONS_H

#include "mosquitto/identity.h"

/* The broker's handle; here only a number to tell clients apart. */
struct mosquitto;

struct session {
	struct session *next;
	struct mosquitto *client;
	struct identity identity;
};

struct sessions {
	struct session **chain;
	size_t chains; /* a power of two, or 0 */
	size_t count;
};

void sessions_init(struct sessions *s);
void sessions_clear(struct sessions *s);

/* One that is there gets the new identity. -1: no memory. */
MUST_USE int sessions_add(struct sessions *s, struct mosquitto *client,
    const struct identity *identity);
void sessions_remove(struct sessions *s, const struct mosquitto *client);
/* NULL: not there. Good until the next change. */
const struct session *sessions_find(
    const struct sessions *s, const struct mosquitto *client);

/* The clients for which match says yes, in an array that the caller frees
 * (NULL: none). -1: no memory. */
typedef bool session_match_fn(void *arg, const struct identity *identity);
MUST_USE int sessions_select(const struct sessions *s, session_match_fn *match,
    void *arg, struct mosquitto ***out, size_t *count);

#endif
