#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ca/x509/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bytes
text_of(char c, size_t len, char *room)
{
	memset(room, c, len);
	return (struct bytes){(const uint8_t *)room, len};
}

static void
name_parse_makes_one_identity_of_every_spelling(void **state)
{
	static const char *const spellings[] = {"aabbccddeeff", "AABBCCDDEEFF",
	    "aa:BB:cc:dd:ee:ff", "AA-bb-CC-DD-EE-FF"};
	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct name n;
		struct err e = ERR_INIT;
		assert_int_equal(
		    name_parse(bytes_of_text(spellings[i]), &n, &e), 0);
		assert_true(n.is_mac);
		assert_string_equal(n.text, "AABBCCDDEEFF");
	}
}

static void
name_parse_keeps_other_names_as_they_are(void **state)
{
	static const char *const names[] = {"a", "prof.voice.com", "x_1-2.3",
	    "AA-BB-CC-DD-EE-F", "AA-BB-CC-DD-EE-FG", "0123456789abc"};
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct name n;
		struct err e = ERR_INIT;
		assert_int_equal(
		    name_parse(bytes_of_text(names[i]), &n, &e), 0);
		assert_false(n.is_mac);
		assert_string_equal(n.text, names[i]);
	}
}

static void
name_parse_refuses_other_characters_and_lengths(void **state)
{
	static const char *const bad[] = {"", "a b", "a/b", "a+", "#", "a:b",
	    "AA:BB-CC:DD:EE:FF", "AA:BB:CC:DD:EE:F", "\xc3\xb6"};
	char room[NAME_LEN_MAX + 1];
	struct name n;
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(name_parse(bytes_of_text(bad[i]), &n, &e), -1);
		assert_int_equal(e.kind, ERR_BAD_FIELD);
		assert_string_equal(e.field, "name");
	}
	struct bytes with_nul = {(const uint8_t *)"a\0b", 3};
	assert_int_equal(name_parse(with_nul, &n, &e), -1);
	assert_int_equal(
	    name_parse(text_of('x', NAME_LEN_MAX, room), &n, &e), 0);
	assert_int_equal(
	    name_parse(text_of('x', NAME_LEN_MAX + 1, room), &n, &e), -1);
}

static void
name_is_topic_safe_refuses_wildcards_and_levels(void **state)
{
	char room[NAME_LEN_MAX + 1];
	(void)state;
	assert_true(name_is_topic_safe(bytes_of_text("AA:BB:cc-dd.e_f")));
	assert_false(name_is_topic_safe(bytes_of_text("")));
	assert_false(name_is_topic_safe(bytes_of_text("a/b")));
	assert_false(name_is_topic_safe(bytes_of_text("+")));
	assert_false(name_is_topic_safe(bytes_of_text("#")));
	assert_false(name_is_topic_safe(bytes_of_text("$SYS")));
	assert_true(name_is_topic_safe(text_of('x', NAME_LEN_MAX, room)));
	assert_false(name_is_topic_safe(text_of('x', NAME_LEN_MAX + 1, room)));
}

static void
name_device_uri_is_that_of_rfc_9039(void **state)
{
	char uri[NAME_DEVICE_URI_LEN];
	(void)state;
	name_device_uri("0024BE804FF1", uri);
	assert_string_equal(uri, "urn:dev:mac:0024beffff804ff1");
	assert_int_equal(strlen(uri), NAME_DEVICE_URI_LEN - 1);
}

static void
utf8_is_printable_counts_characters(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} good[] = {{"", 0}, {"abc", 3}, {"São", 3}, {"\xe2\x82\xac", 1},
	    {"\xf0\x9f\x98\x80", 1}, {"\xf4\x8f\xbf\xbd", 1}};
	size_t n;
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(utf8_is_printable(bytes_of_text(good[i].text), &n));
		assert_int_equal(n, good[i].count);
	}
}

static void
utf8_is_printable_refuses_broken_and_control_characters(void **state)
{
	static const char *const bad[] = {
	    "\x80",             /* a continuation alone */
	    "\xc3",             /* cut short */
	    "\xe2\x82",         /* cut short */
	    "\xc0\xaf",         /* overlong */
	    "\xe0\x80\xaf",     /* overlong */
	    "\xf0\x80\x80\xaf", /* overlong */
	    "\xed\xa0\x80",     /* a surrogate */
	    "\xf4\x90\x80\x80", /* past U+10FFFF */
	    "\xf5\x80\x80\x80", "\xff", "\x1f", "\x7f", "\xc2\x85", /* U+0085 */
	    "\xe2\x80\xa8", /* U+2028, a line break */
	    "\xe2\x80\xae", /* U+202E, right to left */
	    "\xe2\x81\xa6", /* U+2066 */
	};
	size_t n;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(utf8_is_printable(bytes_of_text(bad[i]), &n));
	struct bytes nul = {(const uint8_t *)"a\0", 2};
	assert_false(utf8_is_printable(nul, &n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_parse_makes_one_identity_of_every_spelling),
	    cmocka_unit_test(name_parse_keeps_other_names_as_they_are),
	    cmocka_unit_test(name_parse_refuses_other_characters_and_lengths),
	    cmocka_unit_test(name_is_topic_safe_refuses_wildcards_and_levels),
	    cmocka_unit_test(name_device_uri_is_that_of_rfc_9039),
	    cmocka_unit_test(utf8_is_printable_counts_characters),
	    cmocka_unit_test(
		utf8_is_printable_refuses_broken_and_control_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
