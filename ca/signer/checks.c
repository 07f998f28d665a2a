#include "ca/signer/checks.h"

#include "ca/base/clock.h"

int
check_start(int64_t not_before_s, struct err *e)
{
	int64_t now = clock_now_ms() / 1000;

	if (not_before_s >= now - START_PAST_MAX_S &&
	    not_before_s <= now + START_FUTURE_MAX_S)
		return 0;
	return err_set(e, ERR_BAD_FIELD, "days",
	    "the validity must begin about now, by the signer's clock");
}

int
check_signature(struct bytes der, const struct issuer *issuer, struct err *e)
{
	X509 *x = NULL;
	int rc = 0;

	if (certificate_load(der, &x, e) != 0)
		return -1;
	if (X509_verify(x, issuer->key) != 1)
		rc = err_openssl(e, "the signature just made does not verify");
	X509_free(x);
	return rc;
}
