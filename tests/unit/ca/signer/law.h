/*
 * What a certificate of the signer may be, read with OpenSSL and written down
 * a second time: nothing here comes from ca/policy or ca/x509.
 */
#ifndef TESTS_UNIT_CA_SIGNER_LAW_H
#define TESTS_UNIT_CA_SIGNER_LAW_H

#include "tests/unit/ca/signer/fixture.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <strings.h>
#include <time.h>

#define HOUR_S       3600
#define TEN_MINUTES  600
#define CLOCK_S      300 /* between the signer's look at the clock and ours */
#define RENEWED_DAYS 14610

struct law {
	const char *profile, *only_name; /* only_name: local */
	unsigned extended_usage;         /* XKU_… */
	unsigned days;
	bool names, host_names, device_uri;
	bool p256_only;
};

static const struct law laws[] = {
    {"collector", NULL, XKU_SSL_CLIENT, 3650, true, false, true, false},
    {"camera", NULL, XKU_SSL_CLIENT, 90, false, false, true, true},
    {"server", NULL, XKU_SSL_SERVER, 825, true, true, false, false},
    {"broker", "broker", XKU_SSL_SERVER | XKU_SSL_CLIENT, 825, true, false,
	false, false},
    {"service", "ssl", XKU_SSL_CLIENT, 825, false, false, false, false},
};

#define LAW_COUNT (sizeof(laws) / sizeof(laws[0]))

static const char *const law_protected[] = {
    "ca", "ssl", "broker", "sign", "create", "revoke", "ca.crt", "service"};

static inline bool
law_name_is_protected(const char *name)
{
	for (size_t i = 0; i < sizeof(law_protected) / sizeof(*law_protected);
	     i++)
		if (strcasecmp(law_protected[i], name) == 0)
			return true;
	return false;
}

static inline const struct law *
law_of(const char *profile)
{
	for (size_t i = 0; i < LAW_COUNT; i++)
		if (strcmp(laws[i].profile, profile) == 0)
			return &laws[i];
	fail_msg("issued under the profile \"%s\"", profile);
	return NULL;
}

static inline int64_t
law_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

/* Starts about now, whatever the front end says of the time. */
static inline void
law_check_start(const X509 *x)
{
	int64_t start = law_seconds(X509_get0_notBefore(x)), now = now_s();

	assert_true(start >= now - DAY_S - CLOCK_S);
	assert_true(start <= now + TEN_MINUTES + CLOCK_S);
}

static inline void
law_check_dates(const struct law *law, const X509 *x, const X509 *ca)
{
	int64_t start = law_seconds(X509_get0_notBefore(x));
	int64_t end = law_seconds(X509_get0_notAfter(x));

	law_check_start(x);
	assert_true(end > start);
	assert_true(end - start <= (int64_t)law->days * DAY_S + HOUR_S);
	assert_true(end <= law_seconds(X509_get0_notAfter(ca)));
}

static inline void
law_check_serial(const X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);

	assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
	assert_int_equal(ASN1_STRING_length(serial), SERIAL_LEN);
	assert_true((ASN1_STRING_get0_data(serial)[0] & 0x80) == 0);
	assert_true(ASN1_STRING_get0_data(serial)[0] != 0);
}

static inline void
law_check_key(const struct law *law, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x); /* NULL: a point off its curve */
	int bits = EVP_PKEY_get_bits(key);
	BIGNUM *exponent = NULL;

	assert_non_null(key);
	if (law->p256_only)
		assert_true(EVP_PKEY_is_a(key, "EC") && bits == 256);
	if (!EVP_PKEY_is_a(key, "RSA")) {
		assert_true(
		    EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "ED25519"));
		return;
	}
	assert_true(bits >= 2048 && bits <= 4096);
	assert_int_equal(EVP_PKEY_get_bn_param(key, "e", &exponent), 1);
	assert_true(BN_is_odd(exponent) && BN_num_bits(exponent) >= 17);
	BN_free(exponent);
}

/* CA:FALSE, and the usages of the profile and no other. */
static inline void
law_check_usages(const struct law *law, X509 *x)
{
	unsigned usage = X509v3_KU_DIGITAL_SIGNATURE;
	int critical = 0;
	BASIC_CONSTRAINTS *c =
	    X509_get_ext_d2i(x, NID_basic_constraints, &critical, NULL);

	assert_non_null(c);
	assert_int_equal(critical, 1);
	assert_int_equal(c->ca, 0);
	assert_null(c->pathlen);
	BASIC_CONSTRAINTS_free(c);
	assert_int_equal(X509_check_ca(x), 0);
	if (EVP_PKEY_is_a(X509_get0_pubkey(x), "RSA"))
		usage |= X509v3_KU_KEY_ENCIPHERMENT;
	assert_int_equal(X509_get_key_usage(x), usage);
	assert_int_equal(X509_get_extended_key_usage(x), law->extended_usage);
}

/* Each of these once, and nothing beside them. */
static inline void
law_check_extensions(const X509 *x)
{
	static const int known[] = {NID_basic_constraints, NID_key_usage,
	    NID_ext_key_usage, NID_subject_key_identifier,
	    NID_authority_key_identifier, NID_subject_alt_name};
	int found = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int at = X509_get_ext_by_NID(x, known[i], -1);

		found += at >= 0;
		assert_int_equal(X509_get_ext_by_NID(x, known[i], at), -1);
	}
	assert_int_equal(X509_get_ext_count(x), found);
}

static inline bool
law_asked_for(const struct signer_request *m, const char *name)
{
	for (size_t i = 0; i < m->fields.sans.count; i++)
		if (strcmp(m->fields.sans.item[i].text, name) == 0)
			return true;
	return false;
}

/* A host is one that was asked for, or the cn's in front of its "/". */
static inline void
law_check_host(
    const struct law *law, const struct signer_request *m, const char *name)
{
	const char *cn = m->fields.subject.value[SUBJECT_CN];
	size_t len = strlen(name);
	bool of_cn;

	if (cn[0] == '\0')
		cn = m->name.text;
	of_cn = strncasecmp(cn, name, len) == 0 &&
		(cn[len] == '\0' || cn[len] == '/');
	assert_true(law->names || law->host_names);
	assert_true(law_asked_for(m, name) || (law->host_names && of_cn));
	if (law->only_name == NULL)
		assert_false(law_name_is_protected(name));
}

static inline void
law_check_address(const struct law *law, const struct signer_request *m,
    const GENERAL_NAME *n)
{
	const ASN1_OCTET_STRING *raw = n->d.iPAddress;
	int family = ASN1_STRING_length(raw) == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	assert_true(family == AF_INET || ASN1_STRING_length(raw) == 16);
	assert_non_null(
	    inet_ntop(family, ASN1_STRING_get0_data(raw), text, sizeof(text)));
	law_check_host(law, m, text);
}

static inline void
law_check_uri(
    const struct law *law, const struct signer_request *m, const char *uri)
{
	assert_true(law->device_uri);
	assert_true(m->name.is_mac);
	assert_int_equal(strncmp(uri, "urn:dev:mac:", 12), 0);
	assert_int_equal(strncasecmp(uri + 12, m->name.text, 6), 0);
	assert_int_equal(strncmp(uri + 18, "ffff", 4), 0);
	assert_int_equal(strcasecmp(uri + 22, m->name.text + 6), 0);
}

static inline void
law_check_text(const ASN1_IA5STRING *s, char out[SAN_TEXT_MAX + 1])
{
	int len = ASN1_STRING_length(s);

	assert_true(len > 0 && len <= SAN_TEXT_MAX);
	memcpy(out, ASN1_STRING_get0_data(s), (size_t)len);
	out[len] = '\0';
	assert_int_equal(strlen(out), len);
}

static inline void
law_check_san(const struct law *law, const struct signer_request *m,
    const GENERAL_NAME *n)
{
	char text[SAN_TEXT_MAX + 1];

	if (n->type == GEN_IPADD) {
		law_check_address(law, m, n);
		return;
	}
	assert_true(n->type == GEN_DNS || n->type == GEN_URI);
	law_check_text(n->d.ia5, text);
	if (n->type == GEN_DNS)
		law_check_host(law, m, text);
	else
		law_check_uri(law, m, text);
}

static inline void
law_check_sans(
    const struct law *law, const struct signer_request *m, const X509 *x)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		law_check_san(law, m, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

/* At most one of each attribute, no control character in any. */
static inline void
law_check_subject(const X509_NAME *subject)
{
	assert_true(X509_NAME_entry_count(subject) <= SUBJECT_COUNT);
	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
		ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
		unsigned char *utf8 = NULL;
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
		int len = ASN1_STRING_to_UTF8(&utf8, value);

		assert_int_equal(
		    X509_NAME_get_index_by_NID(subject, nid, i), -1);
		assert_true(len > 0 && len <= SUBJECT_VALUE_MAX);
		for (int n = 0; n < len; n++)
			assert_true(utf8[n] >= 0x20 && utf8[n] != 0x7f);
		OPENSSL_free(utf8);
	}
}

/* Whether text, without ':' and '-', is 12 hex digits; they go to mac. */
static inline bool
law_text_is_mac(const char *text, char mac[13])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':' || *text == '-')
			continue;
		if (n >= 12 || strchr("0123456789abcdefABCDEF", *text) == NULL)
			return false;
		mac[n++] = *text;
	}
	mac[n] = '\0';
	return n == 12;
}

static inline void
law_check_cn(const struct law *law, const struct signer_request *m, X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	char cn[SUBJECT_VALUE_MAX + 1] = "", mac[13];

	law_check_subject(subject);
	assert_true(X509_NAME_get_text_by_NID(
			subject, NID_commonName, cn, sizeof(cn)) > 0);
	if (law->only_name != NULL) {
		assert_string_equal(cn, law->only_name);
		assert_string_equal(m->name.text, law->only_name);
		return;
	}
	assert_false(law_name_is_protected(cn));
	assert_false(law_name_is_protected(m->name.text));
	if (law->extended_usage & XKU_SSL_CLIENT)
		assert_null(strpbrk(cn, "/+#"));
	if (law_text_is_mac(cn, mac))
		assert_int_equal(strcasecmp(mac, m->name.text), 0);
}

/* One certificate and nothing behind it, of the authority's name and key. */
static inline X509 *
law_parse(X509 *ca, struct bytes der)
{
	const unsigned char *at = der.data;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	assert_non_null(x);
	assert_ptr_equal(at, der.data + der.len);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(ca)), 1);
	assert_int_equal(
	    X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(ca)),
	    0);
	return x;
}

/* Without a passphrase only the authority's own entities get a certificate. */
static inline void
law_check_pass(const struct law *law, const struct signer_request *m)
{
	if (law->only_name == NULL)
		assert_true(bytes_equal(m->pass, bytes_of_text(PASS)));
}

static inline void
law_check(
    const struct fixture *f, const struct signer_request *m, struct bytes der)
{
	const struct law *law = law_of(m->profile);
	X509 *ca = fixture_authority(f), *x = law_parse(ca, der);

	law_check_pass(law, m);
	law_check_serial(x);
	law_check_dates(law, x, ca);
	law_check_key(law, x);
	law_check_extensions(x);
	law_check_usages(law, x);
	law_check_sans(law, m, x);
	law_check_cn(law, m, x);
	X509_free(x);
	X509_free(ca);
}

/* The authority's next certificate is the present one but for serial and
 * dates: its name, its key, its extensions. */
static inline void
law_check_renewed(
    const struct fixture *f, const struct signer_request *m, struct bytes der)
{
	X509 *ca = fixture_authority(f), *x = law_parse(ca, der);
	int64_t end = law_seconds(X509_get0_notAfter(x));

	(void)m;
	law_check_serial(x);
	law_check_start(x);
	assert_true(end <= law_seconds(X509_get0_notBefore(x)) +
			       (int64_t)RENEWED_DAYS * DAY_S + HOUR_S);
	assert_int_equal(
	    X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(ca)),
	    0);
	assert_int_equal(
	    EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_get_ext_count(x), X509_get_ext_count(ca));
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *a = X509_get_ext(x, i);
		X509_EXTENSION *b = X509_get_ext(ca, i);

		assert_int_equal(X509_EXTENSION_get_critical(a),
		    X509_EXTENSION_get_critical(b));
		assert_int_equal(
		    ASN1_OCTET_STRING_cmp(
			X509_EXTENSION_get_data(a), X509_EXTENSION_get_data(b)),
		    0);
	}
	X509_free(x);
	X509_free(ca);
}

#endif
