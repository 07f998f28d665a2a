#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "capture.h"

#define MOMENT_MS 1795311180123 /* 2026-11-22T01:33:00.123Z */

static struct capture c;

static int
set_up(void **state)
{
	(void)state;
	clock_freeze(MOMENT_MS);
	log_set_program("service");
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void
log_event_is_one_line_of_time_level_program_event(void **state)
{
	(void)state;
	capture_start(&c);
	log_info("request_done", log_text("door", "mqtt"), log_number("ms", -3),
	    log_text("id", "AA:bb/1.2_3@x+y-z"));
	capture_stop(&c);
	assert_string_equal(c.text,
	    "2026-11-22T01:33:00.123Z info  service request_done door=mqtt "
	    "ms=-3 id=AA:bb/1.2_3@x+y-z\n");
}

static void
log_event_without_fields_is_a_line(void **state)
{
	(void)state;
	capture_start(&c);
	log_event(LOG_LEVEL_ERROR, "end", NULL, 0);
	capture_stop(&c);
	assert_string_equal(
	    c.text, "2026-11-22T01:33:00.123Z error service end\n");
}

static void
log_values_are_quoted_and_escaped(void **state)
{
	static const uint8_t bytes[] = {'a', 0, '\r', 0x1b, 0x7f, 0xc3, 0xa7};

	(void)state;
	capture_start(&c);
	log_warn("x", log_text("a", "say \"hi\" \\\nb=c"), log_text("b", ""),
	    log_bytes("c", (struct bytes){bytes, sizeof(bytes)}),
	    log_text("d", NULL), log_bytes("e", (struct bytes){NULL, 0}));
	capture_stop(&c);
	assert_non_null(strstr(c.text,
	    " a=\"say \\\"hi\\\" \\\\\\nb=c\" b=\"\" "
	    "c=\"a\\x00\\x0D\\x1B\\x7F\\xC3\\xA7\" d=\"\" e=\"\"\n"));
	assert_ptr_equal(strchr(c.text, '\n'), c.text + c.len - 1);
}

static void
log_values_are_bounded(void **state)
{
	static uint8_t plain[100000], escaped[100000];

	(void)state;
	memset(plain, 'a', sizeof(plain));
	memset(escaped, 0xff, sizeof(escaped));
	capture_start(&c);
	log_warn("x", log_bytes("a", (struct bytes){plain, sizeof(plain)}),
	    log_bytes("b", (struct bytes){escaped, sizeof(escaped)}),
	    log_number("c", 1));
	capture_stop(&c);
	assert_non_null(strstr(c.text, "aaaa... b=\"\\xFF"));
	assert_non_null(strstr(c.text, "\\xFF\"... c=1\n"));
	assert_true(c.len < 2200);
}

static void
log_lines_are_bounded_and_say_so(void **state)
{
	static uint8_t much[2000];
	struct bytes v = {much, sizeof(much)};

	(void)state;
	memset(much, '!', sizeof(much));
	capture_start(&c);
	log_warn("x", log_bytes("a", v), log_bytes("b", v), log_bytes("c", v),
	    log_bytes("d", v), log_number("e", 1));
	capture_stop(&c);
	assert_true(c.len <= 4096);
	assert_non_null(strstr(c.text, " c=\"!"));
	assert_null(strstr(c.text, " d="));
	assert_string_equal(c.text + c.len - 12, "!\"... cut=1\n");
}

static void
log_level_hides_what_is_below_it(void **state)
{
	(void)state;
	capture_start(&c);
	log_debug("hidden", log_number("a", 1));
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("hidden", log_number("a", 1));
	log_error("shown", log_number("a", 1));
	capture_stop(&c);
	assert_null(strstr(c.text, "hidden"));
	assert_non_null(strstr(c.text, "shown"));
}

static void
log_level_parse_knows_four_words(void **state)
{
	enum log_level level = LOG_LEVEL_INFO;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("ERROR", &level), -1);
	assert_int_equal(log_level_parse("", &level), -1);
	assert_int_equal(log_level_parse("information", &level), -1);
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void
log_event_leaves_errno_alone(void **state)
{
	(void)state;
	capture_start(&c);
	close(STDERR_FILENO);
	errno = ENOENT;
	log_warn("x", log_number("a", 1));
	assert_int_equal(errno, ENOENT);
	capture_stop(&c);
}

static void *
many_lines(void *arg)
{
	for (int i = 0; i < 50; i++)
		log_info("line", log_text("who", arg));
	return NULL;
}

static void
log_lines_of_many_threads_do_not_mix(void **state)
{
	const char *expected = "2026-11-22T01:33:00.123Z info  service line "
			       "who=";
	pthread_t threads[4];
	size_t lines = 0;
	char name[] = "thread";

	(void)state;
	capture_start(&c);
	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_APPEND), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, many_lines, name), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	capture_stop(&c);
	for (const char *at = c.text; *at != '\0'; lines++) {
		assert_memory_equal(at, expected, strlen(expected));
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	assert_int_equal(lines, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		log_event_is_one_line_of_time_level_program_event, set_up),
	    cmocka_unit_test_setup(log_event_without_fields_is_a_line, set_up),
	    cmocka_unit_test_setup(log_values_are_quoted_and_escaped, set_up),
	    cmocka_unit_test_setup(log_values_are_bounded, set_up),
	    cmocka_unit_test_setup(log_lines_are_bounded_and_say_so, set_up),
	    cmocka_unit_test_setup(log_level_hides_what_is_below_it, set_up),
	    cmocka_unit_test(log_level_parse_knows_four_words),
	    cmocka_unit_test_setup(log_event_leaves_errno_alone, set_up),
	    cmocka_unit_test_setup(
		log_lines_of_many_threads_do_not_mix, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
