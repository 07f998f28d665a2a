#include "ca/x509/certificate.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "ca/x509/certificate_parts.h"
#include "ca/x509/digest.h"
#include "ca/x509/key_kind.h"

#define YEAR_9999_END_S 253402300799 /* RFC 5280, 4.1.2.5 */

static int
refuse(struct err *e, const char *law)
{
	return err_set(e, ERR_INTERNAL, "", "certificate: %s", law);
}

static int
check_common(const struct certificate_fields *f, struct err *e)
{
	if (!serial_is_valid(&f->serial))
		return refuse(e, "RFC 5280, 4.1.2.2: not a serial number");
	if (f->not_before_s < 0 || f->not_after_s < f->not_before_s ||
	    f->not_after_s > YEAR_9999_END_S)
		return refuse(e, "RFC 5280, 4.1.2.5: the validity");
	return subject_check(&f->subject, e);
}

static int
check_end_entity(const struct certificate_fields *f, struct err *e)
{
	bool nobody = certificate_subject_is_empty(&f->subject) &&
		      f->sans.count == 0 && !f->device_uri[0];
	if (check_common(f, e) || san_list_check(&f->sans, e) ||
	    public_key_check(&f->key, e))
		return -1;
	if (!memchr(f->device_uri, 0, sizeof(f->device_uri)))
		return refuse(e, "the device URI is not terminated");
	if (f->usage & (USAGE_CERT_SIGN | USAGE_CRL_SIGN))
		return refuse(e, "an authority's usage");
	if (certificate_usage_for(f->key.type, f->usage) == 0)
		return refuse(e, "no usage is left for this type of key");
	if (!(f->extended_usage &
		(EXTENDED_USAGE_CLIENT | EXTENDED_USAGE_SERVER)))
		return refuse(e, "no extended usage");
	if (nobody)
		return refuse(e, "RFC 5280, 4.1.2.6: names nobody");
	return 0;
}

static bool
set_serial(X509 *x, const struct serial *serial)
{
	BIGNUM *n = BN_bin2bn(serial->bytes, SERIAL_LEN, NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

/* UTCTime through 2049, GeneralizedTime from 2050: as ASN1_TIME_set chooses. */
static bool
set_validity(X509 *x, const struct certificate_fields *f)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)f->not_before_s) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)f->not_after_s);
}

/* As bytes: X509_set_pubkey would encode and decode the key, which takes
 * longer than all else here. */
static bool
put_key(X509 *x, const struct public_key *k, uint8_t *bits, int len)
{
	const struct key_kind *kind = key_kind(k->type);
	X509_PUBKEY *pub = X509_get_X509_PUBKEY(x);
	if (kind->family == KEY_FAMILY_EC)
		return X509_PUBKEY_set0_param(pub,
		    OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
		    OBJ_nid2obj(kind->curve_nid), bits, len);
	if (kind->family == KEY_FAMILY_RSA)
		return X509_PUBKEY_set0_param(pub,
		    OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, bits,
		    len);
	return X509_PUBKEY_set0_param(
	    pub, OBJ_nid2obj(NID_ED25519), V_ASN1_UNDEF, NULL, bits, len);
}

static int
set_key(X509 *x, const struct public_key *k, struct err *e)
{
	struct buf bits;
	int rc = -1;
	buf_init(&bits, KEY_BITS_MAX);
	public_key_bits(k, &bits);
	if (buf_check(&bits, "public key", e))
		goto out;
	uint8_t *copy = OPENSSL_memdup(bits.data, bits.len);
	if (!copy || !put_key(x, k, copy, (int)bits.len)) {
		OPENSSL_free(copy);
		err_openssl(e, "the certificate's key");
		goto out;
	}
	rc = 0; /* copy: transferred */
out:
	buf_clear(&bits);
	return rc;
}

/* As strong as the issuer's key; Ed25519 brings its own. */
static const EVP_MD *
digest_for(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
		return digest_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? digest_sha384()
					     : digest_sha512();
}

static int
sign_and_put(X509 *x, EVP_PKEY *key, struct buf *out, struct err *e)
{
	unsigned char *der = NULL;
	int len = -1;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx &&
	    EVP_DigestSignInit(ctx, NULL, digest_for(key), NULL, key) == 1 &&
	    X509_sign_ctx(x, ctx) > 0)
		len = i2d_X509(x, &der);
	EVP_MD_CTX_free(ctx);
	if (len <= 0)
		return err_openssl(e, "signing a certificate");
	buf_append(out, der, (size_t)len);
	OPENSSL_free(der);
	return buf_check(out, "certificate", e);
}

/* All that stands before the signature; the issuer's name is set after. */
static int
fill(X509 *x, const struct certificate_fields *f,
    const struct certificate_ids *ids, bool authority, struct err *e)
{
	if (!X509_set_version(x, X509_VERSION_3) ||
	    !set_serial(x, &f->serial) || !set_validity(x, f))
		return err_openssl(e, "a certificate's fields");
	if (certificate_set_subject(x, &f->subject, e) ||
	    set_key(x, &f->key, e))
		return -1;
	return certificate_add_extensions(x, f, ids, authority, e);
}

static int
ids_of(const struct issuer *issuer, const struct public_key *key,
    struct certificate_ids *ids, struct err *e)
{
	const ASN1_OCTET_STRING *id =
	    X509_get0_subject_key_id(issuer->certificate);
	if (!id || ASN1_STRING_length(id) != KEY_ID_LEN)
		return refuse(e, "the issuer has no subject key identifier "
				 "of 20 bytes");
	memcpy(ids->issuer, ASN1_STRING_get0_data(id), KEY_ID_LEN);
	return certificate_key_id(key, ids->subject, e);
}

int
certificate_issue(const struct issuer *issuer,
    const struct certificate_fields *fields, struct buf *out, struct err *e)
{
	struct certificate_ids ids;
	int rc = -1;
	if (check_end_entity(fields, e) ||
	    ids_of(issuer, &fields->key, &ids, e))
		return -1;
	X509 *x = X509_new();
	if (!x)
		return err_openssl(e, "a certificate");
	if (fill(x, fields, &ids, false, e))
		goto out;
	if (!X509_set_issuer_name(
		x, X509_get_subject_name(issuer->certificate))) {
		err_openssl(e, "a certificate's issuer");
		goto out;
	}
	rc = sign_and_put(x, issuer->key, out, e);
out:
	X509_free(x);
	return rc;
}

static int
issue_authority(EVP_PKEY *key, const struct certificate_fields *f,
    const struct certificate_ids *ids, struct buf *out, struct err *e)
{
	X509 *x = X509_new();
	int rc = -1;
	if (!x)
		return err_openssl(e, "a certificate");
	if (fill(x, f, ids, true, e))
		goto out;
	if (!X509_set_issuer_name(x, X509_get_subject_name(x))) {
		err_openssl(e, "a certificate's issuer");
		goto out;
	}
	rc = sign_and_put(x, key, out, e);
out:
	X509_free(x);
	return rc;
}

int
certificate_issue_authority(EVP_PKEY *key,
    const struct certificate_fields *fields, struct buf *out, struct err *e)
{
	struct certificate_fields f = *fields;
	struct certificate_ids ids;
	memset(&f.sans, 0, sizeof(f.sans));
	f.device_uri[0] = 0;
	f.extended_usage = 0;
	f.usage = USAGE_CERT_SIGN | USAGE_CRL_SIGN;
	if (check_common(&f, e))
		return -1;
	if (certificate_subject_is_empty(&f.subject))
		return refuse(
		    e, "RFC 5280, 4.1.2.6: an authority needs a subject");
	if (public_key_of(key, &f.key, e) ||
	    certificate_key_id(&f.key, ids.subject, e))
		return -1;
	memcpy(ids.issuer, ids.subject, KEY_ID_LEN);
	return issue_authority(key, &f, &ids, out, e);
}
