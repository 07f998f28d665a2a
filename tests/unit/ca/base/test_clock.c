#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "ca/base/clock.h"

static void
clock_freeze_holds_and_lets_go(void **state)
{
	(void)state;
	clock_freeze(1234567890123);
	assert_int_equal(clock_now_ms(), 1234567890123);
	assert_int_equal(clock_now_ms(), 1234567890123);
	clock_freeze(0);
	assert_true(clock_now_ms() / 1000 >= (int64_t)time(NULL) - 1);
}

static void
clock_monotonic_does_not_go_back(void **state)
{
	int64_t before = clock_monotonic_ms();

	(void)state;
	clock_freeze(1);
	assert_true(clock_monotonic_ms() >= before);
	clock_freeze(0);
}

static void
clock_format_is_rfc_3339(void **state)
{
	char text[CLOCK_TEXT_LEN];

	(void)state;
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_format(951782400, text);
	assert_string_equal(text, "2000-02-29T00:00:00Z");
	clock_format(4107542399, text);
	assert_string_equal(text, "2100-02-28T23:59:59Z");
	clock_format(4107542400, text);
	assert_string_equal(text, "2100-03-01T00:00:00Z");
	clock_format(253402300799, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

/* The C library has the same calendar: every day, and odd seconds. */
static void
clock_format_agrees_with_the_c_library(void **state)
{
	char ours[CLOCK_TEXT_LEN], theirs[CLOCK_TEXT_LEN];
	struct tm tm;
	time_t t;

	(void)state;
	for (t = 0; t <= 253402300799; t += 86399) {
		gmtime_r(&t, &tm);
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
		clock_format(t, ours);
		if (strcmp(ours, theirs) != 0)
			assert_string_equal(ours, theirs);
	}
}

static void
clock_format_stays_within_its_years(void **state)
{
	char text[CLOCK_TEXT_LEN], ms[CLOCK_TEXT_MS_LEN];

	(void)state;
	clock_format(-1, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	clock_format_ms(INT64_MIN, ms);
	assert_string_equal(ms, "1970-01-01T00:00:00.000Z");
	clock_format_ms(INT64_MAX, ms);
	assert_memory_equal(ms, "9999-12-31T23:59:59.", 20);
}

static void
clock_format_ms_has_three_digits(void **state)
{
	char text[CLOCK_TEXT_MS_LEN];

	(void)state;
	clock_format_ms(1795311180007, text);
	assert_string_equal(text, "2026-11-22T01:33:00.007Z");
}

static void
clock_parse_reads_what_format_wrote_and_nothing_else(void **state)
{
	static const int64_t times[] = {
	    0, 1, 951782400, 1795459380, 4102444800, 253402300799};
	static const char *const bad[] = {"", "2027-11-22T01:33:00",
	    "2027-11-22T01:33:00.5Z", "2027-11-22 01:33:00Z",
	    "2027-02-30T00:00:00Z", "2027-11-22T25:00:00Z",
	    "2027-11-22T01:33:00z", "+027-11-22T01:33:00Z",
	    "2027-1-022T01:33:00Z", "2027-11-22T01:33:00Z "};
	char text[CLOCK_TEXT_LEN];
	int64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		clock_format(times[i], text);
		assert_int_equal(clock_parse(bytes_of_text(text), &back), 0);
		assert_int_equal(back, times[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(clock_parse(bytes_of_text(bad[i]), &back), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clock_freeze_holds_and_lets_go),
	    cmocka_unit_test(clock_monotonic_does_not_go_back),
	    cmocka_unit_test(clock_format_is_rfc_3339),
	    cmocka_unit_test(clock_format_agrees_with_the_c_library),
	    cmocka_unit_test(clock_format_stays_within_its_years),
	    cmocka_unit_test(clock_format_ms_has_three_digits),
	    cmocka_unit_test(
		clock_parse_reads_what_format_wrote_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
