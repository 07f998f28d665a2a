#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "ca/x509/certificate.h"

#define DAY_S   86400
#define NOW_S   1700000000 /* 2023-11-14 */
#define Y2050_S 2524608000
#define HOST    "gate.example.com"
#define ROOT_CN "Root é"

/* An authority and its key. */
struct authority {
	struct issuer issuer;
	struct buf der;
};

static EVP_PKEY *
make_key(enum key_type t)
{
	EVP_PKEY *pkey;
	struct err e = ERR_INIT;
	if (private_key_new(t, &pkey, &e))
		fail_msg("%s", e.message);
	return pkey;
}

static void
set(struct certificate_fields *f, enum subject_attribute a, const char *text)
{
	struct err e = ERR_INIT;
	assert_int_equal(
	    subject_set(&f->subject, a, bytes_of_text(text), &e), 0);
}

static void
add_san(struct certificate_fields *f, const char *text)
{
	struct err e = ERR_INIT;
	assert_int_equal(san_list_add(&f->sans, bytes_of_text(text), &e), 0);
}

static struct certificate_fields
fields_of(EVP_PKEY *key)
{
	struct certificate_fields f;
	struct err e = ERR_INIT;
	memset(&f, 0, sizeof(f));
	assert_int_equal(serial_new(&f.serial, &e), 0);
	f.not_before_s = NOW_S;
	f.not_after_s = NOW_S + 365 * DAY_S;
	f.usage = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT;
	f.extended_usage = EXTENDED_USAGE_CLIENT;
	if (key)
		assert_int_equal(public_key_of(key, &f.key, &e), 0);
	return f;
}

static void
authority_make(struct authority *a, EVP_PKEY *key)
{
	struct err e = ERR_INIT;
	struct certificate_fields f = fields_of(NULL);
	set(&f, SUBJECT_COUNTRY, "BR");
	set(&f, SUBJECT_CN, ROOT_CN);
	f.not_after_s = NOW_S + 3650 * DAY_S;
	buf_init(&a->der, CERTIFICATE_DER_MAX);
	a->issuer.key = key;
	if (certificate_issue_authority(key, &f, &a->der, &e) ||
	    certificate_load(buf_bytes(&a->der), &a->issuer.certificate, &e))
		fail_msg("%s", e.message);
}

static void
authority_clear(struct authority *a)
{
	X509_free(a->issuer.certificate);
	EVP_PKEY_free(a->issuer.key);
	buf_clear(&a->der);
}

static X509 *
issue(struct authority *a, const struct certificate_fields *f)
{
	struct err e = ERR_INIT;
	struct buf der;
	X509 *x = NULL;
	buf_init(&der, CERTIFICATE_DER_MAX);
	if (certificate_issue(&a->issuer, f, &der, &e) ||
	    certificate_load(buf_bytes(&der), &x, &e))
		fail_msg("%s", e.message);
	buf_clear(&der);
	return x;
}

/* OpenSSL's own verdict, as `openssl verify -x509_strict` has it. */
static void
assert_verifies(struct authority *a, X509 *x, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	assert_int_equal(X509_STORE_add_cert(store, a->issuer.certificate), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, x, NULL), 1);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, NOW_S + DAY_S);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT |
					       X509_V_FLAG_CHECK_SS_SIGNATURE |
					       X509_V_FLAG_POLICY_CHECK);
	X509_VERIFY_PARAM_set_purpose(param, purpose);
	if (X509_verify_cert(ctx) != 1)
		fail_msg("%s", X509_verify_cert_error_string(
				   X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
}

static void
certificate_issue_verifies_for_every_pair_of_keys(void **state)
{
	static const enum key_type roots[] = {
	    KEY_EC_P256, KEY_EC_P384, KEY_ED25519, KEY_RSA_2048};
	static const struct {
		enum key_type type;
		int digest;
	} digests[] = {{KEY_EC_P256, NID_ecdsa_with_SHA256},
	    {KEY_EC_P384, NID_ecdsa_with_SHA384}, {KEY_ED25519, NID_ED25519},
	    {KEY_RSA_2048, NID_sha256WithRSAEncryption}};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct authority a;
		authority_make(&a, make_key(roots[i]));
		assert_verifies(&a, a.issuer.certificate, X509_PURPOSE_ANY);
		for (size_t j = 0; j < 4; j++) {
			EVP_PKEY *key = make_key(digests[j].type);
			struct certificate_fields f = fields_of(key);
			set(&f, SUBJECT_CN, "AABBCCDDEEFF");
			X509 *x = issue(&a, &f);
			assert_verifies(&a, x, X509_PURPOSE_SSL_CLIENT);
			assert_int_equal(
			    X509_get_signature_nid(x), digests[i].digest);
			assert_int_equal(
			    EVP_PKEY_eq(X509_get0_pubkey(x), key), 1);
			X509_free(x);
			EVP_PKEY_free(key);
		}
		authority_clear(&a);
	}
}

/* One authority and one key of a device for the cases below. */
static struct authority root;
static EVP_PKEY *device;

static int
group_start(void **state)
{
	(void)state;
	authority_make(&root, make_key(KEY_EC_P256));
	device = make_key(KEY_EC_P256);
	return 0;
}

static int
group_stop(void **state)
{
	(void)state;
	authority_clear(&root);
	EVP_PKEY_free(device);
	return 0;
}

static struct certificate_fields
device_fields(void)
{
	struct certificate_fields f = fields_of(device);
	set(&f, SUBJECT_CN, "AABBCCDDEEFF");
	return f;
}

static void
certificate_issue_writes_what_it_was_told(void **state)
{
	struct certificate_fields f = device_fields();
	uint8_t serial[SERIAL_LEN];
	(void)state;
	X509 *x = issue(&root, &f);
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	assert_int_equal(BN_bn2binpad(n, serial, SERIAL_LEN), SERIAL_LEN);
	assert_memory_equal(serial, f.serial.bytes, SERIAL_LEN);
	assert_int_equal(X509_get_extension_flags(x) & EXFLAG_CA, 0);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	assert_int_equal(X509_get_ext_count(x), 5);
	assert_int_equal(X509_get_ext_by_NID(x, NID_subject_alt_name, -1), -1);
	BN_free(n);
	X509_free(x);
}

static void
certificate_issue_orders_the_subject(void **state)
{
	static const struct {
		int nid;
		int type;
		const char *text;
	} rdns[] = {
	    {NID_countryName, V_ASN1_PRINTABLESTRING, "BR"},
	    {NID_stateOrProvinceName, V_ASN1_UTF8STRING, "São Paulo"},
	    {NID_localityName, V_ASN1_UTF8STRING, "Campinas"},
	    {NID_organizationName, V_ASN1_UTF8STRING, "Öko"},
	    {NID_organizationalUnitName, V_ASN1_UTF8STRING, "Werk"},
	    {NID_commonName, V_ASN1_UTF8STRING, "device"},
	    {NID_pkcs9_emailAddress, V_ASN1_IA5STRING, "ops@example.com"},
	};
	struct certificate_fields f = fields_of(device);
	(void)state;
	for (unsigned a = SUBJECT_COUNT; a-- > 0;)
		set(&f, (enum subject_attribute)a, rdns[a].text);
	X509 *x = issue(&root, &f);
	X509_NAME *name = X509_get_subject_name(x);
	assert_int_equal(X509_NAME_entry_count(name), SUBJECT_COUNT);
	for (int i = 0; i < SUBJECT_COUNT; i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		ASN1_STRING *s = X509_NAME_ENTRY_get_data(entry);
		assert_int_equal(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)),
		    rdns[i].nid);
		assert_int_equal(ASN1_STRING_type(s), rdns[i].type);
		assert_int_equal(ASN1_STRING_length(s), strlen(rdns[i].text));
		assert_memory_equal(ASN1_STRING_get0_data(s), rdns[i].text,
		    strlen(rdns[i].text));
		assert_int_equal(X509_NAME_ENTRY_set(entry), i);
	}
	X509_free(x);
}

static void
certificate_issue_writes_hosts_addresses_and_the_device_uri(void **state)
{
	static const char uri[] = "urn:dev:mac:aabbccffffddeeff";
	struct certificate_fields f = device_fields();
	(void)state;
	add_san(&f, "dns:" HOST);
	add_san(&f, "ip:192.0.2.7");
	add_san(&f, "ip:2001:db8::1");
	memcpy(f.device_uri, uri, sizeof(uri));
	f.extended_usage = EXTENDED_USAGE_SERVER;
	X509 *x = issue(&root, &f);
	assert_verifies(&root, x, X509_PURPOSE_SSL_SERVER);
	assert_int_equal(X509_check_host(x, HOST, 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(x, "other.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "2001:db8::1", 0), 1);
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 4);
	GENERAL_NAME *last = sk_GENERAL_NAME_value(names, 3);
	assert_int_equal(last->type, GEN_URI);
	assert_int_equal(ASN1_STRING_length(last->d.ia5), strlen(uri));
	assert_memory_equal(
	    ASN1_STRING_get0_data(last->d.ia5), uri, strlen(uri));
	GENERAL_NAMES_free(names);
	X509_free(x);
}

static void
certificate_issue_makes_names_critical_without_a_subject(void **state)
{
	struct certificate_fields f = fields_of(device);
	int critical = -1;
	(void)state;
	add_san(&f, "dns:" HOST);
	X509 *x = issue(&root, &f);
	assert_verifies(&root, x, X509_PURPOSE_SSL_CLIENT);
	GENERAL_NAMES_free(
	    X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL));
	assert_int_equal(critical, 1);
	X509_free(x);
	set(&f, SUBJECT_CN, "device");
	x = issue(&root, &f);
	GENERAL_NAMES_free(
	    X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL));
	assert_int_equal(critical, 0);
	X509_free(x);
}

/* RFC 7093, method 1, computed here from OpenSSL's own view of the key. */
static void
certificate_issue_links_key_identifiers(void **state)
{
	struct certificate_fields f = device_fields();
	uint8_t hash[32];
	(void)state;
	X509 *x = issue(&root, &f);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	assert_int_equal(EVP_Digest(ASN1_STRING_get0_data(bits),
			     (size_t)ASN1_STRING_length(bits), hash, NULL,
			     EVP_sha256(), NULL),
	    1);
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x);
	assert_int_equal(ASN1_STRING_length(id), 20);
	assert_memory_equal(ASN1_STRING_get0_data(id), hash, 20);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
			     X509_get0_subject_key_id(root.issuer.certificate)),
	    0);
	X509_free(x);
}

static void
certificate_issue_gives_each_key_only_usages_that_it_can_serve(void **state)
{
	static const struct {
		enum key_type type;
		uint32_t usage;
	} keys[] = {
	    {KEY_EC_P256, KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT},
	    {KEY_ED25519, KU_DIGITAL_SIGNATURE},
	    {KEY_RSA_2048, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT},
	};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = make_key(keys[i].type);
		struct certificate_fields f = fields_of(key);
		set(&f, SUBJECT_CN, "device");
		f.usage |= USAGE_KEY_AGREEMENT;
		X509 *x = issue(&root, &f);
		assert_int_equal(X509_get_key_usage(x), keys[i].usage);
		X509_free(x);
		EVP_PKEY_free(key);
	}
}

static void
certificate_issue_changes_the_time_type_in_2050(void **state)
{
	struct certificate_fields f = device_fields();
	(void)state;
	f.not_before_s = Y2050_S - 1;
	f.not_after_s = Y2050_S;
	X509 *x = issue(&root, &f);
	assert_int_equal(
	    ASN1_STRING_type(X509_get0_notBefore(x)), V_ASN1_UTCTIME);
	assert_int_equal(
	    ASN1_STRING_type(X509_get0_notAfter(x)), V_ASN1_GENERALIZEDTIME);
	X509_free(x);
}

static void
certificate_issue_refuses_fields_out_of_form(void **state)
{
	struct certificate_fields good = device_fields(), f;
	struct err e = ERR_INIT;
	struct buf out;
	(void)state;
	buf_init(&out, CERTIFICATE_DER_MAX);
#define REFUSES(change)                                                        \
	f = good;                                                              \
	change;                                                                \
	assert_int_equal(certificate_issue(&root.issuer, &f, &out, &e), -1);   \
	assert_int_equal(out.len, 0)
	REFUSES(memset(&f.serial, 0, sizeof(f.serial)));
	REFUSES(f.serial.bytes[0] = 0x80);
	REFUSES(f.not_after_s = f.not_before_s - 1);
	REFUSES(f.not_before_s = -1);
	REFUSES(f.not_after_s = 253402300800);
	REFUSES(memset(&f.subject, 0, sizeof(f.subject)));
	REFUSES(f.subject.value[SUBJECT_CN][0] = '\n');
	REFUSES(f.sans.count = SAN_COUNT_MAX + 1);
	REFUSES(f.sans.count = 1);
	REFUSES(memset(f.device_uri, 'x', sizeof(f.device_uri)));
	REFUSES(f.key.len--);
	REFUSES(f.usage = 0);
	REFUSES(f.usage = USAGE_KEY_ENCIPHERMENT);
	REFUSES(f.usage |= USAGE_CERT_SIGN);
	REFUSES(f.usage |= USAGE_CRL_SIGN);
	REFUSES(f.extended_usage = 0);
#undef REFUSES
	buf_clear(&out);
}

static void
certificate_issue_refuses_a_full_buffer(void **state)
{
	struct certificate_fields f = device_fields();
	struct err e = ERR_INIT;
	struct buf out;
	(void)state;
	buf_init(&out, 100);
	assert_int_equal(certificate_issue(&root.issuer, &f, &out, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	buf_clear(&out);
}

static void
certificate_issue_takes_the_most_names_that_there_can_be(void **state)
{
	struct certificate_fields f = device_fields();
	char text[4 + SAN_TEXT_MAX + 1] = "dns:";
	(void)state;
	memset(text + 4, 'a', SAN_TEXT_MAX);
	for (size_t i = 4 + 63; i < 4 + SAN_TEXT_MAX; i += 64)
		text[i] = '.';
	for (int i = 0; i < SAN_COUNT_MAX; i++) {
		text[4] = (char)('a' + i);
		add_san(&f, text);
	}
	X509 *x = issue(&root, &f);
	assert_verifies(&root, x, X509_PURPOSE_SSL_CLIENT);
	X509_free(x);
}

static void
certificate_issue_authority_makes_a_root_of_no_depth(void **state)
{
	X509 *x = root.issuer.certificate;
	int critical = -1;
	(void)state;
	BASIC_CONSTRAINTS *basic =
	    X509_get_ext_d2i(x, NID_basic_constraints, &critical, NULL);
	assert_int_equal(critical, 1);
	assert_true(basic->ca);
	assert_int_equal(ASN1_INTEGER_get(basic->pathlen), 0);
	BASIC_CONSTRAINTS_free(basic);
	assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_get_extended_key_usage(x), UINT32_MAX);
	assert_int_equal(X509_get_ext_by_NID(x, NID_subject_alt_name, -1), -1);
	assert_int_equal(X509_self_signed(x, 1), 1);
	assert_verifies(&root, x, X509_PURPOSE_ANY);
}

static void
certificate_issue_authority_refuses_to_be_nobody(void **state)
{
	struct certificate_fields f = fields_of(NULL);
	struct err e = ERR_INIT;
	struct buf out;
	(void)state;
	buf_init(&out, CERTIFICATE_DER_MAX);
	assert_int_equal(certificate_issue_authority(device, &f, &out, &e), -1);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
}

static struct buf
issue_der(const struct certificate_fields *f)
{
	struct err e = ERR_INIT;
	struct buf der;
	buf_init(&der, CERTIFICATE_DER_MAX);
	assert_int_equal(certificate_issue(&root.issuer, f, &der, &e), 0);
	return der;
}

static void
certificate_summarize_reads_back_what_was_issued(void **state)
{
	static const int64_t ends[] = {
	    NOW_S + DAY_S, Y2050_S - 1, Y2050_S, 253402300799};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct certificate_fields f = device_fields();
		struct certificate_summary s;
		struct err e = ERR_INIT;
		f.not_after_s = ends[i];
		struct buf der = issue_der(&f);
		assert_int_equal(
		    certificate_summarize(buf_bytes(&der), &s, &e), 0);
		assert_memory_equal(&s.serial, &f.serial, sizeof(s.serial));
		assert_int_equal(s.not_before_s, f.not_before_s);
		assert_int_equal(s.not_after_s, f.not_after_s);
		assert_memory_equal(&s.key, &f.key, sizeof(s.key));
		buf_clear(&der);
	}
}

static void
certificate_summarize_and_load_refuse_every_shorter_one(void **state)
{
	struct certificate_fields f = device_fields();
	struct certificate_summary s;
	struct err e = ERR_INIT;
	X509 *x;
	(void)state;
	struct buf der = issue_der(&f);
	for (size_t len = 0; len < der.len; len++) {
		struct bytes cut = {der.data, len};
		assert_int_equal(certificate_summarize(cut, &s, &e), -1);
		assert_int_equal(e.kind, ERR_INTERNAL);
		assert_int_equal(certificate_load(cut, &x, &e), -1);
		assert_null(x);
	}
	buf_append_byte(&der, 0);
	assert_int_equal(certificate_summarize(buf_bytes(&der), &s, &e), -1);
	assert_int_equal(certificate_load(buf_bytes(&der), &x, &e), -1);
	buf_clear(&der);
}

struct seen {
	size_t count;
	struct buf all;
};

static int
on_certificate(void *arg, struct bytes der, struct err *e)
{
	struct seen *seen = arg;
	(void)e;
	seen->count++;
	buf_append(&seen->all, der.data, der.len);
	return 0;
}

static int
refuse_certificate(void *arg, struct bytes der, struct err *e)
{
	(void)arg;
	(void)der;
	return err_set(e, ERR_BUSY, "", "enough");
}

static void
certificate_pem_each_finds_every_block_in_order(void **state)
{
	struct certificate_fields f = device_fields();
	struct seen seen = {.count = 0};
	struct err e = ERR_INIT;
	struct buf pem, expected;
	(void)state;
	struct buf der = issue_der(&f);
	buf_init(&pem, 4 * CERTIFICATE_PEM_MAX);
	buf_init(&seen.all, 4 * CERTIFICATE_DER_MAX);
	buf_init(&expected, 4 * CERTIFICATE_DER_MAX);
	buf_append_text(&pem, "subject=CN = device\n");
	certificate_pem(buf_bytes(&der), &pem);
	certificate_pem(buf_bytes(&root.der), &pem);
	buf_append(&expected, der.data, der.len);
	buf_append(&expected, root.der.data, root.der.len);
	assert_int_equal(
	    certificate_pem_each(buf_bytes(&pem), on_certificate, &seen, &e),
	    0);
	assert_int_equal(seen.count, 2);
	assert_true(bytes_equal(buf_bytes(&seen.all), buf_bytes(&expected)));
	assert_int_equal(
	    certificate_pem_each(buf_bytes(&pem), refuse_certificate, NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_BUSY);
	buf_clear(&expected);
	buf_clear(&seen.all);
	buf_clear(&pem);
	buf_clear(&der);
}

static void
certificate_pem_each_refuses_none_and_broken_blocks(void **state)
{
	static const char *const bad[] = {"", "text",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n",
	    "-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----\n",
	    " -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	struct seen seen = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(certificate_pem_each(bytes_of_text(bad[i]),
				     on_certificate, &seen, &e),
		    -1);
		assert_int_equal(e.kind, ERR_INTERNAL);
	}
	assert_int_equal(seen.count, 0);
}

static void *
issue_many(void *arg)
{
	struct certificate_fields *f = arg;
	for (int i = 0; i < 200; i++) {
		struct err e = ERR_INIT;
		struct buf out;
		buf_init(&out, CERTIFICATE_DER_MAX);
		if (certificate_issue(&root.issuer, f, &out, &e))
			return NULL;
		buf_clear(&out);
	}
	return arg;
}

static void
certificate_issue_serves_threads_from_one_issuer(void **state)
{
	struct certificate_fields f = device_fields();
	pthread_t thread[4];
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, issue_many, &f), 0);
	for (int i = 0; i < 4; i++) {
		void *result = NULL;
		pthread_join(thread[i], &result);
		assert_ptr_equal(result, &f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificate_issue_verifies_for_every_pair_of_keys),
	    cmocka_unit_test(certificate_issue_writes_what_it_was_told),
	    cmocka_unit_test(certificate_issue_orders_the_subject),
	    cmocka_unit_test(
		certificate_issue_writes_hosts_addresses_and_the_device_uri),
	    cmocka_unit_test(
		certificate_issue_makes_names_critical_without_a_subject),
	    cmocka_unit_test(certificate_issue_links_key_identifiers),
	    cmocka_unit_test(
		certificate_issue_gives_each_key_only_usages_that_it_can_serve),
	    cmocka_unit_test(certificate_issue_changes_the_time_type_in_2050),
	    cmocka_unit_test(certificate_issue_refuses_fields_out_of_form),
	    cmocka_unit_test(certificate_issue_refuses_a_full_buffer),
	    cmocka_unit_test(
		certificate_issue_takes_the_most_names_that_there_can_be),
	    cmocka_unit_test(
		certificate_issue_authority_makes_a_root_of_no_depth),
	    cmocka_unit_test(certificate_issue_authority_refuses_to_be_nobody),
	    cmocka_unit_test(certificate_summarize_reads_back_what_was_issued),
	    cmocka_unit_test(
		certificate_summarize_and_load_refuse_every_shorter_one),
	    cmocka_unit_test(certificate_pem_each_finds_every_block_in_order),
	    cmocka_unit_test(
		certificate_pem_each_refuses_none_and_broken_blocks),
	    cmocka_unit_test(certificate_issue_serves_threads_from_one_issuer),
	};
	return cmocka_run_group_tests(tests, group_start, group_stop);
}
