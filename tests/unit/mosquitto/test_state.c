#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "mosquitto/sessions.h"
#include "mosquitto/state.h"

#define MANY 100000

static char dir[32], path[64];

static int
folder_make(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_state.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	return file_path(path, sizeof(path), dir, "state");
}

static int
folder_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct revoked_serial
number(uint32_t n)
{
	struct revoked_serial s = {5, {1}};

	for (unsigned i = 0; i < 4; i++)
		s.bytes[1 + i] = (uint8_t)(n >> (24 - 8 * i));
	return s;
}

static struct state *
open_state(void)
{
	struct state *s;
	struct err e = ERR_INIT;

	if (state_open(path, &s, &e) != 0)
		fail_msg("%s", e.message);
	return s;
}

static void
save(struct state *s)
{
	struct err e = ERR_INIT;

	if (state_save(s, &e) != 0)
		fail_msg("%s", e.message);
}

static void
revoke_number(struct state *s, uint32_t n)
{
	struct revoked_serial serial = number(n);

	assert_int_equal(state_revoke(s, &serial), 0);
}

static void
release_number(struct state *s, uint32_t n)
{
	struct revoked_serial serial = number(n);

	assert_int_equal(state_release(s, &serial), 0);
}

static bool
is_revoked(const struct state *s, uint32_t n)
{
	struct revoked_serial serial = number(n);

	return state_is_revoked(s, &serial);
}

static void
write_file(const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(file_write(path, bytes_of_text(text), 0600, &e), 0);
}

static void
assert_does_not_open(const char *text)
{
	struct state *s;
	struct err e = ERR_INIT;

	write_file(text);
	assert_int_equal(state_open(path, &s, &e), -1);
	assert_null(s);
	assert_non_null(strstr(e.message, path));
}

static void
state_comes_back_after_a_restart(void **state)
{
	struct state *s = open_state();

	(void)state;
	revoke_number(s, 1);
	revoke_number(s, 2);
	release_number(s, 1);
	save(s);
	revoke_number(s, 3);
	save(s);
	state_close(s);
	s = open_state();
	assert_int_equal(state_count(s), 2);
	assert_false(is_revoked(s, 1));
	assert_true(is_revoked(s, 2));
	assert_true(is_revoked(s, 3));
	state_close(s);
}

static void
state_that_was_not_saved_is_gone(void **state)
{
	struct state *s = open_state();

	(void)state;
	revoke_number(s, 1);
	assert_true(is_revoked(s, 1));
	state_close(s);
	s = open_state();
	assert_false(is_revoked(s, 1));
	state_close(s);
}

static void
state_holds_a_hundred_thousand(void **state)
{
	struct state *s = open_state();

	(void)state;
	assert_int_equal(state_sync_begin(s, MANY), 0);
	for (uint32_t n = 0; n < MANY; n++) {
		struct revoked_serial serial = number(n);

		assert_int_equal(state_sync_add(s, &serial), 0);
	}
	assert_int_equal(state_count(s), 0);
	assert_int_equal(state_sync_end(s), 0);
	save(s);
	state_close(s);
	s = open_state();
	assert_int_equal(state_count(s), MANY);
	for (uint32_t n = 0; n < MANY; n++)
		assert_true(is_revoked(s, n));
	assert_false(is_revoked(s, MANY));
	state_close(s);
}

static void
state_file_does_not_grow_with_what_is_past(void **state)
{
	struct state *s = open_state();
	struct stat st;

	(void)state;
	for (uint32_t n = 0; n < 5000; n++) {
		revoke_number(s, n);
		release_number(s, n);
		if (n % 100 == 0)
			save(s);
	}
	save(s);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 20000);
	state_close(s);
}

static void
state_sync_needs_its_order_and_its_number(void **state)
{
	struct state *s = open_state();
	struct revoked_serial one = number(1);

	(void)state;
	revoke_number(s, 7);
	assert_int_equal(state_sync_add(s, &one), -1);
	assert_int_equal(state_sync_end(s), -1);
	assert_int_equal(state_sync_begin(s, SERIALS_MAX + 1), -1);
	assert_int_equal(state_sync_begin(s, 2), 0);
	assert_int_equal(state_sync_add(s, &one), 0);
	assert_int_equal(state_sync_end(s), -1);
	assert_false(state_sync_is_open(s));
	assert_int_equal(state_sync_begin(s, 0), 0);
	assert_int_equal(state_sync_add(s, &one), -1);
	assert_true(is_revoked(s, 7));
	assert_int_equal(state_sync_end(s), 0);
	assert_int_equal(state_count(s), 0);
	state_close(s);
}

static void
state_last_line_cut_short_does_not_count(void **state)
{
	struct state *s;

	(void)state;
	write_file("ms_ssl_mosquitto 1\n+0100000001\n+01000000");
	s = open_state();
	assert_int_equal(state_count(s), 1);
	revoke_number(s, 2);
	save(s);
	state_close(s);
	s = open_state();
	assert_true(is_revoked(s, 1));
	assert_true(is_revoked(s, 2));
	state_close(s);
}

static void
state_refuses_a_file_out_of_form(void **state)
{
	(void)state;
	assert_does_not_open("");
	assert_does_not_open("ms_ssl_mosquitto 2\n");
	assert_does_not_open("ms_ssl_mosquitto 1\n01\n");
	assert_does_not_open("ms_ssl_mosquitto 1\n+\n");
	assert_does_not_open("ms_ssl_mosquitto 1\n+0\n");
	assert_does_not_open("ms_ssl_mosquitto 1\n\n");
	assert_does_not_open("ms_ssl_mosquitto 1\n+01 \n+02\n");
}

/* A folder in the file's place: neither append nor rename can be done. */
static void
state_that_could_not_be_saved_is_written_whole_next_time(void **state)
{
	struct state *s = open_state();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	revoke_number(s, 1);
	assert_int_equal(state_save(s, &e), -1);
	assert_int_equal(rmdir(path), 0);
	revoke_number(s, 2);
	save(s);
	state_close(s);
	s = open_state();
	assert_true(is_revoked(s, 1));
	assert_true(is_revoked(s, 2));
	state_close(s);
}

static void
serials_survive_removals_and_growth(void **state)
{
	struct serials s;

	(void)state;
	serials_init(&s);
	for (uint32_t n = 0; n < 10000; n++) {
		struct revoked_serial serial = number(n);

		assert_int_equal(serials_add(&s, &serial), 0);
		if (n % 3 == 0)
			assert_true(serials_remove(&s, &serial));
	}
	for (uint32_t n = 0; n < 10000; n++) {
		struct revoked_serial serial = number(n);

		assert_true(serials_has(&s, &serial) == (n % 3 != 0));
	}
	assert_int_equal(s.count, 6666);
	serials_clear(&s);
}

/* Handles that are never looked into. */
static struct mosquitto *
client(uintptr_t n)
{
	return (struct mosquitto *)(64 * (n + 1));
}

static bool
name_is(void *arg, const struct identity *identity)
{
	return strcmp(arg, identity->username) == 0;
}

static void
sessions_are_found_and_selected(void **state)
{
	struct sessions s;
	struct identity one = {"one", {0, {0}}}, two = {"two", {0, {0}}};
	struct mosquitto **some;
	size_t count;
	char word[] = "two";

	(void)state;
	sessions_init(&s);
	assert_null(sessions_find(&s, client(0)));
	sessions_remove(&s, client(0));
	for (uintptr_t n = 0; n < 1000; n++)
		assert_int_equal(
		    sessions_add(&s, client(n), n % 10 ? &one : &two), 0);
	assert_int_equal(sessions_add(&s, client(1), &two), 0);
	sessions_remove(&s, client(0));
	assert_null(sessions_find(&s, client(0)));
	assert_string_equal(
	    sessions_find(&s, client(1))->identity.username, "two");
	assert_int_equal(s.count, 999);
	assert_int_equal(sessions_select(&s, name_is, word, &some, &count), 0);
	assert_int_equal(count, 100);
	free(some);
	sessions_clear(&s);
}

int
main(void)
{
#define IN_FOLDER(test)                                                        \
	cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
	    IN_FOLDER(state_comes_back_after_a_restart),
	    IN_FOLDER(state_that_was_not_saved_is_gone),
	    IN_FOLDER(state_holds_a_hundred_thousand),
	    IN_FOLDER(state_file_does_not_grow_with_what_is_past),
	    IN_FOLDER(state_sync_needs_its_order_and_its_number),
	    IN_FOLDER(state_last_line_cut_short_does_not_count),
	    IN_FOLDER(state_refuses_a_file_out_of_form),
	    IN_FOLDER(state_that_could_not_be_saved_is_written_whole_next_time),
	    cmocka_unit_test(serials_survive_removals_and_growth),
	    cmocka_unit_test(sessions_are_found_and_selected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
