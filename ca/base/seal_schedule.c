#include "ca/base/seal_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define HASH_LEN    32
#define PART_MAX    1024 /* of what is hashed: labels, keys, info */
#define CONTEXT_LEN (1 + 2 * HASH_LEN)

static const struct bytes none = {(const uint8_t *)"", 0};

/* Section 4: what is derived, and in which suite. */
struct label {
	const uint8_t *suite;
	size_t suite_len;
	const char *text;
};

/* 4.1: "KEM" and the KEM's number; 5.1: "HPKE" and all three. */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {
    'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};

#define KEM_LABEL(text)                                                        \
	(&(const struct label){kem_suite, sizeof(kem_suite), text})
#define HPKE_LABEL(text)                                                       \
	(&(const struct label){hpke_suite, sizeof(hpke_suite), text})

static int
hmac(struct bytes key, const struct buf *data, uint8_t out[HASH_LEN])
{
	if (data->failed)
		return -1;
	if (HMAC(EVP_sha256(), key.data, (int)key.len, data->data, data->len,
		out, NULL) == NULL)
		return -1;
	return 0;
}

static void
append_labeled(struct buf *b, const struct label *label, struct bytes v)
{
	buf_append_text(b, "HPKE-v1");
	buf_append(b, label->suite, label->suite_len);
	buf_append_text(b, label->text);
	buf_append(b, v.data, v.len);
}

static int
labeled_extract(const struct label *label, struct bytes salt, struct bytes ikm,
    uint8_t out[HASH_LEN])
{
	struct buf data;
	int rc;

	buf_init(&data, PART_MAX);
	append_labeled(&data, label, ikm);
	rc = hmac(salt, &data, out);
	buf_clear(&data);
	return rc;
}

/* len is at most HASH_LEN, so the first block of HKDF-Expand will do. */
static int
labeled_expand(const struct label *label, const uint8_t prk[HASH_LEN],
    struct bytes info, uint8_t *out, size_t len)
{
	uint8_t block[HASH_LEN];
	struct buf data;
	int rc;

	buf_init(&data, PART_MAX);
	buf_append_byte(&data, (uint8_t)(len >> 8));
	buf_append_byte(&data, (uint8_t)len);
	append_labeled(&data, label, info);
	buf_append_byte(&data, 1); /* the block's number */
	rc = hmac((struct bytes){prk, HASH_LEN}, &data, block);
	if (rc == 0)
		memcpy(out, block, len);
	OPENSSL_cleanse(block, sizeof(block));
	buf_clear(&data);
	return rc;
}

/* 4.1: ExtractAndExpand(dh, enc || pkRm). */
static int
shared_secret(const struct seal_shared *s, uint8_t out[HASH_LEN])
{
	uint8_t prk[HASH_LEN], both[2 * SEAL_KEY_LEN];
	int rc;

	memcpy(both, s->enc, SEAL_KEY_LEN);
	memcpy(both + SEAL_KEY_LEN, s->recipient, SEAL_KEY_LEN);
	rc = labeled_extract(KEM_LABEL("eae_prk"), none,
	    (struct bytes){s->dh, sizeof(s->dh)}, prk);
	if (rc == 0)
		rc = labeled_expand(KEM_LABEL("shared_secret"), prk,
		    (struct bytes){both, sizeof(both)}, out, HASH_LEN);
	OPENSSL_cleanse(prk, sizeof(prk));
	return rc;
}

/* 5.1: mode || psk_id_hash || info_hash; mode_base is 0, psk_id is empty. */
static int
schedule_context(struct bytes info, uint8_t out[CONTEXT_LEN])
{
	out[0] = 0;
	if (labeled_extract(HPKE_LABEL("psk_id_hash"), none, none, out + 1))
		return -1;
	return labeled_extract(
	    HPKE_LABEL("info_hash"), none, info, out + 1 + HASH_LEN);
}

static int
expand_all(const uint8_t secret[HASH_LEN], struct bytes context,
    struct seal_context *out)
{
	if (labeled_expand(
		HPKE_LABEL("key"), secret, context, out->key, sizeof(out->key)))
		return -1;
	return labeled_expand(HPKE_LABEL("base_nonce"), secret, context,
	    out->nonce, sizeof(out->nonce));
}

int
seal_schedule(const struct seal_shared *shared, struct bytes info,
    struct seal_context *out)
{
	uint8_t context[CONTEXT_LEN], agreed[HASH_LEN], secret[HASH_LEN];
	int rc = -1;

	if (shared_secret(shared, agreed) == 0 &&
	    schedule_context(info, context) == 0 &&
	    labeled_extract(HPKE_LABEL("secret"),
		(struct bytes){agreed, sizeof(agreed)}, none, secret) == 0)
		rc = expand_all(
		    secret, (struct bytes){context, sizeof(context)}, out);
	OPENSSL_cleanse(agreed, sizeof(agreed));
	OPENSSL_cleanse(secret, sizeof(secret));
	return rc;
}
