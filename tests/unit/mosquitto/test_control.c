#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mosquitto/control.h"

static int
parse(const char *text, size_t len, struct control *out, struct err *e)
{
	return control_parse(
	    (struct bytes){(const uint8_t *)text, len}, out, e);
}

static void
assert_refused(const char *text, size_t len, const char *message)
{
	struct control c;
	struct err e = ERR_INIT;

	assert_int_equal(parse(text, len, &c, &e), -1);
	if (strstr(e.message, message) == NULL)
		fail_msg("\"%s\" and not \"%s\"", e.message, message);
	control_clear(&c);
}
#define REFUSED(text, message) assert_refused(text, sizeof(text) - 1, message)

static void
control_parse_reads_each_command(void **state)
{
	static const char text[] =
	    "request a-1.B_2:\nrevoke 00ff AABBCCDDEEFF\nrevoke 80\n"
	    "release 0102\nsync begin 1000000\nsync add 07\nsync end\nping";
	static const enum control_verb verbs[] = {CONTROL_REVOKE,
	    CONTROL_REVOKE, CONTROL_RELEASE, CONTROL_SYNC_BEGIN,
	    CONTROL_SYNC_ADD, CONTROL_SYNC_END, CONTROL_PING};
	struct control c;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &c, &e), 0);
	assert_string_equal(c.request, "a-1.B_2:");
	assert_int_equal(c.lines, 7);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(c.line[i].verb, verbs[i]);
	assert_int_equal(c.line[0].serial.len, 1);
	assert_int_equal(c.line[0].serial.bytes[0], 0xff);
	assert_string_equal(c.line[0].username, "AABBCCDDEEFF");
	assert_string_equal(c.line[1].username, "");
	assert_int_equal(c.line[3].count, 1000000);
	control_clear(&c);
}

static void
control_parse_refuses_what_is_not_a_command(void **state)
{
	(void)state;
	REFUSED("", "1 to 65536");
	REFUSED("\n", "line 1");
	REFUSED("ping\n\n", "line 2");
	REFUSED("ping ", "line 1");
	REFUSED(" ping", "line 1");
	REFUSED("PING", "line 1");
	REFUSED("ping\r\n", "line 1");
	REFUSED("ping x", "line 1");
	REFUSED("ping\0", "line 1");
	REFUSED("request a", "missing");
	REFUSED("request\nping", "request");
	REFUSED("request a b\nping", "request");
	REFUSED("request a/b\nping", "request");
	REFUSED("request 123456789012345678901234567890123\nping", "request");
	REFUSED("ping\nrequest a", "line 2");
}

static void
control_parse_refuses_serials_and_names_out_of_form(void **state)
{
	(void)state;
	REFUSED("revoke", "line 1");
	REFUSED("revoke 1", "line 1");
	REFUSED("revoke 00", "line 1");
	REFUSED("revoke 0x01", "line 1");
	REFUSED("revoke 0g", "line 1");
	REFUSED("revoke 01 a/b", "line 1");
	REFUSED("revoke 01 #", "line 1");
	REFUSED("revoke 01 a b", "line 1");
	REFUSED("revoke 0102030405060708090a0b0c0d0e0f101112131415", "line 1");
	REFUSED("revoke 01 "
		"12345678901234567890123456789012345678901234567890123456789012"
		"345",
	    "line 1");
	REFUSED("release", "line 1");
	REFUSED("release 01 AABBCCDDEEFF", "line 1");
}

static void
control_parse_refuses_a_sync_out_of_form(void **state)
{
	(void)state;
	REFUSED("sync", "line 1");
	REFUSED("sync begin", "line 1");
	REFUSED("sync begin -1", "line 1");
	REFUSED("sync begin 01", "line 1");
	REFUSED("sync begin 1000001", "line 1");
	REFUSED("sync begin 99999999999999999999", "line 1");
	REFUSED("sync add", "line 1");
	REFUSED("sync end 1", "line 1");
	REFUSED("sync stop", "line 1");
}

static void
control_parse_takes_so_many_lines_and_no_more(void **state)
{
	size_t len = 5 * (CONTROL_LINES_MAX + 1);
	char *text = malloc(len);
	struct control c;
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < len; i += 5)
		memcpy(text + i, "ping\n", 5);
	assert_int_equal(parse(text, len - 5, &c, &e), 0);
	assert_int_equal(c.lines, CONTROL_LINES_MAX);
	control_clear(&c);
	assert_refused(text, len, "too many lines");
	free(text);
}

static void
control_parse_refuses_a_message_too_large(void **state)
{
	char *text = malloc(CONTROL_MESSAGE_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', CONTROL_MESSAGE_MAX + 1);
	assert_refused(text, CONTROL_MESSAGE_MAX + 1, "1 to 65536");
	assert_refused(text, CONTROL_MESSAGE_MAX, "line 1");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(control_parse_reads_each_command),
	    cmocka_unit_test(control_parse_refuses_what_is_not_a_command),
	    cmocka_unit_test(
		control_parse_refuses_serials_and_names_out_of_form),
	    cmocka_unit_test(control_parse_refuses_a_sync_out_of_form),
	    cmocka_unit_test(control_parse_takes_so_many_lines_and_no_more),
	    cmocka_unit_test(control_parse_refuses_a_message_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
