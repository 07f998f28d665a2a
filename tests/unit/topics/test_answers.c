/* What is answered: entities, the authority, health, refusals; and the writer
 * of JSON that all of it goes through. */
#include <cjson/cJSON.h>

#include "tests/unit/topics/fixture.h"

/* The body as cJSON reads it, after our own scanner; the caller frees. */
static cJSON *
read_back(const struct buf *b)
{
	struct err e = ERR_INIT;
	cJSON *root;

	assert_false(b->failed);
	assert_int_equal(b->data[b->len - 1], '\n');
	if (json_scan(buf_bytes(b), &e) != 0)
		fail_msg("%s in %s", e.message, (const char *)b->data);
	root = cJSON_ParseWithLength((const char *)b->data, b->len);
	assert_non_null(root);
	return root;
}

static const char *
text(const cJSON *root, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);

	if (!cJSON_IsString(item))
		fail_msg("no text \"%s\"", key);
	return item->valuestring;
}

static double
number(const cJSON *root, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);

	if (!cJSON_IsNumber(item))
		fail_msg("no number \"%s\"", key);
	return item->valuedouble;
}

static bool
truth(const cJSON *root, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);

	assert_true(cJSON_IsBool(item));
	return cJSON_IsTrue(item);
}

static void
json_write_escapes_every_byte_that_needs_it(void **state)
{
	struct err e = {.kind = ERR_BAD_FIELD, .field = "x"};
	char all[128];
	struct buf out;
	cJSON *root;

	(void)state;
	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	all[127] = '\0';
	snprintf(e.message, sizeof(e.message), "%s\xc3\xa9", all);
	buf_init(&out, 4096);
	json_write_refusal(&e, "n", &out);
	root = read_back(&out);
	assert_string_equal(text(root, "message"), e.message);
	assert_true(buf_has(&out, "\\t") == false);
	assert_true(buf_has(&out, "\\u0009\\n\\u000b"));
	assert_true(buf_has(&out, "\\u007f\xc3\xa9"));
	cJSON_Delete(root);
	buf_clear(&out);
}

static void
json_write_says_when_it_does_not_fit(void **state)
{
	struct err e = {.kind = ERR_BUSY, .message = "wait"};
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	json_write_refusal(&e, NULL, &out);
	assert_true(out.failed);
	buf_clear(&out);
}

static void
answer_refuse_has_the_contracts_fields(void **state)
{
	struct fixture *f = *state;

	(void)!fixture_parse(
	    f, "create", "{\"name\":\"aa:bb:cc:dd:ee:ff\",\"days\":\"0\"}");
	answer_refuse(&f->e, &f->r, &f->a);
	assert_int_equal(f->a.status, 422);
	assert_string_equal((const char *)f->a.body.data,
	    "{\"error\": \"bad_field\", \"message\": \"days: must be 1 to "
	    "3650, got \\\"0\\\"\", \"field\": \"days\", \"name\": \"" MAC
	    "\"}\n");
}

static void
answer_refuse_has_the_name_as_written_where_it_is_none(void **state)
{
	struct fixture *f = *state;
	cJSON *root;

	(void)!fixture_parse(f, "create", "{\"name\":\"aa:bb\",\"days\":1}");
	answer_refuse(&f->e, &f->r, &f->a);
	root = read_back(&f->a.body);
	assert_string_equal(text(root, "name"), "aa:bb");
	cJSON_Delete(root);
	(void)!fixture_parse(f, "create", "{\"name\":\"a b\",\"days\":1}");
	answer_refuse(&f->e, &f->r, &f->a);
	assert_false(buf_has(&f->a.body, "\"name\": "));
}

static void
answer_refuse_takes_the_place_of_a_half_written_answer(void **state)
{
	struct fixture *f = *state;
	struct err e = {.kind = ERR_SLOW_DOWN, .retry_after_s = 7};

	buf_append_text(&f->a.body, "{\"ca\": ");
	f->a.content_type = "application/x-pem-file";
	answer_refuse(&e, NULL, &f->a);
	assert_int_equal(f->a.status, 429);
	assert_int_equal(f->a.retry_after_s, 7);
	assert_string_equal(f->a.content_type, "application/json");
	assert_string_equal((const char *)f->a.body.data,
	    "{\"error\": \"slow_down\", \"message\": \"\", \"retry_after\": "
	    "7}\n");
}

/* A route's request, parsed and answered, for an entity where one is given. */
static int
get(struct fixture *f, const char *path, const struct store_certificate *known)
{
	struct health h = {.open = true};
	struct bytes name;
	char allow[32];

	request_clear(&f->r);
	fixture_new_answer(f);
	f->e = (struct err)ERR_INIT;
	f->r.verb = verb_find_path(bytes_of_text("GET"), bytes_of_text(path),
	    &name, allow, sizeof(allow), &f->e);
	assert_non_null(f->r.verb);
	if (f->r.verb->parse(
		&f->r, &f->v, (struct bytes){NULL, 0}, name, &f->e) != 0)
		return -1;
	if (known != NULL)
		fixture_know(f, known);
	return f->r.verb->answer(&f->r, &f->v, &h, &f->a, &f->e);
}

static void
enter(struct fixture *f, struct store_certificate *c)
{
	store_certificate_init(c);
	fixture_enter(f,
	    "{\"name\":\"" MAC
	    "\",\"days\":30,\"pass\":\"x\",\"country\":\"BR\",\"org\":\"O "
	    "\\\"Q\\\"\",\"san\":[\"dns:a.example\",\"ip:192.0.2.7\"]}",
	    c);
}

static void
entity_answer_tells_what_is_known(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	const cJSON *item;
	cJSON *root;

	enter(f, &c);
	assert_ok(f, get(f, "/v1/ssl/aa:bb:cc:dd:ee:ff", &c));
	assert_int_equal(f->a.status, 200);
	assert_string_equal(f->a.content_type, "application/json");
	root = read_back(&f->a.body);
	assert_int_equal(cJSON_GetArraySize(root), 11);
	assert_string_equal(text(root, "name"), MAC);
	assert_string_equal(text(root, "profile"), "collector");
	assert_int_equal(strlen(text(root, "serial")), 2 * SERIAL_LEN);
	assert_string_equal(text(root, "not_before"), "2026-11-18T11:01:40Z");
	assert_string_equal(text(root, "not_after"), "2026-12-18T11:06:39Z");
	assert_string_equal(text(root, "created"), "2026-11-18T11:06:40Z");
	assert_string_equal(text(root, "key_type"), "ec:P-256");
	assert_int_equal(number(root, "days_left"), 30);
	assert_non_null(strstr(text(root, "crt"), "BEGIN CERTIFICATE"));
	item = cJSON_GetObjectItemCaseSensitive(root, "subject");
	assert_int_equal(cJSON_GetArraySize(item), 3);
	assert_string_equal(text(item, "country"), "BR");
	assert_string_equal(text(item, "org"), "O \"Q\"");
	assert_string_equal(text(item, "cn"), MAC);
	item = cJSON_GetObjectItemCaseSensitive(root, "san");
	assert_int_equal(cJSON_GetArraySize(item), 2);
	assert_string_equal(
	    cJSON_GetArrayItem(item, 0)->valuestring, "dns:a.example");
	assert_string_equal(
	    cJSON_GetArrayItem(item, 1)->valuestring, "ip:192.0.2.7");
	cJSON_Delete(root);
	store_certificate_clear(&c);
}

static int
days_left_at(
    struct fixture *f, const struct store_certificate *c, int64_t seconds)
{
	cJSON *root;
	int days;

	clock_freeze(seconds * 1000);
	assert_ok(f, get(f, "/v1/ssl/" MAC, c));
	root = read_back(&f->a.body);
	days = (int)number(root, "days_left");
	cJSON_Delete(root);
	return days;
}

static void
entity_answer_counts_whole_days_down_past_zero(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;

	enter(f, &c);
	assert_int_equal(days_left_at(f, &c, c.not_after_s - DAY_S), 1);
	assert_int_equal(days_left_at(f, &c, c.not_after_s - DAY_S + 2), 0);
	assert_int_equal(days_left_at(f, &c, c.not_after_s), 0);
	assert_int_equal(days_left_at(f, &c, c.not_after_s + 2), -1);
	assert_int_equal(days_left_at(f, &c, c.not_after_s + DAY_S + 2), -2);
	store_certificate_clear(&c);
	clock_freeze(NOW_S * 1000);
}

static void
entity_answer_pem_is_the_certificate_as_a_file(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	struct buf pem;

	enter(f, &c);
	buf_init(&pem, CERTIFICATE_PEM_MAX);
	certificate_pem(buf_bytes(&c.der), &pem);
	assert_ok(f, get(f, "/v1/ssl/" MAC ".crt", &c));
	assert_int_equal(f->a.status, 200);
	assert_string_equal(f->a.content_type, "application/x-pem-file");
	assert_true(bytes_equal(buf_bytes(&pem), buf_bytes(&f->a.body)));
	buf_clear(&pem);
	store_certificate_clear(&c);
}

static void
entity_refuses_who_is_not_there_or_no_name(void **state)
{
	struct fixture *f = *state;

	assert_refused(
	    f, get(f, "/v1/ssl/" MAC, NULL), ERR_UNKNOWN_NAME, "name");
	assert_refused(
	    f, get(f, "/v1/ssl/" MAC ".crt", NULL), ERR_UNKNOWN_NAME, "name");
	assert_refused(f, get(f, "/v1/ssl/%41", NULL), ERR_BAD_FIELD, "name");
	assert_refused(f, get(f, "/v1/ssl/a b", NULL), ERR_BAD_FIELD, "name");
	assert_refused(
	    f, get(f, "/v1/ssl/aa:bb.crt", NULL), ERR_BAD_FIELD, "name");
}

static void
authority_answer_is_the_bundle(void **state)
{
	struct fixture *f = *state;

	assert_ok(f, get(f, "/v1/ssl/ca.crt", NULL));
	assert_string_equal(f->a.content_type, "application/x-pem-file");
	assert_true(bytes_equal(buf_bytes(&f->a.body), buf_bytes(&f->v.pem)));
}

static void
json_write_authority_is_the_bundle_and_its_end(void **state)
{
	struct fixture *f = *state;
	struct buf out;
	cJSON *root;

	buf_init(&out, 65536);
	json_write_authority(buf_bytes(&f->v.pem), NOW_S, &out);
	root = read_back(&out);
	assert_string_equal(text(root, "ca"), (const char *)f->v.pem.data);
	assert_string_equal(text(root, "not_after"), "2026-11-18T11:06:40Z");
	cJSON_Delete(root);
	buf_clear(&out);
}

static const struct health well = {
    .open = true,
    .broker_connected = true,
    .broker_configured = true,
    .ledger_healthy = true,
    .store_healthy = true,
    .signer_healthy = true,
    .authority_not_after_s = NOW_S,
    .local_not_after_s = NOW_S,
    .requests_waiting = 1,
    .requests_kept = 3,
    .wrong_passphrases = 2,
    .counts = {3, 4, 5, 6},
    .started_ms = NOW_S * 1000,
    .version = "0.1.0",
};

static cJSON *
health(struct fixture *f, const struct health *h, unsigned status)
{
	assert_ok(f, get(f, "/healthz", NULL)); /* for the verb */
	fixture_new_answer(f);
	assert_ok(f, f->r.verb->answer(&f->r, &f->v, h, &f->a, &f->e));
	assert_int_equal(f->a.status, status);
	return read_back(&f->a.body);
}

static void
health_answer_tells_everything(void **state)
{
	struct fixture *f = *state;
	cJSON *root = health(f, &well, 200);

	assert_string_equal(text(root, "status"), "ok");
	assert_int_equal(cJSON_GetArraySize(
			     cJSON_GetObjectItemCaseSensitive(root, "reasons")),
	    0);
	assert_string_equal(text(root, "version"), "0.1.0");
	assert_string_equal(text(root, "started"), "2026-11-18T11:06:40Z");
	assert_true(truth(root, "key_open"));
	assert_true(truth(root, "signer_healthy"));
	assert_true(truth(root, "ledger_healthy"));
	assert_true(truth(root, "store_healthy"));
	assert_true(truth(root, "broker_configured"));
	assert_true(truth(root, "broker_connected"));
	assert_string_equal(
	    text(root, "authority_not_after"), "2026-11-18T11:06:40Z");
	assert_string_equal(
	    text(root, "local_not_after"), "2026-11-18T11:06:40Z");
	assert_int_equal(number(root, "requests_waiting"), 1);
	assert_int_equal(number(root, "requests_kept"), 3);
	assert_int_equal(number(root, "wrong_passphrases"), 2);
	assert_int_equal(number(root, "entities"), 3);
	assert_int_equal(number(root, "certificates"), 4);
	assert_int_equal(number(root, "certificates_valid"), 5);
	assert_int_equal(number(root, "certificates_ending_in_30_days"), 6);
	cJSON_Delete(root);
}

static void
health_is(struct fixture *f, const struct health *h, unsigned status,
    const char *word, int reasons)
{
	cJSON *root = health(f, h, status);

	assert_string_equal(text(root, "status"), word);
	assert_int_equal(cJSON_GetArraySize(
			     cJSON_GetObjectItemCaseSensitive(root, "reasons")),
	    reasons);
	cJSON_Delete(root);
}

static void
health_answer_is_503_with_reasons_where_it_cannot_sign(void **state)
{
	struct fixture *f = *state;
	struct health h = well;

	h.open = false;
	health_is(f, &h, 503, "locked", 1);
	h.ledger_healthy = false;
	health_is(f, &h, 503, "failing", 2);
	h = well;
	h.store_healthy = false;
	health_is(f, &h, 503, "failing", 1);
	h = well;
	h.signer_healthy = false;
	health_is(f, &h, 503, "failing", 1);
	h = (struct health){.open = false};
	health_is(f, &h, 503, "failing", 4);
}

/* Who comes by the other door is still served. */
static void
health_answer_is_200_without_the_broker(void **state)
{
	struct fixture *f = *state;
	struct health h = well;

	h.broker_connected = false;
	health_is(f, &h, 200, "degraded", 1);
	h.broker_configured = false;
	health_is(f, &h, 200, "ok", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_write_escapes_every_byte_that_needs_it),
	    cmocka_unit_test(json_write_says_when_it_does_not_fit),
	    cmocka_unit_test(answer_refuse_has_the_contracts_fields),
	    cmocka_unit_test(
		answer_refuse_has_the_name_as_written_where_it_is_none),
	    cmocka_unit_test(
		answer_refuse_takes_the_place_of_a_half_written_answer),
	    cmocka_unit_test(entity_answer_tells_what_is_known),
	    cmocka_unit_test(entity_answer_counts_whole_days_down_past_zero),
	    cmocka_unit_test(entity_answer_pem_is_the_certificate_as_a_file),
	    cmocka_unit_test(entity_refuses_who_is_not_there_or_no_name),
	    cmocka_unit_test(authority_answer_is_the_bundle),
	    cmocka_unit_test(json_write_authority_is_the_bundle_and_its_end),
	    cmocka_unit_test(health_answer_tells_everything),
	    cmocka_unit_test(
		health_answer_is_503_with_reasons_where_it_cannot_sign),
	    cmocka_unit_test(health_answer_is_200_without_the_broker),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
