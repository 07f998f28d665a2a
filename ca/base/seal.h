/*
 * Sealing to the authority's escrow key: HPKE (RFC 9180), base mode,
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message a context.
 *
 * Whoever has the public key can seal; only the holder of the private key, the
 * signer, can open. Sealed bytes are enc (32) || ciphertext || tag (16).
 */
#ifndef CA_BASE_SEAL_H
#define CA_BASE_SEAL_H

#include "ca/base/buf.h"

#define SEAL_KEY_LEN  32
#define SEAL_OVERHEAD (32 + 16)

/* info of what is sealed, by its use: one cannot be opened as another. */
#define SEAL_INFO_KEY     "ms_ssl_server key"
#define SEAL_INFO_JOURNAL "ms_ssl_server journal"

struct seal_key; /* the private key; OpenSSL's, on the secure heap */

/* Makes a key pair. The caller frees it. */
MUST_USE int seal_key_new(struct seal_key **out, struct err *e);
/* From and to the 32 raw bytes of RFC 7748. raw is the caller's to wipe. */
MUST_USE int seal_key_from_raw(
    const uint8_t raw[SEAL_KEY_LEN], struct seal_key **out, struct err *e);
MUST_USE int seal_key_raw(
    const struct seal_key *k, uint8_t raw[SEAL_KEY_LEN], struct err *e);
MUST_USE int seal_key_public(
    const struct seal_key *k, uint8_t public_key[SEAL_KEY_LEN], struct err *e);
void seal_key_free(struct seal_key *k);

/*
 * Appends the sealed plain to out. info names the use (SEAL_INFO_…), aad is
 * bound to it and must be given again to open. Thread-safe.
 */
MUST_USE int seal(const uint8_t public_key[SEAL_KEY_LEN], struct bytes info,
    struct bytes aad, struct bytes plain, struct buf *out, struct err *e);

/* Appends the plain text to out; -1 if anything at all does not match. */
MUST_USE int seal_open(const struct seal_key *k, struct bytes info,
    struct bytes aad, struct bytes sealed, struct buf *out, struct err *e);

#endif
