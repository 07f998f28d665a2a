#include "tests/unit/topics/fixture.h"

static void
set(struct request *r, const char *name)
{
	r->answer_name[0] = '\0';
	request_set_answer_name(r, bytes_of_text(name));
}

static void
request_set_answer_name_keeps_the_spelling(void **state)
{
	struct fixture *f = *state;

	set(&f->r, "aa:bb:cc:dd:ee:ff");
	assert_string_equal(f->r.answer_name, "aa:bb:cc:dd:ee:ff");
	set(&f->r, "prof.voice.com");
	assert_string_equal(f->r.answer_name, "prof.voice.com");
}

static void
request_set_answer_name_refuses_what_is_no_topic_level(void **state)
{
	static const char *const names[] = {
	    "", "a/b", "+", "#", "a b", "$SYS", "\xc3\xa9", "a\nb"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set(&f->r, names[i]);
		assert_string_equal(f->r.answer_name, "");
	}
}

/* An answer published to ssl/sign would be the next request. */
static void
request_set_answer_name_refuses_every_verb_and_protected_name(void **state)
{
	struct fixture *f = *state;

	for (const struct verb *v = verb_table; v->word != NULL; v++) {
		if (!v->on_mqtt)
			continue;
		set(&f->r, v->word);
		assert_string_equal(f->r.answer_name, "");
	}
	set(&f->r, "CA");
	assert_string_equal(f->r.answer_name, "");
}

static void
request_make_id_is_16_hex_digits_and_new(void **state)
{
	char a[REQUEST_ID_LEN], b[REQUEST_ID_LEN];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(request_make_id(a, &e), 0);
	assert_int_equal(request_make_id(b, &e), 0);
	assert_int_equal(strlen(a), 16);
	assert_int_equal(strspn(a, "0123456789abcdef"), 16);
	assert_string_not_equal(a, b);
}

static void
request_clear_gives_back_everything_twice(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, fixture_prepare(f, "create",
			 "{\"name\":\"a\",\"days\":1,\"pass\":\"x\"}"));
	assert_non_null(f->r.pass);
	assert_non_null(f->r.key_pem);
	request_clear(&f->r);
	assert_null(f->r.pass);
	assert_null(f->r.key_pem);
	assert_null(f->r.result.sealed_key.data);
	request_clear(&f->r);
}

static void
door_word_is_the_ledgers(void **state)
{
	(void)state;
	assert_string_equal(door_word(DOOR_MQTT), "mqtt");
	assert_string_equal(door_word(DOOR_HTTP), "http");
	assert_string_equal(door_word(DOOR_LOCAL), "local");
}

struct digest {
	uint8_t bytes[LEDGER_DIGEST_LEN];
};

static struct digest
digest_of(struct fixture *f, const char *verb, const char *json)
{
	struct digest d;

	assert_ok(f, fixture_parse(f, verb, json));
	memcpy(d.bytes, f->r.digest, sizeof(d.bytes));
	return d;
}

static bool
same(struct fixture *f, const char *a, const char *b)
{
	struct digest x = digest_of(f, "create", a);
	struct digest y = digest_of(f, "create", b);

	return memcmp(x.bytes, y.bytes, sizeof(x.bytes)) == 0;
}

#define BASE       "{\"name\":\"" MAC "\",\"days\":30,\"pass\":\"x\"}"
#define WITH(more) "{\"name\":\"" MAC "\",\"days\":30,\"pass\":\"x\"," more "}"

static void
request_digest_is_the_same_for_the_same_request(void **state)
{
	struct fixture *f = *state;

	assert_true(same(f, BASE, BASE));
	assert_true(same(f, BASE,
	    " { \"pass\" : \"x\", \"days\" : \"30\", \"name\" : "
	    "\"aa-bb-cc-dd-ee-ff\" } "));
	/* never the passphrase, nor that there is one */
	assert_true(same(
	    f, BASE, "{\"name\":\"" MAC "\",\"days\":30,\"pass\":\"other\"}"));
	assert_true(same(f, BASE, "{\"name\":\"" MAC "\",\"days\":30}"));
}

static void
request_digest_differs_by_every_field(void **state)
{
	static const char *const others[] = {
	    "{\"name\":\"AABBCCDDEEFE\",\"days\":30,\"pass\":\"x\"}",
	    "{\"name\":\"" MAC "\",\"days\":31,\"pass\":\"x\"}",
	    WITH("\"country\":\"BR\""), WITH("\"state\":\"a\""),
	    WITH("\"locality\":\"a\""), WITH("\"org\":\"a\""),
	    WITH("\"unit\":\"a\""), WITH("\"cn\":\"a\""),
	    WITH("\"email\":\"a\""), WITH("\"profile\":\"collector\""),
	    WITH("\"profile\":\"server\""), WITH("\"key_type\":\"ec:P-256\""),
	    WITH("\"key_type\":\"ed25519\""), WITH("\"san\":[]"),
	    WITH("\"san\":[\"dns:a\"]"), WITH("\"san\":[\"dns:b\"]"),
	    WITH("\"san\":[\"dns:a\",\"dns:b\"]"),
	    WITH("\"san\":[\"ip:192.0.2.7\"]"),
	    WITH("\"org\":\"ab\",\"unit\":\"c\""),
	    WITH("\"org\":\"a\",\"unit\":\"bc\"")};
	struct fixture *f = *state;
	size_t n = sizeof(others) / sizeof(others[0]);

	for (size_t i = 0; i < n; i++) {
		assert_false(same(f, BASE, others[i]));
		for (size_t j = 0; j < i; j++)
			if (same(f, others[i], others[j]))
				fail_msg("%s is %s", others[i], others[j]);
	}
}

static void
request_digest_differs_by_verb_csr_and_retry_key(void **state)
{
	struct fixture *f = *state;
	struct digest create = digest_of(f, "create", BASE);
	struct digest sign = digest_of(f, "sign", BASE);
	struct digest csr = digest_of(f, "sign", WITH("\"csr\":\"a\""));
	struct digest other = digest_of(f, "sign", WITH("\"csr\":\"b\""));

	assert_memory_not_equal(create.bytes, sign.bytes, LEDGER_DIGEST_LEN);
	assert_memory_not_equal(csr.bytes, sign.bytes, LEDGER_DIGEST_LEN);
	assert_memory_not_equal(csr.bytes, other.bytes, LEDGER_DIGEST_LEN);
	f->r.retry_key_len = 1;
	assert_int_equal(request_digest(&f->r, &f->e), 0);
	assert_memory_not_equal(other.bytes, f->r.digest, LEDGER_DIGEST_LEN);
	/* the same at either door */
	f->r.retry_key_len = 0;
	f->r.door = DOOR_MQTT;
	assert_int_equal(request_digest(&f->r, &f->e), 0);
	assert_memory_equal(other.bytes, f->r.digest, LEDGER_DIGEST_LEN);
}

static void
request_digest_does_not_change_with_the_defaults(void **state)
{
	struct fixture *f = *state;
	struct digest before = digest_of(f, "create", BASE);
	struct digest after;

	f->v.default_key_type = KEY_ED25519;
	assert_int_equal(subject_set(&f->v.defaults, SUBJECT_ORG,
			     bytes_of_text("Default"), &f->e),
	    0);
	after = digest_of(f, "create", BASE);
	assert_memory_equal(before.bytes, after.bytes, LEDGER_DIGEST_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_set_answer_name_keeps_the_spelling),
	    cmocka_unit_test(
		request_set_answer_name_refuses_what_is_no_topic_level),
	    cmocka_unit_test(
		request_set_answer_name_refuses_every_verb_and_protected_name),
	    cmocka_unit_test(request_make_id_is_16_hex_digits_and_new),
	    cmocka_unit_test(request_clear_gives_back_everything_twice),
	    cmocka_unit_test(door_word_is_the_ledgers),
	    cmocka_unit_test(request_digest_is_the_same_for_the_same_request),
	    cmocka_unit_test(request_digest_differs_by_every_field),
	    cmocka_unit_test(request_digest_differs_by_verb_csr_and_retry_key),
	    cmocka_unit_test(request_digest_does_not_change_with_the_defaults),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
