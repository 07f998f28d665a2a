#include <string.h>

#include "ca/x509/crl_parts.h"

struct crl_hasher {
	EVP_MD_CTX *digest;
	EVP_PKEY *key;
	struct crl_frame frame;
	struct crl_size promised;
	struct crl_size seen;
	struct crl_entry last;
	struct buf scratch; /* one encoded entry */
	bool over;          /* it failed, or it signed */
};

static bool
hash(struct crl_hasher *h, struct bytes v)
{
	return EVP_DigestUpdate(h->digest, v.data, v.len) == 1;
}

static int
hasher_start(struct crl_hasher *h, const struct issuer *issuer,
    const struct crl_fields *fields, struct err *e)
{
	buf_init(&h->scratch, CRL_ENTRY_BYTES_MAX);
	if (crl_frame_init(&h->frame, issuer->certificate, issuer->key, fields,
		h->promised, e) != 0)
		return -1;
	h->digest = EVP_MD_CTX_new();
	if (h->digest == NULL ||
	    EVP_DigestInit_ex2(h->digest, h->frame.algorithm.digest, NULL) !=
		1 ||
	    !hash(h, buf_bytes(&h->frame.head)) ||
	    EVP_PKEY_up_ref(issuer->key) != 1)
		return err_openssl(e, "a revocation list's digest");
	h->key = issuer->key;
	return 0;
}

int
crl_hasher_begin(const struct issuer *issuer, const struct crl_fields *fields,
    struct crl_size size, struct crl_hasher **out, struct err *e)
{
	struct crl_hasher *h = OPENSSL_zalloc(sizeof(*h));

	*out = NULL;
	if (h == NULL)
		return err_set(
		    e, ERR_INTERNAL, "", "revocation list: no memory");
	h->promised = size;
	if (hasher_start(h, issuer, fields, e) != 0) {
		crl_hasher_free(h);
		return -1;
	}
	*out = h;
	return 0;
}

void
crl_hasher_free(struct crl_hasher *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->digest);
	EVP_PKEY_free(h->key);
	crl_frame_clear(&h->frame);
	buf_clear(&h->scratch);
	OPENSSL_free(h);
}

static int
give_up(struct crl_hasher *h, struct err *e, const char *what)
{
	h->over = true;
	return err_set(e, ERR_INTERNAL, "", "revocation list: %s", what);
}

/* Rising serials: so no serial stands there twice (RFC 5280, 5.1.2.6). */
static bool
is_next(const struct crl_hasher *h, const struct crl_entry *entry)
{
	struct bytes last = {h->last.serial, h->last.serial_len};
	struct bytes serial = {entry->serial, entry->serial_len};

	return h->seen.count == 0 || crl_serial_compare(last, serial) < 0;
}

static int
take(struct crl_hasher *h, const struct crl_entry *entry, struct err *e)
{
	h->scratch.len = 0;
	crl_entry_encode(entry, &h->scratch);
	if (h->scratch.failed || !hash(h, buf_bytes(&h->scratch))) {
		h->over = true;
		return err_openssl(e, "a revocation list's entry");
	}
	h->seen.count++;
	h->seen.bytes += (uint32_t)h->scratch.len;
	h->last = *entry;
	return 0;
}

int
crl_hasher_entry(
    struct crl_hasher *h, const struct crl_entry *entry, struct err *e)
{
	if (h->over)
		return give_up(h, e, "an entry after the end");
	if (crl_entry_check(entry, e) != 0) {
		h->over = true;
		return -1;
	}
	if (h->seen.count == h->promised.count)
		return give_up(h, e, "more entries than announced");
	if (!is_next(h, entry))
		return give_up(h, e, "the serials do not rise");
	return take(h, entry, e);
}

int
crl_signature_verify(EVP_PKEY *key, const EVP_MD *md, struct bytes digest,
    struct bytes signature, struct err *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
		  EVP_PKEY_verify(ctx, signature.data, signature.len,
		      digest.data, digest.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return 0;
	return err_openssl(e, "a revocation list's signature");
}

static int
sign(struct crl_hasher *h, struct bytes digest, struct bytes *signature,
    uint8_t room[CRL_SIGNATURE_MAX], struct err *e)
{
	const EVP_MD *md = h->frame.algorithm.digest;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, h->key, NULL);
	size_t len = CRL_SIGNATURE_MAX;
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
		  EVP_PKEY_sign(ctx, room, &len, digest.data, digest.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return err_openssl(e, "signing a revocation list");
	*signature = (struct bytes){room, len};
	/* A faulty RSA signature gives the key away: it does not leave. */
	return crl_signature_verify(h->key, md, digest, *signature, e);
}

int
crl_hasher_finish(struct crl_hasher *h, struct buf *signature, struct err *e)
{
	uint8_t room[CRL_SIGNATURE_MAX];
	uint8_t md[EVP_MAX_MD_SIZE];
	struct bytes made;
	unsigned len;

	if (h->over)
		return give_up(h, e, "is over, or has failed before");
	if (h->seen.count != h->promised.count ||
	    h->seen.bytes != h->promised.bytes)
		return give_up(h, e, "not the entries that were announced");
	h->over = true;
	if (!hash(h, buf_bytes(&h->frame.tail)) ||
	    EVP_DigestFinal_ex(h->digest, md, &len) != 1)
		return err_openssl(e, "a revocation list's digest");
	if (sign(h, (struct bytes){md, len}, &made, room, e) != 0)
		return -1;
	buf_append(signature, made.data, made.len);
	return buf_check(signature, "signature", e);
}
