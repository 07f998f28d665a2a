#include "tests/unit/ca/signer/fixture.h"

#include <openssl/rand.h>

static const uint8_t sealed[MESSAGE_JOURNAL_KEY] = {1, 2, 3};

static struct buf
encode(const struct signer_request *m)
{
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_request_encode(m, &b, &e), 0);
	return b;
}

static void
fill_issue(struct signer_request *m)
{
	struct err e = ERR_INIT;

	*m = issue_request("collector", "AA:BB:CC:DD:EE:FF", KEY_EC_P256);
	set_cn(m, "AABBCCDDEEFF");
	assert_int_equal(subject_set(&m->fields.subject, SUBJECT_ORG,
			     bytes_of_text("Ação"), &e),
	    0);
	assert_int_equal(
	    san_list_add(&m->fields.sans, bytes_of_text("dns:a.example"), &e),
	    0);
	assert_int_equal(
	    san_list_add(&m->fields.sans, bytes_of_text("ip:192.0.2.1"), &e),
	    0);
}

static void
issue_request_comes_back_as_it_went(void **state)
{
	struct signer_request m, back;
	struct buf b;

	(void)state;
	fill_issue(&m);
	m.id = 0x0123456789abcdef;
	b = encode(&m);
	assert_int_equal(message_request_decode(buf_bytes(&b), &back), 0);
	assert_int_equal(back.op, SIGNER_ISSUE);
	assert_true(back.id == m.id);
	assert_true(bytes_equal(back.pass, m.pass));
	assert_string_equal(back.profile, "collector");
	assert_string_equal(back.name.text, "AABBCCDDEEFF");
	assert_true(back.name.is_mac);
	assert_memory_equal(&back.fields.serial, &m.fields.serial, SERIAL_LEN);
	assert_true(back.fields.not_before_s == m.fields.not_before_s);
	assert_true(back.fields.not_after_s == m.fields.not_after_s);
	assert_memory_equal(
	    &back.fields.subject, &m.fields.subject, sizeof(m.fields.subject));
	assert_int_equal(back.fields.sans.count, 2);
	assert_string_equal(back.fields.sans.item[1].text, "192.0.2.1");
	assert_int_equal(back.fields.sans.item[1].type, SAN_IP);
	assert_int_equal(back.fields.key.type, KEY_EC_P256);
	assert_int_equal(back.fields.key.len, m.fields.key.len);
	assert_memory_equal(
	    back.fields.key.raw, m.fields.key.raw, m.fields.key.len);
	buf_clear(&b);
}

static void
usages_and_device_uri_are_not_sent(void **state)
{
	struct signer_request m, back;
	struct buf b;

	(void)state;
	fill_issue(&m);
	m.fields.usage = USAGE_CERT_SIGN;
	m.fields.extended_usage = EXTENDED_USAGE_SERVER;
	snprintf(m.fields.device_uri, sizeof(m.fields.device_uri), "x");
	b = encode(&m);
	assert_int_equal(message_request_decode(buf_bytes(&b), &back), 0);
	assert_int_equal(back.fields.usage, 0);
	assert_int_equal(back.fields.extended_usage, 0);
	assert_string_equal(back.fields.device_uri, "");
	buf_clear(&b);
}

static void
every_operation_comes_back(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct signer_request m, back;
		struct buf b;

		fill_issue(&m);
		m.op = (enum signer_op)op;
		m.sealed = (struct bytes){sealed, sizeof(sealed)};
		b = encode(&m);
		assert_int_equal(
		    message_request_decode(buf_bytes(&b), &back), 0);
		assert_int_equal(back.op, op);
		assert_true(back.id == m.id);
		if (op == SIGNER_OPEN_KEY)
			assert_true(bytes_equal(back.sealed, m.sealed));
		if (op == SIGNER_RENEW_AUTHORITY)
			assert_true(
			    back.fields.not_after_s == m.fields.not_after_s);
		buf_clear(&b);
	}
}

static void
what_an_operation_does_not_use_is_not_sent(void **state)
{
	struct signer_request m, back;
	struct buf b;

	(void)state;
	fill_issue(&m);
	m.op = SIGNER_STATUS;
	b = encode(&m);
	assert_int_equal(b.len, 9);
	assert_int_equal(message_request_decode(buf_bytes(&b), &back), 0);
	assert_int_equal(back.pass.len, 0);
	buf_clear(&b);
	m.op = SIGNER_RENEW_AUTHORITY;
	b = encode(&m);
	assert_int_equal(message_request_decode(buf_bytes(&b), &back), 0);
	assert_int_equal(back.pass.len, 0);
	assert_string_equal(back.name.text, "");
	buf_clear(&b);
}

/* From the heap at its exact length, so that a sanitizer sees a read past it.
 */
static int
decode_copy(const uint8_t *data, size_t len)
{
	struct signer_request *out = malloc(sizeof(*out));
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(out);
	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	rc = message_request_decode((struct bytes){copy, len}, out);
	free(copy);
	free(out);
	return rc;
}

static void
every_truncation_is_refused(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct signer_request m;
		struct buf b;

		fill_issue(&m);
		m.op = (enum signer_op)op;
		m.sealed = (struct bytes){sealed, sizeof(sealed)};
		b = encode(&m);
		for (size_t n = 0; n < b.len; n++)
			assert_int_equal(decode_copy(b.data, n), -1);
		assert_int_equal(decode_copy(b.data, b.len), 0);
		buf_clear(&b);
	}
}

static void
trailing_bytes_are_refused(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct signer_request m;
		struct buf b;

		fill_issue(&m);
		m.op = (enum signer_op)op;
		b = encode(&m);
		buf_append_byte(&b, 0);
		assert_int_equal(decode_copy(b.data, b.len), -1);
		buf_clear(&b);
	}
}

static void
unknown_operations_are_refused(void **state)
{
	uint8_t packet[9] = {0};

	(void)state;
	assert_int_equal(decode_copy(packet, sizeof(packet)), -1);
	packet[0] = SIGNER_OP_COUNT;
	assert_int_equal(decode_copy(packet, sizeof(packet)), -1);
	packet[0] = 255;
	assert_int_equal(decode_copy(packet, sizeof(packet)), -1);
	packet[0] = SIGNER_STATUS;
	assert_int_equal(decode_copy(packet, sizeof(packet)), 0);
}

static void
random_packets_never_read_past_their_end(void **state)
{
	uint8_t packet[512];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(i % (int)sizeof(packet));

		assert_int_equal(RAND_bytes(packet, sizeof(packet)), 1);
		packet[0] = (uint8_t)(1 + i % (SIGNER_OP_COUNT - 1));
		(void)!decode_copy(packet, len);
	}
}

static void
flipped_bytes_never_read_past_the_end(void **state)
{
	struct signer_request m;
	struct buf b;

	(void)state;
	fill_issue(&m);
	b = encode(&m);
	for (size_t i = 0; i < b.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			b.data[i] ^= (uint8_t)(1 << bit);
			(void)!decode_copy(b.data, b.len);
			b.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	buf_clear(&b);
}

static void
passphrase_too_long_is_refused_on_both_sides(void **state)
{
	struct signer_request m = {.op = SIGNER_UNLOCK};
	struct err e = ERR_INIT;
	uint8_t pass[PASSPHRASE_MAX + 1];
	uint8_t packet[1 + 8 + 2 + sizeof(pass)];
	struct buf b;

	(void)state;
	memset(pass, 'x', sizeof(pass));
	buf_init(&b, MESSAGE_MAX);
	m.pass = (struct bytes){pass, sizeof(pass)};
	assert_int_equal(message_request_encode(&m, &b, &e), -1);
	assert_string_equal(e.field, "pass");
	buf_clear(&b);
	m.pass.len--;
	assert_int_equal(message_request_encode(&m, &b, &e), 0);
	buf_clear(&b);
	memset(packet, 0, sizeof(packet));
	packet[0] = SIGNER_UNLOCK;
	packet[9] = (uint8_t)(sizeof(pass) >> 8);
	packet[10] = (uint8_t)(sizeof(pass) & 0xff);
	assert_int_equal(decode_copy(packet, sizeof(packet)), -1);
}

static void
encoding_refuses_counts_out_of_range(void **state)
{
	struct signer_request m;
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, MESSAGE_MAX);
	fill_issue(&m);
	m.fields.sans.count = SAN_COUNT_MAX + 1;
	assert_int_equal(message_request_encode(&m, &b, &e), -1);
	buf_clear(&b);
	fill_issue(&m);
	m.fields.key.len = KEY_RAW_MAX + 1;
	assert_int_equal(message_request_encode(&m, &b, &e), -1);
	buf_clear(&b);
	m.op = SIGNER_OP_COUNT;
	assert_int_equal(message_request_encode(&m, &b, &e), -1);
	buf_clear(&b);
}

static void
reply_comes_back_as_it_went(void **state)
{
	struct signer_reply r = {.id = 42, .open = true, .err = ERR_INIT};
	struct signer_reply back;
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	r.payload = bytes_of_text("certificate");
	err_set(&r.err, ERR_SLOW_DOWN, "pass", "wait");
	r.err.retry_after_s = 9;
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_reply_encode(&r, &b, &e), 0);
	assert_int_equal(message_reply_decode(buf_bytes(&b), &back), 0);
	assert_int_equal(back.id, 42);
	assert_true(back.open);
	assert_int_equal(back.err.kind, ERR_SLOW_DOWN);
	assert_int_equal(back.err.retry_after_s, 9);
	assert_string_equal(back.err.field, "pass");
	assert_string_equal(back.err.message, r.err.message);
	assert_true(bytes_equal(back.payload, r.payload));
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(
		    message_reply_decode((struct bytes){b.data, n}, &back), -1);
	buf_append_byte(&b, 0);
	assert_int_equal(message_reply_decode(buf_bytes(&b), &back), -1);
	buf_clear(&b);
}

static void
reply_with_an_unknown_kind_or_state_is_refused(void **state)
{
	struct signer_reply r = {.id = 42, .err = ERR_INIT};
	struct signer_reply back;
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_reply_encode(&r, &b, &e), 0);
	b.data[8] = 2;
	assert_int_equal(message_reply_decode(buf_bytes(&b), &back), -1);
	b.data[8] = 0;
	b.data[9] = 200;
	assert_int_equal(message_reply_decode(buf_bytes(&b), &back), -1);
	b.data[9] = ERR_BUSY;
	assert_int_equal(message_reply_decode(buf_bytes(&b), &back), 0);
	buf_clear(&b);
}

static void
payload_too_large_for_a_packet_is_refused(void **state)
{
	struct signer_reply r = {.id = 1, .err = ERR_INIT};
	struct err e = ERR_INIT;
	uint8_t *payload = calloc(1, MESSAGE_MAX);
	struct buf b;

	(void)state;
	assert_non_null(payload);
	r.payload = (struct bytes){payload, MESSAGE_MAX};
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_reply_encode(&r, &b, &e), -1);
	buf_clear(&b);
	free(payload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(issue_request_comes_back_as_it_went),
	    cmocka_unit_test(usages_and_device_uri_are_not_sent),
	    cmocka_unit_test(every_operation_comes_back),
	    cmocka_unit_test(what_an_operation_does_not_use_is_not_sent),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(trailing_bytes_are_refused),
	    cmocka_unit_test(unknown_operations_are_refused),
	    cmocka_unit_test(random_packets_never_read_past_their_end),
	    cmocka_unit_test(flipped_bytes_never_read_past_the_end),
	    cmocka_unit_test(passphrase_too_long_is_refused_on_both_sides),
	    cmocka_unit_test(encoding_refuses_counts_out_of_range),
	    cmocka_unit_test(reply_comes_back_as_it_went),
	    cmocka_unit_test(reply_with_an_unknown_kind_or_state_is_refused),
	    cmocka_unit_test(payload_too_large_for_a_packet_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
