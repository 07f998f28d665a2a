#include "ca/base/seal.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/seal_internal.h"

#define TAG_LEN 16

struct seal_key {
	EVP_PKEY *pkey;
};

/* Takes pkey, which may be NULL. */
static int
key_wrap(EVP_PKEY *pkey, struct seal_key **out, struct err *e)
{
	struct seal_key *k = pkey == NULL ? NULL : calloc(1, sizeof(*k));

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return err_openssl(e, "the escrow key");
	}
	k->pkey = pkey;
	*out = k;
	return 0;
}

int
seal_key_new(struct seal_key **out, struct err *e)
{
	return key_wrap(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), out, e);
}

int
seal_key_from_raw(
    const uint8_t raw[SEAL_KEY_LEN], struct seal_key **out, struct err *e)
{
	return key_wrap(EVP_PKEY_new_raw_private_key(
			    EVP_PKEY_X25519, NULL, raw, SEAL_KEY_LEN),
	    out, e);
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
seal_agree(const struct seal_key *own, const uint8_t peer[SEAL_KEY_LEN],
    struct seal_shared *s)
{
	static const uint8_t zeros[SEAL_KEY_LEN];
	size_t len = SEAL_KEY_LEN;
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_X25519, NULL, peer, SEAL_KEY_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own->pkey, NULL);
	int ok = other != NULL && ctx != NULL &&
		 EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
		 EVP_PKEY_derive(ctx, s->dh, &len) == 1 && len == SEAL_KEY_LEN;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	/* OpenSSL refuses zeros, too, but not on every processor. */
	return ok && CRYPTO_memcmp(s->dh, zeros, len) != 0 ? 0 : -1;
}

/* Of s all but dh is there; it is wiped. */
static int
context_make(const struct seal_key *own, const uint8_t peer[SEAL_KEY_LEN],
    struct seal_shared *s, struct bytes info, struct seal_context *c)
{
	int rc = seal_agree(own, peer, s);

	if (rc == 0)
		rc = seal_schedule(s, info, c);
	OPENSSL_cleanse(s, sizeof(*s));
	return rc;
}

static int
encrypt(const struct seal_context *c, struct bytes aad, struct bytes plain,
    uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, ok;

	ok = ctx != NULL &&
	     EVP_EncryptInit_ex(
		 ctx, EVP_aes_256_gcm(), NULL, c->key, c->nonce) == 1 &&
	     EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1 &&
	     EVP_EncryptUpdate(ctx, to, &n, plain.data, (int)plain.len) == 1 &&
	     EVP_EncryptFinal_ex(ctx, to + plain.len, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(
		 ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, to + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

/* sealed is ciphertext || tag; what is written to `to` without its tag being
 * right is wiped. */
static int
decrypt(const struct seal_context *c, struct bytes aad, struct bytes sealed,
    uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = sealed.len - TAG_LEN;
	uint8_t tag[TAG_LEN];
	int n, ok;

	memcpy(tag, sealed.data + len, TAG_LEN);
	ok = ctx != NULL &&
	     EVP_DecryptInit_ex(
		 ctx, EVP_aes_256_gcm(), NULL, c->key, c->nonce) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1 &&
	     EVP_DecryptUpdate(ctx, to, &n, sealed.data, (int)len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) ==
		 1 &&
	     EVP_DecryptFinal_ex(ctx, to + len, &n) == 1;
	if (!ok)
		OPENSSL_cleanse(to, len);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

/* What OpenSSL's int lengths can hold. */
static bool
fits(struct bytes a, struct bytes b)
{
	return a.len <= INT_MAX - SEAL_OVERHEAD &&
	       b.len <= INT_MAX - SEAL_OVERHEAD;
}

int
seal_with(const struct seal_key *ephemeral,
    const uint8_t public_key[SEAL_KEY_LEN], struct bytes info, struct bytes aad,
    struct bytes plain, struct buf *out, struct err *e)
{
	struct seal_context c;
	struct seal_shared s;
	uint8_t *to;
	int rc = -1;

	if (!fits(aad, plain))
		return err_set(e, ERR_INTERNAL, NULL, "sealing: too large");
	to = buf_reserve(out, SEAL_OVERHEAD + plain.len);
	if (to == NULL || seal_key_public(ephemeral, s.enc, e) != 0)
		return err_openssl(e, "sealing");
	memcpy(s.recipient, public_key, SEAL_KEY_LEN);
	memcpy(to, s.enc, SEAL_KEY_LEN);
	if (context_make(ephemeral, public_key, &s, info, &c) == 0)
		rc = encrypt(&c, aad, plain, to + SEAL_KEY_LEN);
	OPENSSL_cleanse(&c, sizeof(c));
	if (rc != 0)
		return err_openssl(e, "sealing");
	out->len += SEAL_OVERHEAD + plain.len;
	return 0;
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
	struct bytes rest = {NULL, 0};
	struct seal_context c;
	struct seal_shared s;
	uint8_t *to;
	int rc = -1;

	if (sealed.len < SEAL_OVERHEAD || !fits(aad, sealed))
		return err_set(e, ERR_INTERNAL, NULL, "not what was sealed");
	rest.data = sealed.data + SEAL_KEY_LEN;
	rest.len = sealed.len - SEAL_KEY_LEN;
	to = buf_reserve(out, rest.len - TAG_LEN);
	if (to == NULL || seal_key_public(k, s.recipient, e) != 0)
		return err_openssl(e, "opening what was sealed");
	memcpy(s.enc, sealed.data, SEAL_KEY_LEN);
	if (context_make(k, sealed.data, &s, info, &c) == 0)
		rc = decrypt(&c, aad, rest, to);
	OPENSSL_cleanse(&c, sizeof(c));
	if (rc != 0)
		return err_openssl(e, "opening what was sealed");
	out->len += rest.len - TAG_LEN;
	return 0;
}
