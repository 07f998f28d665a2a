/*
 * Public keys as algorithm and raw bytes (what crosses to the signer), and
 * private keys as OpenSSL holds them.
 */
#ifndef CA_X509_KEY_H
#define CA_X509_KEY_H

#include <openssl/evp.h>

#include "ca/base/buf.h"
#include "ca/base/secret.h"

enum key_type {
	KEY_EC_P256,
	KEY_EC_P384,
	KEY_EC_P521,
	KEY_ED25519,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_TYPE_COUNT
};

#define KEY_RAW_MAX 512

/*
 * EC: the point, uncompressed (0x04 || X || Y). Ed25519: 32 bytes. RSA: the
 * modulus, big-endian, first byte not zero, and the exponent beside it.
 * RSA moduli between the named sizes are rounded down to a type
 * (a 2560-bit key is KEY_RSA_2048); under 2048 and over 4096 are refused.
 */
struct public_key {
	enum key_type type;
	uint32_t rsa_exponent; /* RSA: odd, 65537 or more; else 0 */
	uint16_t len;
	uint8_t raw[KEY_RAW_MAX];
};

/* "ec:P-256", "ec:P-384", "ed25519", "rsa:2048", "rsa:3072", "rsa:4096" (and
 * "ec:P-521", which no key is made of but a request may bring). */
const char *key_type_word(enum key_type t);
/* ERR_BAD_FIELD, field "key_type"; only those that keys are made of. */
MUST_USE int key_type_parse(
    struct bytes word, enum key_type *out, struct err *e);

/* Reads a SubjectPublicKeyInfo by hand: algorithm allow-list, named curves
 * only, sizes, nothing trailing. ERR_BAD_CSR. Does no arithmetic. */
MUST_USE int public_key_parse(
    struct bytes spki, struct public_key *out, struct err *e);

/* The same form checks on the plain struct (what a signer does with it). */
MUST_USE int public_key_check(const struct public_key *k, struct err *e);

/* public_key_check, and that an EC point is on its curve (SEC 1, 3.2.2): a
 * tenth of the cost of public_key_load. Thread-safe. */
MUST_USE int public_key_check_point(const struct public_key *k, struct err *e);

/* The SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), appended to out. */
void public_key_encode(const struct public_key *k, struct buf *out);

/* SHA-256 of the SubjectPublicKeyInfo: the key's identity in our records. */
#define KEY_HASH_LEN 32
MUST_USE int public_key_hash(
    const struct public_key *k, uint8_t hash[KEY_HASH_LEN], struct err *e);

/* As an OpenSSL key, built without a decoder; checks that an EC point is on
 * its curve. The caller frees. ERR_BAD_CSR, or ERR_INTERNAL. */
MUST_USE int public_key_load(
    const struct public_key *k, EVP_PKEY **out, struct err *e);

/* The public half of a private key. */
MUST_USE int public_key_of(
    EVP_PKEY *pkey, struct public_key *out, struct err *e);

/* Makes a key. Milliseconds for EC and Ed25519, up to seconds for RSA: on a
 * worker thread. The caller frees. */
MUST_USE int private_key_new(enum key_type t, EVP_PKEY **out, struct err *e);

/* Unencrypted PKCS #8 PEM ("BEGIN PRIVATE KEY"), as a secret. */
MUST_USE int private_key_pem(
    EVP_PKEY *pkey, struct secret **out, struct err *e);

/* PKCS #8 PEM under a passphrase of 1 to 1024 bytes of any value: PBES2,
 * PBKDF2-HMAC-SHA-256 with 600,000 rounds, AES-256-CBC (RFC 8018). */
MUST_USE int private_key_encrypt(
    EVP_PKEY *pkey, const struct secret *pass, struct buf *out, struct err *e);

/* ERR_WRONG_PASS when the passphrase does not open it, ERR_INTERNAL when the
 * file is no key under PBES2. Changed bytes of the encrypted part look like a
 * wrong passphrase. Never prompts. */
MUST_USE int private_key_decrypt(
    struct bytes pem, const struct secret *pass, EVP_PKEY **out, struct err *e);

#endif
