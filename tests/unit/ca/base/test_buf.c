#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ca/base/buf.h"

static void
buf_append_keeps_what_was_there(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (unsigned i = 0; i < 100000; i++)
		buf_append_byte(&b, (uint8_t)(i * 7));
	assert_int_equal(buf_check(&b, "it", &e), 0);
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], (uint8_t)(i * 7));
	buf_clear(&b);
}

static void
buf_append_stops_at_the_maximum(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_append(&b, "12345678", 8);
	assert_int_equal(buf_check(&b, "message", &e), 0);
	buf_append_byte(&b, '9');
	assert_true(b.failed);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "12345678", 9);
	assert_int_equal(buf_check(&b, "message", &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_string_equal(e.message, "message: too large");
	buf_clear(&b);
}

static void
buf_append_after_a_failure_appends_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_append_text(&b, "12345");
	buf_append_text(&b, "1");
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	assert_false(b.failed);
	buf_append_text(&b, "1234");
	assert_false(b.failed);
	assert_string_equal((char *)b.data, "1234");
	buf_clear(&b);
}

static void
buf_append_of_nothing_is_no_failure(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_append(&b, NULL, 0);
	buf_append_text(&b, "");
	assert_false(b.failed);
	assert_int_equal(b.len, 0);
	buf_append_byte(&b, 0);
	assert_true(b.failed);
	buf_clear(&b);
}

static void
buf_append_refuses_lengths_that_would_wrap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_append_text(&b, "1234");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(b.failed);
	b.failed = false;
	assert_null(buf_reserve(&b, SIZE_MAX - 4));
	assert_int_equal(b.len, 4);
	buf_clear(&b);
}

static void
buf_printf_formats_and_is_bounded(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_printf(&b, "%d-%s", 12, "ab");
	assert_string_equal((char *)b.data, "12-ab");
	buf_printf(&b, "%s", "67890");
	assert_false(b.failed);
	buf_printf(&b, "%d", 1);
	assert_true(b.failed);
	assert_string_equal((char *)b.data, "12-ab67890");
	buf_clear(&b);
}

static void
buf_consume_moves_the_rest_and_wipes_the_tail(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	buf_append_text(&b, "secretrest");
	buf_consume(&b, 6);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "rest\0\0\0\0\0\0", 10);
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_memory_equal(b.data, "\0\0\0\0", 4);
	buf_consume(&b, 1);
	buf_clear(&b);
	buf_consume(&b, 1);
	assert_null(b.data);
}

static void
buf_clear_keeps_the_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_append_text(&b, "abc");
	buf_clear(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 3);
	buf_clear(&b);
}

static void
buf_reserve_counts_only_what_is_added(void **state)
{
	struct buf b;
	uint8_t *to;

	(void)state;
	buf_init(&b, 16);
	to = buf_reserve(&b, 16);
	assert_non_null(to);
	assert_int_equal(b.len, 0);
	to[0] = 'a';
	b.len++;
	assert_string_equal((char *)b.data, "a");
	assert_null(buf_reserve(&b, 16));
	buf_clear(&b);
}

static void
bytes_equal_compares_length_and_content(void **state)
{
	struct bytes none = {NULL, 0};

	(void)state;
	assert_true(bytes_equal(bytes_of_text("ab"), bytes_of_text("ab")));
	assert_false(bytes_equal(bytes_of_text("ab"), bytes_of_text("ac")));
	assert_false(bytes_equal(bytes_of_text("ab"), bytes_of_text("abc")));
	assert_true(bytes_equal(none, bytes_of_text("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(buf_append_keeps_what_was_there),
	    cmocka_unit_test(buf_append_stops_at_the_maximum),
	    cmocka_unit_test(buf_append_after_a_failure_appends_nothing),
	    cmocka_unit_test(buf_append_of_nothing_is_no_failure),
	    cmocka_unit_test(buf_append_refuses_lengths_that_would_wrap),
	    cmocka_unit_test(buf_printf_formats_and_is_bounded),
	    cmocka_unit_test(buf_consume_moves_the_rest_and_wipes_the_tail),
	    cmocka_unit_test(buf_clear_keeps_the_maximum),
	    cmocka_unit_test(buf_reserve_counts_only_what_is_added),
	    cmocka_unit_test(bytes_equal_compares_length_and_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
