#include "ca/base/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/seal_internal.h"

#define HASH_LEN  32
#define AES_LEN   32
#define NONCE_LEN 12
#define TAG_LEN   16
#define INFO_MAX  256

struct seal_key {
	EVP_PKEY *pkey;
};

/* RFC 9180, 4.1 and 5.1: the suites' names. */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {
    'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};

static const struct bytes kem_id = {kem_suite, sizeof(kem_suite)};
static const struct bytes hpke_id = {hpke_suite, sizeof(hpke_suite)};

/* What a context of one message needs. */
struct seal_context {
	uint8_t key[AES_LEN];
	uint8_t nonce[NONCE_LEN];
};

static int
hmac(struct bytes key, const struct buf *data, uint8_t out[HASH_LEN])
{
	static const uint8_t empty[1];

	if (data->failed)
		return -1;
	return HMAC(EVP_sha256(), key.len > 0 ? key.data : empty, (int)key.len,
		   data->data, data->len, out, NULL) == NULL
		   ? -1
		   : 0;
}

/* RFC 9180, 4: LabeledExtract. */
static int
labeled_extract(struct bytes suite, struct bytes salt, const char *label,
    struct bytes ikm, uint8_t out[HASH_LEN])
{
	struct buf data;
	int rc;

	buf_init(&data, 1024);
	buf_append_text(&data, "HPKE-v1");
	buf_append(&data, suite.data, suite.len);
	buf_append_text(&data, label);
	buf_append(&data, ikm.data, ikm.len);
	rc = hmac(salt, &data, out);
	buf_clear(&data);
	return rc;
}

/* RFC 9180, 4: LabeledExpand, of at most one block of HKDF's output. */
static int
labeled_expand(struct bytes suite, const uint8_t prk[HASH_LEN],
    const char *label, struct bytes info, struct buf *out, size_t len)
{
	uint8_t block[HASH_LEN];
	struct buf data;
	int rc;

	buf_init(&data, 1024);
	buf_append_byte(&data, (uint8_t)(len >> 8));
	buf_append_byte(&data, (uint8_t)len);
	buf_append_text(&data, "HPKE-v1");
	buf_append(&data, suite.data, suite.len);
	buf_append_text(&data, label);
	buf_append(&data, info.data, info.len);
	buf_append_byte(&data, 1); /* HKDF-Expand's first block */
	rc = hmac((struct bytes){prk, HASH_LEN}, &data, block);
	buf_append(out, block, len);
	OPENSSL_cleanse(block, sizeof(block));
	buf_clear(&data);
	return rc == 0 && !out->failed ? 0 : -1;
}

/* X25519; a peer of small order gives zeros, which OpenSSL refuses. */
static int
diffie_hellman(
    EVP_PKEY *own, const uint8_t peer[SEAL_KEY_LEN], uint8_t out[SEAL_KEY_LEN])
{
	size_t len = SEAL_KEY_LEN;
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_X25519, NULL, peer, SEAL_KEY_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	int ok = other != NULL && ctx != NULL &&
		 EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
		 EVP_PKEY_derive(ctx, out, &len) == 1 && len == SEAL_KEY_LEN;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return ok ? 0 : -1;
}

/* RFC 9180, 4.1: ExtractAndExpand(dh, enc || pkR). */
static int
shared_secret(const uint8_t dh[SEAL_KEY_LEN], const uint8_t enc[SEAL_KEY_LEN],
    const uint8_t recipient[SEAL_KEY_LEN], struct buf *out)
{
	uint8_t prk[HASH_LEN], both[2 * SEAL_KEY_LEN];
	int rc;

	memcpy(both, enc, SEAL_KEY_LEN);
	memcpy(both + SEAL_KEY_LEN, recipient, SEAL_KEY_LEN);
	rc = labeled_extract(kem_id, (struct bytes){NULL, 0}, "eae_prk",
	    (struct bytes){dh, SEAL_KEY_LEN}, prk);
	if (rc == 0)
		rc = labeled_expand(kem_id, prk, "shared_secret",
		    (struct bytes){both, sizeof(both)}, out, HASH_LEN);
	OPENSSL_cleanse(prk, sizeof(prk));
	return rc;
}

/* RFC 9180, 5.1: KeySchedule in mode base. */
static int
key_schedule(
    struct bytes secret, struct bytes info, struct seal_context *context)
{
	static const struct bytes none = {NULL, 0};
	uint8_t schedule[1 + 2 * HASH_LEN] = {0}; /* mode_base = 0 */
	struct bytes all = {schedule, sizeof(schedule)};
	uint8_t prk[HASH_LEN];
	struct buf out;
	int rc = -1;

	buf_init(&out, AES_LEN + NONCE_LEN);
	if (labeled_extract(hpke_id, none, "psk_id_hash", none, schedule + 1) ==
		0 &&
	    labeled_extract(hpke_id, none, "info_hash", info,
		schedule + 1 + HASH_LEN) == 0 &&
	    labeled_extract(hpke_id, secret, "secret", none, prk) == 0 &&
	    labeled_expand(hpke_id, prk, "key", all, &out, AES_LEN) == 0 &&
	    labeled_expand(hpke_id, prk, "base_nonce", all, &out, NONCE_LEN) ==
		0) {
		memcpy(context->key, out.data, AES_LEN);
		memcpy(context->nonce, out.data + AES_LEN, NONCE_LEN);
		rc = 0;
	}
	OPENSSL_cleanse(prk, sizeof(prk));
	buf_clear(&out);
	return rc;
}

static int
context_make(EVP_PKEY *own, const uint8_t peer[SEAL_KEY_LEN],
    const uint8_t enc[SEAL_KEY_LEN], const uint8_t recipient[SEAL_KEY_LEN],
    struct bytes info, struct seal_context *context)
{
	uint8_t dh[SEAL_KEY_LEN];
	struct buf secret;
	int rc = -1;

	buf_init(&secret, HASH_LEN);
	if (info.len <= INFO_MAX && diffie_hellman(own, peer, dh) == 0 &&
	    shared_secret(dh, enc, recipient, &secret) == 0)
		rc = key_schedule(buf_bytes(&secret), info, context);
	OPENSSL_cleanse(dh, sizeof(dh));
	buf_clear(&secret);
	return rc;
}

static int
encrypt(EVP_CIPHER_CTX *ctx, const struct seal_context *c, struct bytes aad,
    struct bytes plain, struct buf *out)
{
	uint8_t *to = buf_reserve(out, plain.len + TAG_LEN);
	int n;

	if (to == NULL ||
	    EVP_EncryptInit_ex(
		ctx, EVP_aes_256_gcm(), NULL, c->key, c->nonce) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) != 1 ||
	    EVP_EncryptUpdate(ctx, to, &n, plain.data, (int)plain.len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, to + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, to + plain.len) != 1)
		return -1;
	out->len += plain.len + TAG_LEN;
	return 0;
}

static int
decrypt(EVP_CIPHER_CTX *ctx, const struct seal_context *c, struct bytes aad,
    struct bytes sealed, struct buf *out)
{
	size_t len = sealed.len - TAG_LEN;
	uint8_t tag[TAG_LEN];
	uint8_t *to = buf_reserve(out, len);
	int n;

	memcpy(tag, sealed.data + len, TAG_LEN);
	if (to == NULL ||
	    EVP_DecryptInit_ex(
		ctx, EVP_aes_256_gcm(), NULL, c->key, c->nonce) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) != 1 ||
	    EVP_DecryptUpdate(ctx, to, &n, sealed.data, (int)len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) !=
		1 ||
	    EVP_DecryptFinal_ex(ctx, to + n, &n) != 1) {
		if (to != NULL)
			OPENSSL_cleanse(to, len);
		return -1;
	}
	out->len += len;
	return 0;
}

int
seal_key_new(struct seal_key **out, struct err *e)
{
	struct seal_key *k = calloc(1, sizeof(*k));

	if (k != NULL)
		k->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	if (k == NULL || k->pkey == NULL) {
		free(k);
		return err_openssl(e, "a new escrow key");
	}
	*out = k;
	return 0;
}

int
seal_key_from_raw(
    const uint8_t raw[SEAL_KEY_LEN], struct seal_key **out, struct err *e)
{
	struct seal_key *k = calloc(1, sizeof(*k));

	if (k != NULL)
		k->pkey = EVP_PKEY_new_raw_private_key(
		    EVP_PKEY_X25519, NULL, raw, SEAL_KEY_LEN);
	if (k == NULL || k->pkey == NULL) {
		free(k);
		return err_openssl(e, "the escrow key");
	}
	*out = k;
	return 0;
}

int
seal_key_raw(const struct seal_key *k, uint8_t raw[SEAL_KEY_LEN], struct err *e)
{
	size_t len = SEAL_KEY_LEN;

	if (EVP_PKEY_get_raw_private_key(k->pkey, raw, &len) != 1)
		return err_openssl(e, "the escrow key");
	return 0;
}

int
seal_key_public(
    const struct seal_key *k, uint8_t public_key[SEAL_KEY_LEN], struct err *e)
{
	size_t len = SEAL_KEY_LEN;

	if (EVP_PKEY_get_raw_public_key(k->pkey, public_key, &len) != 1)
		return err_openssl(e, "the escrow key");
	return 0;
}

void
seal_key_free(struct seal_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

int
seal_with(const struct seal_key *ephemeral,
    const uint8_t public_key[SEAL_KEY_LEN], struct bytes info, struct bytes aad,
    struct bytes plain, struct buf *out, struct err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct seal_context context;
	uint8_t enc[SEAL_KEY_LEN];
	int rc = -1;

	if (ctx != NULL && seal_key_public(ephemeral, enc, e) == 0 &&
	    context_make(ephemeral->pkey, public_key, enc, public_key, info,
		&context) == 0) {
		buf_append(out, enc, sizeof(enc));
		rc = encrypt(ctx, &context, aad, plain, out);
	}
	OPENSSL_cleanse(&context, sizeof(context));
	EVP_CIPHER_CTX_free(ctx);
	return rc == 0 ? 0 : err_openssl(e, "sealing");
}

int
seal(const uint8_t public_key[SEAL_KEY_LEN], struct bytes info,
    struct bytes aad, struct bytes plain, struct buf *out, struct err *e)
{
	struct seal_key *ephemeral;
	int rc;

	if (seal_key_new(&ephemeral, e) != 0)
		return -1;
	rc = seal_with(ephemeral, public_key, info, aad, plain, out, e);
	seal_key_free(ephemeral);
	return rc;
}

int
seal_open(const struct seal_key *k, struct bytes info, struct bytes aad,
    struct bytes sealed, struct buf *out, struct err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct seal_context context;
	uint8_t own[SEAL_KEY_LEN];
	struct bytes rest;
	int rc = -1;

	if (ctx != NULL && sealed.len >= SEAL_OVERHEAD &&
	    seal_key_public(k, own, e) == 0 &&
	    context_make(
		k->pkey, sealed.data, sealed.data, own, info, &context) == 0) {
		rest.data = sealed.data + SEAL_KEY_LEN;
		rest.len = sealed.len - SEAL_KEY_LEN;
		rc = decrypt(ctx, &context, aad, rest, out);
	}
	OPENSSL_cleanse(&context, sizeof(context));
	EVP_CIPHER_CTX_free(ctx);
	return rc == 0 ? 0 : err_openssl(e, "opening what was sealed");
}
