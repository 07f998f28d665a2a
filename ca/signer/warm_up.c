#include "ca/base/clock.h"
#include "ca/signer/checks.h"
#include "ca/signer/program.h"

#define HOUR_S 3600

static int
fill(EVP_PKEY *key, struct certificate_fields *f, struct err *e)
{
	int64_t now = clock_now_ms() / 1000;
	struct bytes cn = bytes_of_text("warm-up");

	f->not_before_s = now;
	f->not_after_s = now + HOUR_S;
	if (serial_new(&f->serial, e) != 0 ||
	    subject_set(&f->subject, SUBJECT_CN, cn, e) != 0)
		return -1;
	f->usage = USAGE_DIGITAL_SIGNATURE;
	f->extended_usage = EXTENDED_USAGE_CLIENT;
	return public_key_of(key, &f->key, e);
}

static int
issue(EVP_PKEY *key, struct err *e)
{
	struct certificate_fields f = {.usage = 0};
	struct issuer issuer = {NULL, key};
	struct buf authority, certificate;
	int rc = -1;

	buf_init(&authority, CERTIFICATE_DER_MAX);
	buf_init(&certificate, CERTIFICATE_DER_MAX);
	if (fill(key, &f, e) == 0 &&
	    certificate_issue_authority(key, &f, &authority, e) == 0 &&
	    certificate_load(buf_bytes(&authority), &issuer.certificate, e) ==
		0 &&
	    certificate_issue(&issuer, &f, &certificate, e) == 0)
		rc = check_signature(buf_bytes(&certificate), &issuer, e);
	X509_free(issuer.certificate);
	buf_clear(&authority);
	buf_clear(&certificate);
	return rc;
}

int
warm_up(struct err *e)
{
	EVP_PKEY *key = NULL;
	int rc;

	if (private_key_new(KEY_EC_P256, &key, e) != 0)
		return -1;
	rc = issue(key, e);
	EVP_PKEY_free(key);
	return rc;
}
