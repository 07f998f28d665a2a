#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ca/base/wire.h"

static void
wire_put_writes_network_order(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	wire_put_u8(&b, 0x01);
	wire_put_u16(&b, 0x0203);
	wire_put_u32(&b, 0x04050607);
	wire_put_u64(&b, 0x08090a0b0c0d0e0f);
	wire_put_text(&b, "ab");
	assert_int_equal(b.len, 19);
	assert_memory_equal(b.data,
	    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	    "\x00\x02"
	    "ab",
	    19);
	buf_clear(&b);
}

static void
wire_reads_what_was_put(void **state)
{
	struct wire_reader r;
	uint8_t exact[3];
	char text[4];
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	wire_put_u8(&b, UINT8_MAX);
	wire_put_u16(&b, UINT16_MAX);
	wire_put_u32(&b, UINT32_MAX - 1);
	wire_put_u64(&b, UINT64_MAX - 1);
	wire_put_text(&b, "abc");
	wire_put_bytes(&b, (struct bytes){(const uint8_t *)"x\0y", 3});
	wire_put_bytes(&b, (struct bytes){NULL, 0});
	wire_put_bytes(&b, bytes_of_text("123"));
	wire_read_init(&r, buf_bytes(&b));
	assert_int_equal(wire_get_u8(&r), UINT8_MAX);
	assert_int_equal(wire_get_u16(&r), UINT16_MAX);
	assert_int_equal(wire_get_u32(&r), UINT32_MAX - 1);
	assert_true(wire_get_u64(&r) == UINT64_MAX - 1);
	wire_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "abc");
	assert_true(bytes_equal(
	    wire_get_bytes(&r), (struct bytes){(const uint8_t *)"x\0y", 3}));
	assert_int_equal(wire_get_bytes(&r).len, 0);
	assert_int_equal(wire_end(&r), -1);
	wire_get_exact(&r, exact, 3);
	assert_memory_equal(exact, "123", 3);
	assert_int_equal(wire_end(&r), 0);
	buf_clear(&b);
}

static void
wire_put_bytes_refuses_more_than_its_length_says(void **state)
{
	static const uint8_t much[65536];
	struct buf b;

	(void)state;
	buf_init(&b, 200000);
	wire_put_bytes(&b, (struct bytes){much, 65535});
	assert_false(b.failed);
	assert_int_equal(b.len, 65537);
	wire_put_bytes(&b, (struct bytes){much, 65536});
	assert_true(b.failed);
	buf_clear(&b);
}

/* Reads one of everything. */
static void
read_all(struct wire_reader *r)
{
	uint8_t exact[2];
	char text[8];

	wire_get_u8(r);
	wire_get_u16(r);
	wire_get_u32(r);
	wire_get_u64(r);
	wire_get_bytes(r);
	wire_get_text(r, text, sizeof(text));
	wire_get_exact(r, exact, sizeof(exact));
}

static void
wire_rejects_every_shortened_message(void **state)
{
	struct wire_reader r;
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	wire_put_u8(&b, 1);
	wire_put_u16(&b, 2);
	wire_put_u32(&b, 3);
	wire_put_u64(&b, 4);
	wire_put_text(&b, "bytes");
	wire_put_text(&b, "text");
	wire_put_text(&b, "ex");
	for (size_t len = 0; len < b.len; len++) {
		wire_read_init(&r, (struct bytes){b.data, len});
		read_all(&r);
		assert_int_equal(wire_end(&r), -1);
	}
	wire_read_init(&r, buf_bytes(&b));
	read_all(&r);
	assert_int_equal(wire_end(&r), 0);
	buf_clear(&b);
}

static void
wire_rejects_trailing_bytes(void **state)
{
	static const uint8_t message[] = {1, 2};
	struct wire_reader r;

	(void)state;
	wire_read_init(&r, (struct bytes){message, 2});
	wire_get_u8(&r);
	assert_int_equal(wire_end(&r), -1);
	assert_false(r.failed);
}

static void
wire_reads_nothing_more_after_a_failure(void **state)
{
	static const uint8_t message[] = {0, 5, 'a', 'b', 'c', 'd'};
	struct wire_reader r;
	uint8_t exact[2] = {1, 1};
	char text[4] = "old";

	(void)state;
	wire_read_init(&r, (struct bytes){message, sizeof(message)});
	assert_null(wire_get_bytes(&r).data);
	assert_true(r.failed);
	assert_int_equal(wire_get_u8(&r), 0);
	assert_int_equal(wire_get_u64(&r), 0);
	wire_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "");
	wire_get_exact(&r, exact, 2);
	assert_memory_equal(exact, "\0\0", 2);
	assert_int_equal(wire_end(&r), -1);
}

static void
wire_get_text_rejects_nul_and_what_does_not_fit(void **state)
{
	static const uint8_t nul[] = {0, 3, 'a', 0, 'b'};
	static const uint8_t four[] = {0, 4, 'a', 'b', 'c', 'd'};
	struct wire_reader r;
	char text[4];

	(void)state;
	wire_read_init(&r, (struct bytes){nul, sizeof(nul)});
	wire_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(wire_end(&r), -1);
	wire_read_init(&r, (struct bytes){four, sizeof(four)});
	wire_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(wire_end(&r), -1);
}

static void
wire_get_exact_rejects_other_lengths(void **state)
{
	static const uint8_t two[] = {0, 2, 'a', 'b'};
	struct wire_reader r;
	uint8_t out[3];

	(void)state;
	for (size_t len = 1; len <= 3; len++) {
		wire_read_init(&r, (struct bytes){two, sizeof(two)});
		wire_get_exact(&r, out, len);
		assert_int_equal(wire_end(&r), len == 2 ? 0 : -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wire_put_writes_network_order),
	    cmocka_unit_test(wire_reads_what_was_put),
	    cmocka_unit_test(wire_put_bytes_refuses_more_than_its_length_says),
	    cmocka_unit_test(wire_rejects_every_shortened_message),
	    cmocka_unit_test(wire_rejects_trailing_bytes),
	    cmocka_unit_test(wire_reads_nothing_more_after_a_failure),
	    cmocka_unit_test(wire_get_text_rejects_nul_and_what_does_not_fit),
	    cmocka_unit_test(wire_get_exact_rejects_other_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
