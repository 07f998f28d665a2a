#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/file.h"
#include "ca/x509/crl_set.h"
#include "ca/x509/der.h"

#define DAY_S  86400
#define MANY   100000
#define NUMBER 0x80000001u

/* An authority, its key, and one that it certified. */
struct world {
	struct issuer issuer;
	struct buf ca;   /* DER */
	struct buf leaf; /* DER */
	struct serial serial;
	char dir[32];
	char path[3][64]; /* ca.pem, leaf.pem, list.pem */
};

static EVP_PKEY *
key_new(enum key_type t)
{
	EVP_PKEY *key;
	struct err e = ERR_INIT;

	if (private_key_new(t, &key, &e) != 0)
		fail_msg("%s", e.message);
	return key;
}

static void
fields_of(struct certificate_fields *f, const char *cn)
{
	struct err e = ERR_INIT;

	memset(f, 0, sizeof(*f));
	assert_int_equal(serial_new(&f->serial, &e), 0);
	f->not_before_s = clock_now_ms() / 1000 - 60;
	f->not_after_s = f->not_before_s + 30 * DAY_S;
	assert_int_equal(
	    subject_set(&f->subject, SUBJECT_CN, bytes_of_text(cn), &e), 0);
}

static void
write_pem(const char *path, struct bytes der)
{
	struct buf pem;
	struct err e = ERR_INIT;

	buf_init(&pem, CERTIFICATE_PEM_MAX);
	certificate_pem(der, &pem);
	assert_int_equal(file_write(path, buf_bytes(&pem), 0600, &e), 0);
	buf_clear(&pem);
}

static void
make_leaf(struct world *w)
{
	struct certificate_fields f;
	struct err e = ERR_INIT;
	EVP_PKEY *key = key_new(KEY_EC_P256);

	fields_of(&f, "AABBCCDDEEFF");
	f.usage = USAGE_DIGITAL_SIGNATURE;
	f.extended_usage = EXTENDED_USAGE_CLIENT;
	assert_int_equal(public_key_of(key, &f.key, &e), 0);
	buf_init(&w->leaf, CERTIFICATE_DER_MAX);
	assert_int_equal(certificate_issue(&w->issuer, &f, &w->leaf, &e), 0);
	w->serial = f.serial;
	EVP_PKEY_free(key);
}

static void
world_open(struct world *w, enum key_type t)
{
	static const char *const names[] = {"ca.pem", "leaf.pem", "list.pem"};
	struct certificate_fields f;
	struct err e = ERR_INIT;

	w->issuer.key = key_new(t);
	fields_of(&f, "Root");
	buf_init(&w->ca, CERTIFICATE_DER_MAX);
	assert_int_equal(
	    certificate_issue_authority(w->issuer.key, &f, &w->ca, &e), 0);
	assert_int_equal(
	    certificate_load(buf_bytes(&w->ca), &w->issuer.certificate, &e), 0);
	make_leaf(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_crl.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
		    file_path(w->path[i], sizeof(w->path[i]), w->dir, names[i]),
		    0);
	write_pem(w->path[0], buf_bytes(&w->ca));
	write_pem(w->path[1], buf_bytes(&w->leaf));
}

static void
world_close(struct world *w)
{
	for (unsigned i = 0; i < 3; i++)
		unlink(w->path[i]);
	rmdir(w->dir);
	X509_free(w->issuer.certificate);
	EVP_PKEY_free(w->issuer.key);
	buf_clear(&w->ca);
	buf_clear(&w->leaf);
}

static struct crl_fields
list_fields(void)
{
	int64_t now = clock_now_ms() / 1000;

	return (struct crl_fields){NUMBER, now - 30, now + 7 * DAY_S};
}

static void
add(struct crl_set *set, struct bytes serial, enum crl_reason reason)
{
	struct crl_entry entry;
	struct err e = ERR_INIT;

	assert_int_equal(crl_entry_set(&entry, serial,
			     clock_now_ms() / 1000 - 60, reason, &e),
	    0);
	assert_int_equal(crl_set_add(set, &entry, INT64_MAX, NULL, &e), 0);
}

/* With serials of all lengths and forms; others of 16 bytes. */
static struct crl_set *
set_of(uint32_t count)
{
	struct crl_set *set;
	struct err e = ERR_INIT;
	uint8_t serial[16];

	assert_int_equal(crl_set_new(&set, &e), 0);
	for (uint32_t n = 0; n < count; n++) {
		memset(serial, 0xc3, sizeof(serial));
		serial[0] = (uint8_t)(n % 2 ? 0x81 : 0x01);
		for (unsigned i = 0; i < 4; i++)
			serial[1 + i] = (uint8_t)((n * 2654435761u) >> (8 * i));
		size_t len = n < 16 ? n + 1 : 16;
		add(set, (struct bytes){serial, len},
		    n % 3 ? CRL_KEY_COMPROMISE : CRL_UNSPECIFIED);
	}
	return set;
}

static void
sign(const struct world *w, const struct crl_fields *f,
    const struct crl_set *set, struct buf *der)
{
	struct err e = ERR_INIT;

	buf_init(der, crl_der_max(set));
	if (crl_sign(&w->issuer, f, set, der, &e) != 0)
		fail_msg("%s", e.message);
}

static X509_CRL *
decode(struct bytes der)
{
	const unsigned char *p = der.data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);

	assert_non_null(crl);
	assert_ptr_equal(p, der.data + der.len);
	return crl;
}

static bool
runs(const char *format, const struct world *w)
{
	char command[512];
	int n = snprintf(command, sizeof(command),
	    "cd %s && (%s) >/dev/null 2>&1", w->dir, format);

	assert_true(n > 0 && (size_t)n < sizeof(command));
	return system(command) == 0;
}

static void
write_list(const struct world *w, const struct crl_set *set, struct bytes der)
{
	struct buf pem;
	struct err e = ERR_INIT;

	buf_init(&pem, crl_pem_max(set));
	crl_pem(der, &pem);
	assert_int_equal(buf_check(&pem, "pem", &e), 0);
	assert_int_equal(file_write(w->path[2], buf_bytes(&pem), 0600, &e), 0);
	buf_clear(&pem);
}

/* openssl crl ends with 0 whatever it finds. */
#define OPENSSL_LIST                                                           \
	"openssl crl -verify -CAfile ca.pem -in list.pem -noout 2>&1 | "       \
	"grep -q 'verify OK'"
#define OPENSSL_LEAF                                                           \
	"openssl verify -x509_strict -crl_check -CAfile ca.pem -CRLfile "      \
	"list.pem leaf.pem"
#define GNUTLS_LIST                                                            \
	"certtool --verify-crl --load-ca-certificate ca.pem --infile list.pem" \
	" | grep -q 'output: Verified'"

static void
assert_tools_agree(enum key_type t, uint32_t count)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(count);
	struct buf der;

	world_open(&w, t);
	sign(&w, &f, set, &der);
	write_list(&w, set, buf_bytes(&der));
	assert_true(runs(OPENSSL_LIST, &w));
	assert_true(runs(OPENSSL_LEAF, &w));
	assert_true(runs(GNUTLS_LIST, &w));
	buf_clear(&der);
	add(set, (struct bytes){w.serial.bytes, SERIAL_LEN},
	    CRL_KEY_COMPROMISE);
	f.number++;
	sign(&w, &f, set, &der);
	write_list(&w, set, buf_bytes(&der));
	assert_true(runs(OPENSSL_LIST, &w));
	assert_false(runs(OPENSSL_LEAF, &w));
	assert_true(
	    runs(OPENSSL_LEAF " 2>&1 | grep -q 'certificate revoked'", &w));
	assert_true(runs(GNUTLS_LIST, &w));
	buf_clear(&der);
	crl_set_free(set);
	world_close(&w);
}

static void
crl_of_a_p256_key_is_what_other_tools_expect(void **state)
{
	(void)state;
	assert_tools_agree(KEY_EC_P256, 40);
}

static void
crl_of_a_p384_key_is_what_other_tools_expect(void **state)
{
	(void)state;
	assert_tools_agree(KEY_EC_P384, 40);
}

static void
crl_of_an_rsa_key_is_what_other_tools_expect(void **state)
{
	(void)state;
	assert_tools_agree(KEY_RSA_2048, 40);
}

static void
crl_without_entries_is_what_other_tools_expect(void **state)
{
	(void)state;
	assert_tools_agree(KEY_EC_P256, 0);
}

static void
crl_with_one_bit_changed_is_refused_by_other_tools(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(10);
	struct buf der;

	(void)state;
	world_open(&w, KEY_EC_P256);
	sign(&w, &f, set, &der);
	der.data[der.len / 2] ^= 1;
	write_list(&w, set, buf_bytes(&der));
	assert_false(runs(OPENSSL_LIST, &w));
	assert_false(runs(GNUTLS_LIST, &w));
	buf_clear(&der);
	crl_set_free(set);
	world_close(&w);
}

static void
crl_without_entries_has_no_revoked_certificates(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(0);
	struct buf der;

	(void)state;
	world_open(&w, KEY_EC_P256);
	sign(&w, &f, set, &der);
	X509_CRL *crl = decode(buf_bytes(&der));
	assert_null(X509_CRL_get_REVOKED(crl));
	assert_true(der_is_well_formed(buf_bytes(&der)));
	X509_CRL_free(crl);
	buf_clear(&der);
	crl_set_free(set);
	world_close(&w);
}

static void
assert_names_issuer(const struct world *w, X509_CRL *crl)
{
	AUTHORITY_KEYID *id =
	    X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);

	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl),
			     X509_get_subject_name(w->issuer.certificate)),
	    0);
	assert_non_null(id);
	assert_int_equal(ASN1_STRING_cmp(id->keyid,
			     X509_get0_subject_key_id(w->issuer.certificate)),
	    0);
	AUTHORITY_KEYID_free(id);
}

static void
crl_holds_number_issuer_dates_and_reasons(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(3);
	struct buf der;

	(void)state;
	world_open(&w, KEY_EC_P256);
	add(set, (struct bytes){w.serial.bytes, SERIAL_LEN},
	    CRL_CESSATION_OF_OPERATION);
	sign(&w, &f, set, &der);
	X509_CRL *crl = decode(buf_bytes(&der));
	ASN1_INTEGER *number =
	    X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	assert_int_equal(ASN1_INTEGER_get(number), NUMBER);
	ASN1_INTEGER_free(number);
	assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
	assert_names_issuer(&w, crl);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl),
			     (time_t)f.this_update_s),
	    0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(crl),
			     (time_t)f.next_update_s),
	    0);
	X509_REVOKED *revoked;
	X509 *leaf;
	struct err e = ERR_INIT;
	assert_int_equal(certificate_load(buf_bytes(&w.leaf), &leaf, &e), 0);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &revoked, leaf), 1);
	ASN1_ENUMERATED *reason =
	    X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
	assert_int_equal(
	    ASN1_ENUMERATED_get(reason), CRL_CESSATION_OF_OPERATION);
	ASN1_ENUMERATED_free(reason);
	X509_free(leaf);
	X509_CRL_free(crl);
	buf_clear(&der);
	crl_set_free(set);
	world_close(&w);
}

/* The signer's way: plain fields, one by one; then the service's. */
static void
crl_of_a_hundred_thousand_is_hashed_and_assembled_alike(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(MANY);
	struct crl_cursor cursor = {0, 0};
	struct crl_entry entry;
	struct crl_hasher *h;
	struct buf signature, der, tbs;
	struct err e = ERR_INIT;

	(void)state;
	world_open(&w, KEY_EC_P256);
	buf_init(&signature, CRL_SIGNATURE_MAX);
	buf_init(&der, crl_der_max(set));
	buf_init(&tbs, crl_der_max(set));
	assert_int_equal(
	    crl_hasher_begin(&w.issuer, &f, crl_set_size(set), &h, &e), 0);
	while (crl_set_next(set, &cursor, &entry))
		assert_int_equal(crl_hasher_entry(h, &entry, &e), 0);
	assert_int_equal(crl_hasher_finish(h, &signature, &e), 0);
	crl_hasher_free(h);
	if (crl_assemble(w.issuer.certificate, &f, set, buf_bytes(&signature),
		&der, &e) != 0)
		fail_msg("%s", e.message);
	assert_int_equal(
	    crl_encode_tbs(w.issuer.certificate, &f, set, &tbs, &e), 0);
	assert_non_null(memmem(der.data, der.len, tbs.data, tbs.len));
	X509_CRL *crl = decode(buf_bytes(&der));
	assert_int_equal(X509_CRL_verify(crl, w.issuer.key), 1);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), MANY);
	X509_CRL_free(crl);
	write_list(&w, set, buf_bytes(&der));
	assert_true(runs(OPENSSL_LIST, &w));
	assert_true(runs(OPENSSL_LEAF, &w));
	buf_clear(&signature);
	buf_clear(&der);
	buf_clear(&tbs);
	crl_set_free(set);
	world_close(&w);
}

static void
crl_assemble_refuses_a_signature_over_another_list(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_set *set = set_of(5);
	struct buf der, signature, out;
	struct err e = ERR_INIT;

	(void)state;
	world_open(&w, KEY_EC_P256);
	sign(&w, &f, set, &der);
	X509_CRL *crl = decode(buf_bytes(&der));
	const ASN1_BIT_STRING *bits;
	X509_CRL_get0_signature(crl, &bits, NULL);
	buf_init(&signature, CRL_SIGNATURE_MAX);
	buf_append(&signature, bits->data, (size_t)ASN1_STRING_length(bits));
	buf_init(&out, crl_der_max(set));
	f.number++;
	assert_int_equal(crl_assemble(w.issuer.certificate, &f, set,
			     buf_bytes(&signature), &out, &e),
	    -1);
	assert_int_equal(out.len, 0);
	f.number--;
	assert_int_equal(crl_assemble(w.issuer.certificate, &f, set,
			     buf_bytes(&signature), &out, &e),
	    0);
	assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&der)));
	X509_CRL_free(crl);
	buf_clear(&der);
	buf_clear(&signature);
	buf_clear(&out);
	crl_set_free(set);
	world_close(&w);
}

/* What a hasher that was promised `size` says to these serials. */
static int
hash_serials(const struct world *w, struct crl_size size, const char *serials,
    struct err *e)
{
	struct crl_fields f = list_fields();
	struct crl_hasher *h;
	struct crl_entry entry;
	struct buf signature;
	int rc = 0;

	buf_init(&signature, CRL_SIGNATURE_MAX);
	assert_int_equal(crl_hasher_begin(&w->issuer, &f, size, &h, e), 0);
	for (; *serials && rc == 0; serials++) {
		assert_int_equal(
		    crl_entry_set(&entry,
			(struct bytes){(const uint8_t *)serials, 1},
			f.this_update_s, CRL_UNSPECIFIED, e),
		    0);
		rc = crl_hasher_entry(h, &entry, e);
	}
	if (rc == 0)
		rc = crl_hasher_finish(h, &signature, e);
	/* Whatever happened: it is over. */
	assert_int_equal(crl_hasher_finish(h, &signature, e), -1);
	assert_int_equal(crl_hasher_entry(h, &entry, e), -1);
	assert_true(rc == 0 ? signature.len > 0 : signature.len == 0);
	buf_clear(&signature);
	crl_hasher_free(h);
	return rc;
}

static void
crl_hasher_signs_what_was_announced_alone(void **state)
{
	struct world w;
	struct err e = ERR_INIT;
	struct crl_size two = {2, 40}, more = {2, 41}, less = {2, 39};

	(void)state;
	world_open(&w, KEY_EC_P256);
	assert_int_equal(hash_serials(&w, two, "\x01\x02", &e), 0);
	assert_int_equal(hash_serials(&w, two, "\x01", &e), -1);
	assert_int_equal(hash_serials(&w, two, "\x01\x02\x03", &e), -1);
	assert_int_equal(hash_serials(&w, more, "\x01\x02", &e), -1);
	assert_int_equal(hash_serials(&w, less, "\x01\x02", &e), -1);
	assert_int_equal(hash_serials(&w, two, "\x02\x01", &e), -1);
	assert_int_equal(hash_serials(&w, two, "\x02\x02", &e), -1);
	world_close(&w);
}

static void
crl_hasher_refuses_an_entry_out_of_form(void **state)
{
	struct world w;
	struct crl_fields f = list_fields();
	struct crl_hasher *h;
	struct crl_entry entry;
	struct err e = ERR_INIT;
	struct buf signature;

	(void)state;
	world_open(&w, KEY_EC_P256);
	buf_init(&signature, CRL_SIGNATURE_MAX);
	memset(&entry, 0, sizeof(entry));
	entry.serial[0] = 1;
	entry.serial_len = CRL_SERIAL_MAX + 1;
	assert_int_equal(
	    crl_hasher_begin(&w.issuer, &f, (struct crl_size){1, 20}, &h, &e),
	    0);
	assert_int_equal(crl_hasher_entry(h, &entry, &e), -1);
	assert_int_equal(crl_hasher_finish(h, &signature, &e), -1);
	crl_hasher_free(h);
	buf_clear(&signature);
	world_close(&w);
}

static void
assert_begin_refused(
    const struct issuer *issuer, struct crl_fields f, struct crl_size size)
{
	struct crl_hasher *h;
	struct err e = ERR_INIT;

	assert_int_equal(crl_hasher_begin(issuer, &f, size, &h, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_null(h);
}

static void
crl_refuses_dates_and_sizes_out_of_form(void **state)
{
	struct world w;
	struct crl_fields good = list_fields(), f;

	(void)state;
	world_open(&w, KEY_EC_P256);
	f = good;
	f.next_update_s = f.this_update_s;
	assert_begin_refused(&w.issuer, f, (struct crl_size){0, 0});
	f = good;
	f.this_update_s = -1;
	assert_begin_refused(&w.issuer, f, (struct crl_size){0, 0});
	f = good;
	f.next_update_s = 253402300800;
	assert_begin_refused(&w.issuer, f, (struct crl_size){0, 0});
	assert_begin_refused(&w.issuer, good, (struct crl_size){0, 20});
	assert_begin_refused(&w.issuer, good, (struct crl_size){1, 0});
	assert_begin_refused(&w.issuer, good, (struct crl_size){1, 56});
	assert_begin_refused(
	    &w.issuer, good, (struct crl_size){CRL_COUNT_MAX + 1, 40});
	world_close(&w);
}

static void
crl_refuses_an_issuer_that_may_not_sign_lists(void **state)
{
	struct world w;
	struct issuer leaf;
	struct err e = ERR_INIT;

	(void)state;
	world_open(&w, KEY_EC_P256);
	leaf.key = w.issuer.key;
	assert_int_equal(
	    certificate_load(buf_bytes(&w.leaf), &leaf.certificate, &e), 0);
	assert_begin_refused(&leaf, list_fields(), (struct crl_size){0, 0});
	X509_free(leaf.certificate);
	world_close(&w);
}

static void
crl_refuses_a_key_that_signs_otherwise(void **state)
{
	struct world w;
	struct issuer other;

	(void)state;
	world_open(&w, KEY_EC_P256);
	other.certificate = w.issuer.certificate;
	other.key = key_new(KEY_ED25519);
	assert_begin_refused(&other, list_fields(), (struct crl_size){0, 0});
	EVP_PKEY_free(other.key);
	world_close(&w);
}

static void
crl_dates_are_generalized_from_2050_on(void **state)
{
	struct world w;
	struct crl_fields f = {1, 2524607999, 2524608000};
	struct crl_set *set = set_of(0);
	struct buf der;

	(void)state;
	world_open(&w, KEY_EC_P256);
	sign(&w, &f, set, &der);
	X509_CRL *crl = decode(buf_bytes(&der));
	assert_int_equal(
	    ASN1_STRING_type(X509_CRL_get0_lastUpdate(crl)), V_ASN1_UTCTIME);
	assert_int_equal(ASN1_STRING_type(X509_CRL_get0_nextUpdate(crl)),
	    V_ASN1_GENERALIZEDTIME);
	X509_CRL_free(crl);
	buf_clear(&der);
	crl_set_free(set);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crl_of_a_p256_key_is_what_other_tools_expect),
	    cmocka_unit_test(crl_of_a_p384_key_is_what_other_tools_expect),
	    cmocka_unit_test(crl_of_an_rsa_key_is_what_other_tools_expect),
	    cmocka_unit_test(crl_without_entries_is_what_other_tools_expect),
	    cmocka_unit_test(
		crl_with_one_bit_changed_is_refused_by_other_tools),
	    cmocka_unit_test(crl_without_entries_has_no_revoked_certificates),
	    cmocka_unit_test(crl_holds_number_issuer_dates_and_reasons),
	    cmocka_unit_test(
		crl_of_a_hundred_thousand_is_hashed_and_assembled_alike),
	    cmocka_unit_test(
		crl_assemble_refuses_a_signature_over_another_list),
	    cmocka_unit_test(crl_hasher_signs_what_was_announced_alone),
	    cmocka_unit_test(crl_hasher_refuses_an_entry_out_of_form),
	    cmocka_unit_test(crl_refuses_dates_and_sizes_out_of_form),
	    cmocka_unit_test(crl_refuses_an_issuer_that_may_not_sign_lists),
	    cmocka_unit_test(crl_refuses_a_key_that_signs_otherwise),
	    cmocka_unit_test(crl_dates_are_generalized_from_2050_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
