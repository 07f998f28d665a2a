/* What certificate.c is made of. */
#ifndef CA_X509_CERTIFICATE_PARTS_H
#define CA_X509_CERTIFICATE_PARTS_H

#include <stdbool.h>

#include "ca/x509/certificate.h"

#define KEY_ID_LEN 20

struct certificate_ids {
	uint8_t subject[KEY_ID_LEN];
	uint8_t issuer[KEY_ID_LEN];
};

/* RFC 7093, 2, method 1: the leftmost 160 bits of the SHA-256 of the bits of
 * the public key. */
MUST_USE int certificate_key_id(
    const struct public_key *k, uint8_t id[KEY_ID_LEN], struct err *e);

/* All extensions (RFC 5280, 4.2), in the order in which they stand. */
MUST_USE int certificate_add_extensions(X509 *x,
    const struct certificate_fields *fields, const struct certificate_ids *ids,
    bool authority, struct err *e);

/* Bits of `usage` that a key of this type can serve (RFC 5480, 3; RFC 8410,
 * 5). */
unsigned certificate_usage_for(enum key_type t, unsigned usage);

/* RFC 5280, 4.1.2.4: the attributes that are set, in a fixed order. */
MUST_USE int certificate_set_subject(
    X509 *x, const struct subject *subject, struct err *e);

bool certificate_subject_is_empty(const struct subject *subject);

#endif
