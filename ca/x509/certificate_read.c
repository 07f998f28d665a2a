#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "ca/x509/certificate.h"
#include "ca/x509/der.h"
#include "ca/x509/pem.h"

#define LABEL       "CERTIFICATE"
#define VERSION_TAG 0xa0

static int
broken(struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "", "certificate: %s", what);
}

int
certificate_load(struct bytes der, X509 **out, struct err *e)
{
	const unsigned char *p = der.data;
	*out = NULL;
	if (der.len == 0 || der.len > CERTIFICATE_DER_MAX)
		return broken(e, "its size");
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	bool whole = x && p == der.data + der.len;
	/* -1: fill the caches, ask for no purpose */
	if (!whole || X509_check_purpose(x, -1, 0) != 1 ||
	    !X509_get0_pubkey(x)) {
		X509_free(x);
		ERR_clear_error();
		return broken(e, "RFC 5280, 4.1: malformed");
	}
	*out = x;
	return 0;
}

/* Two digits off the front; -1 if they are none. */
static int
take_pair(struct bytes *text)
{
	if (text->len < 2)
		return -1;
	unsigned high = text->data[0] - (unsigned)'0';
	unsigned low = text->data[1] - (unsigned)'0';
	if (high > 9 || low > 9)
		return -1;
	*text = (struct bytes){text->data + 2, text->len - 2};
	return (int)(10 * high + low);
}

/* UTCTime (of 1950 to 2049) or GeneralizedTime, as RFC 5280, 4.1.2.5 has
 * them: seconds, and Z. */
static int
take_time(struct bytes *in, int64_t *seconds)
{
	struct bytes text;
	uint8_t tag;
	int part[6] = {0};
	int century = -1;
	if (der_take_any(in, &tag, &text, NULL))
		return -1;
	if (tag == DER_GENERALIZED_TIME)
		century = take_pair(&text);
	else if (tag != DER_UTC_TIME)
		return -1;
	for (unsigned i = 0; i < 6; i++) {
		part[i] = take_pair(&text);
		if (part[i] < 0)
			return -1;
	}
	if (text.len != 1 || text.data[0] != 'Z' ||
	    (tag == DER_GENERALIZED_TIME && century < 0))
		return -1;
	if (tag == DER_UTC_TIME)
		century = part[0] < 50 ? 20 : 19;
	struct tm tm = {.tm_year = 100 * century + part[0] - 1900,
	    .tm_mon = part[1] - 1,
	    .tm_mday = part[2],
	    .tm_hour = part[3],
	    .tm_min = part[4],
	    .tm_sec = part[5]};
	*seconds = timegm(&tm);
	return 0;
}

static int
take_serial(struct bytes *in, struct serial *out)
{
	struct bytes magnitude;
	if (der_take_unsigned(in, &magnitude) || magnitude.len != SERIAL_LEN)
		return -1;
	memcpy(out->bytes, magnitude.data, SERIAL_LEN);
	return 0;
}

/* TBSCertificate (RFC 5280, 4.1.2) up to the key; spki gets it whole. */
static int
walk(struct bytes der, struct certificate_summary *out, struct bytes *spki)
{
	struct bytes certificate, tbs, validity, any;
	uint8_t tag;
	if (der_take(&der, DER_SEQUENCE, &certificate) || der.len > 0 ||
	    der_take(&certificate, DER_SEQUENCE, &tbs) ||
	    der_take(&tbs, VERSION_TAG, &any) ||
	    take_serial(&tbs, &out->serial) ||
	    der_take(&tbs, DER_SEQUENCE, &any) || /* signature */
	    der_take(&tbs, DER_SEQUENCE, &any) || /* issuer */
	    der_take(&tbs, DER_SEQUENCE, &validity) ||
	    take_time(&validity, &out->not_before_s) ||
	    take_time(&validity, &out->not_after_s) || validity.len > 0 ||
	    der_take(&tbs, DER_SEQUENCE, &any)) /* subject */
		return -1;
	return der_take_any(&tbs, &tag, &any, spki);
}

int
certificate_summarize(
    struct bytes der, struct certificate_summary *out, struct err *e)
{
	struct err why = ERR_INIT;
	struct bytes spki;
	memset(out, 0, sizeof(*out));
	if (!der_is_well_formed(der) || walk(der, out, &spki))
		return broken(e, "not one of ours");
	if (public_key_parse(spki, &out->key, &why))
		return broken(e, "a key that we do not know");
	return 0;
}

void
certificate_pem(struct bytes der, struct buf *out)
{
	pem_put(out, LABEL, der);
}

int
certificate_pem_each(
    struct bytes pem, certificate_fn fn, void *arg, struct err *e)
{
	struct bytes before;
	size_t count = 0;
	int rc = 0;
	while (!rc && pem_begin(&pem, LABEL, &before)) {
		struct buf der;
		buf_init(&der, CERTIFICATE_DER_MAX);
		if (pem_body(&pem, LABEL, &der))
			rc = broken(e, "RFC 7468, 3: a broken PEM block");
		else
			rc = fn(arg, buf_bytes(&der), e);
		buf_clear(&der);
		count++;
	}
	if (!rc && count == 0)
		rc = broken(e, "no PEM block");
	return rc ? -1 : 0;
}
