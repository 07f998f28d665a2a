#include "ca/x509/crl.h"

#include "ca/x509/crl_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/pem.h"

#define CRL_LABEL "X509 CRL"
/* Headers, issuer's name, dates, extensions, signature. */
#define AROUND_MAX (16384 + CRL_SIGNATURE_MAX)

static void
put_tbs(const struct crl_frame *f, const struct crl_set *set, struct buf *out)
{
	buf_append(out, f->head.data, f->head.len);
	crl_set_encode(set, out);
	buf_append(out, f->tail.data, f->tail.len);
}

int
crl_encode_tbs(X509 *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct buf *out, struct err *e)
{
	struct crl_frame f;
	int rc = crl_frame_init(
	    &f, issuer, X509_get0_pubkey(issuer), fields, crl_set_size(set), e);

	if (rc == 0) {
		put_tbs(&f, set, out);
		rc = buf_check(out, "revocation list", e);
	}
	crl_frame_clear(&f);
	return rc;
}

static size_t
bit_string_len(struct bytes bits)
{
	size_t content = 1 + bits.len;

	return 1 + (content < 0x80 ? 1u : content < 0x100 ? 2u : 3u) + content;
}

/* CertificateList (RFC 5280, 5.1); tbs gets where tBSCertList is in out. */
static void
put_list(const struct crl_frame *f, const struct crl_set *set,
    struct bytes signature, struct buf *out, size_t *tbs_at, size_t *tbs_len)
{
	struct bytes algorithm = f->algorithm.identifier;

	*tbs_len = f->head.len + crl_set_size(set).bytes + f->tail.len;
	der_put_header(out, DER_SEQUENCE,
	    *tbs_len + algorithm.len + bit_string_len(signature));
	*tbs_at = out->len;
	put_tbs(f, set, out);
	buf_append(out, algorithm.data, algorithm.len);
	der_put_header(out, DER_BIT_STRING, 1 + signature.len);
	buf_append_byte(out, 0);
	buf_append(out, signature.data, signature.len);
}

static int
verify(X509 *issuer, const struct crl_frame *f, struct bytes tbs,
    struct bytes signature, struct err *e)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len;

	if (EVP_Digest(
		tbs.data, tbs.len, md, &len, f->algorithm.digest, NULL) != 1)
		return err_openssl(e, "a revocation list's digest");
	return crl_signature_verify(X509_get0_pubkey(issuer),
	    f->algorithm.digest, (struct bytes){md, len}, signature, e);
}

static int
assemble(X509 *issuer, const struct crl_frame *f, const struct crl_set *set,
    struct bytes signature, struct buf *out, struct err *e)
{
	size_t before = out->len, at, len;

	/* Room for all of it at once, or the growing copies and wipes. */
	if (buf_reserve(out, crl_set_size(set).bytes + AROUND_MAX) == NULL)
		return buf_check(out, "revocation list", e);
	put_list(f, set, signature, out, &at, &len);
	if (buf_check(out, "revocation list", e) != 0)
		return -1;
	if (verify(issuer, f, (struct bytes){out->data + at, len}, signature,
		e) == 0)
		return 0;
	out->len = before;
	return -1;
}

int
crl_assemble(X509 *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct bytes signature, struct buf *out,
    struct err *e)
{
	struct crl_frame f;
	int rc = crl_frame_init(
	    &f, issuer, X509_get0_pubkey(issuer), fields, crl_set_size(set), e);

	if (rc == 0 && signature.len > CRL_SIGNATURE_MAX)
		rc = err_set(e, ERR_INTERNAL, "",
		    "revocation list: the signature is too long");
	if (rc == 0)
		rc = assemble(issuer, &f, set, signature, out, e);
	crl_frame_clear(&f);
	return rc;
}

static int
hash_and_sign(const struct issuer *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct buf *signature, struct err *e)
{
	struct crl_cursor cursor = {0, 0};
	struct crl_entry entry;
	struct crl_hasher *h;
	int rc = -1;

	if (crl_hasher_begin(issuer, fields, crl_set_size(set), &h, e) != 0)
		return -1;
	while (crl_set_next(set, &cursor, &entry)) {
		if (crl_hasher_entry(h, &entry, e) != 0)
			goto out;
	}
	rc = crl_hasher_finish(h, signature, e);
out:
	crl_hasher_free(h);
	return rc;
}

int
crl_sign(const struct issuer *issuer, const struct crl_fields *fields,
    const struct crl_set *set, struct buf *out, struct err *e)
{
	struct buf signature;
	int rc;

	buf_init(&signature, CRL_SIGNATURE_MAX);
	rc = hash_and_sign(issuer, fields, set, &signature, e);
	if (rc == 0)
		rc = crl_assemble(issuer->certificate, fields, set,
		    buf_bytes(&signature), out, e);
	buf_clear(&signature);
	return rc;
}

size_t
crl_der_max(const struct crl_set *set)
{
	return crl_set_size(set).bytes + (size_t)AROUND_MAX;
}

size_t
crl_pem_max(const struct crl_set *set)
{
	/* 65 characters for 48 bytes. */
	return crl_der_max(set) / 48 * 65 + 256;
}

void
crl_pem(struct bytes der, struct buf *out)
{
	pem_put(out, CRL_LABEL, der);
}
