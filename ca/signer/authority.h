/*
 * The authority's key material: its files, how it is made, how it opens.
 * Only the signer's programs link this.
 *
 *	ca.key      PKCS #8 PEM of the CA key, encrypted under the passphrase
 *	ca.crt      its certificates, PEM, newest first
 *	escrow.key  the escrow key (X25519), PKCS #8 PEM, the same passphrase
 *	escrow.pub  its public key, hex; the service seals to it
 *
 * With the CA key in a token (hsm.h) there is no ca.key, and the passphrase is
 * the token's PIN.
 */
#ifndef CA_SIGNER_AUTHORITY_H
#define CA_SIGNER_AUTHORITY_H

#include "ca/base/seal.h"
#include "ca/signer/hsm.h"
#include "ca/x509/certificate.h"

#define PASSPHRASE_MIN     12    /* characters, when an authority is made */
#define AUTHORITY_DAYS_MAX 14610 /* 40 years */

/* What is needed to make one. */
struct authority_plan {
	const char *dir;        /* where the four files go; must hold none */
	enum key_type key_type; /* EC P-256, P-384 or RSA; of a new key */
	const char *ca_key;     /* URI of a key in a token; NULL: a new one */
	const char *pkcs11_module; /* see hsm_open */
	struct subject subject;    /* empty: the cn "ms_ssl_server CA" */
	unsigned days;             /* 1 to AUTHORITY_DAYS_MAX */
};

/* Makes the keys and writes the four files: the private ones mode 0600, the
 * others 0644. Never overwrites; on failure what it wrote is gone again. For a
 * key in a token, whose PIN pass is, three files: no ca.key.
 * ERR_BAD_FIELD "pass", "days", "key_type" … for what is wrong in the plan. */
MUST_USE int authority_create(const struct authority_plan *plan,
    const struct secret *pass, struct err *e);

/* At least PASSPHRASE_MIN characters of UTF-8, none of them a control
 * character, at most PASSPHRASE_MAX bytes. ERR_BAD_FIELD "pass". */
MUST_USE int authority_check_passphrase(
    const struct secret *pass, struct err *e);

/*
 * Both key files under the passphrase pass; old is the present one. Whenever it
 * is killed, one of the two passphrases opens both keys, and another call sets
 * right what is left. A process that has the keys open keeps them, under old.
 * ERR_WRONG_PASS; ERR_BAD_FIELD "pass" for what the new one must not be.
 */
MUST_USE int authority_change_passphrase(const char *dir,
    const struct secret *old, const struct secret *pass, struct err *e);

struct authority; /* locked or open; shared by all threads of the signer */

/* Reads all four files (nothing is opened with a passphrase yet). Refuses
 * private keys that others than the owner can read. */
MUST_USE int authority_load(
    const char *dir, struct authority **out, struct err *e);

/* With the CA key in a token, which is given back with authority_free (at once
 * where this fails): reads the other three. */
MUST_USE int authority_load_hsm(const char *dir, struct hsm *take_hsm,
    struct authority **out, struct err *e);
void authority_free(struct authority *a);

/* The token has refused a PIN, and is not shown another by this process. */
bool authority_pin_is_refused(const struct authority *a);

bool authority_is_open(struct authority *a);

/* Of its key, as its certificate tells; open or locked. */
MUST_USE int authority_key_type(
    struct authority *a, enum key_type *out, struct err *e);

/*
 * Checks pass: the slow derivation while locked (one at a time; the others
 * wait), afterwards a constant-time comparison of keyed hashes. Opens the keys
 * at the first right one. ERR_WRONG_PASS; ERR_LOCKED for no passphrase (len 0)
 * while locked. After a thousand wrong ones in a row each waits, one at a time,
 * for a second. A token is shown as its PIN only what opened the escrow key.
 * Thread-safe.
 */
MUST_USE int authority_unlock(
    struct authority *a, struct bytes pass, struct err *e);

/* While open only (else ERR_LOCKED). The issuer holds a reference to the
 * certificate, so a renewal meanwhile does no harm: give it back with
 * issuer_release. Its key is good until authority_free. Thread-safe. */
MUST_USE int authority_issuer(
    struct authority *a, struct issuer *out, struct err *e);
void issuer_release(struct issuer *i);

/* When the issuer's certificate ends, seconds since 1970. */
MUST_USE int issuer_not_after(
    const struct issuer *i, int64_t *seconds, struct err *e);

/* While open only (else ERR_LOCKED); borrowed, good until authority_free. */
MUST_USE int authority_escrow(
    struct authority *a, const struct seal_key **out, struct err *e);

/* From now on issues under this certificate (same key), in memory: the file is
 * the service's to write. Takes over the X509. Thread-safe. */
void authority_renewed(struct authority *a, X509 *take_certificate);

#endif
