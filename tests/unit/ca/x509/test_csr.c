#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/x509/csr.h"

/* A file of fixtures/csr, in memory of exactly its size, so that a sanitizer
 * sees a read past its end. The caller frees. */
static struct bytes
fixture(const char *name)
{
	char path[512];
	struct err e = ERR_INIT;
	struct buf b;
	snprintf(path, sizeof(path), "%s/csr/%s", FIXTURES, name);
	buf_init(&b, 1 << 20);
	if (file_read(path, &b, &e))
		fail_msg("%s: %s", path, e.message);
	uint8_t *copy = malloc(b.len > 0 ? b.len : 1);
	assert_non_null(copy);
	if (b.len > 0)
		memcpy(copy, b.data, b.len);
	size_t len = b.len;
	buf_clear(&b);
	return (struct bytes){copy, len};
}

static void
fixture_free(struct bytes b)
{
	free((void *)(uintptr_t)b.data);
}

/* The request of a good file, its possession proven. */
static struct csr *
good(const char *name)
{
	struct err e = ERR_INIT;
	struct bytes der = fixture(name);
	struct csr *csr = malloc(sizeof(*csr));
	assert_non_null(csr);
	if (csr_parse_der(der, csr, &e) || csr_verify(csr, &e))
		fail_msg("%s: %s", name, e.message);
	fixture_free(der);
	return csr;
}

/* What each refusal says. `verify` are those that only the arithmetic finds. */
struct refusal {
	const char *file;
	const char *says;
	bool verify;
};

static const struct refusal refusals[] = {
    /* the outer form */
    {"trailing-bytes", "bytes after the request", false},
    {"truncated", "not DER", false},
    {"empty", "not DER", false},
    {"not-der", "not DER", false},
    {"long-length", "not DER", false},
    {"indefinite-length", "not DER", false},
    {"high-tag-number", "not DER", false},
    {"oversized", "at most 8192 bytes", false},
    {"missing-signature", "RFC 2986, 4.2", false},
    {"version-1", "the version must be 0", false},
    {"non-minimal-integer", "X.690, 10 and 11", false},
    {"missing-attributes", "no attributes", false},
    {"trailing-in-info", "more after the attributes", false},
    /* signatures */
    {"bad-signature", "RFC 2986, 4.2: bad self-signature", true},
    {"other-key-signature", "RFC 2986, 4.2: bad self-signature", true},
    {"wrong-digest-signature", "RFC 2986, 4.2: bad self-signature", true},
    {"ed25519-bad-signature", "RFC 2986, 4.2: bad self-signature", true},
    {"sha1-signature", "SHA-256, SHA-384 or SHA-512", false},
    {"rsa-sha1-signature", "SHA-256, SHA-384 or SHA-512", false},
    {"rsa-md5-signature", "SHA-256, SHA-384 or SHA-512", false},
    {"rsa-pss-signature", "RSASSA-PSS", false},
    {"wrong-algorithm-for-key", "not of the key's kind", false},
    {"signature-parameters", "wrong signature parameters", false},
    {"signature-unused-bits", "RFC 2986, 4.2", false},
    {"signature-zero", "a malformed signature", false},
    {"signature-trailing-bytes", "a malformed signature", false},
    {"rsa-short-signature", "a malformed signature", false},
    {"ed25519-short-signature", "a malformed signature", false},
    /* keys */
    {"rsa-1024", "2048 to 4096 bits", false},
    {"rsa-8192", "2048 to 4096 bits", false},
    {"rsa-exponent-3", "odd, and 65537 or more", false},
    {"rsa-even-exponent", "odd, and 65537 or more", false},
    {"rsa-exponent-too-large", "below 2^32", false},
    {"rsa-even-modulus", "the RSA modulus is even", false},
    {"rsa-negative-modulus", "not an RSA public key", false},
    {"rsa-missing-parameters", "RSA parameters are not NULL", false},
    {"rsa-trailing-in-key", "not an RSA public key", false},
    {"dsa-key", "must be RSA, EC or Ed25519", false},
    {"ed448-key", "must be RSA, EC or Ed25519", false},
    {"unknown-curve", "P-256, P-384 and P-521", false},
    {"weak-curve", "P-256, P-384 and P-521", false},
    {"explicit-curve", "only named curves", false},
    {"implicit-curve", "only named curves", false},
    {"compressed-point", "a compressed point", false},
    {"hybrid-point", "not an uncompressed point", false},
    {"point-at-infinity", "length does not fit", false},
    {"point-of-other-curve", "length does not fit", false},
    {"point-off-curve", "off its curve", true},
    {"ed25519-with-parameters", "parameters with Ed25519", false},
    {"key-unused-bits", "malformed subject public key", false},
    /* subjects */
    {"bmp-string", "cn must be a UTF8String", false},
    {"teletex-string", "cn must be a UTF8String", false},
    {"universal-string", "cn must be a UTF8String", false},
    {"constructed-string", "X.690", false},
    {"cn-ia5-string", "cn must be a UTF8String", false},
    {"email-printable-string", "email must be an IA5String", false},
    {"printable-string-alphabet", "not a PrintableString", false},
    {"control-character-cn", "cn: must be UTF-8 without control", false},
    {"nul-in-cn", "cn: must be UTF-8 without control", false},
    {"bidi-override-cn", "cn: must be UTF-8 without control", false},
    {"broken-utf8-cn", "cn: must be UTF-8", false},
    {"surrogate-cn", "cn: must be UTF-8", false},
    {"overlong-cn", "cn: must be 1 to 64 characters", false},
    {"empty-cn", "cn: must be 1 to 64 characters", false},
    {"blank-before-cn", "begin or end with a blank", false},
    {"three-letter-country", "country: must be two letters", false},
    {"duplicate-attribute", "the subject has cn twice", false},
    {"multi-valued-rdn", "two attributes in one RDN", false},
    {"empty-rdn", "a malformed subject", false},
    {"attribute-without-value", "a malformed subject attribute", false},
    {"bad-oid", "X.690", false},
    /* attributes */
    {"hostile-extension-request", "CA:TRUE", false},
    {"malformed-basic-constraints", "malformed basic constraints", false},
    {"nested-extension-request", "a malformed extension", false},
    {"nested-attribute", "X.690", false},
    {"critical-unknown-extension", "unknown extension that is critical", false},
    {"critical-false", "a malformed extension", false},
    {"boolean-not-ff", "X.690", false},
    {"extension-not-der", "a malformed extension", false},
    {"duplicate-extension", "same extension twice", false},
    {"two-extension-requests", "two extension requests", false},
    {"empty-extension-request", "malformed extension request", false},
    {"extension-request-of-two", "malformed extension request", false},
    {"attribute-without-values", "a malformed attribute", false},
    {"too-many-extensions", "more than 16 extensions", false},
    {"too-many-names", "at most 16 names", false},
    {"no-names", "no names", false},
    {"bad-host-name", "not a host name", false},
    {"nul-in-host-name", "not a host name", false},
    {"overlong-host-name", "name is too long", false},
    {"bad-address-length", "an address of 4 or 16 bytes", false},
    {"unknown-name-choice", "malformed names", false},
    {"names-trailing-bytes", "a malformed extension", false},
};

static void
check_refusal(const struct refusal *r)
{
	char name[128];
	struct err e = ERR_INIT;
	struct csr *csr = malloc(sizeof(*csr));
	assert_non_null(csr);
	snprintf(name, sizeof(name), "%s.der", r->file);
	struct bytes der = fixture(name);
	int parsed = csr_parse_der(der, csr, &e);
	if ((parsed == 0) != r->verify)
		fail_msg(
		    "%s: %s", name, parsed ? e.message : "parsed, must not");
	if (parsed == 0)
		assert_int_equal(csr_verify(csr, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
	assert_string_equal(e.field, "csr");
	if (!strstr(e.message, r->says))
		fail_msg("%s says \"%s\"", name, e.message);
	fixture_free(der);
	free(csr);
}

static void
csr_refuses_each_defect_and_names_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		check_refusal(&refusals[i]);
}

static void
csr_takes_every_key_type(void **state)
{
	static const struct {
		const char *file;
		enum key_type type;
	} keys[] = {
	    {"good-p256.der", KEY_EC_P256},
	    {"good-p384.der", KEY_EC_P384},
	    {"good-p384-sha512.der", KEY_EC_P384},
	    {"good-p521.der", KEY_EC_P521},
	    {"good-ed25519.der", KEY_ED25519},
	    {"good-rsa-2048.der", KEY_RSA_2048},
	    {"good-rsa-2560.der", KEY_RSA_2048},
	    {"good-rsa-3072.der", KEY_RSA_3072},
	    {"good-rsa-4096.der", KEY_RSA_4096},
	    {"good-rsa-without-null.der", KEY_RSA_2048},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct csr *csr = good(keys[i].file);
		assert_int_equal(csr->key.type, keys[i].type);
		assert_string_equal(csr->subject.value[SUBJECT_CN], "device");
		assert_int_equal(csr->sans.count, 0);
		free(csr);
	}
}

static void
csr_reads_the_whole_subject(void **state)
{
	static const char *const expected[SUBJECT_COUNT] = {"BR", "São Paulo",
	    "Campinas", "Öko & Söhne", "Werk 1", "AABBCCDDEEFF",
	    "ops@example.com"};
	(void)state;
	struct csr *csr = good("good-subject.der");
	for (unsigned a = 0; a < SUBJECT_COUNT; a++)
		assert_string_equal(csr->subject.value[a], expected[a]);
	free(csr);
}

static void
csr_takes_an_empty_subject(void **state)
{
	static const struct subject empty;
	(void)state;
	struct csr *csr = good("good-empty-subject.der");
	assert_memory_equal(&csr->subject, &empty, sizeof(empty));
	free(csr);
}

static void
csr_passes_over_unknown_attributes(void **state)
{
	(void)state;
	struct csr *csr = good("good-unknown-attribute.der");
	assert_string_equal(csr->subject.value[SUBJECT_CN], "device");
	assert_string_equal(csr->subject.value[SUBJECT_ORG], "");
	free(csr);
}

static void
csr_reads_hosts_and_addresses_and_no_other_names(void **state)
{
	static const struct {
		enum san_type type;
		const char *text;
	} expected[] = {
	    {SAN_DNS, "gate.example.com"},
	    {SAN_DNS, "*.example.com"},
	    {SAN_IP, "192.0.2.7"},
	    {SAN_IP, "2001:db8::1"},
	};
	(void)state;
	struct csr *csr = good("good-names.der");
	assert_int_equal(csr->sans.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(csr->sans.item[i].type, expected[i].type);
		assert_string_equal(csr->sans.item[i].text, expected[i].text);
	}
	free(csr);
}

static void
csr_passes_over_harmless_extensions(void **state)
{
	(void)state;
	struct csr *csr = good("good-harmless-extensions.der");
	assert_int_equal(csr->sans.count, 0);
	free(csr);
}

static void
csr_passes_over_a_challenge_password(void **state)
{
	(void)state;
	struct csr *csr = good("good-challenge-password.der");
	assert_int_equal(csr->sans.count, 1);
	assert_string_equal(csr->sans.item[0].text, "a.example");
	free(csr);
}

/* csr_parse of before + the text + after. */
static int
parse_between(
    const char *before, struct bytes text, const char *after, struct err *e)
{
	struct buf b;
	struct csr *csr = malloc(sizeof(*csr));
	assert_non_null(csr);
	buf_init(&b, 65536);
	buf_append_text(&b, before);
	buf_append(&b, text.data, text.len);
	buf_append_text(&b, after);
	int rc = csr_parse(buf_bytes(&b), csr, e);
	if (rc == 0)
		assert_int_equal(csr_verify(csr, e), 0);
	buf_clear(&b);
	free(csr);
	return rc;
}

static void
csr_parse_takes_pem_with_blanks_around(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	struct bytes pem = fixture("good-p256.pem");
	assert_int_equal(parse_between("", pem, "", &e), 0);
	assert_int_equal(parse_between("\r\n \t", pem, " \n\n", &e), 0);
	fixture_free(pem);
}

static void
csr_parse_refuses_text_around_pem(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	struct bytes pem = fixture("good-p256.pem");
	assert_int_equal(parse_between("x\n", pem, "", &e), -1);
	assert_non_null(strstr(e.message, "text before"));
	assert_int_equal(parse_between("", pem, "x", &e), -1);
	assert_non_null(strstr(e.message, "text after"));
	fixture_free(pem);
}

static void
csr_parse_refuses_two_blocks(void **state)
{
	struct err e = ERR_INIT;
	struct buf twice;
	(void)state;
	struct bytes pem = fixture("good-p256.pem");
	buf_init(&twice, 65536);
	buf_append(&twice, pem.data, pem.len);
	buf_append(&twice, pem.data, pem.len);
	assert_int_equal(parse_between("", buf_bytes(&twice), "", &e), -1);
	assert_non_null(strstr(e.message, "text after"));
	buf_clear(&twice);
	fixture_free(pem);
}

static void
csr_parse_refuses_a_broken_block(void **state)
{
	static const char *const texts[] = {
	    "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\nMI*B\n"
	    "-----END CERTIFICATE REQUEST-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n"
	    "-----END CERTIFICATE-----\n",
	    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----MIIB"
	    "-----END CERTIFICATE REQUEST-----",
	    "-",
	};
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bytes text = bytes_of_text(texts[i]);
		assert_int_equal(parse_between("", text, "", &e), -1);
		assert_int_equal(e.kind, ERR_BAD_CSR);
	}
}

static void
csr_parse_takes_base64_of_der_and_refuses_other_text(void **state)
{
	struct err e = ERR_INIT;
	struct buf text;
	(void)state;
	struct bytes der = fixture("good-p256.der");
	buf_init(&text, 65536);
	base64_encode(der, 64, &text);
	assert_int_equal(parse_between("", buf_bytes(&text), "", &e), 0);
	assert_int_equal(parse_between("", buf_bytes(&text), "!", &e), -1);
	assert_int_equal(
	    parse_between("", (struct bytes){NULL, 0}, "", &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
	buf_clear(&text);
	fixture_free(der);
}

static void
csr_parse_refuses_text_that_is_too_large(void **state)
{
	struct err e = ERR_INIT;
	struct buf text;
	uint8_t zeros[CSR_DER_MAX + 3] = {0};
	(void)state;
	buf_init(&text, 65536);
	base64_encode((struct bytes){zeros, sizeof(zeros)}, 64, &text);
	assert_int_equal(parse_between("", buf_bytes(&text), "", &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
	buf_clear(&text);
}

static void
csr_refuses_every_shorter_request(void **state)
{
	struct csr *csr = malloc(sizeof(*csr));
	struct err e = ERR_INIT;
	(void)state;
	assert_non_null(csr);
	struct bytes der = fixture("good-names.der");
	for (size_t len = 0; len < der.len; len++) {
		uint8_t *part = malloc(len > 0 ? len : 1);
		assert_non_null(part);
		memcpy(part, der.data, len);
		struct bytes cut = {part, len};
		assert_int_equal(csr_parse_der(cut, csr, &e), -1);
		free(part);
	}
	fixture_free(der);
	free(csr);
}

/* The signature covers all but itself, so no bit can change unseen. */
static void
csr_refuses_every_single_flipped_bit(void **state)
{
	struct csr *csr = malloc(sizeof(*csr));
	struct err e = ERR_INIT;
	(void)state;
	assert_non_null(csr);
	struct bytes der = fixture("good-names.der");
	uint8_t *copy = malloc(der.len);
	assert_non_null(copy);
	for (size_t bit = 0; bit < 8 * der.len; bit++) {
		memcpy(copy, der.data, der.len);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		struct bytes flipped = {copy, der.len};
		if (csr_parse_der(flipped, csr, &e) == 0 &&
		    csr_verify(csr, &e) == 0)
			fail_msg("bit %zu may be flipped", bit);
		assert_int_equal(e.kind, ERR_BAD_CSR);
	}
	free(copy);
	fixture_free(der);
	free(csr);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csr_refuses_each_defect_and_names_it),
	    cmocka_unit_test(csr_takes_every_key_type),
	    cmocka_unit_test(csr_reads_the_whole_subject),
	    cmocka_unit_test(csr_takes_an_empty_subject),
	    cmocka_unit_test(csr_passes_over_unknown_attributes),
	    cmocka_unit_test(csr_reads_hosts_and_addresses_and_no_other_names),
	    cmocka_unit_test(csr_passes_over_harmless_extensions),
	    cmocka_unit_test(csr_passes_over_a_challenge_password),
	    cmocka_unit_test(csr_parse_takes_pem_with_blanks_around),
	    cmocka_unit_test(csr_parse_refuses_text_around_pem),
	    cmocka_unit_test(csr_parse_refuses_two_blocks),
	    cmocka_unit_test(csr_parse_refuses_a_broken_block),
	    cmocka_unit_test(
		csr_parse_takes_base64_of_der_and_refuses_other_text),
	    cmocka_unit_test(csr_parse_refuses_text_that_is_too_large),
	    cmocka_unit_test(csr_refuses_every_shorter_request),
	    cmocka_unit_test(csr_refuses_every_single_flipped_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
