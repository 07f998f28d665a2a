/*
 * The record of entities, their certificates and their sealed keys, behind one
 * table of functions: a back end is one file that fills it.
 *
 * Synchronous, and used by one thread at a time (service/store has the thread
 * and the group commit). Between store_begin and store_commit nothing is
 * durable; after store_commit everything is.
 */
#ifndef CA_STORE_STORE_H
#define CA_STORE_STORE_H

#include "ca/base/serial.h"
#include "ca/ledger/ledger.h"
#include "ca/policy/profile.h"

struct store;

/* One certificate with what belongs to it. Bufs are owned by the struct. */
struct store_certificate {
	struct name name;
	struct serial serial;
	int64_t not_before_s;
	int64_t not_after_s;
	int64_t created_ms;
	char profile[PROFILE_NAME_MAX + 1];
	char door[8];
	struct subject subject; /* the entity's, for the next certificate */
	struct san_list sans;   /* those asked for */
	uint8_t key_hash[KEY_HASH_LEN];
	uint8_t request[LEDGER_DIGEST_LEN];
	struct buf der;
	struct serial key_serial; /* where sealed_key is bound to */
	struct buf sealed_key;    /* empty: the device holds its own */
};

void store_certificate_init(struct store_certificate *c);
void store_certificate_clear(struct store_certificate *c);

/* url: "sqlite:PATH" or "memory:". Makes or migrates the schema; ERR_INTERNAL
 * for one that is newer than this program. */
MUST_USE int store_open(const char *url, struct store **out, struct err *e);
void store_close(struct store *s);

MUST_USE int store_begin(struct store *s, struct err *e);
MUST_USE int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* Enters the entity where it is new, the certificate, and the sealed key where
 * key_serial equals serial and sealed_key is not empty. Inside a transaction.
 */
MUST_USE int store_put(
    struct store *s, const struct store_certificate *c, struct err *e);

/* These return 1 and fill out (initialised by the caller), 0 when there is
 * none, or -1. */
MUST_USE int store_find_last(struct store *s, const struct name *name,
    struct store_certificate *out, struct err *e);
MUST_USE int store_find_serial(struct store *s, const struct serial *serial,
    struct store_certificate *out, struct err *e);
/* The newest certificate given to this request at since_ms or later. */
MUST_USE int store_find_request(struct store *s,
    const uint8_t request[LEDGER_DIGEST_LEN], int64_t since_ms,
    struct store_certificate *out, struct err *e);

struct store_counts {
	uint64_t entities;
	uint64_t certificates;
	uint64_t valid;  /* not ended at now_s */
	uint64_t ending; /* of these, ending within 30 days */
};
MUST_USE int store_count(
    struct store *s, int64_t now_s, struct store_counts *out, struct err *e);

/* For every certificate in order of entry, oldest first. */
typedef int (*store_each_fn)(
    void *arg, const struct store_certificate *c, struct err *e);
MUST_USE int store_each(
    struct store *s, store_each_fn fn, void *arg, struct err *e);

/* The schema's version, for `check` and tests. */
MUST_USE int store_version(struct store *s, int *out, struct err *e);

#endif
