/*
 * The entries of a revocation list, encoded and sorted by serial number, so
 * that what changes costs, and a list is made by copying.
 *
 * Adding, removing and finding take the time of a search; encoding all of it
 * is one copy. Not thread-safe.
 */
#ifndef CA_X509_CRL_SET_H
#define CA_X509_CRL_SET_H

#include "ca/x509/crl.h"

struct crl_set;

MUST_USE int crl_set_new(struct crl_set **out, struct err *e);
void crl_set_free(struct crl_set *set);

/* A copy: what a list is made of while revocations go on. */
MUST_USE int crl_set_copy(
    const struct crl_set *set, struct crl_set **out, struct err *e);

/*
 * not_after_s is the end of the certificate, for crl_set_expire. A serial that
 * is there for good stays as it is (a retry does no harm); one on hold becomes
 * what entry says. changed (may be NULL): the list has to be made again.
 * ERR_BAD_FIELD for an entry out of form, ERR_BUSY past CRL_COUNT_MAX.
 */
MUST_USE int crl_set_add(struct crl_set *set, const struct crl_entry *entry,
    int64_t not_after_s, bool *changed, struct err *e);

/* Releases a certificateHold. ERR_BAD_FIELD, field "serial", for one that is
 * not there, or that is revoked for good. */
MUST_USE int crl_set_remove(
    struct crl_set *set, struct bytes serial, struct err *e);

/*
 * Takes out the entries whose certificates ended before listed_s, and returns
 * how many. listed_s: thisUpdate of a list that was issued with them on it,
 * for RFC 5280, 3.3 has an entry stand on one list after its certificate's
 * end.
 */
size_t crl_set_expire(struct crl_set *set, int64_t listed_s);

/* True if the serial is there; out (may be NULL) gets the entry. */
bool crl_set_find(
    const struct crl_set *set, struct bytes serial, struct crl_entry *out);

struct crl_size crl_set_size(const struct crl_set *set);

/* All entries in their order: start with a cursor of zeros. False at the end.
 * A cursor is good until the set changes. */
struct crl_cursor {
	size_t block;
	size_t at;
};
bool crl_set_next(const struct crl_set *set, struct crl_cursor *cursor,
    struct crl_entry *out);

#endif
