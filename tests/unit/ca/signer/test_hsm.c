/* A CA key in a token: SoftHSM, made anew for this program. */
#include "fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "ca/base/secret.h"
#include "ca/signer/hsm.h"
#include "ca/x509/certificate.h"

#define MODULE    "/usr/lib/softhsm/libsofthsm2.so"
#define EC_URI    "pkcs11:token=unit;object=ca-ec"
#define RSA_URI   "pkcs11:token=unit;id=%02;type=private"
#define OTHER_URI "pkcs11:token=unit;object=other"
#define NEW_PIN   "another pin of the token"

static char folder[64];

/* libp11 0.4.12 loses some kilobytes each time it is opened; the signer opens
 * it once. Its frames are unloaded when leaks are told, so no suppression by
 * name finds them. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void
run(const char *format, const char *a, const char *b)
{
	char line[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), format, a, b);
#pragma GCC diagnostic pop
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

static void
write_conf(const char *name, const char *text)
{
	char path[FIXTURE_MAX];
	struct err e = ERR_INIT;

	assert_int_equal(file_path(path, sizeof(path), folder, name), 0);
	assert_int_equal(file_write(path, bytes_of_text(text), 0600, &e), 0);
	setenv("SOFTHSM2_CONF", path, 1);
}

static bool
have_softhsm(void)
{
	return access(MODULE, R_OK) == 0 &&
	       system("command -v softhsm2-util pkcs11-tool >/dev/null") == 0;
}

static void
need_softhsm(void)
{
	if (!have_softhsm())
		skip();
}

static void
make_key(const char *type, const char *label_and_id)
{
	run("pkcs11-tool --module " MODULE " --token-label unit --login --pin "
	    "'" PASS "' --keypairgen --key-type %s %s >/dev/null 2>&1",
	    type, label_and_id);
}

static int
make_token(void **state)
{
	char text[FIXTURE_MAX + 64], path[FIXTURE_MAX];
	struct err e = ERR_INIT;

	(void)state;
	if (secret_heap_init(1 << 20, &e) != 0)
		return -1;
	snprintf(folder, sizeof(folder), "/tmp/hsm-test-XXXXXX");
	if (mkdtemp(folder) == NULL ||
	    file_path(path, sizeof(path), folder, "tokens") != 0 ||
	    mkdir(path, 0700) != 0)
		return -1;
	snprintf(text, sizeof(text),
	    "# SoftHSM\n directories.tokendir = %s\nlog.level = ERROR\n", path);
	write_conf("softhsm2.conf", text);
	if (!have_softhsm())
		return 0;
	run("softhsm2-util --init-token --free --label unit --pin '%s' "
	    "--so-pin 12345678 >/dev/null%s",
	    PASS, "");
	make_key("EC:prime256v1", "--label ca-ec --id 01");
	make_key("rsa:2048", "--label ca-rsa --id 02");
	make_key("EC:prime256v1", "--label other --id 03");
	return 0;
}

static int
remove_token(void **state)
{
	(void)state;
	run("rm -r '%s'%s", folder, "");
	return 0;
}

static void
change_pin(const char *from, const char *to)
{
	run("pkcs11-tool --module " MODULE " --token-label unit --login "
	    "--change-pin --pin '%s' --new-pin '%s' >/dev/null 2>&1",
	    from, to);
}

static struct hsm *
open_token(const char *uri)
{
	struct err e = ERR_INIT;
	struct hsm *h = NULL;

	if (hsm_open(MODULE, uri, &h, &e) != 0)
		fail_msg("%s", e.message);
	return h;
}

static void
assert_open_fails(const char *module, const char *uri, enum err_kind kind)
{
	struct err e = ERR_INIT;
	struct hsm *h = NULL;

	assert_int_equal(hsm_open(module, uri, &h, &e), -1);
	assert_null(h);
	assert_int_equal(e.kind, kind);
	assert_string_equal(e.field, "ca_key");
}

static int
login(struct hsm *h, const char *pin, EVP_PKEY **key, struct err *e)
{
	return hsm_login(h, bytes_of_text(pin), key, e);
}

static void
hsm_open_refuses_a_uri_that_says_too_much_or_too_little(void **state)
{
	static const char *const uris[] = {"", "ca.key",
	    "pkcs11:", "pkcs11:token=unit",
	    "pkcs11:object=", "pkcs11:object=a;", "pkcs11:object=a;slot-id=0",
	    "pkcs11:object=a?pin-value=secret",
	    "pkcs11:object=a;pin-source=file:/etc/pin",
	    "pkcs11:object=a?module-path=/tmp/evil.so"};
	struct err e = ERR_INIT;
	struct hsm *h = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_open_fails(MODULE, uris[i], ERR_BAD_FIELD);
	assert_int_equal(
	    hsm_open(MODULE, "pkcs11:object=a?pin-value=secret", &h, &e), -1);
	assert_null(strstr(e.message, "secret"));
}

static void
hsm_open_refuses_a_uri_too_long(void **state)
{
	char uri[600] = "pkcs11:object=";

	(void)state;
	memset(uri + strlen(uri), 'a', 550);
	assert_open_fails(MODULE, uri, ERR_BAD_FIELD);
}

static void
hsm_open_finds_the_token(void **state)
{
	(void)state;
	need_softhsm();
	hsm_close(open_token(EC_URI));
	hsm_close(open_token(RSA_URI));
}

static void
hsm_open_refuses_a_token_that_is_not_there(void **state)
{
	(void)state;
	need_softhsm();
	assert_open_fails(MODULE, "pkcs11:token=no;object=ca-ec", ERR_INTERNAL);
}

static void
hsm_open_refuses_a_module_that_is_not_there(void **state)
{
	(void)state;
	need_softhsm();
	assert_open_fails("/nowhere/module.so", EC_URI, ERR_INTERNAL);
}

static void
assert_signs(EVP_PKEY *key)
{
	struct public_key public_key;
	struct err e = ERR_INIT;
	EVP_PKEY *plain = NULL;
	unsigned char signature[512];
	size_t len = sizeof(signature);
	const unsigned char *what = (const unsigned char *)"what is signed";
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(public_key_of(key, &public_key, &e), 0);
	assert_int_equal(public_key_load(&public_key, &plain, &e), 0);
	assert_int_equal(
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &len, what, 14), 1);
	EVP_MD_CTX_reset(ctx);
	assert_int_equal(
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, plain), 1);
	assert_int_equal(EVP_DigestVerify(ctx, signature, len, what, 14), 1);
	assert_int_equal(EVP_DigestVerify(ctx, signature, len, what, 13), 0);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(plain);
}

/* What OpenSSL writes as the private half of an EC key in a token is zero; of
 * RSA it writes nothing. */
static void
assert_holds_no_key(EVP_PKEY *key)
{
	BIGNUM *n = NULL;

	ERR_clear_error();
	if (EVP_PKEY_get_bn_param(key,
		EVP_PKEY_is_a(key, "EC") ? OSSL_PKEY_PARAM_PRIV_KEY
					 : OSSL_PKEY_PARAM_RSA_D,
		&n) == 1)
		assert_true(BN_is_zero(n));
	BN_free(n);
	ERR_clear_error();
}

static void
hsm_login_gives_a_key_that_signs_and_cannot_be_read(void **state)
{
	static const char *const uris[] = {EC_URI, RSA_URI};
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	for (int i = 0; i < 2; i++) {
		struct hsm *h = open_token(uris[i]);
		EVP_PKEY *key;

		assert_int_equal(login(h, PASS, &key, &e), 0);
		assert_int_equal(hsm_wrong_pins(h), 0);
		assert_signs(key);
		assert_holds_no_key(key);
		EVP_PKEY_free(key);
		hsm_close(h);
	}
}

static void
hsm_login_shows_a_token_one_wrong_pin_and_no_more(void **state)
{
	struct err e = ERR_INIT;
	EVP_PKEY *key;
	struct hsm *h;

	(void)state;
	need_softhsm();
	h = open_token(EC_URI);
	assert_int_equal(login(h, WRONG_PASS, &key, &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_int_equal(hsm_wrong_pins(h), 1);
	assert_null(key);
	/* not even the right one: the token is not asked */
	assert_int_equal(login(h, PASS, &key, &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_non_null(strstr(e.message, "started again"));
	assert_int_equal(hsm_wrong_pins(h), 1);
	hsm_close(h);
	h = open_token(EC_URI);
	assert_int_equal(login(h, PASS, &key, &e), 0);
	EVP_PKEY_free(key);
	hsm_close(h);
}

/* A token tells whether it was shown a wrong one since the last right one. */
static bool
was_shown_a_wrong_pin(void)
{
	return system(
		   "pkcs11-tool --module " MODULE
		   " --list-slots 2>/dev/null | grep -q 'PIN count low'") == 0;
}

static void
hsm_open_shows_the_token_no_pin_of_before(void **state)
{
	struct err e = ERR_INIT;
	EVP_PKEY *key;
	struct hsm *h;

	(void)state;
	need_softhsm();
	h = open_token(EC_URI);
	assert_int_equal(login(h, PASS, &key, &e), 0);
	EVP_PKEY_free(key);
	hsm_close(h);
	hsm_close(open_token(EC_URI));
	hsm_close(open_token("pkcs11:token=unit;object=nothing"));
	assert_false(was_shown_a_wrong_pin());
	h = open_token(EC_URI);
	assert_int_equal(login(h, WRONG_PASS, &key, &e), -1);
	assert_true(was_shown_a_wrong_pin());
	hsm_close(h);
	h = open_token(EC_URI); /* for the tests that follow: a right one */
	assert_int_equal(login(h, PASS, &key, &e), 0);
	EVP_PKEY_free(key);
	hsm_close(h);
}

static void
hsm_login_never_shows_what_can_be_no_pin(void **state)
{
	struct err e = ERR_INIT;
	char pin[HSM_PIN_MAX + 1];
	EVP_PKEY *key;
	struct hsm *h;

	(void)state;
	need_softhsm();
	h = open_token(EC_URI);
	memset(pin, 'a', sizeof(pin));
	assert_int_equal(
	    hsm_login(h, (struct bytes){(uint8_t *)pin, sizeof(pin)}, &key, &e),
	    -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	/* a NUL would end it early, and the rest go unchecked */
	assert_int_equal(
	    hsm_login(h,
		(struct bytes){(const uint8_t *)PASS "\0x", sizeof(PASS) + 1},
		&key, &e),
	    -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_int_equal(login(h, "", &key, &e), -1);
	assert_int_equal(hsm_wrong_pins(h), 0);
	hsm_close(h);
}

static void
hsm_login_tells_a_missing_key_from_a_wrong_pin(void **state)
{
	struct hsm *h;
	struct err e = ERR_INIT;
	EVP_PKEY *key;

	(void)state;
	need_softhsm();
	h = open_token("pkcs11:token=unit;object=nothing");
	assert_int_equal(login(h, PASS, &key, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(hsm_wrong_pins(h), 0);
	hsm_close(h);
}

/* An authority under the key of uri, in f. */
static int
create(struct fixture *f, const char *uri, const char *pin, struct err *e)
{
	struct authority_plan plan = {
	    .dir = f->dir, .days = 400, .ca_key = uri, .pkcs11_module = MODULE};
	struct secret *s = secret_new(pin, strlen(pin));
	int rc = authority_create(&plan, s, e);

	secret_free(s);
	return rc;
}

static bool
has(const struct fixture *f, const char *name)
{
	char path[FIXTURE_MAX];

	fixture_path(f, name, path);
	return file_exists(path);
}

static void
authority_create_with_a_token_writes_no_ca_key(void **state)
{
	static const char *const uris[] = {EC_URI, RSA_URI};
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	for (int i = 0; i < 2; i++) {
		struct fixture f;

		fixture_dir(&f);
		if (create(&f, uris[i], PASS, &e) != 0)
			fail_msg("%s", e.message);
		assert_false(has(&f, "ca.key"));
		assert_true(has(&f, "ca.crt"));
		assert_true(has(&f, "escrow.key"));
		assert_true(has(&f, "escrow.pub"));
		fixture_close(&f);
	}
}

static void
authority_create_with_a_wrong_pin_writes_nothing(void **state)
{
	struct err e = ERR_INIT;
	struct fixture f;

	(void)state;
	need_softhsm();
	fixture_dir(&f);
	assert_int_equal(create(&f, EC_URI, WRONG_PASS, &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_int_equal(create(&f, EC_URI, "short", &e), -1);
	assert_int_equal(e.kind, ERR_BAD_FIELD);
	assert_int_equal(rmdir(f.dir), 0);
}

static struct authority *
load(const struct fixture *f, const char *uri)
{
	struct err e = ERR_INIT;
	struct authority *a = NULL;

	if (authority_load_hsm(f->dir, open_token(uri), &a, &e) != 0)
		fail_msg("%s", e.message);
	return a;
}

static void
authority_with_a_token_opens_with_its_pin(void **state)
{
	struct err e = ERR_INIT;
	struct issuer issuer;
	struct authority *a;
	struct fixture f;

	(void)state;
	need_softhsm();
	fixture_dir(&f);
	assert_int_equal(create(&f, EC_URI, PASS, &e), 0);
	a = load(&f, EC_URI);
	assert_false(authority_is_open(a));
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), 0);
	assert_true(authority_is_open(a));
	assert_int_equal(authority_issuer(a, &issuer, &e), 0);
	assert_signs(issuer.key);
	assert_int_equal(X509_verify(issuer.certificate, issuer.key), 1);
	issuer_release(&issuer);
	assert_int_equal(
	    authority_unlock(a, bytes_of_text(WRONG_PASS), &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	authority_free(a);
	fixture_close(&f);
}

static void
authority_shows_a_token_no_passphrase_that_does_not_open_the_escrow_key(
    void **state)
{
	struct err e = ERR_INIT;
	struct authority *a;
	struct fixture f;

	(void)state;
	need_softhsm();
	fixture_dir(&f);
	assert_int_equal(create(&f, EC_URI, PASS, &e), 0);
	a = load(&f, EC_URI);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    authority_unlock(a, bytes_of_text(WRONG_PASS), &e), -1);
		assert_int_equal(e.kind, ERR_WRONG_PASS);
		assert_false(authority_pin_is_refused(a));
	}
	assert_false(was_shown_a_wrong_pin());
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), 0);
	authority_free(a);
	fixture_close(&f);
}

static void
authority_shows_a_pin_that_was_changed_once(void **state)
{
	struct err e = ERR_INIT;
	struct authority *a;
	struct fixture f;

	(void)state;
	need_softhsm();
	fixture_dir(&f);
	assert_int_equal(create(&f, EC_URI, PASS, &e), 0);
	change_pin(PASS, NEW_PIN);
	a = load(&f, EC_URI);
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_true(authority_pin_is_refused(a));
	change_pin(NEW_PIN, PASS);
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), -1);
	assert_int_equal(e.kind, ERR_WRONG_PASS);
	assert_false(authority_is_open(a));
	authority_free(a);
	fixture_close(&f);
}

static void
authority_refuses_a_token_with_another_key(void **state)
{
	struct err e = ERR_INIT;
	struct authority *a;
	struct fixture f;

	(void)state;
	need_softhsm();
	fixture_dir(&f);
	assert_int_equal(create(&f, EC_URI, PASS, &e), 0);
	a = load(&f, OTHER_URI);
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_false(authority_is_open(a));
	authority_free(a);
	fixture_close(&f);
}

static void
hsm_folder_is_softhsms_and_nobody_elses(void **state)
{
	struct err e = ERR_INIT;
	char out[FIXTURE_MAX], expected[FIXTURE_MAX];

	(void)state;
	assert_int_equal(file_path(expected, FIXTURE_MAX, folder, "tokens"), 0);
	assert_int_equal(hsm_folder(MODULE, out, sizeof(out), &e), 0);
	assert_string_equal(out, expected);
	assert_int_equal(
	    hsm_folder("/usr/lib/opensc-pkcs11.so", out, sizeof(out), &e), 0);
	assert_string_equal(out, "");
	assert_int_equal(hsm_folder(NULL, out, sizeof(out), &e), 0);
	assert_string_equal(out, "");
}

static void
hsm_folder_refuses_a_configuration_without_one(void **state)
{
	char *conf = strdup(getenv("SOFTHSM2_CONF"));
	struct err e = ERR_INIT;
	char out[FIXTURE_MAX];

	(void)state;
	write_conf("empty.conf", "log.level = ERROR\n");
	assert_int_equal(hsm_folder(MODULE, out, sizeof(out), &e), -1);
	setenv("SOFTHSM2_CONF", "/nowhere/softhsm2.conf", 1);
	assert_int_equal(hsm_folder(MODULE, out, sizeof(out), &e), -1);
	setenv("SOFTHSM2_CONF", conf, 1);
	free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		hsm_open_refuses_a_uri_that_says_too_much_or_too_little),
	    cmocka_unit_test(hsm_open_refuses_a_uri_too_long),
	    cmocka_unit_test(hsm_open_finds_the_token),
	    cmocka_unit_test(hsm_open_refuses_a_token_that_is_not_there),
	    cmocka_unit_test(hsm_open_refuses_a_module_that_is_not_there),
	    cmocka_unit_test(
		hsm_login_gives_a_key_that_signs_and_cannot_be_read),
	    cmocka_unit_test(hsm_login_shows_a_token_one_wrong_pin_and_no_more),
	    cmocka_unit_test(hsm_open_shows_the_token_no_pin_of_before),
	    cmocka_unit_test(hsm_login_never_shows_what_can_be_no_pin),
	    cmocka_unit_test(hsm_login_tells_a_missing_key_from_a_wrong_pin),
	    cmocka_unit_test(authority_create_with_a_token_writes_no_ca_key),
	    cmocka_unit_test(authority_create_with_a_wrong_pin_writes_nothing),
	    cmocka_unit_test(authority_with_a_token_opens_with_its_pin),
	    cmocka_unit_test(
		authority_shows_a_token_no_passphrase_that_does_not_open_the_escrow_key),
	    cmocka_unit_test(authority_shows_a_pin_that_was_changed_once),
	    cmocka_unit_test(authority_refuses_a_token_with_another_key),
	    cmocka_unit_test(hsm_folder_is_softhsms_and_nobody_elses),
	    cmocka_unit_test(hsm_folder_refuses_a_configuration_without_one),
	};

	return cmocka_run_group_tests(tests, make_token, remove_token);
}
