/* What a crash or a bad disk leaves: never a wrong entry (the fixture compares
 * every byte), never a crash, and no more lost than was hit. */
#include "fixture.h"

#include "ca/base/log.h"
#include "service/journal/segment.h"

#define ENTRIES 6u

struct damage {
	struct buf good; /* the only segment, ENTRIES entries, none done */
	size_t begin[ENTRIES + 1];
};

/* Six entries of one session; where each begins. */
static void
make(struct fixture *f, struct damage *d)
{
	struct record_head h;

	for (unsigned n = 0; n < ENTRIES; n++)
		must_append(f, n);
	journal_close(f->j);
	f->j = NULL;
	read_segment(f, 0, &d->good);
	d->begin[0] = SEGMENT_FIRST;
	for (unsigned n = 0; n < ENTRIES; n++) {
		struct bytes rest = {
		    d->good.data + d->begin[n], d->good.len - d->begin[n]};

		assert_true(record_head_parse(rest, &h));
		d->begin[n + 1] = d->begin[n] + h.size;
	}
	assert_int_equal(d->begin[ENTRIES], d->good.len);
}

static size_t
recover_from(struct fixture *f, struct bytes content)
{
	int saved = quiet_start();
	size_t n;

	journal_close(f->j);
	f->j = NULL;
	write_segment(f, 0, content);
	reopen(f);
	n = recover_all(f);
	quiet_stop(saved);
	return n;
}

static void
journal_cut_at_any_byte_keeps_all_whole_entries(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	for (size_t len = d.good.len; len > 0; len--) {
		struct bytes cut = {d.good.data, len};
		unsigned whole = 0;

		while (whole < ENTRIES && d.begin[whole + 1] <= len)
			whole++;
		if (len < SEGMENT_FIRST)
			whole = 0;
		assert_int_equal(recover_from(f, cut), whole);
		for (unsigned n = 0; n < whole; n++)
			assert_int_equal(f->order[n], n);
		assert_int_equal(status(f).damaged, 0);
		assert_int_equal(status(f).torn,
		    len > SEGMENT_FIRST && len != d.begin[whole]);
	}
	buf_clear(&d.good);
}

static void
journal_cut_short_goes_on_in_another_segment(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	assert_int_equal(
	    recover_from(f, (struct bytes){d.good.data, d.good.len - 1}), 5);
	must_append(f, 77);
	reopen(f);
	assert_int_equal(recover_all(f), 6);
	assert_int_equal(f->seen[77], 1);
	buf_clear(&d.good);
}

static bool
in_done_mark(const struct damage *d, size_t at, unsigned n)
{
	return at >= d->begin[n] + RECORD_DONE_AT &&
	       at < d->begin[n] + RECORD_DONE_AT + RECORD_DONE_LEN;
}

static void
flip_and_check(struct fixture *f, struct damage *d, unsigned n, size_t at)
{
	uint8_t bit = (uint8_t)(1u << at % 8);
	bool harmless = in_done_mark(d, at, n);

	d->good.data[at] ^= bit;
	assert_int_equal(recover_from(f, buf_bytes(&d->good)),
	    harmless ? ENTRIES : ENTRIES - 1);
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_int_equal(f->seen[i], i != n || harmless);
	assert_int_equal(status(f).damaged + status(f).torn, !harmless);
	d->good.data[at] ^= bit;
}

static void
journal_with_a_flipped_bit_loses_that_entry_only(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	for (unsigned n = 0; n < ENTRIES; n++)
		for (size_t at = d.begin[n]; at < d.begin[n + 1]; at++)
			flip_and_check(f, &d, n, at);
	buf_clear(&d.good);
}

static void
journal_with_a_damaged_done_mark_hands_out_again(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	memcpy(d.good.data + d.begin[2] + RECORD_DONE_AT, RECORD_DONE,
	    RECORD_DONE_LEN);
	assert_int_equal(recover_from(f, buf_bytes(&d.good)), 5);
	d.good.data[d.begin[2] + RECORD_DONE_AT + 1] ^= 4;
	assert_int_equal(recover_from(f, buf_bytes(&d.good)), 6);
	buf_clear(&d.good);
}

static void
journal_with_one_damaged_header_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	for (size_t at = 0; at < SEGMENT_FIRST; at++) {
		d.good.data[at] ^= (uint8_t)(1u << at % 8);
		assert_int_equal(recover_from(f, buf_bytes(&d.good)), ENTRIES);
		d.good.data[at] ^= (uint8_t)(1u << at % 8);
	}
	buf_clear(&d.good);
}

static void
journal_sets_a_file_with_two_damaged_headers_aside(void **state)
{
	struct fixture *f = *state;
	struct damage d;
	char path[160];

	make(f, &d);
	d.good.data[20] ^= 1;
	d.good.data[SEGMENT_HEAD_LEN + 20] ^= 1;
	assert_int_equal(recover_from(f, buf_bytes(&d.good)), 0);
	assert_int_equal(status(f).damaged, 1);
	segment_path(f, 0, path);
	assert_false(file_exists(path));
	strncat(path, ".damaged", 16);
	assert_true(file_exists(path));
	must_append(f, 9);
	reopen(f);
	assert_int_equal(recover_all(f), 1);
	assert_int_equal(status(f).damaged, 0);
	buf_clear(&d.good);
}

static void
journal_refuses_another_version(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct damage d;

	make(f, &d);
	d.good.data[7] = 2;
	be32_put(d.good.data + 156, crc32c(0, d.good.data, 156));
	write_segment(f, 0, buf_bytes(&d.good));
	assert_int_equal(
	    journal_open(f->dir, f->public_key, &f->settings, &f->j, &e), -1);
	f->j = NULL;
	assert_non_null(strstr(e.message, "another version"));
	buf_clear(&d.good);
}

static void
journal_refuses_a_segment_that_is_no_regular_file(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	char path[128];

	journal_close(f->j);
	f->j = NULL;
	segment_path(f, 0, path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(
	    journal_open(f->dir, f->public_key, &f->settings, &f->j, &e), -1);
	f->j = NULL;
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(
	    journal_open(f->dir, f->public_key, &f->settings, &f->j, &e), -1);
	f->j = NULL;
}

static void
journal_finds_the_next_entry_behind_a_hole(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	memset(d.good.data + d.begin[1] + 3, 0, d.begin[3] - d.begin[1]);
	assert_int_equal(recover_from(f, buf_bytes(&d.good)), 3);
	assert_int_equal(status(f).damaged, 1);
	assert_int_equal(f->order[0], 0);
	assert_int_equal(f->order[1], 4);
	buf_clear(&d.good);
}

static void
journal_of_noise_gives_nothing(void **state)
{
	struct fixture *f = *state;
	struct damage d;

	make(f, &d);
	srandom(1);
	for (unsigned round = 0; round < 50; round++) {
		for (size_t at = SEGMENT_FIRST; at < d.good.len; at++)
			d.good.data[at] = (uint8_t)random();
		/* magics everywhere, too */
		for (size_t at = SEGMENT_FIRST; at + 40 < d.good.len; at += 30)
			memcpy(d.good.data + at, RECORD_MAGIC, 4);
		assert_int_equal(recover_from(f, buf_bytes(&d.good)), 0);
	}
	buf_clear(&d.good);
}

static void
journal_does_not_take_an_entry_twice_from_one_segment(void **state)
{
	struct fixture *f = *state;
	struct damage d;
	struct buf twice;

	make(f, &d);
	buf_init(&twice, 1 << 16);
	buf_append(&twice, d.good.data, d.good.len);
	buf_append(
	    &twice, d.good.data + SEGMENT_FIRST, d.good.len - SEGMENT_FIRST);
	assert_int_equal(recover_from(f, buf_bytes(&twice)), ENTRIES);
	assert_int_equal(status(f).pending, ENTRIES);
	buf_clear(&twice);
	buf_clear(&d.good);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(journal_cut_at_any_byte_keeps_all_whole_entries),
	    CASE(journal_cut_short_goes_on_in_another_segment),
	    CASE(journal_with_a_flipped_bit_loses_that_entry_only),
	    CASE(journal_with_a_damaged_done_mark_hands_out_again),
	    CASE(journal_with_one_damaged_header_loses_nothing),
	    CASE(journal_sets_a_file_with_two_damaged_headers_aside),
	    CASE(journal_refuses_another_version),
	    CASE(journal_refuses_a_segment_that_is_no_regular_file),
	    CASE(journal_finds_the_next_entry_behind_a_hole),
	    CASE(journal_of_noise_gives_nothing),
	    CASE(journal_does_not_take_an_entry_twice_from_one_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
