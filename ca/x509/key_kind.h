/* What is known of each key type, in one table. */
#ifndef CA_X509_KEY_KIND_H
#define CA_X509_KEY_KIND_H

#include "ca/x509/key.h"

enum key_family { KEY_FAMILY_EC, KEY_FAMILY_ED25519, KEY_FAMILY_RSA };

#define RSA_EXPONENT_MIN 65537u

struct key_kind {
	const char *word;
	enum key_family family;
	bool made;                 /* private_key_new makes it */
	uint16_t raw_len;          /* EC, Ed25519; 0 for RSA */
	unsigned bits;             /* RSA: the least modulus of this type */
	const struct bytes *curve; /* EC: its object identifier … */
	int curve_nid;             /* … OpenSSL's number for it … */
	const char *group;         /* … and name */
};

/* NULL if t is out of range. */
const struct key_kind *key_kind(enum key_type t);

/* The type of an RSA modulus of so many bits; -1 if it is refused. */
MUST_USE int key_kind_of_rsa(size_t bits, enum key_type *out);

/* What stands in the BIT STRING of the SubjectPublicKeyInfo (RFC 3279, 2.3;
 * RFC 8410, 4), appended. k passes public_key_check. */
#define KEY_BITS_MAX 544
void public_key_bits(const struct public_key *k, struct buf *out);

/* -1, with e from OpenSSL's queue (drained): ERR_BAD_CSR where a point of good
 * form is off its curve, else ERR_INTERNAL. */
int key_load_blame(struct err *e);

/* The unencrypted PKCS #8, appended; the caller wipes. */
MUST_USE int private_key_der(EVP_PKEY *pkey, struct buf *out, struct err *e);

#endif
