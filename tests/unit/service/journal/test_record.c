#include "fixture.h"

#include "service/journal/record.h"

static const uint8_t key_bytes[JOURNAL_KEY_LEN] = {1, 2, 3};
static const uint8_t other[JOURNAL_KEY_LEN] = {7};
static const uint8_t session[JOURNAL_SESSION_LEN] = {4, 5, 6};

struct sealed {
	struct record_key *key;
	uint8_t data[1024];
	struct bytes record;
	struct buf plain;
	struct journal_entry entry;
};

static int
sealed_setup(void **state)
{
	struct sealed *s = calloc(1, sizeof(*s));
	char topic[32], payload[256], tail[32];
	struct journal_entry entry = entry_make(4, topic, payload, tail);
	struct err e = ERR_INIT;

	assert_non_null(s);
	assert_int_equal(record_key_new(key_bytes, session, &s->key, &e), 0);
	s->record = (struct bytes){s->data, record_size(&entry)};
	assert_true(s->record.len <= sizeof(s->data));
	assert_int_equal(record_seal(s->key, 7, &entry, s->data, &e), 0);
	buf_init(&s->plain, 4096);
	*state = s;
	return 0;
}

static int
sealed_teardown(void **state)
{
	struct sealed *s = *state;

	buf_clear(&s->plain);
	record_key_free(s->key);
	free(s);
	return 0;
}

static int
reopen_record(struct sealed *s, uint64_t id)
{
	return record_open(s->key, id, s->record, &s->plain, &s->entry);
}

static void
crc32c_gives_the_check_value(void **state)
{
	(void)state;
	assert_int_equal(
	    crc32c(0, (const uint8_t *)"123456789", 9), 0xe3069283u);
}

static void
record_opens_to_what_was_sealed(void **state)
{
	static struct fixture f;
	struct sealed *s = *state;

	forget_seen(&f);
	assert_int_equal(reopen_record(s, 7), 0);
	assert_int_equal(on_entry(&f, 7, &s->entry), 0);
	assert_int_equal(f.seen[4], 1);
}

static void
record_opens_marked_done_or_not(void **state)
{
	struct sealed *s = *state;
	struct record_head h;

	assert_true(record_head_parse(s->record, &h));
	assert_false(h.done);
	memcpy(s->data + RECORD_DONE_AT, RECORD_DONE, RECORD_DONE_LEN);
	assert_true(record_head_parse(s->record, &h));
	assert_true(h.done);
	assert_int_equal(reopen_record(s, 7), 0);
}

static void
record_does_not_open_under_another_id_session_or_key(void **state)
{
	struct sealed *s = *state;
	struct err e = ERR_INIT;

	assert_int_equal(reopen_record(s, 8), -1);
	record_key_free(s->key);
	assert_int_equal(record_key_new(key_bytes, other, &s->key, &e), 0);
	assert_int_equal(reopen_record(s, 7), -1);
	record_key_free(s->key);
	assert_int_equal(record_key_new(other, session, &s->key, &e), 0);
	assert_int_equal(reopen_record(s, 7), -1);
	record_key_free(s->key);
	assert_int_equal(record_key_new(key_bytes, session, &s->key, &e), 0);
	assert_int_equal(reopen_record(s, 7), 0);
}

static void
record_with_any_flipped_bit_does_not_open(void **state)
{
	struct sealed *s = *state;

	for (size_t bit = 0; bit < 8 * s->record.len; bit++) {
		if (bit / 8 >= RECORD_DONE_AT &&
		    bit / 8 < RECORD_DONE_AT + RECORD_DONE_LEN)
			continue;
		s->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(reopen_record(s, 7), -1);
		s->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(reopen_record(s, 7), 0);
}

static void
record_cut_short_does_not_open(void **state)
{
	struct sealed *s = *state;

	for (size_t whole = s->record.len; s->record.len > 0;) {
		s->record.len--;
		assert_true(s->record.len < whole);
		assert_int_equal(reopen_record(s, 7), -1);
	}
}

static void
record_size_refuses_what_its_lengths_can_not_hold(void **state)
{
	struct journal_entry entry = {.topic = {NULL, 65535}};

	(void)state;
	assert_int_equal(record_size(&entry), 58 + 65535);
	entry.topic.len++;
	assert_int_equal(record_size(&entry), 0);
	entry.topic.len = 0;
	entry.payload.len = SIZE_MAX;
	assert_int_equal(record_size(&entry), 0);
}

#define SEALED(name)                                                           \
	cmocka_unit_test_setup_teardown(name, sealed_setup, sealed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crc32c_gives_the_check_value),
	    SEALED(record_opens_to_what_was_sealed),
	    SEALED(record_opens_marked_done_or_not),
	    SEALED(record_does_not_open_under_another_id_session_or_key),
	    SEALED(record_with_any_flipped_bit_does_not_open),
	    SEALED(record_cut_short_does_not_open),
	    cmocka_unit_test(record_size_refuses_what_its_lengths_can_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
