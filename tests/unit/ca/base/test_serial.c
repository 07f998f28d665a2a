#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/serial.h"

#define MANY 20000

static int
thaw(void **state)
{
	(void)state;
	clock_freeze(0);
	return 0;
}

static int64_t
clock_part(const struct serial *s)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | s->bytes[i];
	return ms;
}

static void
serial_begins_with_the_clock(void **state)
{
	int64_t before = clock_now_ms();
	struct err e = ERR_INIT;
	struct serial s;

	(void)state;
	assert_int_equal(serial_new(&s, &e), 0);
	assert_true(serial_is_valid(&s));
	assert_in_range(clock_part(&s), before, clock_now_ms());
}

static void
serial_clock_part_never_goes_back(void **state)
{
	int64_t now = clock_now_ms();
	struct err e = ERR_INIT;
	struct serial s;

	(void)state;
	clock_freeze(now + 5000);
	assert_int_equal(serial_new(&s, &e), 0);
	assert_int_equal(clock_part(&s), now + 5000);
	clock_freeze(now - 3600000);
	assert_int_equal(serial_new(&s, &e), 0);
	assert_int_equal(clock_part(&s), now + 5000);
	clock_freeze(now + 6000);
	assert_int_equal(serial_new(&s, &e), 0);
	assert_int_equal(clock_part(&s), now + 6000);
}

static struct serial made[4][MANY / 4];

static void *
make_some(void *arg)
{
	struct serial *out = arg;
	struct err e = ERR_INIT;

	for (int i = 0; i < MANY / 4; i++)
		if (serial_new(&out[i], &e) != 0)
			return arg;
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct serial));
}

static void
serials_of_one_moment_are_unique(void **state)
{
	struct serial *all = &made[0][0];
	pthread_t threads[4];
	void *failed;

	(void)state;
	clock_freeze(clock_now_ms() + 10000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, make_some, made[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	qsort(all, MANY, sizeof(*all), compare);
	for (int i = 1; i < MANY; i++)
		assert_int_not_equal(compare(&all[i - 1], &all[i]), 0);
	assert_int_equal(clock_part(&all[0]), clock_part(&all[MANY - 1]));
}

static void
serial_is_valid_refuses_negative_and_padded(void **state)
{
	struct serial s = {{1}};

	(void)state;
	assert_true(serial_is_valid(&s));
	s.bytes[0] = 0x7f;
	assert_true(serial_is_valid(&s));
	s.bytes[0] = 0x80;
	assert_false(serial_is_valid(&s));
	s.bytes[0] = 0xff;
	assert_false(serial_is_valid(&s));
	s.bytes[0] = 0;
	s.bytes[1] = 1;
	assert_false(serial_is_valid(&s));
}

static void
serial_format_is_lower_case_hex(void **state)
{
	struct serial s = {
	    {0x01, 0xAB, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFE}};
	char text[SERIAL_TEXT_LEN];

	(void)state;
	serial_format(&s, text);
	assert_string_equal(text, "01ab00000000000000000000000000fe");
}

/* Last: the clock part can't come back from there. */
static void
serial_new_refuses_a_clock_that_would_make_it_negative(void **state)
{
	struct err e = ERR_INIT;
	struct serial s;

	(void)state;
	clock_freeze((int64_t)1 << 47);
	assert_int_equal(serial_new(&s, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	clock_freeze((int64_t)1 << 48);
	assert_int_equal(serial_new(&s, &e), -1);
}

/* First: the clock part is still zero. */
static void
serial_new_refuses_a_clock_that_was_never_set(void **state)
{
	struct err e = ERR_INIT;
	struct serial s;

	(void)state;
	clock_freeze(1000);
	assert_int_equal(serial_new(&s, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

#define CASE(test) cmocka_unit_test_teardown(test, thaw)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(serial_new_refuses_a_clock_that_was_never_set),
	    CASE(serial_begins_with_the_clock),
	    CASE(serial_clock_part_never_goes_back),
	    CASE(serials_of_one_moment_are_unique),
	    CASE(serial_is_valid_refuses_negative_and_padded),
	    CASE(serial_format_is_lower_case_hex),
	    CASE(serial_new_refuses_a_clock_that_would_make_it_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
