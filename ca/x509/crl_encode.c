#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "ca/x509/certificate_parts.h"
#include "ca/x509/crl_parts.h"
#include "ca/x509/der.h"
#include "ca/x509/digest.h"

#define YEAR_2050_S   2524608000
#define FRAME_MAX     8192 /* an issuer's name is the most of it */
#define DER_EXTENDED  0xa0 /* [0] EXPLICIT */
#define KEY_ID_TAG    0x80 /* [0] IMPLICIT */
#define TIME_TEXT_MAX 16
#define NUMBER_BYTES  8

/* RFC 5280, 5.1.2.4 to 5.1.2.6: UTCTime through 2049. */
static void
put_time(struct buf *out, int64_t seconds)
{
	char text[TIME_TEXT_MAX];
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL) {
		out->failed = true;
		return;
	}
	bool utc = seconds < YEAR_2050_S;
	strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
	/* A UTCTime's year has two digits. */
	der_put(out, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME,
	    bytes_of_text(utc ? text + 2 : text));
}

/* crlEntryExtensions with the reason code alone (RFC 5280, 5.3.1). */
static void
put_reason(struct buf *out, enum crl_reason reason)
{
	static const uint8_t head[] = {DER_SEQUENCE, 12, DER_SEQUENCE, 10,
	    DER_OID, 3, 0x55, 0x1d, 0x15, DER_OCTET_STRING, 3, 0x0a, 1};

	/* Absent rather than unspecified, says 5.3.1. */
	if (reason == CRL_UNSPECIFIED)
		return;
	buf_append(out, head, sizeof(head));
	buf_append_byte(out, (uint8_t)reason);
}

void
crl_entry_encode(const struct crl_entry *entry, struct buf *out)
{
	size_t start = out->len;

	der_put_header(out, DER_SEQUENCE, 0);
	der_put_unsigned(out, (struct bytes){entry->serial, entry->serial_len});
	put_time(out, entry->revoked_at_s);
	put_reason(out, entry->reason);
	/* Always under 128 bytes, so the length is the one byte put above. */
	if (!out->failed)
		out->data[start + 1] = (uint8_t)(out->len - start - 2);
}

int
crl_algorithm_of(EVP_PKEY *key, struct crl_algorithm *out, struct err *e)
{
	static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a,
	    0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	static const uint8_t ecdsa_sha384[] = {0x30, 0x0a, 0x06, 0x08, 0x2a,
	    0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
	static const uint8_t rsa_sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86,
	    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
	bool ec = key != NULL && EVP_PKEY_is_a(key, "EC");
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		*out = (struct crl_algorithm){
		    {rsa_sha256, sizeof(rsa_sha256)}, digest_sha256()};
	else if (ec && bits == 256)
		*out = (struct crl_algorithm){
		    {ecdsa_sha256, sizeof(ecdsa_sha256)}, digest_sha256()};
	else if (ec && bits == 384)
		*out = (struct crl_algorithm){
		    {ecdsa_sha384, sizeof(ecdsa_sha384)}, digest_sha384()};
	else
		return err_set(e, ERR_INTERNAL, "",
		    "revocation list: the issuer's key must be EC P-256, "
		    "P-384 or RSA");
	if (out->digest == NULL)
		return err_openssl(e, "a revocation list's digest");
	return 0;
}

static int
refuse(struct err *e, const char *law)
{
	return err_set(e, ERR_INTERNAL, "", "revocation list: %s", law);
}

static int
check_fields(const struct crl_fields *f, struct crl_size size, struct err *e)
{
	if (f->this_update_s < 0 || f->next_update_s <= f->this_update_s ||
	    f->next_update_s > CRL_TIME_MAX_S)
		return refuse(
		    e, "RFC 5280, 5.1.2.5: nextUpdate follows thisUpdate");
	if (size.count > CRL_COUNT_MAX ||
	    (uint64_t)size.count * CRL_ENTRY_BYTES_MAX < size.bytes ||
	    (size.count == 0) != (size.bytes == 0))
		return refuse(e, "the entries' number and size");
	return 0;
}

/* RFC 5280, 5.1.2.3 (a name), 5.2.1 (a key identifier), 4.2.1.3 (cRLSign). */
static int
check_issuer(X509 *issuer, struct err *e)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);

	if (X509_NAME_entry_count(X509_get_subject_name(issuer)) == 0)
		return refuse(e, "RFC 5280, 5.1.2.3: the issuer has no name");
	if (id == NULL || ASN1_STRING_length(id) != KEY_ID_LEN)
		return refuse(e, "the issuer has no subject key identifier "
				 "of 20 bytes");
	if ((X509_get_key_usage(issuer) & X509v3_KU_CRL_SIGN) == 0)
		return refuse(
		    e, "RFC 5280, 4.2.1.3: the issuer may not sign lists");
	return 0;
}

static void
put_extension(struct buf *out, const uint8_t oid[3], struct bytes value)
{
	/* Both extensions are under 128 bytes: lengths of one byte. */
	der_put_header(out, DER_SEQUENCE, 5 + 2 + value.len);
	der_put(out, DER_OID, (struct bytes){oid, 3});
	der_put(out, DER_OCTET_STRING, value);
}

/* Authority key identifier (RFC 5280, 5.2.1) and list number (5.2.3). */
static void
put_extensions(struct buf *out, X509 *issuer, uint64_t number)
{
	static const uint8_t key_id_oid[3] = {0x55, 0x1d, 0x23};
	static const uint8_t number_oid[3] = {0x55, 0x1d, 0x14};
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
	struct buf value, all;
	uint8_t big_endian[NUMBER_BYTES];

	buf_init(&value, FRAME_MAX);
	buf_init(&all, FRAME_MAX);
	der_put_header(&value, DER_SEQUENCE, 2 + KEY_ID_LEN);
	der_put(&value, KEY_ID_TAG,
	    (struct bytes){ASN1_STRING_get0_data(id), KEY_ID_LEN});
	put_extension(&all, key_id_oid, buf_bytes(&value));
	out->failed |= value.failed;
	buf_clear(&value);
	for (unsigned i = 0; i < NUMBER_BYTES; i++)
		big_endian[i] =
		    (uint8_t)(number >> (8 * (NUMBER_BYTES - 1 - i)));
	der_put_unsigned(&value, (struct bytes){big_endian, NUMBER_BYTES});
	put_extension(&all, number_oid, buf_bytes(&value));
	out->failed |= value.failed || all.failed;
	/* Under 128 bytes, too. */
	der_put_header(out, DER_EXTENDED, 2 + all.len);
	der_put(out, DER_SEQUENCE, buf_bytes(&all));
	buf_clear(&value);
	buf_clear(&all);
}

/* What stands between tBSCertList's own header and that of the entries. */
static void
put_fields(struct buf *out, X509 *issuer, const struct crl_fields *f,
    struct bytes algorithm)
{
	static const uint8_t version_2[] = {DER_INTEGER, 1, 1};
	unsigned char *name = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(issuer), &name);

	if (len <= 0) {
		out->failed = true;
		return;
	}
	buf_append(out, version_2, sizeof(version_2));
	buf_append(out, algorithm.data, algorithm.len);
	buf_append(out, name, (size_t)len);
	put_time(out, f->this_update_s);
	put_time(out, f->next_update_s);
	OPENSSL_free(name);
}

static void
frame_put(struct crl_frame *f, X509 *issuer, const struct crl_fields *fields,
    struct crl_size size)
{
	struct buf inner;

	buf_init(&inner, FRAME_MAX);
	put_fields(&inner, issuer, fields, f->algorithm.identifier);
	/* RFC 5280, 5.1.2.6: without entries, no revokedCertificates. */
	if (size.count > 0)
		der_put_header(&inner, DER_SEQUENCE, size.bytes);
	put_extensions(&f->tail, issuer, fields->number);
	der_put_header(
	    &f->head, DER_SEQUENCE, inner.len + size.bytes + f->tail.len);
	buf_append(&f->head, inner.data, inner.len);
	f->head.failed |= inner.failed;
	buf_clear(&inner);
}

int
crl_frame_init(struct crl_frame *f, X509 *issuer, EVP_PKEY *key,
    const struct crl_fields *fields, struct crl_size size, struct err *e)
{
	buf_init(&f->head, FRAME_MAX);
	buf_init(&f->tail, FRAME_MAX);
	if (check_fields(fields, size, e) != 0 ||
	    check_issuer(issuer, e) != 0 ||
	    crl_algorithm_of(key, &f->algorithm, e) != 0)
		return -1;
	frame_put(f, issuer, fields, size);
	if (buf_check(&f->head, "revocation list", e) != 0)
		return -1;
	return buf_check(&f->tail, "revocation list", e);
}

void
crl_frame_clear(struct crl_frame *f)
{
	buf_clear(&f->head);
	buf_clear(&f->tail);
}
