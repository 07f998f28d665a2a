#include "ca/signer/sealed_key.h"
#include "tests/unit/topics/fixture.h"

#define CREATE(more)                                                           \
	"{\"name\":\"aa:bb:cc:dd:ee:ff\",\"days\":30,\"pass\":\"" PASS         \
	"\"" more "}"
#define SERVER(more)                                                           \
	"{\"profile\":\"server\",\"days\":30,\"pass\":\"" PASS "\"" more "}"

/* ,"csr":"…": base 64 of a file of fixtures/csr. */
static const char *
with_csr(const char *before, const char *file, const char *after)
{
	static char json[REQUEST_BODY_MAX + 1];
	char path[512];
	struct err e = ERR_INIT;
	struct buf der, text;

	buf_init(&der, 16384);
	buf_init(&text, 32768);
	snprintf(path, sizeof(path), "%s/csr/%s", FIXTURES, file);
	if (file_read(path, &der, &e) != 0)
		fail_msg("%s", e.message);
	base64_encode(buf_bytes(&der), 65536, &text);
	text.data[text.len - 1] = '\0'; /* the line's end */
	snprintf(json, sizeof(json), "%s,\"csr\":\"%s\"%s}", before,
	    (const char *)text.data, after);
	buf_clear(&der);
	buf_clear(&text);
	return json;
}

static const char *
sign_csr(const char *name, const char *file, const char *after)
{
	char before[256];

	snprintf(before, sizeof(before),
	    "{\"name\":\"%s\",\"days\":30,\"pass\":\"" PASS "\"", name);
	return with_csr(before, file, after);
}

static void
create_parse_makes_out_name_profile_and_days(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, fixture_parse(f, "create", CREATE("")));
	assert_string_equal(f->r.name.text, MAC);
	assert_string_equal(f->r.answer_name, "aa:bb:cc:dd:ee:ff");
	assert_string_equal(f->r.profile, "collector");
	assert_string_equal(f->r.rule->name, "collector");
	assert_int_equal(f->r.days, 30);
}

static void
create_parse_needs_name_and_days(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, fixture_parse(f, "create", "{\"days\":1}"),
	    ERR_BAD_FIELD, "name");
	assert_string_equal(f->e.message, "name: is required");
	assert_refused(f, fixture_parse(f, "create", "{\"name\":\"a\"}"),
	    ERR_BAD_FIELD, "days");
	assert_string_equal(f->e.message, "days: is required");
}

static void
create_parse_leaves_a_missing_passphrase_to_the_pipeline(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, fixture_parse(f, "create", "{\"name\":\"a\",\"days\":1}"));
	assert_null(f->r.pass);
	assert_false(request_has(&f->r, FIELD_PASS));
}

static void
days_message_has_the_profiles_bounds_and_what_came(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_parse(f, "create", "{\"name\":\"a\",\"days\":\"0\"}"),
	    ERR_BAD_FIELD, "days");
	assert_string_equal(f->e.message, "days: must be 1 to 3650, got \"0\"");
	assert_refused(f,
	    fixture_parse(f, "sign", "{\"name\":\"a\",\"days\":0}"),
	    ERR_BAD_FIELD, "days");
	assert_string_equal(f->e.message, "days: must be 1 to 3650, got \"0\"");
	assert_refused(f,
	    fixture_parse(f, "create",
		"{\"name\":\"a\",\"days\":826,\"profile\":\"server\"}"),
	    ERR_BAD_FIELD, "days");
	assert_string_equal(
	    f->e.message, "days: must be 1 to 825, got \"826\"");
}

static void
days_at_the_bounds_pass(void **state)
{
	struct fixture *f = *state;

	assert_ok(f,
	    fixture_parse(f, "create", "{\"name\":\"a\",\"days\":\"3650\"}"));
	assert_ok(
	    f, fixture_parse(f, "create", "{\"name\":\"a\",\"days\":\"1\"}"));
	assert_ok(
	    f, fixture_parse(f, "create",
		   "{\"name\":\"a\",\"days\":825,\"profile\":\"server\"}"));
}

static void
issue_parse_takes_a_servers_name_from_its_cn(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, fixture_prepare(f, "create",
			 SERVER(",\"cn\":\"prof.voice.com/info@voice.com\"")));
	assert_string_equal(f->r.name.text, "prof.voice.com");
	assert_string_equal(f->r.answer_name, "prof.voice.com");
	assert_int_equal(f->r.plan.sans.count, 1);
	assert_string_equal(f->r.plan.sans.item[0].text, "prof.voice.com");
	assert_ok(
	    f, fixture_parse(f, "create", SERVER(",\"cn\":\"host.example\"")));
	assert_string_equal(f->r.name.text, "host.example");
}

static void
issue_parse_takes_no_name_from_other_cns(void **state)
{
	static const char *const texts[] = {
	    /* a client's cn is no host */
	    "{\"days\":1,\"cn\":\"host.example\"}",
	    SERVER(""),
	    SERVER(",\"cn\":\"/info\""),
	    SERVER(",\"cn\":\"*.example.com\""),
	    SERVER(",\"cn\":\"::1/info\""),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_refused(f, fixture_parse(f, "create", texts[i]),
		    ERR_BAD_FIELD, "name");
		assert_string_equal(f->r.answer_name, "");
	}
}

static void
issue_parse_tells_a_servers_name_though_a_field_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_parse(f, "create",
		"{\"nonsense\":1,\"cn\":\"h.example/"
		"x\",\"profile\":\"server\"}"),
	    ERR_BAD_FIELD, "nonsense");
	assert_string_equal(f->r.answer_name, "h.example");
	assert_string_equal(f->r.name.text, "h.example");
}

static void
issue_parse_refuses_profiles_that_no_door_leads_to(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_parse(f, "create", CREATE(",\"profile\":\"none\"")),
	    ERR_BAD_FIELD, "profile");
	assert_refused(f,
	    fixture_parse(f, "create", CREATE(",\"profile\":\"broker\"")),
	    ERR_BAD_FIELD, "profile");
	assert_refused(f,
	    fixture_parse(f, "sign", CREATE(",\"profile\":\"service\"")),
	    ERR_BAD_FIELD, "profile");
	assert_string_equal(f->r.answer_name, "aa:bb:cc:dd:ee:ff");
}

static void
issue_parse_refuses_protected_names(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_parse(f, "create", "{\"name\":\"CA\",\"days\":1}"),
	    ERR_PROTECTED_NAME, "name");
	assert_refused(f,
	    fixture_parse(f, "sign", "{\"name\":\"ssl\",\"days\":1}"),
	    ERR_PROTECTED_NAME, "name");
	assert_refused(f,
	    fixture_parse(f, "create", SERVER(",\"cn\":\"broker/x\"")),
	    ERR_PROTECTED_NAME, "name");
	assert_string_equal(f->r.answer_name, "");
}

static void
sign_parse_refuses_the_fields_of_create_by_name(void **state)
{
	static const char *const words[] = {"country", "state", "locality",
	    "org", "unit", "cn", "email", "key_type", "san"};
	struct fixture *f = *state;
	char json[128];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(json, sizeof(json),
		    "{\"name\":\"a\",\"days\":1,\"%s\":\"x\"}", words[i]);
		assert_refused(
		    f, fixture_parse(f, "sign", json), ERR_BAD_FIELD, words[i]);
		assert_non_null(strstr(f->e.message, "is not a field of sign"));
	}
}

static void
create_parse_refuses_a_csr(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, fixture_parse(f, "create", CREATE(",\"csr\":\"x\"")),
	    ERR_BAD_FIELD, "csr");
}

/* A profile with a mind of its own. */
static void
add_camera(struct fixture *f)
{
	struct profile *p = &f->v.profiles.item[f->v.profiles.count++];

	*p = *profile_find(&f->v.profiles, "collector");
	snprintf(p->name, sizeof(p->name), "camera");
	p->days_max = 7000;
	p->key_types = 1u << KEY_ED25519;
	p->san_allowed = false;
}

static void
create_parse_refuses_keys_and_names_that_the_profile_does_not_take(void **state)
{
	struct fixture *f = *state;

	add_camera(f);
	assert_refused(f,
	    fixture_parse(f, "create", CREATE(",\"profile\":\"camera\"")),
	    ERR_BAD_FIELD, "key_type");
	assert_refused(f,
	    fixture_parse(f, "create",
		CREATE(",\"profile\":\"camera\",\"key_type\":\"ed25519\","
		       "\"san\":[\"dns:a\"]")),
	    ERR_BAD_FIELD, "san");
	assert_ok(
	    f, fixture_prepare(f, "create",
		   CREATE(",\"profile\":\"camera\",\"key_type\":\"ed25519\"")));
}

static void
create_prepare_plans_a_certificate(void **state)
{
	struct fixture *f = *state;
	const struct store_certificate *c = &f->r.result;
	uint8_t hash[KEY_HASH_LEN];

	assert_ok(
	    f, fixture_prepare(f, "create",
		   CREATE(",\"org\":\"Voice\",\"san\":[\"dns:a.example\"]")));
	assert_int_equal(f->r.plan.not_before_s, NOW_S - 300);
	assert_int_equal(f->r.plan.not_after_s, NOW_S + 30 * DAY_S - 1);
	assert_string_equal(f->r.plan.subject.value[SUBJECT_CN], MAC);
	assert_string_equal(f->r.plan.subject.value[SUBJECT_ORG], "Voice");
	assert_string_equal(
	    f->r.plan.device_uri, "urn:dev:mac:aabbccffffddeeff");
	assert_string_equal(c->name.text, MAC);
	assert_string_equal(c->profile, "collector");
	assert_string_equal(c->door, "http");
	assert_memory_equal(&c->serial, &f->r.plan.serial, SERIAL_LEN);
	assert_memory_equal(&c->key_serial, &c->serial, SERIAL_LEN);
	assert_int_equal(c->not_before_s, f->r.plan.not_before_s);
	assert_int_equal(c->not_after_s, f->r.plan.not_after_s);
	assert_int_equal(c->created_ms, NOW_S * 1000);
	assert_string_equal(c->sans.item[0].text, "a.example");
	assert_memory_equal(c->request, f->r.digest, sizeof(c->request));
	assert_int_equal(public_key_hash(&f->r.plan.key, hash, &f->e), 0);
	assert_memory_equal(c->key_hash, hash, sizeof(hash));
	assert_int_equal(c->der.len, 0);
}

static void
create_prepare_seals_the_key_that_it_answers(void **state)
{
	struct fixture *f = *state;
	struct buf pem;

	assert_ok(f, fixture_prepare(f, "create", CREATE("")));
	buf_init(&pem, 8192);
	assert_int_equal(
	    sealed_key_open(f->escrow, &f->r.name, &f->r.result.key_serial,
		buf_bytes(&f->r.result.sealed_key), &pem, &f->e),
	    0);
	assert_true(bytes_equal(buf_bytes(&pem), secret_bytes(f->r.key_pem)));
	assert_true(buf_has(&pem, "-----BEGIN PRIVATE KEY-----"));
	buf_clear(&pem);
	/* bound to its entity */
	f->r.name.text[0] = 'B';
	assert_int_equal(
	    sealed_key_open(f->escrow, &f->r.name, &f->r.result.key_serial,
		buf_bytes(&f->r.result.sealed_key), &pem, &f->e),
	    -1);
	buf_clear(&pem);
}

static void
create_fills_in_the_configurations_defaults(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(subject_set(&f->v.defaults, SUBJECT_ORG,
			     bytes_of_text("Default"), &f->e),
	    0);
	assert_int_equal(subject_set(&f->v.defaults, SUBJECT_COUNTRY,
			     bytes_of_text("BR"), &f->e),
	    0);
	f->v.default_key_type = KEY_EC_P384;
	assert_ok(f, fixture_prepare(f, "create", CREATE(",\"org\":\"Own\"")));
	assert_string_equal(f->r.plan.subject.value[SUBJECT_ORG], "Own");
	assert_string_equal(f->r.plan.subject.value[SUBJECT_COUNTRY], "BR");
	assert_int_equal(f->r.plan.key.type, KEY_EC_P384);
	assert_ok(f,
	    fixture_prepare(f, "create", CREATE(",\"key_type\":\"ed25519\"")));
	assert_int_equal(f->r.plan.key.type, KEY_ED25519);
}

static void
create_prepare_cuts_a_validity_at_the_authoritys_end(void **state)
{
	struct fixture *f = *state;

	f->v.not_after_s = NOW_S + 10 * DAY_S;
	assert_ok(f, fixture_prepare(f, "create", CREATE("")));
	assert_int_equal(f->r.plan.not_after_s, f->v.not_after_s);
	f->v.not_after_s = NOW_S;
	assert_refused(
	    f, fixture_prepare(f, "create", CREATE("")), ERR_INTERNAL, "");
	assert_string_equal(
	    f->e.message, "the authority's certificate has ended");
}

static void
create_prepare_refuses_a_cn_that_policy_refuses(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_prepare(f, "create", CREATE(",\"cn\":\"a/b\"")),
	    ERR_BAD_FIELD, "cn");
	assert_refused(f,
	    fixture_prepare(f, "create", CREATE(",\"cn\":\"sign\"")),
	    ERR_PROTECTED_NAME, "cn");
	assert_refused(f,
	    fixture_prepare(f, "create", CREATE(",\"cn\":\"001122334455\"")),
	    ERR_BAD_FIELD, "cn");
}

static void
create_of_a_known_entity_makes_a_new_key_and_record(void **state)
{
	struct fixture *f = *state;
	struct store_certificate first;

	store_certificate_init(&first);
	fixture_enter(f, CREATE(",\"org\":\"Old\",\"unit\":\"Old\""), &first);
	assert_ok(f, fixture_parse(f, "create", CREATE(",\"org\":\"New\"")));
	fixture_know(f, &first);
	assert_ok(f, f->r.verb->prepare(&f->r, &f->v, &f->e));
	assert_memory_not_equal(
	    f->r.result.key_hash, first.key_hash, sizeof(first.key_hash));
	assert_string_equal(f->r.result.subject.value[SUBJECT_ORG], "New");
	assert_string_equal(f->r.result.subject.value[SUBJECT_UNIT], "");
	assert_memory_equal(
	    &f->r.result.key_serial, &f->r.result.serial, SERIAL_LEN);
	store_certificate_clear(&first);
}

static void
sign_prepare_refuses_a_name_that_nobody_knows(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, fixture_prepare(f, "sign", CREATE("")),
	    ERR_UNKNOWN_NAME, "name");
}

static void
sign_prepare_keeps_key_subject_and_names(void **state)
{
	struct fixture *f = *state;
	struct store_certificate last;

	store_certificate_init(&last);
	fixture_enter(
	    f, CREATE(",\"org\":\"Kept\",\"san\":[\"dns:k.example\"]"), &last);
	assert_ok(f, fixture_parse(f, "sign", CREATE("")));
	fixture_know(f, &last);
	assert_ok(f, f->r.verb->prepare(&f->r, &f->v, &f->e));
	assert_memory_equal(
	    f->r.result.key_hash, last.key_hash, sizeof(last.key_hash));
	assert_memory_equal(
	    &f->r.result.key_serial, &last.key_serial, SERIAL_LEN);
	assert_memory_not_equal(&f->r.result.serial, &last.serial, SERIAL_LEN);
	assert_int_equal(f->r.result.sealed_key.len, 0);
	assert_null(f->r.key_pem);
	assert_string_equal(f->r.plan.subject.value[SUBJECT_ORG], "Kept");
	assert_string_equal(f->r.plan.subject.value[SUBJECT_CN], MAC);
	assert_int_equal(f->r.plan.sans.count, 1);
	assert_string_equal(f->r.plan.sans.item[0].text, "k.example");
	store_certificate_clear(&last);
}

static void
sign_prepare_holds_an_entity_to_its_profile(void **state)
{
	struct fixture *f = *state;
	struct store_certificate last;

	store_certificate_init(&last);
	fixture_enter(f, SERVER(",\"cn\":\"h.example\""), &last);
	/* its own bounds, though none was said */
	assert_ok(f,
	    fixture_parse(f, "sign", "{\"name\":\"h.example\",\"days\":826}"));
	fixture_know(f, &last);
	assert_refused(
	    f, f->r.verb->prepare(&f->r, &f->v, &f->e), ERR_BAD_FIELD, "days");
	assert_string_equal(
	    f->e.message, "days: must be 1 to 825, got \"826\"");
	assert_ok(f, fixture_parse(f, "sign",
			 "{\"name\":\"h.example\",\"days\":5,\"profile\":"
			 "\"collector\"}"));
	fixture_know(f, &last);
	assert_refused(f, f->r.verb->prepare(&f->r, &f->v, &f->e),
	    ERR_BAD_FIELD, "profile");
	assert_ok(f,
	    fixture_parse(f, "sign",
		"{\"name\":\"h.example\",\"days\":5,\"profile\":\"server\"}"));
	fixture_know(f, &last);
	assert_ok(f, f->r.verb->prepare(&f->r, &f->v, &f->e));
	assert_string_equal(f->r.result.profile, "server");
	store_certificate_clear(&last);
}

static void
sign_gives_an_entity_the_days_of_its_own_profile(void **state)
{
	struct fixture *f = *state;
	struct store_certificate last;

	add_camera(f);
	store_certificate_init(&last);
	fixture_enter(f,
	    CREATE(",\"profile\":\"camera\",\"key_type\":\"ed25519\""), &last);
	assert_ok(f,
	    fixture_parse(f, "sign", "{\"name\":\"" MAC "\",\"days\":7000}"));
	fixture_know(f, &last);
	assert_ok(f, f->r.verb->prepare(&f->r, &f->v, &f->e));
	/* gone from the configuration */
	assert_ok(f, fixture_parse(f, "sign", CREATE("")));
	fixture_know(f, &last);
	f->v.profiles.count--;
	assert_refused(f, f->r.verb->prepare(&f->r, &f->v, &f->e),
	    ERR_BAD_FIELD, "profile");
	store_certificate_clear(&last);
}

static void
sign_prepare_enters_a_new_entity_by_its_csr(void **state)
{
	struct fixture *f = *state;

	assert_ok(f,
	    fixture_prepare(f, "sign", sign_csr(MAC, "good-subject.der", "")));
	/* the cn is the identity, whatever the request says */
	assert_string_equal(f->r.plan.subject.value[SUBJECT_CN], MAC);
	assert_true(f->r.plan.subject.value[SUBJECT_ORG][0] != '\0');
	assert_int_equal(f->r.result.sealed_key.len, 0);
	assert_null(f->r.key_pem);
	assert_memory_equal(
	    &f->r.result.key_serial, &f->r.result.serial, SERIAL_LEN);
	assert_ok(
	    f, fixture_prepare(f, "sign", sign_csr(MAC, "good-names.der", "")));
	assert_true(f->r.plan.sans.count > 0);
}

static void
sign_prepare_takes_a_csr_as_pem(void **state)
{
	struct fixture *f = *state;
	char path[512];
	struct buf pem, json;

	buf_init(&pem, 16384);
	buf_init(&json, 16384);
	snprintf(path, sizeof(path), "%s/csr/good-p256.pem", FIXTURES);
	assert_int_equal(file_read(path, &pem, &f->e), 0);
	buf_append_text(&json,
	    "{\"name\":\"" MAC "\",\"days\":1,\"pass\":\"x\",\"csr\":\"");
	for (size_t i = 0; i < pem.len; i++) {
		if (pem.data[i] == '\n')
			buf_append_text(&json, "\\n");
		else
			buf_append_byte(&json, pem.data[i]);
	}
	buf_append_text(&json, "\"}");
	assert_ok(f, fixture_prepare(f, "sign", (const char *)json.data));
	assert_int_equal(f->r.plan.key.type, KEY_EC_P256);
	buf_clear(&pem);
	buf_clear(&json);
}

static void
sign_prepare_takes_of_a_subject_what_the_profile_allows(void **state)
{
	struct fixture *f = *state;

	f->v.profiles.item[0].csr_subject = 0;
	f->v.profiles.item[0].san_allowed = false;
	assert_string_equal(f->v.profiles.item[0].name, "collector");
	assert_ok(
	    f, fixture_prepare(f, "sign", sign_csr(MAC, "good-names.der", "")));
	assert_string_equal(f->r.plan.subject.value[SUBJECT_ORG], "");
	assert_int_equal(f->r.plan.sans.count, 0);
}

static void
sign_prepare_changes_the_key_of_a_known_entity_alone(void **state)
{
	struct fixture *f = *state;
	struct store_certificate last;

	store_certificate_init(&last);
	fixture_enter(f, CREATE(",\"org\":\"Kept\""), &last);
	assert_ok(
	    f, fixture_parse(f, "sign", sign_csr(MAC, "good-names.der", "")));
	fixture_know(f, &last);
	assert_ok(f, f->r.verb->prepare(&f->r, &f->v, &f->e));
	assert_memory_not_equal(
	    f->r.result.key_hash, last.key_hash, sizeof(last.key_hash));
	assert_string_equal(f->r.plan.subject.value[SUBJECT_ORG], "Kept");
	assert_int_equal(f->r.plan.sans.count, 0);
	/* the sealed key is the old one's */
	assert_memory_equal(
	    &f->r.result.key_serial, &f->r.result.serial, SERIAL_LEN);
	store_certificate_clear(&last);
}

static void
sign_prepare_refuses_a_key_that_the_profile_does_not_take(void **state)
{
	struct fixture *f = *state;

	add_camera(f);
	assert_refused(f,
	    fixture_prepare(f, "sign",
		sign_csr(MAC, "good-p256.der", ",\"profile\":\"camera\"")),
	    ERR_BAD_CSR, "csr");
	assert_ok(f,
	    fixture_prepare(f, "sign",
		sign_csr(MAC, "good-ed25519.der", ",\"profile\":\"camera\"")));
}

static void
sign_prepare_refuses_a_csr_that_is_not_proven(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    fixture_prepare(f, "sign", sign_csr(MAC, "bad-signature.der", "")),
	    ERR_BAD_CSR, "csr");
	assert_refused(f,
	    fixture_prepare(f, "sign", sign_csr(MAC, "truncated.der", "")),
	    ERR_BAD_CSR, "csr");
}

/* What policy refuses came out of the csr: there is no field "cn" to blame. */
static void
sign_prepare_blames_the_csr_for_what_is_in_it(void **state)
{
	struct fixture *f = *state;

	f->v.profiles.item[0].csr_subject |= 1u << SUBJECT_CN;
	f->v.profiles.item[0].cn_is_host = true;
	assert_refused(f,
	    fixture_prepare(
		f, "sign", sign_csr("un_der", "good-subject.der", "")),
	    ERR_BAD_CSR, "csr");
	assert_non_null(strstr(f->e.message, "csr: cn: "));
}

static void
issue_answer_is_six_fields_in_order(void **state)
{
	struct fixture *f = *state;
	const char *text;
	size_t at = 0;
	static const char *const keys[] = {"{\"ca\": \"-----BEGIN CERTIFICATE",
	    ", \"key\": \"-----BEGIN PRIVATE KEY-----\\n",
	    ", \"crt\": \"-----BEGIN CERTIFICATE-----\\n",
	    ", \"name\": \"" MAC "\"", ", \"serial\": \"",
	    ", \"not_after\": \"2026-12-18T11:06:39Z\"}\n"};

	assert_ok(f, fixture_prepare(f, "create", CREATE("")));
	fixture_sign(f);
	assert_ok(f, fixture_answer(f));
	assert_int_equal(f->a.status, 201);
	assert_string_equal(f->a.content_type, "application/json");
	assert_int_equal(json_scan(buf_bytes(&f->a.body), &f->e), 0);
	text = (const char *)f->a.body.data;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *found = strstr(text + at, keys[i]);

		if (found == NULL)
			fail_msg("no %s in %s", keys[i], text + at);
		at = (size_t)(found - text) + 1;
	}
	assert_null(memchr(text, '\n', f->a.body.len - 1));
}

static void
issue_answer_has_an_empty_key_where_the_device_has_its_own(void **state)
{
	struct fixture *f = *state;

	assert_ok(
	    f, fixture_prepare(f, "sign", sign_csr(MAC, "good-p256.der", "")));
	fixture_sign(f);
	assert_ok(f, fixture_answer(f));
	assert_true(buf_has(&f->a.body, "\"key\": \"\""));
}

static void
issue_answer_is_200_where_it_was_given_before(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, fixture_prepare(f, "create", CREATE("")));
	fixture_sign(f);
	f->r.repeated = true;
	assert_ok(f, fixture_answer(f));
	assert_int_equal(f->a.status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(create_parse_makes_out_name_profile_and_days),
	    TEST(create_parse_needs_name_and_days),
	    TEST(create_parse_leaves_a_missing_passphrase_to_the_pipeline),
	    TEST(days_message_has_the_profiles_bounds_and_what_came),
	    TEST(days_at_the_bounds_pass),
	    TEST(issue_parse_takes_a_servers_name_from_its_cn),
	    TEST(issue_parse_takes_no_name_from_other_cns),
	    TEST(issue_parse_tells_a_servers_name_though_a_field_is_refused),
	    TEST(issue_parse_refuses_profiles_that_no_door_leads_to),
	    TEST(issue_parse_refuses_protected_names),
	    TEST(sign_parse_refuses_the_fields_of_create_by_name),
	    TEST(create_parse_refuses_a_csr),
	    TEST(
		create_parse_refuses_keys_and_names_that_the_profile_does_not_take),
	    TEST(create_prepare_plans_a_certificate),
	    TEST(create_prepare_seals_the_key_that_it_answers),
	    TEST(create_fills_in_the_configurations_defaults),
	    TEST(create_prepare_cuts_a_validity_at_the_authoritys_end),
	    TEST(create_prepare_refuses_a_cn_that_policy_refuses),
	    TEST(create_of_a_known_entity_makes_a_new_key_and_record),
	    TEST(sign_prepare_refuses_a_name_that_nobody_knows),
	    TEST(sign_prepare_keeps_key_subject_and_names),
	    TEST(sign_prepare_holds_an_entity_to_its_profile),
	    TEST(sign_gives_an_entity_the_days_of_its_own_profile),
	    TEST(sign_prepare_enters_a_new_entity_by_its_csr),
	    TEST(sign_prepare_takes_a_csr_as_pem),
	    TEST(sign_prepare_takes_of_a_subject_what_the_profile_allows),
	    TEST(sign_prepare_changes_the_key_of_a_known_entity_alone),
	    TEST(sign_prepare_refuses_a_key_that_the_profile_does_not_take),
	    TEST(sign_prepare_refuses_a_csr_that_is_not_proven),
	    TEST(sign_prepare_blames_the_csr_for_what_is_in_it),
	    TEST(issue_answer_is_six_fields_in_order),
	    TEST(issue_answer_has_an_empty_key_where_the_device_has_its_own),
	    TEST(issue_answer_is_200_where_it_was_given_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
