#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ca/policy/profile.h"

#define NOW   1800000000
#define DAY_S 86400
#define END   ((int64_t)NOW + (int64_t)5000 * DAY_S)

static struct profile_set set;

struct request {
	const struct profile *p;
	struct name name;
	struct certificate_fields f;
	struct err e;
};

static void
set_cn(struct request *r, const char *cn)
{
	snprintf(r->f.subject.value[SUBJECT_CN],
	    sizeof(r->f.subject.value[SUBJECT_CN]), "%s", cn);
}

static struct request
request_for(const char *profile, const char *name)
{
	struct request r = {.e = ERR_INIT};
	EVP_PKEY *key = NULL;

	r.p = profile_find(&set, profile);
	assert_non_null(r.p);
	assert_int_equal(name_parse(bytes_of_text(name), &r.name, &r.e), 0);
	assert_int_equal(serial_new(&r.f.serial, &r.e), 0);
	assert_int_equal(private_key_new(KEY_EC_P256, &key, &r.e), 0);
	assert_int_equal(public_key_of(key, &r.f.key, &r.e), 0);
	EVP_PKEY_free(key);
	r.f.not_before_s = NOW;
	r.f.not_after_s = NOW + 30 * DAY_S;
	return r;
}

static int
decide(struct request *r)
{
	r->e = (struct err)ERR_INIT;
	if (policy_apply(r->p, &r->name, &r->f, &r->e) != 0)
		return -1;
	return policy_check(r->p, &r->name, &r->f, END, &r->e);
}

static void
assert_allowed(struct request *r)
{
	int rc = decide(r);

	if (rc != 0)
		print_message("%s\n", r->e.message);
	assert_int_equal(rc, 0);
}

static void
assert_refused(struct request *r, enum err_kind kind, const char *field)
{
	assert_int_equal(decide(r), -1);
	assert_int_equal(r->e.kind, kind);
	assert_string_equal(r->e.field, field);
}

static int
setup(void **state)
{
	(void)state;
	profile_set_init(&set);
	return 0;
}

static void
collector_gets_its_name_as_cn_and_its_device_uri(void **state)
{
	struct request r = request_for("collector", "00:24:be:80:4f:f1");

	(void)state;
	assert_allowed(&r);
	assert_string_equal(r.f.subject.value[SUBJECT_CN], "0024BE804FF1");
	assert_string_equal(r.f.device_uri, "urn:dev:mac:0024beffff804ff1");
	assert_int_equal(r.f.extended_usage, EXTENDED_USAGE_CLIENT);
	assert_int_equal(r.f.usage, USAGE_DIGITAL_SIGNATURE);
	assert_int_equal(r.f.sans.count, 0);
}

static void
key_encipherment_is_for_rsa_keys_only(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.key.type = KEY_RSA_2048;
	assert_int_equal(policy_apply(r.p, &r.name, &r.f, &r.e), 0);
	assert_int_equal(
	    r.f.usage, USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT);
	r.f.key.type = KEY_ED25519;
	assert_int_equal(policy_apply(r.p, &r.name, &r.f, &r.e), 0);
	assert_int_equal(r.f.usage, USAGE_DIGITAL_SIGNATURE);
}

static void
apply_twice_is_apply_once(void **state)
{
	struct request r = request_for("server", "prof.voice.com");
	struct certificate_fields once;

	(void)state;
	assert_allowed(&r);
	once = r.f;
	assert_allowed(&r);
	assert_memory_equal(&once, &r.f, sizeof(once));
}

static void
collector_without_mac_gets_no_device_uri(void **state)
{
	struct request r = request_for("collector", "gateway-1");

	(void)state;
	assert_allowed(&r);
	assert_string_equal(r.f.device_uri, "");
}

static void
collector_may_have_a_host_name_as_cn(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	set_cn(&r, "example.com");
	assert_allowed(&r);
	assert_string_equal(r.f.subject.value[SUBJECT_CN], "example.com");
	assert_int_equal(r.f.sans.count, 0);
}

static void
cn_in_any_spelling_of_its_own_mac_is_allowed(void **state)
{
	static const char *const own[] = {"AABBCCDDEEFF", "aabbccddeeff",
	    "aa:bb:cc:dd:ee:ff", "AA-BB-CC-DD-EE-FF"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct request r = request_for("collector", "AABBCCDDEEFF");

		set_cn(&r, own[i]);
		assert_allowed(&r);
	}
}

static void
cn_of_another_mac_is_refused_in_any_spelling(void **state)
{
	static const char *const other[] = {"AABBCCDDEE00", "aabbccddee00",
	    "aa:bb:cc:dd:ee:00", "AA-BB-CC-DD-EE-00"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct request r = request_for("collector", "AABBCCDDEEFF");

		set_cn(&r, other[i]);
		assert_refused(&r, ERR_BAD_FIELD, "cn");
		r = request_for("collector", "gateway-1");
		set_cn(&r, other[i]);
		assert_refused(&r, ERR_BAD_FIELD, "cn");
	}
}

static void
cn_of_a_protected_word_is_refused_in_any_case(void **state)
{
	static const char *const word[] = {"ca", "CA", "ssl", "Ssl", "broker",
	    "SIGN", "create", "revoke", "verify", "crl", "ocsp", "healthz",
	    "metrics", "status", "v1"};

	(void)state;
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		struct request r = request_for("collector", "AABBCCDDEEFF");

		set_cn(&r, word[i]);
		assert_refused(&r, ERR_PROTECTED_NAME, "cn");
		r = request_for("server", "prof.voice.com");
		set_cn(&r, word[i]);
		assert_refused(&r, ERR_PROTECTED_NAME, "cn");
	}
}

static void
cn_with_topic_syntax_is_refused_for_a_client(void **state)
{
	static const char *const cn[] = {
	    "AABBCCDDEEFF/x", "a/b", "+", "#", "x+y", "x#"};

	(void)state;
	for (size_t i = 0; i < sizeof(cn) / sizeof(cn[0]); i++) {
		struct request r = request_for("collector", "AABBCCDDEEFF");

		set_cn(&r, cn[i]);
		assert_refused(&r, ERR_BAD_FIELD, "cn");
	}
}

static void
protected_name_is_refused_but_for_its_local_profile(void **state)
{
	struct request r;

	(void)state;
	r = request_for("collector", "ssl");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
	r = request_for("server", "Broker");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
	r = request_for("broker", "broker");
	assert_allowed(&r);
	r = request_for("service", "ssl");
	assert_allowed(&r);
}

static void
local_profile_refuses_every_other_name(void **state)
{
	struct request r;

	(void)state;
	r = request_for("service", "broker");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
	r = request_for("broker", "ssl");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
	r = request_for("broker", "Broker");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
	r = request_for("service", "AABBCCDDEEFF");
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
}

static void
local_profile_refuses_every_other_cn(void **state)
{
	struct request r = request_for("broker", "broker");

	(void)state;
	set_cn(&r, "AABBCCDDEEFF");
	assert_refused(&r, ERR_BAD_FIELD, "cn");
	r = request_for("service", "ssl");
	set_cn(&r, "SSL");
	assert_refused(&r, ERR_BAD_FIELD, "cn");
}

static void
local_profile_of_unknown_kind_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");
	struct profile local = *r.p;

	(void)state;
	local.local = true;
	r.p = &local;
	assert_refused(&r, ERR_PROTECTED_NAME, "name");
}

static void
service_has_no_alternative_names_but_broker_has(void **state)
{
	struct request r = request_for("service", "ssl");
	struct bytes san = bytes_of_text("dns:localhost");

	(void)state;
	assert_int_equal(san_list_add(&r.f.sans, san, &r.e), 0);
	assert_refused(&r, ERR_BAD_FIELD, "san");
	r = request_for("broker", "broker");
	assert_int_equal(san_list_add(&r.f.sans, san, &r.e), 0);
	assert_allowed(&r);
	assert_int_equal(r.f.sans.count, 1);
}

static void
server_gets_the_cn_as_alternative_name(void **state)
{
	static const struct {
		const char *cn;
		enum san_type type;
		const char *san;
	} cases[] = {
	    {"Prof.Voice.com", SAN_DNS, "prof.voice.com"},
	    {"prof.voice.com/info@voice.com", SAN_DNS, "prof.voice.com"},
	    {"192.0.2.7", SAN_IP, "192.0.2.7"},
	    {"2001:db8::1", SAN_IP, "2001:db8::1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request r = request_for("server", "prof.voice.com");

		set_cn(&r, cases[i].cn);
		assert_allowed(&r);
		assert_int_equal(r.f.sans.count, 1);
		assert_int_equal(r.f.sans.item[0].type, cases[i].type);
		assert_string_equal(r.f.sans.item[0].text, cases[i].san);
		assert_string_equal(r.f.subject.value[SUBJECT_CN], cases[i].cn);
	}
}

static void
server_refuses_a_cn_that_is_no_host(void **state)
{
	static const char *const cn[] = {
	    "voice at home", "/info", "-x-", "a..b", "10.0.0.300", "info@x.y"};

	(void)state;
	for (size_t i = 0; i < sizeof(cn) / sizeof(cn[0]); i++) {
		struct request r = request_for("server", "prof.voice.com");

		set_cn(&r, cn[i]);
		assert_refused(&r, ERR_BAD_FIELD, "cn");
	}
}

static void
server_refuses_a_protected_host_before_the_slash(void **state)
{
	struct request r = request_for("server", "prof.voice.com");

	(void)state;
	set_cn(&r, "ssl/info@voice.com");
	assert_refused(&r, ERR_PROTECTED_NAME, "cn");
}

static void
server_without_its_host_among_the_names_is_refused(void **state)
{
	struct request r = request_for("server", "prof.voice.com");

	(void)state;
	assert_allowed(&r);
	r.f.sans.count = 0;
	assert_int_equal(policy_check(r.p, &r.name, &r.f, END, &r.e), -1);
	assert_string_equal(r.e.field, "san");
}

static void
full_name_list_still_takes_a_cn_that_is_in_it(void **state)
{
	struct request r = request_for("server", "prof.voice.com");
	char san[32];

	(void)state;
	assert_allowed(&r);
	for (int i = 1; i < SAN_COUNT_MAX; i++) {
		snprintf(san, sizeof(san), "dns:h%d.example", i);
		assert_int_equal(
		    san_list_add(&r.f.sans, bytes_of_text(san), &r.e), 0);
	}
	assert_allowed(&r);
	set_cn(&r, "one.too.many");
	assert_refused(&r, ERR_BAD_FIELD, "san");
}

static void
alternative_names_asked_for_go_in(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	assert_int_equal(
	    san_list_add(&r.f.sans, bytes_of_text("dns:c1.example"), &r.e), 0);
	assert_allowed(&r);
	assert_int_equal(r.f.sans.count, 1);
}

/* Clients know the broker by its host name. */
static void
protected_host_is_for_the_local_profiles_alone(void **state)
{
	static const char *const profiles[] = {"collector", "server"};
	struct san_list hosts = {.count = 0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    san_list_add(&hosts, bytes_of_text("dns:Broker"), &e), 0);
	for (size_t i = 0; i < 2; i++) {
		struct request r = request_for(profiles[i], "a.example");

		assert_allowed(&r);
		r.f.sans = hosts;
		assert_refused(&r, ERR_PROTECTED_NAME, "san");
	}
	struct request r = request_for("broker", "broker");

	r.f.sans = hosts;
	assert_allowed(&r);
}

static void
alternative_names_out_of_form_are_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.sans.count = 1;
	r.f.sans.item[0].type = SAN_DNS;
	snprintf(r.f.sans.item[0].text, SAN_TEXT_MAX, "UPPER.example");
	assert_refused(&r, ERR_BAD_FIELD, "san");
}

static void
validity_up_to_days_max_is_allowed(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.not_after_s = NOW + (int64_t)3650 * DAY_S;
	assert_allowed(&r);
	r.f.not_before_s -= POLICY_BACKDATE_MAX_S;
	assert_allowed(&r);
	r.f.not_before_s -= 1;
	assert_refused(&r, ERR_BAD_FIELD, "days");
}

static void
validity_of_a_hundred_years_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.not_after_s = NOW + (int64_t)36500 * DAY_S;
	assert_refused(&r, ERR_BAD_FIELD, "days");
	r.f.not_after_s = INT64_MAX;
	assert_refused(&r, ERR_BAD_FIELD, "days");
}

static void
validity_that_ends_before_it_begins_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.not_after_s = r.f.not_before_s;
	assert_refused(&r, ERR_BAD_FIELD, "days");
	r.f.not_after_s = INT64_MIN;
	assert_refused(&r, ERR_BAD_FIELD, "days");
	r.f.not_before_s = INT64_MIN;
	r.f.not_after_s = NOW;
	assert_refused(&r, ERR_BAD_FIELD, "days");
}

static void
validity_beyond_the_issuer_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	assert_allowed(&r);
	assert_int_equal(
	    policy_check(r.p, &r.name, &r.f, r.f.not_after_s, &r.e), 0);
	assert_int_equal(
	    policy_check(r.p, &r.name, &r.f, r.f.not_after_s - 1, &r.e), -1);
	assert_string_equal(r.e.field, "days");
}

static void
name_out_of_canonical_form_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	memcpy(r.name.text, "aabbccddeeff", 13);
	assert_refused(&r, ERR_BAD_FIELD, "name");
	r = request_for("collector", "AABBCCDDEEFF");
	r.name.is_mac = false;
	assert_refused(&r, ERR_BAD_FIELD, "name");
	memcpy(r.name.text, "a/b", 4);
	assert_refused(&r, ERR_BAD_FIELD, "name");
	r.name.text[0] = '\0';
	assert_refused(&r, ERR_BAD_FIELD, "name");
}

static void
serial_out_of_form_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.serial.bytes[0] = 0x80;
	assert_int_equal(decide(&r), -1);
	memset(&r.f.serial, 0, sizeof(r.f.serial));
	assert_int_equal(decide(&r), -1);
}

static void
key_type_that_the_profile_has_not_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");
	struct profile only = *r.p;

	(void)state;
	only.key_types = 1u << KEY_ED25519;
	r.p = &only;
	assert_refused(&r, ERR_BAD_FIELD, "key_type");
}

static void
key_that_is_broken_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	r.f.key.len--;
	assert_int_equal(decide(&r), -1);
}

static void
usages_other_than_the_profile_gives_are_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	assert_allowed(&r);
	r.f.usage |= USAGE_CERT_SIGN;
	assert_int_equal(policy_check(r.p, &r.name, &r.f, END, &r.e), -1);
	assert_allowed(&r);
	r.f.extended_usage |= EXTENDED_USAGE_SERVER;
	assert_int_equal(policy_check(r.p, &r.name, &r.f, END, &r.e), -1);
	assert_allowed(&r);
	r.f.device_uri[12] = 'f';
	assert_int_equal(policy_check(r.p, &r.name, &r.f, END, &r.e), -1);
}

static void
check_without_apply_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	assert_int_equal(policy_check(r.p, &r.name, &r.f, END, &r.e), -1);
}

static void
subject_out_of_bounds_is_refused(void **state)
{
	struct request r = request_for("collector", "AABBCCDDEEFF");

	(void)state;
	snprintf(r.f.subject.value[SUBJECT_COUNTRY], SUBJECT_VALUE_MAX, "BRA");
	assert_refused(&r, ERR_BAD_FIELD, "country");
}

static void
ordinary_names_are_not_protected(void **state)
{
	(void)state;
	assert_false(policy_name_is_protected("AABBCCDDEEFF"));
	assert_false(policy_name_is_protected("ca.example.com"));
	assert_false(policy_name_is_protected("ssl1"));
	assert_false(policy_name_is_protected(""));
	assert_true(policy_name_is_protected("ca.crt"));
	assert_true(policy_name_is_protected("HealthZ"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(collector_gets_its_name_as_cn_and_its_device_uri),
	    cmocka_unit_test(key_encipherment_is_for_rsa_keys_only),
	    cmocka_unit_test(apply_twice_is_apply_once),
	    cmocka_unit_test(collector_without_mac_gets_no_device_uri),
	    cmocka_unit_test(collector_may_have_a_host_name_as_cn),
	    cmocka_unit_test(cn_in_any_spelling_of_its_own_mac_is_allowed),
	    cmocka_unit_test(cn_of_another_mac_is_refused_in_any_spelling),
	    cmocka_unit_test(cn_of_a_protected_word_is_refused_in_any_case),
	    cmocka_unit_test(cn_with_topic_syntax_is_refused_for_a_client),
	    cmocka_unit_test(
		protected_name_is_refused_but_for_its_local_profile),
	    cmocka_unit_test(local_profile_refuses_every_other_name),
	    cmocka_unit_test(local_profile_refuses_every_other_cn),
	    cmocka_unit_test(local_profile_of_unknown_kind_is_refused),
	    cmocka_unit_test(service_has_no_alternative_names_but_broker_has),
	    cmocka_unit_test(server_gets_the_cn_as_alternative_name),
	    cmocka_unit_test(server_refuses_a_cn_that_is_no_host),
	    cmocka_unit_test(server_refuses_a_protected_host_before_the_slash),
	    cmocka_unit_test(
		server_without_its_host_among_the_names_is_refused),
	    cmocka_unit_test(full_name_list_still_takes_a_cn_that_is_in_it),
	    cmocka_unit_test(alternative_names_asked_for_go_in),
	    cmocka_unit_test(protected_host_is_for_the_local_profiles_alone),
	    cmocka_unit_test(alternative_names_out_of_form_are_refused),
	    cmocka_unit_test(validity_up_to_days_max_is_allowed),
	    cmocka_unit_test(validity_of_a_hundred_years_is_refused),
	    cmocka_unit_test(validity_that_ends_before_it_begins_is_refused),
	    cmocka_unit_test(validity_beyond_the_issuer_is_refused),
	    cmocka_unit_test(name_out_of_canonical_form_is_refused),
	    cmocka_unit_test(serial_out_of_form_is_refused),
	    cmocka_unit_test(key_type_that_the_profile_has_not_is_refused),
	    cmocka_unit_test(key_that_is_broken_is_refused),
	    cmocka_unit_test(usages_other_than_the_profile_gives_are_refused),
	    cmocka_unit_test(check_without_apply_is_refused),
	    cmocka_unit_test(subject_out_of_bounds_is_refused),
	    cmocka_unit_test(ordinary_names_are_not_protected),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
