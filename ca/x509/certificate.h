/*
 * Certificates (X.509 version 3, RFC 5280), built from plain fields and read
 * back.
 */
#ifndef CA_X509_CERTIFICATE_H
#define CA_X509_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdint.h>

#include "ca/base/serial.h"
#include "ca/x509/key.h"
#include "ca/x509/name.h"

#define CERTIFICATE_DER_MAX 8192
#define CERTIFICATE_PEM_MAX 12288

/* Bits of `usage` and `extended_usage`. */
#define USAGE_DIGITAL_SIGNATURE 0x01u
#define USAGE_KEY_ENCIPHERMENT  0x02u /* set for RSA keys only */
#define USAGE_KEY_AGREEMENT     0x04u /* for EC keys only */
#define USAGE_CERT_SIGN         0x08u
#define USAGE_CRL_SIGN          0x10u

#define EXTENDED_USAGE_CLIENT 0x01u
#define EXTENDED_USAGE_SERVER 0x02u

/* What is to be certified. Borrowed during the call. */
struct certificate_fields {
	struct serial serial;
	int64_t not_before_s; /* seconds since 1970 */
	int64_t not_after_s;  /* inclusive, RFC 5280, 4.1.2.5 */
	struct subject subject;
	struct san_list sans;
	char device_uri[NAME_DEVICE_URI_LEN]; /* "" : none */
	struct public_key key;
	unsigned usage;
	unsigned extended_usage;
};

/* The issuer: its certificate and, in the signer, its key. */
struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

/*
 * An end-entity certificate: basic constraints CA:FALSE (critical), key usage
 * (critical), extended key usage, subject and authority key identifiers
 * (RFC 7093, method 1), alternative names (critical where the subject is
 * empty). DER appended to out. Thread-safe over one issuer that
 * certificate_load made.
 *
 * Refuses fields that are out of form, the usages of an authority, no usage
 * left for the key, no extended usage, and nobody named. Does not ask whether
 * a profile allows them, nor cut the dates to the issuer's.
 */
MUST_USE int certificate_issue(const struct issuer *issuer,
    const struct certificate_fields *fields, struct buf *out, struct err *e);

/* A self-signed authority: CA:TRUE, pathlen 0, keyCertSign and cRLSign. Takes
 * serial, dates and subject of fields, the key of `key`; the subject must not
 * be empty. DER appended. */
MUST_USE int certificate_issue_authority(EVP_PKEY *key,
    const struct certificate_fields *fields, struct buf *out, struct err *e);

/* DER of our own (from the store, the signer or our files) to OpenSSL, with
 * its caches filled, so that threads may share it. The caller frees. */
MUST_USE int certificate_load(struct bytes der, X509 **out, struct err *e);

/* Reads the dates, serial and key back out of one that we issued. */
struct certificate_summary {
	struct serial serial;
	int64_t not_before_s;
	int64_t not_after_s;
	struct public_key key;
};
MUST_USE int certificate_summarize(
    struct bytes der, struct certificate_summary *out, struct err *e);

/* "-----BEGIN CERTIFICATE-----…", appended. */
void certificate_pem(struct bytes der, struct buf *out);

/* The DER of each CERTIFICATE block of a PEM text, in order; calls back for
 * each. -1 if there is none or a block is broken. */
typedef int (*certificate_fn)(void *arg, struct bytes der, struct err *e);
MUST_USE int certificate_pem_each(
    struct bytes pem, certificate_fn fn, void *arg, struct err *e);

#endif
