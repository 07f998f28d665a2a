#include <cjson/cJSON.h>
#include <malloc.h>

#include "ca/signer/message.h"
#include "tests/unit/topics/fixture.h"

#define TOO_LONG                                                               \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"4"
#define ALL ((1u << FIELD_COUNT) - 1)

static int
read_request(struct fixture *f, unsigned allowed, const char *json)
{
	request_clear(&f->r);
	f->e = (struct err)ERR_INIT;
	return json_read_request(bytes_of_text(json), allowed, &f->r, &f->e);
}

static void
refuses_field(struct fixture *f, const char *json, const char *field)
{
	assert_refused(f, read_request(f, ALL, json), ERR_BAD_FIELD, field);
}

static void
json_read_request_fills_every_field(void **state)
{
	struct fixture *f = *state;

	assert_ok(f,
	    read_request(f, ALL,
		"{\"name\":\"aa-bb-cc-dd-ee-ff\",\"days\":\"365\","
		"\"pass\":\"p\\u00e4ss\\n\",\"country\":\"br\",\"state\":\"S\","
		"\"locality\":\"L\",\"org\":\"O\",\"unit\":\"U\",\"cn\":\"C\","
		"\"email\":\"e@x\",\"csr\":\"A\\nB\",\"profile\":\"server\","
		"\"key_type\":\"ed25519\",\"san\":[\"dns:A.b\",\"ip:::1\"]}"));
	assert_int_equal(f->r.fields, ALL);
	assert_string_equal(f->r.name.text, MAC);
	assert_string_equal(f->r.answer_name, "aa-bb-cc-dd-ee-ff");
	assert_int_equal(f->r.days, 365);
	assert_true(bytes_equal(
	    secret_bytes(f->r.pass), bytes_of_text("p\xc3\xa4ss\n")));
	assert_string_equal(f->r.subject.value[SUBJECT_COUNTRY], "BR");
	assert_string_equal(f->r.subject.value[SUBJECT_STATE], "S");
	assert_string_equal(f->r.subject.value[SUBJECT_LOCALITY], "L");
	assert_string_equal(f->r.subject.value[SUBJECT_ORG], "O");
	assert_string_equal(f->r.subject.value[SUBJECT_UNIT], "U");
	assert_string_equal(f->r.subject.value[SUBJECT_CN], "C");
	assert_string_equal(f->r.subject.value[SUBJECT_EMAIL], "e@x");
	assert_true(
	    bytes_equal(buf_bytes(&f->r.csr_text), bytes_of_text("A\nB")));
	assert_string_equal(f->r.profile, "server");
	assert_int_equal(f->r.key_type, KEY_ED25519);
	assert_int_equal(f->r.sans.count, 2);
	assert_string_equal(f->r.sans.item[0].text, "a.b");
	assert_string_equal(f->r.sans.item[1].text, "::1");
}

static void
json_read_request_takes_what_is_there(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, read_request(f, ALL, "{}"));
	assert_int_equal(f->r.fields, 0);
	assert_null(f->r.pass);
	assert_string_equal(f->r.answer_name, "");
	assert_ok(f, read_request(f, ALL, "{\"days\":365}"));
	assert_int_equal(f->r.days, 365);
	assert_int_equal(f->r.fields, 1u << FIELD_DAYS);
}

static void
json_read_request_refuses_what_does_not_scan(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, read_request(f, ALL, "{\"name\":\"" MAC "\",}"),
	    ERR_BAD_JSON, "");
	assert_string_equal(f->r.answer_name, "");
	assert_string_equal(f->r.name.text, "");
}

static void
json_read_request_refuses_unknown_fields_by_name(void **state)
{
	struct fixture *f = *state;

	refuses_field(f, "{\"nmae\":1}", "nmae");
	refuses_field(f, "{\"Name\":\"x\"}", "Name");
	assert_string_equal(
	    f->e.message, "Name: is not a field of this request");
	refuses_field(f, "{\"\":1}", "");
	assert_string_equal(
	    f->e.message, "\"\" is not a field of this request");
	refuses_field(f,
	    "{\"gr\xc3\xb6\xc3\x9f"
	    "e\":1}",
	    "gr\xc3\xb6\xc3\x9f"
	    "e");
}

static void
json_read_request_cuts_and_cleans_the_name_of_an_unknown_field(void **state)
{
	struct fixture *f = *state;

	refuses_field(f, "{\"0123456789012345678901234567890123456789\":1}",
	    "0123456789012345678901234567890");
	/* 30 bytes and a character of two: cut before it */
	refuses_field(f, "{\"012345678901234567890123456789\xc3\xa4\":1}",
	    "012345678901234567890123456789");
	refuses_field(f,
	    "{\"a\x7f"
	    "b\":1}",
	    "a?b");
	refuses_field(f,
	    "{\"a\xe2\x80\xae"
	    "b\":1}",
	    "a???b");
}

static void
json_read_request_refuses_fields_that_are_not_allowed(void **state)
{
	struct fixture *f = *state;

	assert_refused(f,
	    read_request(
		f, 1u << FIELD_NAME, "{\"name\":\"" MAC "\",\"csr\":\"x\"}"),
	    ERR_BAD_FIELD, "csr");
	assert_refused(f,
	    read_request(
		f, ALL & ~(1u << FIELD_CN), "{\"cn\":\"x\",\"name\":\"n\"}"),
	    ERR_BAD_FIELD, "cn");
}

static void
json_read_request_refuses_values_of_the_wrong_type(void **state)
{
	static const char *const words[] = {"name", "pass", "country", "state",
	    "locality", "org", "unit", "cn", "email", "csr", "profile",
	    "key_type", "days", "san"};
	static const char *const values[] = {"null", "true", "{}", "[[]]"};
	struct fixture *f = *state;
	char json[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]);
		     j++) {
			snprintf(json, sizeof(json), "{\"%s\":%s}", words[i],
			    values[j]);
			refuses_field(f, json, words[i]);
		}
	refuses_field(f, "{\"name\":1}", "name");
	refuses_field(f, "{\"pass\":1}", "pass");
	refuses_field(f, "{\"san\":\"dns:a\"}", "san");
	refuses_field(f, "{\"san\":[\"dns:a\",1]}", "san");
}

/* days that no profile takes: 0, for the check that knows the bounds. */
static void
json_read_request_reads_no_days_from_what_is_no_decimal(void **state)
{
	static const char *const values[] = {"\"\"", "\"0\"", "\"00\"",
	    "\"0365\"", "\"+1\"", "\"-1\"", "\" 1\"", "\"1 \"", "\"1\\n\"",
	    "\"1.0\"", "\"1e2\"", "\"0x1\"", "\"ten\"", "\"9999999\"",
	    "\"4294967297\"", "\"18446744073709551617\"", "0", "-0", "-1",
	    "1.5", "0.99", "1e300", "1e999", "-1e999", "4294967297", "1000000",
	    "\"\xd9\xa1\""};
	struct fixture *f = *state;
	char json[64];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(json, sizeof(json), "{\"days\":%s}", values[i]);
		assert_ok(f, read_request(f, ALL, json));
		if (f->r.days != 0)
			fail_msg("%s: %u", values[i], f->r.days);
	}
}

static void
json_read_request_keeps_days_as_they_were_written(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, read_request(f, ALL, "{\"days\":\"0365\"}"));
	assert_string_equal(f->r.days_text, "0365");
	assert_ok(f, read_request(f, ALL, "{\"days\":-1.5}"));
	assert_string_equal(f->r.days_text, "-1.5");
	assert_ok(f, read_request(f, ALL, "{\"days\":\"1\\u001b[2J\"}"));
	assert_string_equal(f->r.days_text, "1?[2J");
	assert_ok(f,
	    read_request(f, ALL, "{\"days\":\"99999999999999999999999999\"}"));
	assert_string_equal(f->r.days_text, "99999999999999999999999");
}

static void
json_read_request_keeps_an_empty_passphrase_apart_from_none(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, read_request(f, ALL, "{\"pass\":\"\"}"));
	assert_non_null(f->r.pass);
	assert_int_equal(secret_bytes(f->r.pass).len, 0);
	assert_true(request_has(&f->r, FIELD_PASS));
}

static void
json_read_request_bounds_the_passphrase(void **state)
{
	struct fixture *f = *state;
	char json[PASSPHRASE_MAX + 32];
	char pass[PASSPHRASE_MAX + 2];

	memset(pass, 'p', sizeof(pass));
	pass[PASSPHRASE_MAX] = '\0';
	snprintf(json, sizeof(json), "{\"pass\":\"%s\"}", pass);
	assert_ok(f, read_request(f, ALL, json));
	assert_int_equal(secret_bytes(f->r.pass).len, PASSPHRASE_MAX);
	pass[PASSPHRASE_MAX] = 'p';
	pass[PASSPHRASE_MAX + 1] = '\0';
	snprintf(json, sizeof(json), "{\"pass\":\"%s\"}", pass);
	refuses_field(f, json, "pass");
	assert_null(strstr(f->e.message, "ppp"));
}

static void
json_read_request_refuses_a_profile_that_can_be_no_name(void **state)
{
	struct fixture *f = *state;

	refuses_field(f, "{\"profile\":\"\"}", "profile");
	refuses_field(f, "{\"profile\":\"Server\"}", "profile");
	refuses_field(f, "{\"profile\":\"a b\"}", "profile");
	refuses_field(f, "{\"profile\":\"012345678901234567890123456789012\"}",
	    "profile");
}

static void
json_read_request_tells_whom_to_answer_before_it_refuses(void **state)
{
	struct fixture *f = *state;

	refuses_field(
	    f, "{\"nonsense\":1,\"name\":\"aa:bb:cc:dd:ee:ff\"}", "nonsense");
	assert_string_equal(f->r.answer_name, "aa:bb:cc:dd:ee:ff");
	assert_string_equal(f->r.name.text, MAC);
	/* no name by the rule, but a topic all the same */
	refuses_field(f, "{\"name\":\"aa:bb\",\"pass\":1}", "name");
	assert_string_equal(f->r.answer_name, "aa:bb");
	assert_string_equal(f->r.name.text, "");
	refuses_field(
	    f, "{\"days\":[],\"cn\":\"h/i\",\"profile\":\"server\"}", "days");
	assert_string_equal(f->r.subject.value[SUBJECT_CN], "h/i");
	assert_string_equal(f->r.profile, "server");
}

static void
json_read_request_tells_nobody_where_no_answer_may_go(void **state)
{
	static const char *const names[] = {"", "a/b", "+", "#", "a b", "$SYS",
	    "sign", "create", "Sign", "ca", "crl", "ssl", "\xc3\xa9", TOO_LONG};
	struct fixture *f = *state;
	char json[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(json, sizeof(json), "{\"name\":\"%s\"}", names[i]);
		(void)!read_request(f, ALL, json);
		assert_string_equal(f->r.answer_name, "");
	}
}

static unsigned given_back;

/* Whatever cJSON gives back must not hold the passphrase any more. */
static void
free_wiped(void *p)
{
	static const char pass[] = "hunter2-hunter2";

	if (p == NULL)
		return;
	given_back++;
	if (memmem(p, malloc_usable_size(p), pass, sizeof(pass) - 1) != NULL)
		fail_msg("a passphrase was left in memory");
	free(p);
}

static void
json_read_request_wipes_its_copies_of_a_passphrase(void **state)
{
	static const char *const texts[] = {
	    "{\"pass\":\"hunter2-hunter2\"}",
	    "{\"pass\":\"hunter2-hunter2\",\"nonsense\":1}",
	    "{\"pass\":[{\"x\":\"hunter2-hunter2\"}]}",
	    "{\"password\":\"hunter2-hunter2\"}",
	    "{\"hunter2-hunter2\":\"pass\"}",
	    "{\"name\":1,\"pass\":\"hunter2-hunter2\"}",
	};
	cJSON_Hooks hooks = {malloc, free_wiped};
	struct fixture *f = *state;

	cJSON_InitHooks(&hooks);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		given_back = 0;
		(void)!read_request(f, ALL, texts[i]);
		assert_true(given_back >= 4);
	}
	cJSON_InitHooks(NULL);
}

static size_t allocations_left;

static void *
malloc_some(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void
json_read_request_survives_the_end_of_memory(void **state)
{
	cJSON_Hooks hooks = {malloc_some, free};
	struct fixture *f = *state;
	size_t n = 0;
	int rc;

	cJSON_InitHooks(&hooks);
	do {
		allocations_left = n++;
		rc = read_request(
		    f, ALL, "{\"name\":\"" MAC "\",\"san\":[\"dns:a\"]}");
		if (rc != 0)
			assert_int_equal(f->e.kind, ERR_INTERNAL);
	} while (rc != 0 && n < 100);
	cJSON_InitHooks(NULL);
	assert_int_equal(rc, 0);
	assert_true(n > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_read_request_fills_every_field),
	    cmocka_unit_test(json_read_request_takes_what_is_there),
	    cmocka_unit_test(json_read_request_refuses_what_does_not_scan),
	    cmocka_unit_test(json_read_request_refuses_unknown_fields_by_name),
	    cmocka_unit_test(
		json_read_request_cuts_and_cleans_the_name_of_an_unknown_field),
	    cmocka_unit_test(
		json_read_request_refuses_fields_that_are_not_allowed),
	    cmocka_unit_test(
		json_read_request_refuses_values_of_the_wrong_type),
	    cmocka_unit_test(
		json_read_request_reads_no_days_from_what_is_no_decimal),
	    cmocka_unit_test(json_read_request_keeps_days_as_they_were_written),
	    cmocka_unit_test(
		json_read_request_keeps_an_empty_passphrase_apart_from_none),
	    cmocka_unit_test(json_read_request_bounds_the_passphrase),
	    cmocka_unit_test(
		json_read_request_refuses_a_profile_that_can_be_no_name),
	    cmocka_unit_test(
		json_read_request_tells_whom_to_answer_before_it_refuses),
	    cmocka_unit_test(
		json_read_request_tells_nobody_where_no_answer_may_go),
	    cmocka_unit_test(
		json_read_request_wipes_its_copies_of_a_passphrase),
	    cmocka_unit_test(json_read_request_survives_the_end_of_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
