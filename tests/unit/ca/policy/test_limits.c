#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "ca/policy/limits.h"

static const struct limits_rule rule = {
    .free_failures = 3, .wait_max_s = 60, .entries = 8};

static struct limits *
limits_make(void)
{
	struct limits *l = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(limits_new(&rule, &l, &e), 0);
	return l;
}

static unsigned
wait_of(struct limits *l, const char *key, int64_t now_ms)
{
	struct err e = ERR_INIT;

	if (limits_check(l, key, now_ms, &e) == 0)
		return 0;
	assert_int_equal(e.kind, ERR_SLOW_DOWN);
	assert_true(e.retry_after_s > 0);
	return e.retry_after_s;
}

static void
unknown_key_passes(void **state)
{
	struct limits *l = limits_make();

	(void)state;
	assert_int_equal(wait_of(l, "name A", 0), 0);
	limits_passed(l, "name A");
	limits_free(l);
}

static void
free_failures_cost_nothing_and_the_next_waits(void **state)
{
	struct limits *l = limits_make();

	(void)state;
	for (int i = 0; i < 3; i++) {
		limits_failed(l, "name A", 1000);
		assert_int_equal(wait_of(l, "name A", 1000), 0);
	}
	limits_failed(l, "name A", 1000);
	assert_int_equal(wait_of(l, "name A", 1000), 1);
	assert_int_equal(wait_of(l, "name A", 1999), 1);
	assert_int_equal(wait_of(l, "name A", 2000), 0);
	limits_free(l);
}

static void
wait_doubles_up_to_its_maximum(void **state)
{
	static const unsigned expected[] = {1, 2, 4, 8, 16, 32, 60, 60};
	struct limits *l = limits_make();

	(void)state;
	for (int i = 0; i < 3; i++)
		limits_failed(l, "k", 0);
	for (size_t i = 0; i < 8; i++) {
		limits_failed(l, "k", 0);
		assert_int_equal(wait_of(l, "k", 0), expected[i]);
	}
	for (int i = 0; i < 100; i++)
		limits_failed(l, "k", 0);
	assert_int_equal(wait_of(l, "k", 0), 60);
	limits_free(l);
}

static void
success_wipes_the_failures_of_that_key_only(void **state)
{
	struct limits *l = limits_make();

	(void)state;
	for (int i = 0; i < 5; i++) {
		limits_failed(l, "name A", 0);
		limits_failed(l, "name B", 0);
	}
	limits_passed(l, "name A");
	assert_int_equal(wait_of(l, "name A", 0), 0);
	assert_int_equal(wait_of(l, "name B", 0), 2);
	limits_free(l);
}

static void
fail_so_often(struct limits *l, const char *key, int n)
{
	for (int i = 0; i < n; i++)
		limits_failed(l, key, 0);
}

static void
full_table_forgets_who_failed_longest_ago(void **state)
{
	struct limits *l = limits_make();
	char key[16];

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		fail_so_often(l, key, 4);
	}
	limits_failed(l, "key 0", 0); /* now key 1 is the oldest */
	limits_failed(l, "one more", 0);
	assert_int_equal(wait_of(l, "key 1", 0), 0);
	assert_int_equal(wait_of(l, "key 0", 0), 2);
	for (int i = 2; i < 8; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_int_equal(wait_of(l, key, 0), 1);
	}
	limits_free(l);
}

static void
flood_of_names_stays_within_the_table(void **state)
{
	struct limits *l = limits_make();
	char key[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "name %d", i);
		limits_failed(l, key, i);
		if (i % 3 == 0)
			limits_passed(l, key);
	}
	fail_so_often(l, "name 9998", 3);
	assert_int_equal(wait_of(l, "name 9998", 0), 1);
	limits_free(l);
}

static void
passed_entries_are_used_again(void **state)
{
	struct limits *l = limits_make();
	char key[32];

	(void)state;
	fail_so_often(l, "kept", 4);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "name %d", i);
		limits_failed(l, key, 0);
		limits_passed(l, key);
	}
	assert_int_equal(wait_of(l, "kept", 0), 1);
	limits_free(l);
}

static void
free_takes_null(void **state)
{
	(void)state;
	limits_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unknown_key_passes),
	    cmocka_unit_test(free_failures_cost_nothing_and_the_next_waits),
	    cmocka_unit_test(wait_doubles_up_to_its_maximum),
	    cmocka_unit_test(success_wipes_the_failures_of_that_key_only),
	    cmocka_unit_test(full_table_forgets_who_failed_longest_ago),
	    cmocka_unit_test(flood_of_names_stays_within_the_table),
	    cmocka_unit_test(passed_entries_are_used_again),
	    cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
