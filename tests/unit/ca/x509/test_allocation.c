#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "ca/x509/certificate.h"

/* OpenSSL's allocations: the one that left counts down to fails. */
static long left = -1;

static void *
failing_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (left > 0 && --left == 0)
		return NULL;
	return malloc(size);
}

static void *
failing_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0 && left > 0 && --left == 0)
		return NULL;
	return realloc(p, size);
}

static void
plain_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static EVP_PKEY *key;
static struct issuer issuer;
static struct certificate_fields fields;

static int
start(void **state)
{
	struct err e = ERR_INIT;
	struct buf der;
	(void)state;
	buf_init(&der, CERTIFICATE_DER_MAX);
	if (private_key_new(KEY_EC_P256, &key, &e) ||
	    serial_new(&fields.serial, &e) ||
	    public_key_of(key, &fields.key, &e) ||
	    subject_set(&fields.subject, SUBJECT_CN, bytes_of_text("x"), &e) ||
	    san_list_add(&fields.sans, bytes_of_text("dns:a.b"), &e))
		return -1;
	fields.not_before_s = 1700000000;
	fields.not_after_s = 1800000000;
	if (certificate_issue_authority(key, &fields, &der, &e) ||
	    certificate_load(buf_bytes(&der), &issuer.certificate, &e))
		return -1;
	issuer.key = key;
	fields.usage = USAGE_DIGITAL_SIGNATURE;
	fields.extended_usage = EXTENDED_USAGE_CLIENT;
	buf_clear(&der);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	X509_free(issuer.certificate);
	EVP_PKEY_free(key);
	return 0;
}

static int
issue_once(void)
{
	struct err e = ERR_INIT;
	struct buf out;
	buf_init(&out, CERTIFICATE_DER_MAX);
	int rc = certificate_issue(&issuer, &fields, &out, &e);
	if (rc)
		assert_int_equal(out.len, 0);
	buf_clear(&out);
	return rc;
}

static int
load_once(void)
{
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	int rc = public_key_load(&fields.key, &pkey, &e);
	assert_int_equal(rc == 0, pkey != NULL);
	if (rc)
		assert_int_equal(e.kind, ERR_INTERNAL);
	EVP_PKEY_free(pkey);
	return rc;
}

static int
pem_once(void)
{
	struct err e = ERR_INIT;
	struct secret *pem;
	int rc = private_key_pem(key, &pem, &e);
	assert_int_equal(rc == 0, pem != NULL);
	secret_free(pem);
	return rc;
}

/* Fails the first, the second, … allocation until none is left to fail. */
static void
fail_each(int (*once)(void))
{
	long n = 0, failures = 0;
	do {
		left = ++n;
		failures += once() != 0;
	} while (left == 0);
	left = -1;
	assert_true(failures > 0);
	assert_int_equal(once(), 0);
}

static void
certificate_issue_survives_each_failed_allocation(void **state)
{
	(void)state;
	fail_each(issue_once);
}

static void
public_key_load_survives_each_failed_allocation(void **state)
{
	(void)state;
	fail_each(load_once);
}

static void
private_key_pem_survives_each_failed_allocation(void **state)
{
	(void)state;
	fail_each(pem_once);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificate_issue_survives_each_failed_allocation),
	    cmocka_unit_test(public_key_load_survives_each_failed_allocation),
	    cmocka_unit_test(private_key_pem_survives_each_failed_allocation),
	};
	/* before the library's own first allocation, or it refuses */
	if (!CRYPTO_set_mem_functions(
		failing_malloc, failing_realloc, plain_free))
		return 1;
	return cmocka_run_group_tests(tests, start, stop);
}
