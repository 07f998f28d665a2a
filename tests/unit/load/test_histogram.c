#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/load/histogram.h"

static struct histogram *
make(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	return h;
}

static void
an_empty_one_has_no_value(void **state)
{
	struct histogram *h = make();

	(void)state;
	assert_int_equal(histogram_value_at(h, 0.5), 0);
	free(h);
}

static void
each_value_is_read_back_within_one_percent(void **state)
{
	struct histogram *h;
	uint64_t got;

	(void)state;
	for (uint64_t v = 1; v < UINT64_MAX / 3; v = v * 3 + 1) {
		h = make();
		histogram_add(h, v);
		histogram_add(h, UINT64_MAX);
		got = histogram_value_at(h, 0.5);
		assert_true(got >= v && got - v <= v / 100);
		assert_true(histogram_value_at(h, 1) == UINT64_MAX);
		free(h);
	}
}

static void
a_share_is_that_of_the_values_in_order(void **state)
{
	struct histogram *h = make();

	(void)state;
	for (unsigned v = 1; v <= 100; v++)
		histogram_add(h, v);
	assert_int_equal(histogram_value_at(h, 0.5), 50);
	assert_int_equal(histogram_value_at(h, 0.99), 99);
	assert_int_equal(histogram_value_at(h, 0.999), 100);
	assert_int_equal(histogram_value_at(h, 0), 1);
	free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_one_has_no_value),
	    cmocka_unit_test(each_value_is_read_back_within_one_percent),
	    cmocka_unit_test(a_share_is_that_of_the_values_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
