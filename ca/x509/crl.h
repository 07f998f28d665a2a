/*
 * Certificate revocation lists (X.509 CRL version 2, RFC 5280, section 5),
 * complete ones, of one issuer.
 *
 * The key lives in one process and the entries in another, and no message
 * holds a large list. So both encode the list from the same plain fields: the
 * signer hashes what it encodes, entry by entry, and gives the signature
 * (struct crl_hasher); the service, which has the entries in encoded form
 * (crl_set.h), puts the list together (crl_assemble). Nobody ever signs bytes
 * that came from elsewhere.
 */
#ifndef CA_X509_CRL_H
#define CA_X509_CRL_H

#include "ca/x509/certificate.h"

/* RFC 5280, 5.3.1; the numbers are those of the encoding. */
enum crl_reason {
	CRL_UNSPECIFIED = 0, /* stands in a list as no reason at all */
	CRL_KEY_COMPROMISE = 1,
	CRL_CA_COMPROMISE = 2,
	CRL_AFFILIATION_CHANGED = 3,
	CRL_SUPERSEDED = 4,
	CRL_CESSATION_OF_OPERATION = 5,
	CRL_CERTIFICATE_HOLD = 6,
	CRL_REMOVE_FROM_CRL = 8, /* for delta lists only: no entry here */
	CRL_PRIVILEGE_WITHDRAWN = 9,
	CRL_AA_COMPROMISE = 10
};

/* "keyCompromise", …: RFC 5280's names. NULL for a number that has none. */
const char *crl_reason_word(enum crl_reason r);
/* ERR_BAD_FIELD, field "reason"; the names exactly as RFC 5280 has them. */
MUST_USE int crl_reason_parse(
    struct bytes word, enum crl_reason *out, struct err *e);

/* RFC 5280, 4.1.2.2: 20 bytes at the most, sign byte included. */
#define CRL_SERIAL_MAX 20

/* One revoked certificate. */
struct crl_entry {
	uint8_t serial[CRL_SERIAL_MAX]; /* big-endian, first byte not 0 */
	uint8_t serial_len;
	enum crl_reason reason;
	int64_t revoked_at_s; /* seconds since 1970 */
};

/* Fills and checks one; leading zero bytes of the serial go. ERR_BAD_FIELD,
 * field "serial", "reason" or "revoked_at". */
MUST_USE int crl_entry_set(struct crl_entry *out, struct bytes serial,
    int64_t revoked_at_s, enum crl_reason reason, struct err *e);

/* What is said of the list as a whole. */
struct crl_fields {
	uint64_t number; /* higher than that of any list of this issuer before:
			  * the caller's to keep (RFC 5280, 5.2.3) */
	int64_t this_update_s;
	int64_t next_update_s; /* after this_update_s */
};

/* How many entries, and how many bytes they have when encoded: both stand in
 * front of the entries, so they must be known first. */
#define CRL_COUNT_MAX 1000000
struct crl_size {
	uint32_t count;
	uint32_t bytes;
};

/*
 * The signer's side. Entries come one by one, their serials strictly rising
 * (as numbers), exactly as many and as large as begin was told; else it fails,
 * and has failed for good. Not thread-safe; keeps a reference to the key, none
 * to the certificate.
 */
struct crl_hasher;
/* The issuer needs a key of EC P-256, P-384 or RSA, the right to sign lists
 * (key usage cRLSign), a name and a subject key identifier. */
MUST_USE int crl_hasher_begin(const struct issuer *issuer,
    const struct crl_fields *fields, struct crl_size size,
    struct crl_hasher **out, struct err *e);
MUST_USE int crl_hasher_entry(
    struct crl_hasher *h, const struct crl_entry *entry, struct err *e);
/* Signs and checks the signature that it made; appends its bytes. Once. */
#define CRL_SIGNATURE_MAX 1024
MUST_USE int crl_hasher_finish(
    struct crl_hasher *h, struct buf *signature, struct err *e);
void crl_hasher_free(struct crl_hasher *h);

/* The service's side: crl_set.h has the entries. */
struct crl_set;

/* The part that is signed (tBSCertList), appended; DER. */
MUST_USE int crl_encode_tbs(X509 *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct buf *out, struct err *e);

/* The list around a signature that a crl_hasher made of the same fields and
 * entries, appended; DER. A signature over anything else is refused, and
 * nothing is appended. */
MUST_USE int crl_assemble(X509 *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct bytes signature, struct buf *out,
    struct err *e);

/* Both sides at once, where key and entries are in one process. */
MUST_USE int crl_sign(const struct issuer *issuer,
    const struct crl_fields *fields, const struct crl_set *set, struct buf *out,
    struct err *e);

/* Enough for a list of so many entries in DER; in PEM. */
size_t crl_der_max(const struct crl_set *set);
size_t crl_pem_max(const struct crl_set *set);

/* "-----BEGIN X509 CRL-----…", appended. */
void crl_pem(struct bytes der, struct buf *out);

#endif
