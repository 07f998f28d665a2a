/* What crl*.c are made of: the one place that knows how a list is encoded,
 * for the side that hashes and the side that assembles. */
#ifndef CA_X509_CRL_PARTS_H
#define CA_X509_CRL_PARTS_H

#include "ca/x509/crl_set.h"

#define CRL_TIME_MAX_S 253402300799 /* the end of 9999 */

/* Serial 22, GeneralizedTime 17, reason 14, header 2. */
#define CRL_ENTRY_BYTES_MAX 55

/* As numbers: less than 0, 0, more than 0. Without leading zero bytes. */
int crl_serial_compare(struct bytes a, struct bytes b);

MUST_USE int crl_entry_check(const struct crl_entry *entry, struct err *e);

/* An element of revokedCertificates; the entry was checked. */
void crl_entry_encode(const struct crl_entry *entry, struct buf *out);

/* How an issuer's key signs. */
struct crl_algorithm {
	struct bytes identifier; /* AlgorithmIdentifier, DER */
	const EVP_MD *digest;
};
MUST_USE int crl_algorithm_of(
    EVP_PKEY *key, struct crl_algorithm *out, struct err *e);

/* All of tBSCertList that stands before and behind the entries. */
struct crl_frame {
	struct buf head;
	struct buf tail;
	struct crl_algorithm algorithm;
};
/* Checks issuer, fields and size. Whatever it returns: crl_frame_clear. */
MUST_USE int crl_frame_init(struct crl_frame *f, X509 *issuer, EVP_PKEY *key,
    const struct crl_fields *fields, struct crl_size size, struct err *e);
void crl_frame_clear(struct crl_frame *f);

/* A signature over a digest. */
MUST_USE int crl_signature_verify(EVP_PKEY *key, const EVP_MD *md,
    struct bytes digest, struct bytes signature, struct err *e);

/* All entries, encoded, appended. */
void crl_set_encode(const struct crl_set *set, struct buf *out);

#endif
