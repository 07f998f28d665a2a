#include "tests/unit/ca/signer/fixture.h"

#include "ca/signer/sealed_key.h"

#define PEM "-----BEGIN PRIVATE KEY-----\n"

struct sealed {
	struct seal_key *escrow;
	struct name name;
	struct serial serial;
	struct buf bytes;
};

static int
setup(void **state)
{
	struct sealed *s = calloc(1, sizeof(*s));
	struct secret *pem = secret_new(PEM, strlen(PEM));
	uint8_t public_key[SEAL_KEY_LEN];
	struct err e = ERR_INIT;

	assert_non_null(s);
	assert_non_null(pem);
	assert_int_equal(seal_key_new(&s->escrow, &e), 0);
	assert_int_equal(seal_key_public(s->escrow, public_key, &e), 0);
	assert_int_equal(
	    name_parse(bytes_of_text("AABBCCDDEEFF"), &s->name, &e), 0);
	assert_int_equal(serial_new(&s->serial, &e), 0);
	buf_init(&s->bytes, 1024);
	assert_int_equal(sealed_key_make(public_key, &s->name, &s->serial, pem,
			     &s->bytes, &e),
	    0);
	secret_free(pem);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct sealed *s = *state;

	seal_key_free(s->escrow);
	buf_clear(&s->bytes);
	free(s);
	return 0;
}

static int
open_as(const struct sealed *s, const struct name *name,
    const struct serial *serial)
{
	struct err e = ERR_INIT;
	struct buf out;
	int rc;

	buf_init(&out, 1024);
	rc = sealed_key_open(
	    s->escrow, name, serial, buf_bytes(&s->bytes), &out, &e);
	if (rc == 0)
		assert_true(bytes_equal(buf_bytes(&out), bytes_of_text(PEM)));
	buf_clear(&out);
	return rc;
}

static void
sealed_key_opens_under_its_name_and_serial(void **state)
{
	const struct sealed *s = *state;

	assert_int_equal(open_as(s, &s->name, &s->serial), 0);
}

static void
sealed_key_moved_to_another_name_does_not_open(void **state)
{
	const struct sealed *s = *state;
	struct name other = s->name;

	other.text[11] = 'E';
	assert_int_equal(open_as(s, &other, &s->serial), -1);
	other.text[11] = '\0';
	assert_int_equal(open_as(s, &other, &s->serial), -1);
}

static void
sealed_key_moved_to_another_serial_does_not_open(void **state)
{
	const struct sealed *s = *state;
	struct serial other = s->serial;

	other.bytes[SERIAL_LEN - 1] ^= 1;
	assert_int_equal(open_as(s, &s->name, &other), -1);
}

static void
sealed_key_with_a_flipped_bit_does_not_open(void **state)
{
	struct sealed *s = *state;

	for (size_t i = 0; i < s->bytes.len; i++) {
		/* X25519 ignores the last bit of a point (RFC 7748, 5) but the
		 * key schedule of HPKE does not. */
		s->bytes.data[i] ^= 0x80;
		assert_int_equal(open_as(s, &s->name, &s->serial), -1);
		s->bytes.data[i] ^= 0x80;
	}
	assert_int_equal(open_as(s, &s->name, &s->serial), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sealed_key_opens_under_its_name_and_serial),
	    cmocka_unit_test(sealed_key_moved_to_another_name_does_not_open),
	    cmocka_unit_test(sealed_key_moved_to_another_serial_does_not_open),
	    cmocka_unit_test(sealed_key_with_a_flipped_bit_does_not_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
