/* Which signatures are verified before they leave, and what becomes of one
 * that does not verify: this program's X509_verify comes before OpenSSL's. */
#include "tests/unit/ca/signer/fixture.h"

#include <openssl/x509.h>

#include "ca/signer/ops.h"

static struct fixture ec, rsa;
static unsigned verified;
static bool faulty; /* the machine errs */

int
X509_verify(X509 *x, EVP_PKEY *key)
{
	assert_non_null(x);
	assert_non_null(key);
	verified++;
	return faulty ? 0 : 1;
}

static struct signer
signer_open(const struct fixture *f, unsigned check_ec)
{
	struct signer s = {.authority = NULL, .check_ec = check_ec};
	struct err e = ERR_INIT;

	profile_set_init(&s.profiles);
	assert_int_equal(authority_load(f->dir, &s.authority, &e), 0);
	assert_int_equal(
	    authority_unlock(s.authority, bytes_of_text(PASS), &e), 0);
	verified = 0;
	return s;
}

/* How many of n certificates were verified; each is issued. */
static unsigned
verified_of(struct signer *s, unsigned n)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct err e = ERR_INIT;

	verified = 0;
	for (unsigned i = 0; i < n; i++) {
		struct buf out;

		buf_init(&out, MESSAGE_MAX);
		assert_int_equal(op_issue(s, &m, &out, &e), 0);
		assert_true(out.len > 0);
		buf_clear(&out);
	}
	return verified;
}

/* Through the whole of it: nothing of the certificate is in the reply. */
static void
assert_does_not_leave(struct signer *s)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct signer_reply r;
	struct err e = ERR_INIT;
	struct buf packet, reply;

	buf_init(&packet, MESSAGE_MAX);
	buf_init(&reply, MESSAGE_MAX);
	assert_int_equal(message_request_encode(&m, &packet, &e), 0);
	assert_int_equal(ops_handle(s, buf_bytes(&packet), &reply), 0);
	assert_int_equal(message_reply_decode(buf_bytes(&reply), &r), 0);
	assert_int_equal(r.err.kind, ERR_INTERNAL);
	assert_int_equal(r.payload.len, 0);
	buf_clear(&reply);
	buf_clear(&packet);
}

static void
one_in_so_many_of_an_ec_key_is_verified(void **state)
{
	struct signer s = signer_open(&ec, 3);

	(void)state;
	assert_int_equal(verified_of(&s, 1), 1); /* the first is one */
	assert_int_equal(verified_of(&s, 2), 0);
	assert_int_equal(verified_of(&s, 9), 3);
	authority_free(s.authority);
}

static void
none_or_each_of_an_ec_key_is_verified_where_that_is_set(void **state)
{
	struct signer s = signer_open(&ec, 0);

	(void)state;
	assert_int_equal(verified_of(&s, 5), 0);
	s.check_ec = 1;
	assert_int_equal(verified_of(&s, 5), 5);
	authority_free(s.authority);
}

static void
each_of_an_rsa_key_is_verified_whatever_is_set(void **state)
{
	struct signer s = signer_open(&rsa, 0);

	(void)state;
	assert_int_equal(verified_of(&s, 3), 3);
	s.check_ec = 100;
	assert_int_equal(verified_of(&s, 3), 3);
	authority_free(s.authority);
}

static void
signature_that_does_not_verify_does_not_leave(void **state)
{
	const struct fixture *const of[] = {&ec, &rsa};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct signer s = signer_open(of[i], 1);

		faulty = true;
		assert_does_not_leave(&s);
		faulty = false;
		assert_int_equal(verified_of(&s, 1), 1);
		authority_free(s.authority);
	}
}

static void
after_one_that_did_not_verify_each_is_verified(void **state)
{
	struct signer s = signer_open(&ec, 1000);

	(void)state;
	faulty = true;
	assert_does_not_leave(&s);
	assert_does_not_leave(&s);
	faulty = false;
	assert_int_equal(verified_of(&s, 5), 5);
	authority_free(s.authority);
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&ec, KEY_EC_P256);
	fixture_open(&rsa, KEY_RSA_2048);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_close(&ec);
	fixture_close(&rsa);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_in_so_many_of_an_ec_key_is_verified),
	    cmocka_unit_test(
		none_or_each_of_an_ec_key_is_verified_where_that_is_set),
	    cmocka_unit_test(each_of_an_rsa_key_is_verified_whatever_is_set),
	    cmocka_unit_test(signature_that_does_not_verify_does_not_leave),
	    cmocka_unit_test(after_one_that_did_not_verify_each_is_verified),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
