/*
 * What may be in no answer of the signer: any part of the authority's private
 * keys, as bytes, hex or base 64 (so in DER and in PEM), any part of their
 * encrypted files, and the passphrase.
 */
#ifndef TESTS_UNIT_CA_SIGNER_HUNT_H
#define TESTS_UNIT_CA_SIGNER_HUNT_H

#include "tests/unit/ca/signer/fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define HUNT_MAX     128
#define PART_RAW     8 /* bytes in a row that are no chance */
#define PART_TEXT    12
#define PART_FILE    24
#define SECRET_MAX   512
#define ALIGNMENTS   3 /* of base 64 */
#define HEX_MAX      (2 * SECRET_MAX + 1)
#define KEY_FILE_MAX 16384

struct needle {
	struct buf data;
	size_t part;
};

struct hunt {
	struct needle needle[HUNT_MAX];
	size_t count;
};

static inline void
hunt_add(struct hunt *h, struct bytes data, size_t part)
{
	struct needle *n = &h->needle[h->count++];

	assert_true(h->count <= HUNT_MAX);
	assert_true(data.len >= part);
	buf_init(&n->data, KEY_FILE_MAX);
	buf_append(&n->data, data.data, data.len);
	n->part = part;
}

/* Behind 0, 1 and 2 other bytes, without what those and the end decide. */
static inline void
hunt_add_base64(struct hunt *h, const uint8_t *data, size_t len)
{
	uint8_t shifted[SECRET_MAX + ALIGNMENTS] = {0};

	for (size_t i = 0; i < ALIGNMENTS; i++) {
		struct buf text;

		memcpy(shifted + i, data, len);
		buf_init(&text, KEY_FILE_MAX);
		base64_encode((struct bytes){shifted, i + len}, 0, &text);
		hunt_add(
		    h, (struct bytes){text.data + 4, text.len - 8}, PART_TEXT);
		buf_clear(&text);
	}
}

static inline void
hunt_add_secret(struct hunt *h, const uint8_t *data, size_t len)
{
	char hex[HEX_MAX];

	assert_true(len <= SECRET_MAX);
	hunt_add(h, (struct bytes){data, len}, PART_RAW);
	hex_encode(data, len, hex);
	hunt_add(h, bytes_of_text(hex), 2 * PART_RAW);
	for (char *c = hex; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	hunt_add(h, bytes_of_text(hex), 2 * PART_RAW);
	hunt_add_base64(h, data, len);
}

static inline void
hunt_add_number(struct hunt *h, EVP_PKEY *key, const char *name)
{
	uint8_t data[SECRET_MAX];
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
	assert_true(BN_num_bytes(n) <= SECRET_MAX);
	hunt_add_secret(h, data, (size_t)BN_bn2bin(n, data));
	BN_clear_free(n);
}

static inline void
hunt_add_key(struct hunt *h, EVP_PKEY *key)
{
	static const char *const rsa[] = {OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	uint8_t raw[64];
	size_t len = sizeof(raw);

	if (EVP_PKEY_is_a(key, "EC")) {
		hunt_add_number(h, key, OSSL_PKEY_PARAM_PRIV_KEY);
		return;
	}
	if (EVP_PKEY_is_a(key, "RSA")) {
		for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++)
			hunt_add_number(h, key, rsa[i]);
		return;
	}
	assert_int_equal(EVP_PKEY_get_raw_private_key(key, raw, &len), 1);
	hunt_add_secret(h, raw, len);
}

/* The file's text without its first line, which is no secret; and its key. */
static inline void
hunt_add_file(struct hunt *h, const struct fixture *f, const char *name)
{
	struct secret *pass = secret_new(PASS, strlen(PASS));
	struct err e = ERR_INIT;
	EVP_PKEY *key = NULL;
	const uint8_t *line;
	struct buf pem;

	assert_non_null(pass);
	buf_init(&pem, KEY_FILE_MAX);
	fixture_read(f, name, &pem);
	line = memchr(pem.data, '\n', pem.len);
	assert_non_null(line);
	hunt_add(h,
	    (struct bytes){line + 1, pem.len - (size_t)(line + 1 - pem.data)},
	    PART_FILE);
	assert_int_equal(
	    private_key_decrypt(buf_bytes(&pem), pass, &key, &e), 0);
	hunt_add_key(h, key);
	EVP_PKEY_free(key);
	secret_free(pass);
	buf_clear(&pem);
}

static inline void
hunt_open(struct hunt *h, const struct fixture *f)
{
	h->count = 0;
	hunt_add_file(h, f, "ca.key");
	hunt_add_file(h, f, "escrow.key");
	hunt_add(h, bytes_of_text(PASS), PART_TEXT);
}

static inline void
hunt_close(struct hunt *h)
{
	for (size_t i = 0; i < h->count; i++)
		buf_clear(&h->needle[i].data);
}

static inline bool
hunt_finds(const struct hunt *h, struct bytes packet)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct needle *n = &h->needle[i];

		for (size_t at = 0; at + n->part <= n->data.len; at++)
			if (memmem(packet.data, packet.len, n->data.data + at,
				n->part) != NULL)
				return true;
	}
	return false;
}

static inline void
hunt_refuse(const struct hunt *h, struct bytes packet)
{
	if (hunt_finds(h, packet))
		fail_msg("a part of a secret is in an answer");
}

#endif
