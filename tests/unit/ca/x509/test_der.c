#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ca/base/hex.h"
#include "ca/x509/der.h"

#define HEX_MAX 512

struct sample {
	uint8_t data[HEX_MAX];
	struct bytes b;
};

static struct bytes
from_hex(struct sample *s, const char *hex)
{
	struct bytes text = bytes_of_text(hex);
	assert_int_equal(hex_decode(text, s->data, text.len / 2), 0);
	s->b = (struct bytes){s->data, text.len / 2};
	return s->b;
}

static void
der_take_any_gives_tag_content_and_whole(void **state)
{
	struct sample s;
	struct bytes content, whole;
	uint8_t tag;
	(void)state;
	struct bytes in = from_hex(&s, "040201020500");
	assert_int_equal(der_peek(in), DER_OCTET_STRING);
	assert_int_equal(der_take_any(&in, &tag, &content, &whole), 0);
	assert_int_equal(tag, DER_OCTET_STRING);
	assert_int_equal(content.len, 2);
	assert_int_equal(whole.len, 4);
	assert_int_equal(der_take(&in, DER_NULL, &content), 0);
	assert_int_equal(der_peek(in), 0);
	assert_int_equal(der_take(&in, DER_NULL, &content), -1);
}

static void
der_take_leaves_what_it_refuses(void **state)
{
	struct sample s;
	struct bytes content;
	(void)state;
	struct bytes in = from_hex(&s, "0500");
	assert_int_equal(der_take(&in, DER_INTEGER, &content), -1);
	assert_int_equal(in.len, 2);
	assert_int_equal(der_take(&in, DER_NULL, &content), 0);
}

static void
der_take_any_refuses_lengths_that_are_not_der(void **state)
{
	static const char *const bad[] = {
	    "",                       /* nothing */
	    "04",                     /* no length */
	    "0401",                   /* cut short */
	    "048001020000",           /* indefinite */
	    "0481017f",               /* one byte of length too many */
	    "0481",                   /* length cut short */
	    "0482008041",             /* leading zero */
	    "04840000000100",         /* leading zeros */
	    "0484ffffffff00",         /* larger than anything */
	    "0489ffffffffffffffffff", /* larger than a size_t */
	    "1f810400",               /* a tag of several bytes */
	};
	struct sample s;
	struct bytes content;
	uint8_t tag;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes in = from_hex(&s, bad[i]);
		assert_int_equal(der_take_any(&in, &tag, &content, NULL), -1);
		assert_int_equal(in.len, s.b.len);
	}
}

static void
der_take_unsigned_strips_the_sign_byte(void **state)
{
	struct sample s;
	struct bytes m;
	(void)state;
	struct bytes in = from_hex(&s, "0202008002017f020100");
	assert_int_equal(der_take_unsigned(&in, &m), 0);
	assert_int_equal(m.len, 1);
	assert_int_equal(m.data[0], 0x80);
	assert_int_equal(der_take_unsigned(&in, &m), 0);
	assert_int_equal(m.data[0], 0x7f);
	assert_int_equal(der_take_unsigned(&in, &m), 0);
	assert_int_equal(m.len, 1);
	assert_int_equal(m.data[0], 0);
}

static void
der_take_unsigned_refuses_negative_and_padded_numbers(void **state)
{
	static const char *const bad[] = {
	    "0200", "020180", "0202007f", "0202ff80", "030100"};
	struct sample s;
	struct bytes m;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes in = from_hex(&s, bad[i]);
		assert_int_equal(der_take_unsigned(&in, &m), -1);
		assert_int_equal(in.len, s.b.len);
	}
}

static void
der_take_bits_refuses_unused_bits(void **state)
{
	struct sample s;
	struct bytes content;
	(void)state;
	struct bytes in = from_hex(&s, "030200ff");
	assert_int_equal(der_take_bits(&in, &content), 0);
	assert_int_equal(content.len, 1);
	in = from_hex(&s, "030201fe");
	assert_int_equal(der_take_bits(&in, &content), -1);
	in = from_hex(&s, "0300");
	assert_int_equal(der_take_bits(&in, &content), -1);
}

static void
der_is_well_formed_takes_der(void **state)
{
	static const char *const good[] = {"0500", "3000", "30030101ff",
	    "3009060355040313026162", "a0023000", "3005a00081010f"};
	struct sample s;
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(der_is_well_formed(from_hex(&s, good[i])));
}

static void
der_is_well_formed_refuses_what_is_ber_only(void **state)
{
	static const char *const bad[] = {
	    "", "0000",     /* the end mark */
	    "3003010101",   /* TRUE is ff */
	    "300401020000", /* a BOOLEAN of two bytes */
	    "300402020001", /* a padded INTEGER */
	    "3003050100",   /* a NULL with content */
	    "30020600",     /* an empty OID */
	    "3003060188",   /* an arc cut short */
	    "300406028001", /* a padded arc */
	    "300403020101", /* unused bits that are set */
	    "300403020800", /* eight unused bits */
	    "3003030101",   /* unused bits of nothing */
	    "30022400",     /* a string in parts */
	    "1000",         /* a SEQUENCE without parts */
	    "300430030500", /* longer than what holds it */
	    "05000500",     /* two elements */
	};
	struct sample s;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (der_is_well_formed(from_hex(&s, bad[i])))
			fail_msg("%s", bad[i]);
	}
}

static void
der_is_well_formed_bounds_the_depth(void **state)
{
	(void)state;
	for (size_t depth = 1; depth < 60; depth++) {
		uint8_t nest[128];
		for (size_t i = 0; i < depth; i++) {
			nest[2 * i] = DER_SEQUENCE;
			nest[2 * i + 1] = (uint8_t)(2 * (depth - 1 - i));
		}
		struct bytes in = {nest, 2 * depth};
		assert_int_equal(der_is_well_formed(in), depth < DER_DEPTH_MAX);
	}
}

static void
der_put_writes_what_der_take_reads(void **state)
{
	static const size_t lengths[] = {
	    0, 1, 127, 128, 255, 256, 65535, 65536};
	static uint8_t zeros[65536];
	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buf b;
		struct bytes content;
		buf_init(&b, 1 << 20);
		der_put(
		    &b, DER_OCTET_STRING, (struct bytes){zeros, lengths[i]});
		struct bytes in = buf_bytes(&b);
		assert_int_equal(der_take(&in, DER_OCTET_STRING, &content), 0);
		assert_int_equal(content.len, lengths[i]);
		assert_int_equal(in.len, 0);
		buf_clear(&b);
	}
}

static void
der_put_unsigned_is_minimal_and_positive(void **state)
{
	static const struct {
		const char *magnitude;
		const char *der;
	} cases[] = {
	    {"", "020100"},
	    {"0000", "020100"},
	    {"7f", "02017f"},
	    {"80", "02020080"},
	    {"00010001", "0203010001"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample in, expected;
		struct buf b;
		buf_init(&b, 64);
		der_put_unsigned(&b, from_hex(&in, cases[i].magnitude));
		assert_true(bytes_equal(
		    buf_bytes(&b), from_hex(&expected, cases[i].der)));
		buf_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(der_take_any_gives_tag_content_and_whole),
	    cmocka_unit_test(der_take_leaves_what_it_refuses),
	    cmocka_unit_test(der_take_any_refuses_lengths_that_are_not_der),
	    cmocka_unit_test(der_take_unsigned_strips_the_sign_byte),
	    cmocka_unit_test(
		der_take_unsigned_refuses_negative_and_padded_numbers),
	    cmocka_unit_test(der_take_bits_refuses_unused_bits),
	    cmocka_unit_test(der_is_well_formed_takes_der),
	    cmocka_unit_test(der_is_well_formed_refuses_what_is_ber_only),
	    cmocka_unit_test(der_is_well_formed_bounds_the_depth),
	    cmocka_unit_test(der_put_writes_what_der_take_reads),
	    cmocka_unit_test(der_put_unsigned_is_minimal_and_positive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
