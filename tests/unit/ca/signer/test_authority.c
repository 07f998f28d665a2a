#include "tests/unit/ca/signer/fixture.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/stat.h>

#define THREADS 8

static struct fixture shared; /* an EC P-256 authority */

static struct authority *
load(const struct fixture *f)
{
	struct authority *a = NULL;
	struct err e = ERR_INIT;
	int rc = authority_load(f->dir, &a, &e);

	if (rc != 0)
		print_message("%s\n", e.message);
	assert_int_equal(rc, 0);
	return a;
}

static enum err_kind
unlock(struct authority *a, const char *pass)
{
	struct err e = ERR_INIT;

	if (authority_unlock(a, bytes_of_text(pass), &e) == 0)
		return ERR_NONE;
	assert_int_not_equal(e.kind, ERR_NONE);
	return e.kind;
}

static enum err_kind
load_kind(const struct fixture *f)
{
	struct authority *a = NULL;
	struct err e = ERR_INIT;

	if (authority_load(f->dir, &a, &e) == 0)
		authority_free(a);
	return e.kind;
}

static unsigned
mode_of(const struct fixture *f, const char *name)
{
	char path[FIXTURE_MAX];
	struct stat st;

	fixture_path(f, name, path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
created_files_have_their_modes(void **state)
{
	(void)state;
	assert_int_equal(mode_of(&shared, "ca.key"), 0600);
	assert_int_equal(mode_of(&shared, "escrow.key"), 0600);
	assert_int_equal(mode_of(&shared, "ca.crt"), 0644);
	assert_int_equal(mode_of(&shared, "escrow.pub"), 0644);
}

static void
created_keys_are_encrypted(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16384);
	fixture_read(&shared, "ca.key", &b);
	assert_non_null(strstr((const char *)b.data, "ENCRYPTED PRIVATE KEY"));
	buf_clear(&b);
	fixture_read(&shared, "escrow.key", &b);
	assert_non_null(strstr((const char *)b.data, "ENCRYPTED PRIVATE KEY"));
	buf_clear(&b);
}

static void
created_authority_has_the_default_subject(void **state)
{
	X509 *x = fixture_authority(&shared);
	char line[128];

	(void)state;
	X509_NAME_oneline(X509_get_subject_name(x), line, sizeof(line));
	assert_string_equal(line, "/CN=ms_ssl_server CA");
	assert_int_equal(X509_check_ca(x), 1);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	X509_free(x);
}

static void
create_never_overwrites(void **state)
{
	static const char *const names[] = {
	    "ca.key", "ca.crt", "escrow.key", "escrow.pub"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fixture f;
		struct err e = ERR_INIT;
		struct buf b;
		char path[FIXTURE_MAX];

		fixture_dir(&f);
		fixture_write(&f, names[i], "mine", 0600);
		assert_int_equal(
		    fixture_create(&f, KEY_EC_P256, 10, PASS, &e), -1);
		assert_non_null(strstr(e.message, "exists"));
		buf_init(&b, 16);
		fixture_read(&f, names[i], &b);
		assert_true(bytes_equal(buf_bytes(&b), bytes_of_text("mine")));
		buf_clear(&b);
		fixture_path(&f, names[i], path);
		unlink(path);
		assert_int_equal(rmdir(f.dir), 0); /* nothing else was made */
	}
}

static void
create_refuses_a_bad_plan(void **state)
{
	struct fixture f;
	struct err e = ERR_INIT;

	(void)state;
	fixture_dir(&f);
	assert_int_equal(
	    fixture_create(&f, KEY_EC_P256, 10, "elevenchars", &e), -1);
	assert_string_equal(e.field, "pass");
	assert_int_equal(
	    fixture_create(&f, KEY_EC_P256, 10, "twelve\001chars", &e), -1);
	assert_string_equal(e.field, "pass");
	assert_int_equal(fixture_create(&f, KEY_ED25519, 10, PASS, &e), -1);
	assert_string_equal(e.field, "key_type");
	assert_int_equal(fixture_create(&f, KEY_EC_P521, 10, PASS, &e), -1);
	assert_string_equal(e.field, "key_type");
	assert_int_equal(fixture_create(&f, KEY_EC_P256, 0, PASS, &e), -1);
	assert_string_equal(e.field, "days");
	assert_int_equal(fixture_create(&f, KEY_EC_P256, 14611, PASS, &e), -1);
	assert_string_equal(e.field, "days");
	assert_int_equal(rmdir(f.dir), 0);
	assert_int_equal(fixture_create(&f, KEY_EC_P256, 10, PASS, &e), -1);
}

static void
passphrase_is_counted_in_characters(void **state)
{
	struct fixture f;
	struct err e = ERR_INIT;

	(void)state;
	fixture_dir(&f); /* 8 characters of 2 bytes each */
	assert_int_equal(fixture_create(&f, KEY_EC_P256, 10,
			     "\xc3\xa7\xc3\xa7\xc3\xa7\xc3\xa7"
			     "\xc3\xa7\xc3\xa7\xc3\xa7\xc3\xa7",
			     &e),
	    -1);
	assert_string_equal(e.field, "pass");
	assert_int_equal(rmdir(f.dir), 0);
}

static void
loaded_authority_is_locked(void **state)
{
	struct authority *a = load(&shared);
	const struct seal_key *escrow;
	struct issuer issuer;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(authority_is_open(a));
	assert_int_equal(authority_issuer(a, &issuer, &e), -1);
	assert_int_equal(e.kind, ERR_LOCKED);
	assert_int_equal(authority_escrow(a, &escrow, &e), -1);
	assert_int_equal(e.kind, ERR_LOCKED);
	assert_int_equal(unlock(a, ""), ERR_LOCKED);
	authority_free(a);
}

static void
right_passphrase_opens_and_wrong_ones_do_not(void **state)
{
	struct authority *a = load(&shared);
	const struct seal_key *escrow = NULL;
	uint8_t public_key[SEAL_KEY_LEN];
	struct issuer issuer;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(unlock(a, WRONG_PASS), ERR_WRONG_PASS);
	assert_false(authority_is_open(a));
	assert_int_equal(unlock(a, PASS), ERR_NONE);
	assert_true(authority_is_open(a));
	assert_int_equal(authority_issuer(a, &issuer, &e), 0);
	assert_int_equal(
	    EVP_PKEY_eq(issuer.key, X509_get0_pubkey(issuer.certificate)), 1);
	issuer_release(&issuer);
	assert_int_equal(authority_escrow(a, &escrow, &e), 0);
	assert_int_equal(seal_key_public(escrow, public_key, &e), 0);
	assert_memory_equal(public_key, shared.escrow_public_key, SEAL_KEY_LEN);
	authority_free(a);
}

static void
open_authority_still_refuses_wrong_passphrases(void **state)
{
	struct authority *a = load(&shared);
	char too_long[PASSPHRASE_MAX + 2];

	(void)state;
	memset(too_long, 'x', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(unlock(a, PASS), ERR_NONE);
	assert_int_equal(unlock(a, WRONG_PASS), ERR_WRONG_PASS);
	assert_int_equal(unlock(a, PASS "\n"), ERR_WRONG_PASS);
	assert_int_equal(unlock(a, ""), ERR_WRONG_PASS);
	assert_int_equal(unlock(a, too_long), ERR_WRONG_PASS);
	assert_int_equal(unlock(a, PASS), ERR_NONE);
	assert_true(authority_is_open(a));
	authority_free(a);
}

static void *
unlock_thread(void *arg)
{
	struct err e = ERR_INIT;
	struct authority *a = arg;

	return authority_unlock(a, bytes_of_text(PASS), &e) == 0 &&
		       authority_is_open(a)
		   ? NULL
		   : arg;
}

static void
many_threads_may_unlock_at_once(void **state)
{
	struct authority *a = load(&shared);
	pthread_t id[THREADS];
	void *failed;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&id[i], NULL, unlock_thread, a), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(id[i], &failed), 0);
		assert_null(failed);
	}
	authority_free(a);
}

static void
renewal_leaves_an_issuer_in_use_alone(void **state)
{
	struct authority *a = load(&shared);
	X509 *next = fixture_authority(&shared);
	struct issuer before, after;
	struct err e = ERR_INIT;
	int64_t end_s = 0;

	(void)state;
	assert_int_equal(unlock(a, PASS), ERR_NONE);
	assert_int_equal(authority_issuer(a, &before, &e), 0);
	authority_renewed(a, next);
	assert_int_equal(authority_issuer(a, &after, &e), 0);
	assert_ptr_equal(after.certificate, next);
	assert_ptr_not_equal(before.certificate, next);
	assert_int_equal(issuer_not_after(&before, &end_s, &e), 0);
	assert_true(end_s > now_s() + 3999 * DAY_S);
	issuer_release(&before);
	issuer_release(&after);
	authority_free(a);
}

static void
private_key_that_others_can_read_is_refused(void **state)
{
	static const char *const names[] = {"ca.key", "escrow.key"};
	char path[FIXTURE_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fixture_path(&shared, names[i], path);
		assert_int_equal(chmod(path, 0640), 0);
		assert_int_equal(load_kind(&shared), ERR_INTERNAL);
		assert_int_equal(chmod(path, 0600), 0);
	}
	assert_int_equal(load_kind(&shared), ERR_NONE);
}

static void
files_of_two_authorities_do_not_open(void **state)
{
	static const char *const names[] = {"ca.crt", "escrow.pub"};
	struct fixture other, mixed;

	(void)state;
	fixture_open(&other, KEY_EC_P256);
	for (size_t i = 0; i < 2; i++) {
		struct authority *a;

		fixture_copy(&mixed, &shared);
		fixture_copy_file(&mixed, &other, names[i], 0644);
		a = load(&mixed);
		assert_int_equal(unlock(a, PASS), ERR_INTERNAL);
		assert_false(authority_is_open(a));
		authority_free(a);
		fixture_close(&mixed);
	}
	fixture_close(&other);
}

static void
missing_or_broken_files_are_refused(void **state)
{
	static const char *const names[] = {
	    "ca.crt", "escrow.pub", "ca.key", "escrow.key"};
	char path[FIXTURE_MAX];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fixture f;

		fixture_copy(&f, &shared);
		if (i < 2) {
			fixture_write(&f, names[i], "broken\n", 0644);
			assert_int_equal(load_kind(&f), ERR_INTERNAL);
		}
		fixture_path(&f, names[i], path);
		unlink(path);
		assert_int_equal(load_kind(&f), ERR_INTERNAL);
		fixture_close(&f);
	}
}

static void
authorities_of_other_key_types_open(void **state)
{
	static const enum key_type types[] = {KEY_EC_P384, KEY_RSA_2048};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture f;
		struct authority *a;

		fixture_open(&f, types[i]);
		a = load(&f);
		assert_int_equal(unlock(a, PASS), ERR_NONE);
		authority_free(a);
		fixture_close(&f);
	}
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&shared, KEY_EC_P256);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_close(&shared);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(created_files_have_their_modes),
	    cmocka_unit_test(created_keys_are_encrypted),
	    cmocka_unit_test(created_authority_has_the_default_subject),
	    cmocka_unit_test(create_never_overwrites),
	    cmocka_unit_test(create_refuses_a_bad_plan),
	    cmocka_unit_test(passphrase_is_counted_in_characters),
	    cmocka_unit_test(loaded_authority_is_locked),
	    cmocka_unit_test(right_passphrase_opens_and_wrong_ones_do_not),
	    cmocka_unit_test(open_authority_still_refuses_wrong_passphrases),
	    cmocka_unit_test(many_threads_may_unlock_at_once),
	    cmocka_unit_test(renewal_leaves_an_issuer_in_use_alone),
	    cmocka_unit_test(private_key_that_others_can_read_is_refused),
	    cmocka_unit_test(files_of_two_authorities_do_not_open),
	    cmocka_unit_test(missing_or_broken_files_are_refused),
	    cmocka_unit_test(authorities_of_other_key_types_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
