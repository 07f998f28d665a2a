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

/* With a key of this type as the authority's, and as a client's. */
static int
issue(EVP_PKEY *authority_key, EVP_PKEY *client_key, struct err *e)
{
	struct certificate_fields f = {.usage = 0};
	struct issuer issuer = {NULL, authority_key};
	struct buf authority, certificate;
	int rc = -1;

	buf_init(&authority, CERTIFICATE_DER_MAX);
	buf_init(&certificate, CERTIFICATE_DER_MAX);
	if (fill(authority_key, &f, e) == 0 &&
	    certificate_issue_authority(authority_key, &f, &authority, e) ==
		0 &&
	    certificate_load(buf_bytes(&authority), &issuer.certificate, e) ==
		0 &&
	    public_key_of(client_key, &f.key, e) == 0 &&
	    certificate_issue(&issuer, &f, &certificate, e) == 0)
		rc = check_signature(buf_bytes(&certificate), &issuer, e);
	X509_free(issuer.certificate);
	buf_clear(&authority);
	buf_clear(&certificate);
	return rc;
}

/* Making an RSA key takes a while: only where the authority's is one, and the
 * smallest. */
static enum key_type
type_to_make(enum key_type t)
{
	return t == KEY_RSA_3072 || t == KEY_RSA_4096 ? KEY_RSA_2048 : t;
}

int
warm_up(enum key_type authority_type, struct err *e)
{
	static const enum key_type clients[] = {
	    KEY_EC_P256, KEY_EC_P384, KEY_ED25519};
	EVP_PKEY *authority_key = NULL;
	int rc =
	    private_key_new(type_to_make(authority_type), &authority_key, e);

	for (size_t i = 0; rc == 0 && i < sizeof(clients) / sizeof(*clients);
	     i++) {
		EVP_PKEY *client_key = NULL;

		rc = private_key_new(clients[i], &client_key, e);
		if (rc == 0)
			rc = issue(authority_key, client_key, e);
		EVP_PKEY_free(client_key);
	}
	EVP_PKEY_free(authority_key);
	return rc;
}
