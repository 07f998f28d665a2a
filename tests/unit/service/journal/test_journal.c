#include "fixture.h"

#include <dirent.h>

static void
journal_hands_out_what_was_appended_in_order(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < 40; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(status(f).pending, 40);
	assert_int_equal(recover_all(f), 40);
	for (unsigned n = 0; n < 40; n++)
		assert_int_equal(f->order[n], n);
}

static void
journal_does_not_hand_out_what_is_done(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < 20; n++) {
		uint64_t id = must_append(f, n);

		if (n % 2 == 1)
			journal_done(f->j, id);
	}
	reopen(f);
	assert_int_equal(recover_all(f), 10);
	for (unsigned n = 0; n < 20; n++)
		assert_int_equal(f->seen[n], n % 2 == 0);
}

static void
journal_knows_what_is_done_of_an_earlier_session(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < 5; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(recover_all(f), 5);
	journal_done(f->j, f->id[3]);
	journal_done(f->j, f->id[3]);
	assert_int_equal(status(f).pending, 4);
	reopen(f);
	assert_int_equal(recover_all(f), 4);
	assert_int_equal(f->seen[3], 0);
}

static void
journal_leaves_an_unknown_id_alone(void **state)
{
	struct fixture *f = *state;
	uint64_t id = must_append(f, 1);

	journal_done(f->j, 0);
	journal_done(f->j, id + 1);
	journal_done(f->j, UINT64_MAX);
	assert_int_equal(status(f).pending, 1);
}

static void
journal_does_not_offer_its_own_session(void **state)
{
	struct fixture *f = *state;
	struct journal_session list[2];

	must_append(f, 1);
	assert_int_equal(journal_pending_sessions(f->j, list, 2), 0);
	assert_int_equal(status(f).sessions, 0);
}

static void
journal_gives_the_oldest_session_first(void **state)
{
	struct fixture *f = *state;
	struct journal_session list[4];

	for (unsigned n = 0; n < 3; n++) {
		must_append(f, 2 * n);
		must_append(f, 2 * n + 1);
		reopen(f);
	}
	assert_int_equal(journal_pending_sessions(f->j, list, 4), 3);
	assert_int_equal(list[0].entries, 2);
	assert_int_equal(journal_pending_sessions(f->j, list, 1), 1);
	assert_int_equal(recover_all(f), 6);
	for (unsigned n = 0; n < 6; n++)
		assert_int_equal(f->order[n], n);
}

static void
journal_never_gives_an_id_twice(void **state)
{
	struct fixture *f = *state;
	uint64_t last = 0;

	for (unsigned n = 0; n < 200; n++) {
		uint64_t id = must_append(f, n);

		assert_true(id > last);
		last = id;
		journal_done(f->j, id);
		if (n % 50 == 49)
			reopen(f);
	}
}

static void
journal_refuses_another_key_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct journal_handler h = {on_entry, f};
	struct journal_session s;
	struct err e = ERR_INIT;
	uint8_t key[JOURNAL_KEY_LEN];

	must_append(f, 1);
	reopen(f);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	session_key(f, &s, key);
	key[31] ^= 1;
	assert_int_equal(journal_recover(f->j, s.id, key, &h, &e), -1);
	assert_string_equal(
	    e.message, "not the key of this session of the journal");
	assert_int_equal(f->handed, 0);
	assert_int_equal(recover_all(f), 1);
}

static void
journal_refuses_a_session_that_is_not_pending(void **state)
{
	struct fixture *f = *state;
	struct journal_session s;
	struct err e = ERR_INIT;

	must_append(f, 1);
	reopen(f);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	assert_int_equal(recover_session(f, &s, &e), 0);
	assert_int_equal(recover_session(f, &s, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(f->seen[1], 1);
}

static void
journal_goes_on_with_the_entry_that_was_not_taken(void **state)
{
	struct fixture *f = *state;
	struct journal_session s;
	struct err e = ERR_INIT;

	for (unsigned n = 0; n < 10; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	f->take = 4;
	assert_int_equal(recover_session(f, &s, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	assert_int_equal(s.entries, 6);
	f->take = SIZE_MAX;
	assert_int_equal(recover_all(f), 10);
	for (unsigned n = 0; n < 10; n++)
		assert_int_equal(f->order[n], n);
}

static int
on_entry_done(void *arg, uint64_t id, const struct journal_entry *entry)
{
	struct fixture *f = arg;

	if (on_entry(arg, id, entry) != 0)
		return -1;
	journal_done(f->j, id);
	must_append(
	    f, 1000 + entry->flags); /* takes the place that fell free */
	return 0;
}

static void
journal_may_be_used_from_the_handler(void **state)
{
	struct fixture *f = *state;
	struct journal_handler h = {on_entry_done, f};
	struct journal_session s;
	struct err e = ERR_INIT;
	uint8_t key[JOURNAL_KEY_LEN];

	for (unsigned n = 0; n < 40; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	session_key(f, &s, key);
	assert_int_equal(journal_recover(f->j, s.id, key, &h, &e), 0);
	assert_int_equal(f->handed, 40);
	reopen(f);
	assert_int_equal(recover_all(f), 40);
	assert_int_equal(f->order[0], 1000);
}

static void
journal_forgets_a_session_whose_key_is_lost(void **state)
{
	struct fixture *f = *state;
	struct journal_session s;

	for (unsigned n = 0; n < 40; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(journal_pending_sessions(f->j, &s, 1), 1);
	assert_int_equal(journal_forget(f->j, s.id), 40);
	assert_int_equal(journal_forget(f->j, s.id), 0);
	assert_int_equal(status(f).pending, 0);
	reopen(f);
	assert_int_equal(recover_all(f), 0);
}

/* Appends until it is full; returns how many. */
static unsigned
fill(struct fixture *f, uint64_t *ids)
{
	struct err e;
	unsigned n = 0;

	while (append(f, n, &ids[n], &e) == 0)
		n++;
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(e.retry_after_s, 1);
	return n;
}

static void
journal_full_refuses_and_is_free_again_after_done(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[400], id;
	unsigned n = fill(f, ids);
	struct err e;

	assert_true(n > 40 && n < 400);
	assert_true(status(f).healthy);
	for (unsigned i = 0; i < n; i++)
		journal_done(f->j, ids[i]);
	assert_int_equal(status(f).segments, 0);
	assert_int_equal(append(f, 0, &id, &e), 0);
	reopen(f);
	assert_int_equal(recover_all(f), 1);
}

static void
journal_uses_a_segment_again_when_all_in_it_is_done(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[400], id;
	unsigned n = fill(f, ids), i = 0;
	struct err e;

	/* all but the last of the first file: nothing is free yet */
	while (status(f).segments == 4)
		journal_done(f->j, ids[i++]);
	assert_true(i > 10 && i < n / 2);
	assert_int_equal(append(f, 399, &id, &e), 0);
	reopen(f);
	assert_int_equal(recover_all(f), n - i + 1);
	assert_int_equal(f->order[n - i], 399);
	assert_int_equal(f->order[0], i);
}

static void
journal_with_one_entry_left_in_each_segment_stays_full(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[400], id;
	unsigned n = fill(f, ids);
	struct err e;

	for (unsigned i = 0; i < n; i++)
		if (i % 10 != 5)
			journal_done(f->j, ids[i]);
	assert_int_equal(append(f, 399, &id, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	reopen(f);
	assert_int_equal(append(f, 399, &id, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(recover_all(f), (n + 4) / 10);
}

static size_t
folder_size(const struct fixture *f, unsigned *files)
{
	DIR *d = opendir(f->dir);
	struct dirent *entry;
	struct stat st;
	size_t size = 0;

	assert_non_null(d);
	for (*files = 0; (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		size += (size_t)st.st_size;
		(*files)++;
	}
	closedir(d);
	return size;
}

static void
journal_never_grows_past_its_settings(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4000] = {0};
	unsigned files;

	for (unsigned n = 0; n < 4000; n++) {
		ids[n] = must_append(f, n);
		if (n >= 20)
			journal_done(f->j, ids[n - 20]);
	}
	assert_true(folder_size(f, &files) <= 4 * 4096);
	assert_true(files <= 4);
}

static void
journal_bounds_its_entries(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[400];

	f->settings.entries_max = 8;
	reopen(f);
	assert_int_equal(fill(f, ids), 8);
}

static void
journal_refuses_an_entry_that_fits_in_no_segment(void **state)
{
	struct fixture *f = *state;
	static uint8_t big[4096];
	struct journal_entry entry = {
	    .payload = {big, 4096 - 320 - 24 - 18 - 16}};
	struct err e = ERR_INIT;
	uint64_t id;

	assert_int_equal(journal_append(f->j, &entry, &id, &e), 0);
	entry.payload.len++;
	assert_int_equal(journal_append(f->j, &entry, &id, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	entry.payload.len = SIZE_MAX;
	assert_int_equal(journal_append(f->j, &entry, &id, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
}

static void
journal_keeps_files_past_fewer_settings_until_they_are_done(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[400];
	unsigned n, files;

	n = fill(f, ids);
	f->settings.segments = 2;
	reopen(f);
	(void)folder_size(f, &files);
	assert_int_equal(files, 4);
	assert_int_equal(recover_all(f), n);
	for (unsigned i = 0; i < n; i++)
		journal_done(f->j, f->id[i]);
	(void)folder_size(f, &files);
	assert_int_equal(files, 2);
	must_append(f, 1);
}

static void
journal_makes_no_file_before_the_first_append(void **state)
{
	struct fixture *f = *state;
	unsigned files;

	for (unsigned i = 0; i < 10; i++)
		reopen(f);
	assert_int_equal(folder_size(f, &files), 0);
	assert_int_equal(files, 0);
}

static void
journal_has_no_passphrase_in_any_file(void **state)
{
	struct fixture *f = *state;
	struct buf content;

	for (unsigned n = 0; n < 10; n++)
		journal_done(f->j, must_append(f, n));
	for (unsigned n = 0; n < 10; n++)
		must_append(f, n);
	journal_close(f->j);
	f->j = NULL;
	read_segment(f, 0, &content);
	assert_true(content.len > 20 * 80);
	assert_null(memmem(content.data, content.len, PASSPHRASE, 7));
	assert_null(memmem(content.data, content.len, "pass", 4));
	assert_null(memmem(content.data, content.len, "ssl/", 4));
	buf_clear(&content);
}

static int
open_again(struct fixture *f, struct err *e)
{
	struct journal *j = NULL;
	int rc = journal_open(f->dir, f->public_key, &f->settings, &j, e);

	journal_close(j);
	return rc;
}

static void
journal_opens_for_one_process_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	assert_int_equal(open_again(f, &e), -1);
	assert_non_null(strstr(e.message, "another process"));
	journal_close(f->j);
	f->j = NULL;
	assert_int_equal(open_again(f, &e), 0);
}

static void
journal_refuses_a_folder_that_others_may_read(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	journal_close(f->j);
	f->j = NULL;
	assert_int_equal(chmod(f->dir, 0750), 0);
	assert_int_equal(open_again(f, &e), -1);
	assert_non_null(strstr(e.message, "chmod 700"));
}

static void
journal_refuses_settings_out_of_bounds(void **state)
{
	static const struct journal_settings bad[] = {{1, 4096, 100},
	    {65, 4096, 100}, {4, 4095, 100}, {4, (64u << 20) + 1, 100},
	    {4, 4096, 3}};
	struct fixture *f = *state;

	journal_close(f->j);
	f->j = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		f->settings = bad[i];
		assert_int_equal(open_again(f, &e), -1);
		assert_true(e.field[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(journal_hands_out_what_was_appended_in_order),
	    CASE(journal_does_not_hand_out_what_is_done),
	    CASE(journal_knows_what_is_done_of_an_earlier_session),
	    CASE(journal_leaves_an_unknown_id_alone),
	    CASE(journal_does_not_offer_its_own_session),
	    CASE(journal_gives_the_oldest_session_first),
	    CASE(journal_never_gives_an_id_twice),
	    CASE(journal_refuses_another_key_and_loses_nothing),
	    CASE(journal_refuses_a_session_that_is_not_pending),
	    CASE(journal_goes_on_with_the_entry_that_was_not_taken),
	    CASE(journal_may_be_used_from_the_handler),
	    CASE(journal_forgets_a_session_whose_key_is_lost),
	    CASE(journal_full_refuses_and_is_free_again_after_done),
	    CASE(journal_uses_a_segment_again_when_all_in_it_is_done),
	    CASE(journal_with_one_entry_left_in_each_segment_stays_full),
	    CASE(journal_never_grows_past_its_settings),
	    CASE(journal_bounds_its_entries),
	    CASE(journal_refuses_an_entry_that_fits_in_no_segment),
	    CASE(journal_keeps_files_past_fewer_settings_until_they_are_done),
	    CASE(journal_makes_no_file_before_the_first_append),
	    CASE(journal_has_no_passphrase_in_any_file),
	    CASE(journal_opens_for_one_process_at_a_time),
	    CASE(journal_refuses_a_folder_that_others_may_read),
	    CASE(journal_refuses_settings_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
