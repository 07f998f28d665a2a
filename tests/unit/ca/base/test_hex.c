#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ca/base/hex.h"

static void
hex_goes_there_and_back(void **state)
{
	uint8_t in[256], out[256];
	char text[513];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	hex_encode(in, sizeof(in), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "fdfeff");
	assert_int_equal(hex_decode(bytes_of_text(text), out, 256), 0);
	assert_memory_equal(in, out, 256);
}

static void
hex_decode_takes_either_case(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_int_equal(hex_decode(bytes_of_text("aBCd"), out, 2), 0);
	assert_memory_equal(out, "\xab\xcd", 2);
}

static void
hex_decode_rejects_other_lengths_and_characters(void **state)
{
	static const char *const bad[] = {"", "aabb0", "aab", "aabbcc", "aabg",
	    "aa b", "0xab", "aa-b", " aab", "aab\n", "aab@", "aab`", "aab:"};
	uint8_t out[2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hex_decode(bytes_of_text(bad[i]), out, 2), -1);
}

struct pair {
	const char *plain, *text;
};

/* RFC 4648, section 10. */
static const struct pair vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"}};

static void
base64_agrees_with_rfc_4648(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		buf_append_byte(&b, '>');
		base64_encode(bytes_of_text(vectors[i].plain), 0, &b);
		assert_string_equal((char *)b.data + 1, vectors[i].text);
		buf_clear(&b);
		buf_append_byte(&b, '>');
		assert_int_equal(
		    base64_decode(bytes_of_text(vectors[i].text), &b), 0);
		assert_string_equal((char *)b.data + 1, vectors[i].plain);
		buf_clear(&b);
	}
}

static void
base64_decode_rejects_what_is_not_strict(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "=",
	    "==", "====", "Z===", "Zg==Zg==", "Zm8=Zm9v",
	    "Zh==", "Zm9=", "Zg=g", "Z=g=", "Zm9v Zm9v", "Zm9v\t", "Zm-v",
	    "Zm_v", "Zm9v====", "Zm9v=", "Zm9vZ", "Zm9v\x80Zm9"};
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	buf_append_text(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(base64_decode(bytes_of_text(bad[i]), &b), -1);
		assert_int_equal(b.len, 4);
		assert_string_equal((char *)b.data, "kept");
	}
	assert_int_equal(
	    base64_decode((struct bytes){(const uint8_t *)"Zm\0v", 4}, &b), -1);
	buf_clear(&b);
}

static void
base64_decode_skips_line_ends(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(
	    base64_decode(bytes_of_text("\nZm9v\r\nYm\nFy\n\n"), &b), 0);
	assert_string_equal((char *)b.data, "foobar");
	buf_clear(&b);
}

static void
base64_decode_rejects_more_than_out_holds(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_int_equal(base64_decode(bytes_of_text("Zm9vYmFy"), &b), -1);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
base64_encode_breaks_lines(void **state)
{
	uint8_t in[100] = {0};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	base64_encode((struct bytes){in, 96}, 64, &b);
	assert_int_equal(b.len, 130);
	assert_int_equal(b.data[64], '\n');
	assert_int_equal(b.data[129], '\n');
	buf_clear(&b);
	base64_encode((struct bytes){in, 49}, 64, &b);
	assert_int_equal(b.len, 64 + 1 + 4 + 1);
	assert_string_equal((char *)b.data + 65, "AA==\n");
	buf_clear(&b);
	base64_encode((struct bytes){NULL, 0}, 64, &b);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
base64_of_any_length_goes_there_and_back(void **state)
{
	static uint8_t in[7000];
	struct buf text, back;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * i + i / 5);
	buf_init(&text, 20000);
	buf_init(&back, sizeof(in));
	for (size_t len = 0; len <= sizeof(in); len += 499) {
		for (size_t line = 0; line <= 76; line += 76) {
			base64_encode((struct bytes){in, len}, line, &text);
			assert_int_equal(
			    base64_decode(buf_bytes(&text), &back), 0);
			assert_true(bytes_equal(
			    buf_bytes(&back), (struct bytes){in, len}));
			buf_clear(&text);
			buf_clear(&back);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_goes_there_and_back),
	    cmocka_unit_test(hex_decode_takes_either_case),
	    cmocka_unit_test(hex_decode_rejects_other_lengths_and_characters),
	    cmocka_unit_test(base64_agrees_with_rfc_4648),
	    cmocka_unit_test(base64_decode_rejects_what_is_not_strict),
	    cmocka_unit_test(base64_decode_skips_line_ends),
	    cmocka_unit_test(base64_decode_rejects_more_than_out_holds),
	    cmocka_unit_test(base64_encode_breaks_lines),
	    cmocka_unit_test(base64_of_any_length_goes_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
