#include "tests/unit/topics/fixture.h"

/* A text with its length: some hold a NUL. */
#define T(literal)                                                             \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}

/* In memory of exactly its size, so that a sanitizer sees a read past it. */
static int
scan(struct bytes text, struct err *e)
{
	uint8_t *copy = malloc(text.len > 0 ? text.len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text.data, text.len);
	*e = (struct err)ERR_INIT;
	rc = json_scan((struct bytes){copy, text.len}, e);
	free(copy);
	return rc;
}

static void
accepts_all(const struct bytes *texts, size_t n)
{
	struct err e;

	for (size_t i = 0; i < n; i++)
		if (scan(texts[i], &e) != 0)
			fail_msg(
			    "%s: %s", (const char *)texts[i].data, e.message);
}

static void
refuses_all(const struct bytes *texts, size_t n)
{
	struct err e;

	for (size_t i = 0; i < n; i++) {
		if (scan(texts[i], &e) == 0)
			fail_msg("passed: %s", (const char *)texts[i].data);
		assert_int_equal(e.kind, ERR_BAD_JSON);
		assert_string_equal(e.field, "");
	}
}

#define ACCEPTS(...)                                                           \
	do {                                                                   \
		static const struct bytes texts[] = {__VA_ARGS__};             \
		accepts_all(texts, sizeof(texts) / sizeof(texts[0]));          \
	} while (0)
#define REFUSES(...)                                                           \
	do {                                                                   \
		static const struct bytes texts[] = {__VA_ARGS__};             \
		refuses_all(texts, sizeof(texts) / sizeof(texts[0]));          \
	} while (0)

static void
json_scan_accepts_an_object_and_blanks_around_it(void **state)
{
	(void)state;
	ACCEPTS(T("{}"), T(" \t\r\n{ \t\r\n} \t\r\n"), T("{\"a\":1}"),
	    T("{\"a\" : [ ] , \"b\" : { } }"),
	    T("{\"a\":true,\"b\":false,\"c\":null}"));
}

static void
json_scan_refuses_anything_but_one_object(void **state)
{
	(void)state;
	REFUSES(T(""), T(" "), T("[]"), T("\"a\""), T("1"), T("null"),
	    T("{}{}"), T("{} x"), T("{},"), T("{}\0"), T("\0{}"),
	    T("\xef\xbb\xbf{}"), T("\v{}"), T("{}\f"), T("{}//"), T("{"),
	    T("}"));
}

static void
json_scan_refuses_a_broken_list_of_members(void **state)
{
	(void)state;
	REFUSES(T("{\"a\"}"), T("{\"a\":}"), T("{\"a\" 1}"), T("{\"a\":1,}"),
	    T("{,\"a\":1}"), T("{\"a\":1,,\"b\":1}"), T("{\"a\":1 \"b\":1}"),
	    T("{\"a\":1"), T("{\"a\":"), T("{\"a\""), T("{a:1}"), T("{'a':1}"),
	    T("{1:1}"), T("{\"a\":[1,]}"), T("{\"a\":[,1]}"),
	    T("{\"a\":[1 2]}"), T("{\"a\":[1}"), T("{\"a\":[1"), T("{\"a\":["),
	    T("{\"a\":[}]"));
}

static void
json_scan_refuses_a_name_that_was_there_before(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":1,\"a\":1}"), T("{\"a\":1,\"b\":2,\"a\":3}"),
	    T("{\"\":1,\"\":2}"), T("{\"a\":{\"b\":1,\"b\":1}}"));
	ACCEPTS(T("{\"a\":1,\"A\":1}"), T("{\"a\":{\"a\":{\"a\":1}}}"),
	    T("{\"a\":[{\"b\":1},{\"b\":1}]}"));
}

static void
json_scan_refuses_an_escape_in_a_name(void **state)
{
	(void)state;
	REFUSES(T("{\"\\u0061\":1}"), T("{\"a\":1,\"\\u0061\":1}"),
	    T("{\"\\n\":1}"));
}

static void
json_scan_accepts_the_escapes_of_json(void **state)
{
	(void)state;
	ACCEPTS(T("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
	    T("{\"a\":\"\\u0001\\u000A\\u00e9\\uABCD\\uabcd\"}"),
	    T("{\"a\":\"\\ud83d\\ude00\"}"), T("{\"a\":\"\\uDBFF\\uDFFF\"}"),
	    T("{\"a\":\"\\uE000\\uFFFF\\uD7FF\"}"));
}

static void
json_scan_refuses_other_escapes(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":\"\\x41\"}"), T("{\"a\":\"\\'\"}"),
	    T("{\"a\":\"\\U0041\"}"), T("{\"a\":\"\\a\"}"),
	    T("{\"a\":\"\\\0\"}"), T("{\"a\":\"\\u\"}"),
	    T("{\"a\":\"\\u004\"}"), T("{\"a\":\"\\u00g1\"}"),
	    T("{\"a\":\"\\u 041\"}"), T("{\"a\":\"\\"), T("{\"a\":\"\\u00"),
	    T("{\"a\":\"\\\"}"));
}

static void
json_scan_refuses_nul_in_any_spelling(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":\"\\u0000\"}"), T("{\"a\":\"b\\u0000c\"}"),
	    T("{\"a\":\"\0\"}"), T("{\"a\0\":1}"), T("{\"a\":\0}"),
	    T("{\0\"a\":1}"));
}

static void
json_scan_refuses_half_a_surrogate_pair(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":\"\\ud83d\"}"), T("{\"a\":\"\\ude00\"}"),
	    T("{\"a\":\"\\ud83dx\"}"), T("{\"a\":\"\\ud83d\\n\"}"),
	    T("{\"a\":\"\\ud83d\\u0041\"}"), T("{\"a\":\"\\ud83d\\ud83d\"}"),
	    T("{\"a\":\"\\ude00\\ud83d\"}"), T("{\"a\":\"\\ud83d\\"));
}

static void
json_scan_refuses_bare_control_characters(void **state)
{
	char text[] = "{\"a\":\"?\"}";
	struct err e;

	(void)state;
	for (char c = 1; c < 0x20; c++) {
		text[6] = c;
		assert_int_equal(scan(bytes_of_text(text), &e), -1);
	}
	text[6] = 0x7f; /* no control character to RFC 8259 */
	assert_int_equal(scan(bytes_of_text(text), &e), 0);
}

static void
json_scan_accepts_utf8_at_every_bound(void **state)
{
	(void)state;
	ACCEPTS(T("{\"a\":\"\xc2\x80\xdf\xbf\"}"),
	    T("{\"a\":\"\xe0\xa0\x80\xef\xbf\xbf\"}"),
	    T("{\"a\":\"\xed\x9f\xbf\xee\x80\x80\"}"),
	    T("{\"a\":\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}"),
	    T("{\"\xc3\xa9\":1}"));
}

static void
json_scan_refuses_what_is_not_utf8(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":\"\xc0\xaf\"}"), T("{\"a\":\"\xc1\xbf\"}"),
	    T("{\"a\":\"\xe0\x9f\xbf\"}"), T("{\"a\":\"\xf0\x8f\xbf\xbf\"}"),
	    T("{\"a\":\"\xed\xa0\x80\"}"), T("{\"a\":\"\xed\xbf\xbf\"}"),
	    T("{\"a\":\"\xf4\x90\x80\x80\"}"),
	    T("{\"a\":\"\xf5\x80\x80\x80\"}"), T("{\"a\":\"\xff\"}"),
	    T("{\"a\":\"\xfe\"}"), T("{\"a\":\"\x80\"}"), T("{\"a\":\"\xe9\"}"),
	    T("{\"a\":\"\xc3\"}"), T("{\"a\":\"\xe2\x82\"}"),
	    T("{\"a\":\"\xf0\x9f\x98\"}"), T("{\"a\":\"\xe2\x28\xa1\"}"),
	    T("{\"a\":\"\xe2\x82\x28\"}"), T("{\"a\":\"\xf0\x9f\x98"),
	    T("{\"a\":\"\xc3"), T("{\"\xff\":1}"));
}

static void
json_scan_accepts_the_numbers_of_json(void **state)
{
	(void)state;
	ACCEPTS(T("{\"a\":0}"), T("{\"a\":-0}"), T("{\"a\":-1.5e-10}"),
	    T("{\"a\":10.01E+2}"), T("{\"a\":0e0}"),
	    T("{\"a\":12345678901234567890}"));
}

static void
json_scan_refuses_other_numbers(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":01}"), T("{\"a\":-01}"), T("{\"a\":00}"),
	    T("{\"a\":+1}"), T("{\"a\":.5}"), T("{\"a\":1.}"), T("{\"a\":-}"),
	    T("{\"a\":1e}"), T("{\"a\":1e+}"), T("{\"a\":0x10}"),
	    T("{\"a\":1_000}"), T("{\"a\":NaN}"), T("{\"a\":Infinity}"),
	    T("{\"a\":-Infinity}"), T("{\"a\":--1}"), T("{\"a\":1"),
	    T("{\"a\":-"), T("{\"a\":123456789012345678901}"));
}

static void
json_scan_refuses_words_that_are_no_values(void **state)
{
	(void)state;
	REFUSES(T("{\"a\":True}"), T("{\"a\":nul}"), T("{\"a\":nulll}"),
	    T("{\"a\":undefined}"), T("{\"a\":t"), T("{\"a\":fals"));
}

/* {"a":[[…]]}, so many arrays deep. */
static int
scan_deep(size_t depth)
{
	struct buf b;
	struct err e = ERR_INIT;
	int rc;

	buf_init(&b, 1 << 20);
	buf_append_text(&b, "{\"a\":");
	for (size_t i = 0; i < depth; i++)
		buf_append_byte(&b, '[');
	for (size_t i = 0; i < depth; i++)
		buf_append_byte(&b, ']');
	buf_append_byte(&b, '}');
	rc = scan(buf_bytes(&b), &e);
	buf_clear(&b);
	return rc;
}

static void
json_scan_bounds_the_depth(void **state)
{
	(void)state;
	assert_int_equal(scan_deep(3), 0);
	assert_int_equal(scan_deep(4), -1);
	assert_int_equal(scan_deep(100000), -1);
}

/* {"a":[0,0,…]} or {"0":0,"1":0,…} */
static int
scan_many(size_t n, bool names)
{
	struct buf b;
	struct err e = ERR_INIT;
	int rc;

	buf_init(&b, 1 << 20);
	buf_append_text(&b, names ? "{" : "{\"a\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_byte(&b, ',');
		if (names)
			buf_printf(&b, "\"%zu\":", i);
		buf_append_byte(&b, '0');
	}
	buf_append_text(&b, names ? "}" : "]}");
	rc = scan(buf_bytes(&b), &e);
	buf_clear(&b);
	return rc;
}

static void
json_scan_bounds_the_number_of_values_and_names(void **state)
{
	(void)state;
	assert_int_equal(scan_many(126, false), 0);
	assert_int_equal(scan_many(127, false), -1);
	assert_int_equal(scan_many(64, true), 0);
	assert_int_equal(scan_many(65, true), -1);
}

static void
json_scan_says_where_and_what(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    scan(bytes_of_text("{\"days\": 0365, \"pass\": \"hunter2\"}"), &e),
	    -1);
	assert_string_equal(
	    e.message, "byte 11: a number with a leading zero (RFC 8259)");
}

/* Every beginning of a good text is no text. */
static void
json_scan_refuses_every_beginning_of_a_text(void **state)
{
	static const char text[] =
	    "{\"a\": \"\\u00e9\\ud83d\\ude00 \xc3\xa9\", \"b\": [1.5e+3, true, "
	    "null, {\"c\": false}]}";
	struct err e;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(
		    scan((struct bytes){(const uint8_t *)text, n}, &e), -1);
	assert_int_equal(scan(bytes_of_text(text), &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_scan_accepts_an_object_and_blanks_around_it),
	    cmocka_unit_test(json_scan_refuses_anything_but_one_object),
	    cmocka_unit_test(json_scan_refuses_a_broken_list_of_members),
	    cmocka_unit_test(json_scan_refuses_a_name_that_was_there_before),
	    cmocka_unit_test(json_scan_refuses_an_escape_in_a_name),
	    cmocka_unit_test(json_scan_accepts_the_escapes_of_json),
	    cmocka_unit_test(json_scan_refuses_other_escapes),
	    cmocka_unit_test(json_scan_refuses_nul_in_any_spelling),
	    cmocka_unit_test(json_scan_refuses_half_a_surrogate_pair),
	    cmocka_unit_test(json_scan_refuses_bare_control_characters),
	    cmocka_unit_test(json_scan_accepts_utf8_at_every_bound),
	    cmocka_unit_test(json_scan_refuses_what_is_not_utf8),
	    cmocka_unit_test(json_scan_accepts_the_numbers_of_json),
	    cmocka_unit_test(json_scan_refuses_other_numbers),
	    cmocka_unit_test(json_scan_refuses_words_that_are_no_values),
	    cmocka_unit_test(json_scan_bounds_the_depth),
	    cmocka_unit_test(json_scan_bounds_the_number_of_values_and_names),
	    cmocka_unit_test(json_scan_says_where_and_what),
	    cmocka_unit_test(json_scan_refuses_every_beginning_of_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
