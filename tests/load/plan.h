/*
 * What will be asked: every request with its own name and, for sign, its own
 * csr, made before the clock starts. What comes back is kept beside it, and is
 * judged when the clock has stopped (verify.h), so that neither costs the
 * servers any time.
 *
 * A name is a MAC: 02, five digits of this run, five digits of the request's
 * number. So an answer's topic says which request it belongs to.
 */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "tests/load/options.h"

#define NAME_LEN 12

struct item {
	char name[NAME_LEN + 1];
	unsigned key; /* of the pool */
	char *body;   /* JSON */
	size_t body_len;
	uint64_t due_ns;  /* when it was to be sent; 0: it never was */
	uint64_t done_ns; /* when its answer was complete; 0: there is none */
	int status;       /* HTTP's; 0 for MQTT */
	char *answer;
	size_t answer_len;
	const char *lost; /* why there will be no answer */
};

struct plan {
	struct item *items;
	size_t count; /* warm_up and requests */
	EVP_PKEY **keys;
	size_t key_count;
};

/* Says how far it is on stderr. -1 after a complaint; plan_free in any case. */
int plan_make(const struct options *o, struct plan *plan);
void plan_free(struct plan *plan);

/* The item of that name, or NULL. */
struct item *plan_find(const struct plan *plan, const char *name, size_t len);

#endif
