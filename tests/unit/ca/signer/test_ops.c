#include "tests/unit/ca/signer/fixture.h"

#include <openssl/x509v3.h>

#include "ca/policy/profile_file.h"
#include "ca/signer/ops.h"

static struct fixture ec, rsa;
static struct signer open_signer, locked_signer, rsa_signer;

struct answer {
	struct buf bytes;
	struct signer_reply reply; /* views into bytes */
};

static struct answer
ask(struct signer *s, const struct signer_request *m)
{
	struct err e = ERR_INIT;
	struct answer a;
	struct buf packet;

	buf_init(&packet, MESSAGE_MAX);
	buf_init(&a.bytes, MESSAGE_MAX);
	assert_int_equal(message_request_encode(m, &packet, &e), 0);
	assert_int_equal(ops_handle(s, buf_bytes(&packet), &a.bytes), 0);
	assert_int_equal(
	    message_reply_decode(buf_bytes(&a.bytes), &a.reply), 0);
	assert_true(a.reply.id == m->id);
	buf_clear(&packet);
	return a;
}

static void
assert_refused(struct signer *s, const struct signer_request *m,
    enum err_kind kind, const char *field)
{
	struct answer a = ask(s, m);

	if (a.reply.err.kind != kind)
		print_message("got: %s\n", a.reply.err.message);
	assert_int_equal(a.reply.err.kind, kind);
	assert_string_equal(a.reply.err.field, field);
	assert_int_equal(a.reply.payload.len, 0);
	buf_clear(&a.bytes);
}

static X509 *
assert_issued(struct signer *s, const struct signer_request *m)
{
	struct answer a = ask(s, m);
	struct err e = ERR_INIT;
	X509 *x = NULL;

	if (a.reply.err.kind != ERR_NONE)
		print_message("got: %s\n", a.reply.err.message);
	assert_int_equal(a.reply.err.kind, ERR_NONE);
	assert_true(a.reply.open);
	assert_int_equal(certificate_load(a.reply.payload, &x, &e), 0);
	buf_clear(&a.bytes);
	return x;
}

static void
assert_verifies(const struct fixture *f, X509 *x)
{
	X509 *ca = fixture_authority(f);

	assert_int_equal(X509_verify(x, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_check_issued(ca, x), X509_V_OK);
	X509_free(ca);
}

static void
every_key_type_and_profile_is_issued(void **state)
{
	static const struct {
		const char *profile, *name;
	} cases[] = {{"collector", "AABBCCDDEEFF"}, {"camera", "cam-1"},
	    {"server", "prof.voice.com"}, {"broker", "broker"},
	    {"service", "ssl"}};

	(void)state;
	for (int t = 0; t < KEY_TYPE_COUNT; t++) {
		for (size_t i = 0; i < 5; i++) {
			struct signer_request m = issue_request(
			    cases[i].profile, cases[i].name, (enum key_type)t);
			X509 *x = assert_issued(&open_signer, &m);

			assert_verifies(&ec, x);
			assert_int_equal(X509_check_ca(x), 0);
			X509_free(x);
		}
	}
}

static void
rsa_authority_issues_and_verifies_its_signature(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	X509 *x = assert_issued(&rsa_signer, &m);

	(void)state;
	assert_verifies(&rsa, x);
	X509_free(x);
}

static void
certificate_says_what_was_asked(void **state)
{
	struct signer_request m =
	    issue_request("collector", "aa-bb-cc-dd-ee-ff", KEY_EC_P256);
	struct certificate_summary sum;
	struct answer a;
	struct err e = ERR_INIT;

	(void)state;
	a = ask(&open_signer, &m);
	assert_int_equal(a.reply.err.kind, ERR_NONE);
	assert_int_equal(certificate_summarize(a.reply.payload, &sum, &e), 0);
	assert_memory_equal(&sum.serial, &m.fields.serial, SERIAL_LEN);
	assert_true(sum.not_before_s == m.fields.not_before_s);
	assert_true(sum.not_after_s == m.fields.not_after_s);
	assert_memory_equal(sum.key.raw, m.fields.key.raw, m.fields.key.len);
	buf_clear(&a.bytes);
}

static void
issue_refuses_wrong_and_missing_passphrases(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);

	(void)state;
	m.pass = bytes_of_text(WRONG_PASS);
	assert_refused(&open_signer, &m, ERR_WRONG_PASS, "pass");
	m.pass.len = 0;
	assert_refused(&open_signer, &m, ERR_WRONG_PASS, "pass");
	assert_refused(&locked_signer, &m, ERR_LOCKED, "pass");
}

static void
local_profile_needs_no_passphrase_once_open(void **state)
{
	struct signer_request m =
	    issue_request("broker", "broker", KEY_EC_P256);
	X509 *x;

	(void)state;
	m.pass.len = 0;
	x = assert_issued(&open_signer, &m);
	X509_free(x);
	assert_refused(&locked_signer, &m, ERR_LOCKED, "pass");
}

static void
local_profile_refuses_another_name(void **state)
{
	struct signer_request m =
	    issue_request("broker", "AABBCCDDEEFF", KEY_EC_P256);

	(void)state;
	m.pass.len = 0;
	assert_refused(&open_signer, &m, ERR_PROTECTED_NAME, "name");
	m = issue_request("service", "broker", KEY_EC_P256);
	assert_refused(&open_signer, &m, ERR_PROTECTED_NAME, "name");
}

static void
unknown_profile_is_refused(void **state)
{
	struct signer_request m =
	    issue_request("authority", "AABBCCDDEEFF", KEY_EC_P256);

	(void)state;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "profile");
	m.profile[0] = '\0';
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "profile");
}

static void
names_beyond_the_profile_are_refused(void **state)
{
	struct signer_request m;

	(void)state;
	m = issue_request("collector", "ssl", KEY_EC_P256);
	assert_refused(&open_signer, &m, ERR_PROTECTED_NAME, "name");
	m = issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	set_cn(&m, "000000000001");
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "cn");
	set_cn(&m, "SIGN");
	assert_refused(&open_signer, &m, ERR_PROTECTED_NAME, "cn");
	set_cn(&m, "prof.voice.com/info@voice.com");
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "cn");
	m = issue_request("server", "prof.voice.com", KEY_EC_P256);
	set_cn(&m, "not a host");
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "cn");
}

static void
validity_beyond_the_law_is_refused(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	int64_t begin = m.fields.not_before_s;

	(void)state;
	m.fields.not_after_s = begin + (int64_t)36500 * DAY_S;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m.fields.not_after_s = begin - 1;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m = issue_request("camera", "cam-1", KEY_EC_P256);
	m.fields.not_after_s = begin + 92 * DAY_S;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
}

static void
validity_that_does_not_begin_now_is_refused(void **state)
{
	static const struct {
		int64_t offset_s;
		bool allowed;
	} cases[] = {{-2 * DAY_S, false}, {-DAY_S + 600, true}, {0, true},
	    {300, true}, {1200, false}, {365 * DAY_S, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct signer_request m =
		    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
		int64_t begin = now_s() + cases[i].offset_s;

		m.fields.not_before_s = begin;
		m.fields.not_after_s = begin + 30 * DAY_S;
		if (cases[i].allowed)
			X509_free(assert_issued(&open_signer, &m));
		else
			assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	}
}

static void
bad_serials_are_refused(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);

	(void)state;
	m.fields.serial.bytes[0] = 0x80;
	assert_refused(&open_signer, &m, ERR_INTERNAL, "");
	memset(&m.fields.serial, 0, sizeof(m.fields.serial));
	assert_refused(&open_signer, &m, ERR_INTERNAL, "");
}

static void
key_off_its_form_is_refused(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct answer a;

	(void)state;
	m.fields.key.raw[0] = 0x02; /* a compressed point's first byte */
	a = ask(&open_signer, &m);
	assert_int_not_equal(a.reply.err.kind, ERR_NONE);
	buf_clear(&a.bytes);
}

static void
status_tells_whether_the_key_is_open(void **state)
{
	struct signer_request m = {.op = SIGNER_STATUS, .id = 99};
	struct answer a = ask(&open_signer, &m);

	(void)state;
	assert_true(a.reply.open);
	buf_clear(&a.bytes);
	a = ask(&locked_signer, &m);
	assert_false(a.reply.open);
	assert_int_equal(a.reply.err.kind, ERR_NONE);
	buf_clear(&a.bytes);
}

static void
unlock_with_a_wrong_passphrase_stays_locked(void **state)
{
	struct signer_request m = {.op = SIGNER_UNLOCK, .id = 1};
	struct answer a;

	(void)state;
	m.pass = bytes_of_text(WRONG_PASS);
	a = ask(&locked_signer, &m);
	assert_int_equal(a.reply.err.kind, ERR_WRONG_PASS);
	assert_false(a.reply.open);
	buf_clear(&a.bytes);
}

static void
packet_that_does_not_decode_is_told(void **state)
{
	static const uint8_t packet[] = {SIGNER_STATUS, 0, 0};
	struct buf reply;

	(void)state;
	buf_init(&reply, MESSAGE_MAX);
	assert_int_equal(ops_handle(&open_signer,
			     (struct bytes){packet, sizeof(packet)}, &reply),
	    -1);
	assert_int_equal(reply.len, 0);
	buf_clear(&reply);
}

#define KEY_PEM "-----BEGIN PRIVATE KEY-----\nMC4=\n"

static struct buf
seal_for(const struct signer_request *m)
{
	struct secret *pem = secret_new(KEY_PEM, strlen(KEY_PEM));
	struct err e = ERR_INIT;
	struct buf b;

	assert_non_null(pem);
	buf_init(&b, 1024);
	assert_int_equal(sealed_key_make(ec.escrow_public_key, &m->name,
			     &m->fields.serial, pem, &b, &e),
	    0);
	secret_free(pem);
	return b;
}

static void
sealed_key_is_opened_for_its_entity(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_ED25519);
	struct buf sealed = seal_for(&m);
	struct answer a;

	(void)state;
	m.op = SIGNER_OPEN_KEY;
	m.sealed = buf_bytes(&sealed);
	a = ask(&open_signer, &m);
	assert_int_equal(a.reply.err.kind, ERR_NONE);
	assert_true(bytes_equal(a.reply.payload, bytes_of_text(KEY_PEM)));
	buf_clear(&a.bytes);
	buf_clear(&sealed);
}

static void
sealed_key_is_not_opened_for_another(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_ED25519);
	struct signer_request moved = m;
	struct buf sealed = seal_for(&m);

	(void)state;
	m.op = moved.op = SIGNER_OPEN_KEY;
	m.sealed = moved.sealed = buf_bytes(&sealed);
	moved.name.text[0] = 'B';
	assert_refused(&open_signer, &moved, ERR_INTERNAL, "");
	moved = m;
	moved.fields.serial.bytes[15] ^= 1;
	assert_refused(&open_signer, &moved, ERR_INTERNAL, "");
	moved = m;
	moved.sealed.len--;
	assert_refused(&open_signer, &moved, ERR_INTERNAL, "");
	moved.sealed.len = 0;
	assert_refused(&open_signer, &moved, ERR_INTERNAL, "");
	m.pass = bytes_of_text(WRONG_PASS);
	assert_refused(&open_signer, &m, ERR_WRONG_PASS, "pass");
	m.pass.len = 0;
	assert_refused(&locked_signer, &m, ERR_LOCKED, "pass");
	buf_clear(&sealed);
}

static struct signer_request
renewal_request(int days)
{
	struct signer_request m = {.op = SIGNER_RENEW_AUTHORITY, .id = 3};
	struct err e = ERR_INIT;

	assert_int_equal(serial_new(&m.fields.serial, &e), 0);
	m.fields.not_before_s = now_s() - BACKDATE_S;
	m.fields.not_after_s = now_s() + (int64_t)days * DAY_S;
	return m;
}

static void
renewal_beyond_the_law_is_refused(void **state)
{
	struct signer_request m = renewal_request(3999);

	(void)state;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m = renewal_request(14700);
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m = renewal_request(5000);
	m.fields.not_before_s = now_s() + DAY_S;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m.fields.not_before_s = now_s() - 2 * DAY_S;
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
	m = renewal_request(5000);
	m.fields.serial.bytes[0] = 0xff;
	assert_refused(&open_signer, &m, ERR_INTERNAL, "");
	m = renewal_request(5000);
	assert_refused(&locked_signer, &m, ERR_LOCKED, "pass");
}

static void
assert_same_authority(X509 *a, X509 *b)
{
	const unsigned char *name_a, *name_b;
	size_t len_a, len_b;

	X509_NAME_get0_der(X509_get_subject_name(a), &name_a, &len_a);
	X509_NAME_get0_der(X509_get_subject_name(b), &name_b, &len_b);
	assert_int_equal(len_a, len_b);
	assert_memory_equal(name_a, name_b, len_a);
	assert_int_equal(
	    EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)), 1);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(a),
			     X509_get0_subject_key_id(b)),
	    0);
}

static void
renew_and_issue(struct signer *s, const struct fixture *f)
{
	struct signer_request m = renewal_request(5000);
	X509 *present = fixture_authority(f);
	X509 *next = assert_issued(s, &m);
	X509 *x;

	assert_same_authority(present, next);
	assert_int_equal(X509_verify(next, X509_get0_pubkey(present)), 1);
	assert_int_equal(X509_check_ca(next), 1);
	assert_true(ASN1_TIME_compare(X509_get0_notAfter(next),
			X509_get0_notAfter(present)) > 0);
	m = issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	x = assert_issued(s, &m);
	assert_int_equal(X509_check_issued(next, x), X509_V_OK);
	assert_int_equal(X509_check_issued(present, x), X509_V_OK);
	X509_free(x);
	X509_free(next);
	X509_free(present);
}

/* Last of all: it changes the open signers. */
static void
renewal_keeps_key_and_name_and_then_issues(void **state)
{
	struct signer_request m = renewal_request(4999);

	(void)state;
	renew_and_issue(&open_signer, &ec);
	renew_and_issue(&rsa_signer, &rsa);
	assert_refused(&open_signer, &m, ERR_BAD_FIELD, "days");
}

static void
on_problem(void *arg, const char *path, int line, const char *message)
{
	(void)arg;
	fail_msg("%s:%d: %s", path, line, message);
}

static void
signer_open(struct signer *s, const struct fixture *f, bool unlock)
{
	char path[FIXTURE_MAX];
	struct err e = ERR_INIT;

	fixture_path(f, "profiles.conf", path);
	assert_int_equal(
	    profile_file_read(path, &s->profiles, on_problem, NULL), 0);
	assert_int_equal(authority_load(f->dir, &s->authority, &e), 0);
	if (unlock)
		assert_int_equal(
		    authority_unlock(s->authority, bytes_of_text(PASS), &e), 0);
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&ec, KEY_EC_P256);
	fixture_open(&rsa, KEY_RSA_2048);
	signer_open(&open_signer, &ec, true);
	signer_open(&locked_signer, &ec, false);
	signer_open(&rsa_signer, &rsa, true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	authority_free(open_signer.authority);
	authority_free(locked_signer.authority);
	authority_free(rsa_signer.authority);
	fixture_close(&ec);
	fixture_close(&rsa);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_type_and_profile_is_issued),
	    cmocka_unit_test(rsa_authority_issues_and_verifies_its_signature),
	    cmocka_unit_test(certificate_says_what_was_asked),
	    cmocka_unit_test(issue_refuses_wrong_and_missing_passphrases),
	    cmocka_unit_test(local_profile_needs_no_passphrase_once_open),
	    cmocka_unit_test(local_profile_refuses_another_name),
	    cmocka_unit_test(unknown_profile_is_refused),
	    cmocka_unit_test(names_beyond_the_profile_are_refused),
	    cmocka_unit_test(validity_beyond_the_law_is_refused),
	    cmocka_unit_test(validity_that_does_not_begin_now_is_refused),
	    cmocka_unit_test(bad_serials_are_refused),
	    cmocka_unit_test(key_off_its_form_is_refused),
	    cmocka_unit_test(status_tells_whether_the_key_is_open),
	    cmocka_unit_test(unlock_with_a_wrong_passphrase_stays_locked),
	    cmocka_unit_test(packet_that_does_not_decode_is_told),
	    cmocka_unit_test(sealed_key_is_opened_for_its_entity),
	    cmocka_unit_test(sealed_key_is_not_opened_for_another),
	    cmocka_unit_test(renewal_beyond_the_law_is_refused),
	    cmocka_unit_test(renewal_keeps_key_and_name_and_then_issues),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
