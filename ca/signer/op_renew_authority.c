/*
 * The authority's next certificate: a copy of the present one, down to its key
 * and the bytes of its name, but for serial and dates. So whoever trusts the
 * one can verify what is issued under the other.
 */
#include <openssl/objects.h>
#include <string.h>

#include "ca/signer/checks.h"
#include "ca/signer/ops.h"

#define DAY_S 86400

static int
check_dates(const struct certificate_fields *f, const struct issuer *present,
    struct err *e)
{
	int64_t present_end_s;

	if (check_start(f->not_before_s, e) != 0 ||
	    issuer_not_after(present, &present_end_s, e) != 0)
		return -1;
	if (f->not_after_s <= present_end_s)
		return err_set(e, ERR_BAD_FIELD, "days",
		    "must end later than the present certificate");
	if (f->not_after_s - f->not_before_s >
	    (int64_t)AUTHORITY_DAYS_MAX * DAY_S + POLICY_BACKDATE_MAX_S)
		return err_set(e, ERR_BAD_FIELD, "days", "must be 1 to %d",
		    AUTHORITY_DAYS_MAX);
	return 0;
}

static int
check_present(const X509 *x, const struct serial *serial, struct err *e)
{
	if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) !=
	    0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "an authority under another is renewed there");
	if (!serial_is_valid(serial))
		return err_set(e, ERR_INTERNAL, NULL,
		    "the serial number breaks RFC 5280, 4.1.2.2");
	return 0;
}

static int
set_serial(X509 *x, const struct serial *serial)
{
	BIGNUM *n = BN_bin2bn(serial->bytes, SERIAL_LEN, NULL);
	ASN1_INTEGER *i = n == NULL ? NULL : BN_to_ASN1_INTEGER(n, NULL);
	int ok = i != NULL && X509_set_serialNumber(x, i) == 1;

	ASN1_INTEGER_free(i);
	BN_free(n);
	return ok ? 0 : -1;
}

/* UTCTime to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5), which is
 * what ASN1_TIME_set chooses. */
static int
set_dates(X509 *x, const struct certificate_fields *f)
{
	ASN1_TIME *start = ASN1_TIME_set(NULL, (time_t)f->not_before_s);
	ASN1_TIME *end = ASN1_TIME_set(NULL, (time_t)f->not_after_s);
	int ok = start != NULL && end != NULL &&
		 X509_set1_notBefore(x, start) == 1 &&
		 X509_set1_notAfter(x, end) == 1;

	ASN1_TIME_free(start);
	ASN1_TIME_free(end);
	return ok ? 0 : -1;
}

/* With the digest of the present certificate's signature. */
static int
sign_again(X509 *x, EVP_PKEY *key)
{
	int digest = NID_undef;

	if (OBJ_find_sigid_algs(X509_get_signature_nid(x), &digest, NULL) !=
		1 ||
	    digest == NID_undef)
		return -1;
	return X509_sign(x, key, EVP_get_digestbynid(digest)) > 0 ? 0 : -1;
}

static int
append_der(X509 *x, struct buf *out, struct err *e)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	if (len < 0)
		return err_openssl(e, "the authority's certificate");
	buf_append(out, der, (size_t)len);
	OPENSSL_free(der);
	return buf_check(out, "the authority's certificate", e);
}

static int
renew(const struct issuer *present, const struct certificate_fields *f,
    struct buf *out, struct err *e)
{
	X509 *x = X509_dup(present->certificate);
	int rc;

	if (x == NULL || set_serial(x, &f->serial) != 0 ||
	    set_dates(x, f) != 0 || sign_again(x, present->key) != 0)
		rc = err_openssl(e, "the authority's certificate");
	else
		rc = append_der(x, out, e);
	X509_free(x);
	return rc;
}

int
op_renew_authority(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e)
{
	struct issuer present;
	X509 *next = NULL;
	int rc = -1;

	if (authority_issuer(s->authority, &present, e) != 0)
		return -1;
	if (check_present(present.certificate, &m->fields.serial, e) == 0 &&
	    check_dates(&m->fields, &present, e) == 0 &&
	    renew(&present, &m->fields, payload, e) == 0 &&
	    check_signature(buf_bytes(payload), &present, e) == 0 &&
	    certificate_load(buf_bytes(payload), &next, e) == 0) {
		authority_renewed(s->authority, next);
		rc = 0;
	}
	issuer_release(&present);
	return rc;
}
