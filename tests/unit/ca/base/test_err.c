#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "ca/base/err.h"
#include "capture.h"

static void
err_set_names_the_field_and_returns_minus_one(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    err_set(&e, ERR_BAD_FIELD, "days", "must be 1 to %d", 3650), -1);
	assert_int_equal(e.kind, ERR_BAD_FIELD);
	assert_string_equal(e.field, "days");
	assert_string_equal(e.message, "days: must be 1 to 3650");
}

static void
err_set_without_a_field_is_the_message_alone(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	e.retry_after_s = 7;
	err_set(&e, ERR_BUSY, NULL, "the queue is full");
	assert_string_equal(e.field, "");
	assert_string_equal(e.message, "the queue is full");
	assert_int_equal(e.retry_after_s, 0);
}

static void
err_set_may_be_given_its_own_words(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, ERR_BAD_FIELD, "csr", "bad");
	err_set(&e, ERR_BAD_CSR, e.field, "again (%s)", e.message);
	assert_string_equal(e.field, "csr");
	assert_string_equal(e.message, "csr: again (csr: bad)");
}

static void
err_set_cuts_a_long_message_at_a_characters_end(void **state)
{
	char text[600] = "";
	struct err e = ERR_INIT;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x94\x91", 5);
		err_set(&e, ERR_BAD_FIELD, NULL, "%s", text);
		assert_int_equal((strlen(e.message) - shift) % 4, 0);
		assert_true(strlen(e.message) > sizeof(e.message) - 5);
		err_set(&e, ERR_BAD_FIELD, "name", "%s", text);
		assert_int_equal((strlen(e.message) - 6 - shift) % 4, 0);
	}
}

static void
err_set_keeps_a_whole_character_at_the_very_end(void **state)
{
	char text[256];
	struct err e = ERR_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 253, "\xc3\xa7", 3);
	err_set(&e, ERR_BAD_FIELD, NULL, "%s", text);
	assert_string_equal(e.message, text);
	err_set(&e, ERR_BAD_FIELD, NULL, "%sy", text);
	assert_string_equal(e.message, text);
}

static void
err_set_bounds_a_long_field(void **state)
{
	char field[100];
	struct err e = ERR_INIT;

	(void)state;
	memset(field, 'f', sizeof(field) - 1);
	field[sizeof(field) - 1] = '\0';
	err_set(&e, ERR_BAD_FIELD, field, "unknown");
	assert_int_equal(strlen(e.field), sizeof(e.field) - 1);
}

static void
err_errno_tells_the_log_and_not_the_client(void **state)
{
	static struct capture c;
	struct err e = ERR_INIT;

	(void)state;
	capture_start(&c);
	errno = ENOSPC;
	assert_int_equal(err_errno(&e, "write", "/var/lib/x"), -1);
	assert_int_equal(errno, ENOSPC);
	capture_stop(&c);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_null(strstr(e.message, "space"));
	assert_null(strstr(e.message, "/var"));
	assert_non_null(strstr(c.text, "No space left"));
	assert_non_null(strstr(c.text, "/var/lib/x"));
}

static void
err_openssl_drains_the_queue_into_the_log(void **state)
{
	static struct capture c;
	struct err e = ERR_INIT;

	(void)state;
	ERR_raise(ERR_LIB_EVP, 100);
	ERR_raise(ERR_LIB_RSA, 101);
	capture_start(&c);
	assert_int_equal(err_openssl(&e, "sealing"), -1);
	capture_stop(&c);
	assert_int_equal(ERR_peek_error(), 0);
	assert_string_equal(e.message, "sealing failed");
	assert_non_null(strchr(c.text, '\n'));
	assert_non_null(strchr(strchr(c.text, '\n') + 1, '\n'));
	assert_non_null(strstr(c.text, "warn"));
}

static void
err_word_and_status_are_the_protocols(void **state)
{
	(void)state;
	assert_string_equal(err_word(ERR_BAD_FIELD), "bad_field");
	assert_int_equal(err_status(ERR_BAD_FIELD), 422);
	assert_string_equal(err_word(ERR_WRONG_PASS), "wrong_pass");
	assert_int_equal(err_status(ERR_WRONG_PASS), 403);
	assert_string_equal(err_word(ERR_LOCKED), "locked");
	assert_int_equal(err_status(ERR_LOCKED), 503);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(err_set_names_the_field_and_returns_minus_one),
	    cmocka_unit_test(err_set_without_a_field_is_the_message_alone),
	    cmocka_unit_test(err_set_may_be_given_its_own_words),
	    cmocka_unit_test(err_set_cuts_a_long_message_at_a_characters_end),
	    cmocka_unit_test(err_set_keeps_a_whole_character_at_the_very_end),
	    cmocka_unit_test(err_set_bounds_a_long_field),
	    cmocka_unit_test(err_errno_tells_the_log_and_not_the_client),
	    cmocka_unit_test(err_openssl_drains_the_queue_into_the_log),
	    cmocka_unit_test(err_word_and_status_are_the_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
