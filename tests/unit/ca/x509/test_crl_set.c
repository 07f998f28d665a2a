#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ca/x509/crl_parts.h"

#define NOW_S 1700000000 /* 2023-11-14 */
#define DAY_S 86400
#define MANY  100000

/* A serial of 16 bytes that is no other number's, in no order. */
static void
serial_of(uint32_t n, uint8_t serial[16])
{
	uint32_t mixed = n * 2654435761u;

	memset(serial, 0x5a, 16);
	serial[0] = 1;
	for (unsigned i = 0; i < 4; i++)
		serial[1 + i] = (uint8_t)(mixed >> (24 - 8 * i));
}

static struct crl_entry
entry_of(struct bytes serial, enum crl_reason reason)
{
	struct crl_entry entry;
	struct err e = ERR_INIT;

	if (crl_entry_set(&entry, serial, NOW_S, reason, &e) != 0)
		fail_msg("%s", e.message);
	return entry;
}

static struct crl_set *
set_new(void)
{
	struct crl_set *set;
	struct err e = ERR_INIT;

	assert_int_equal(crl_set_new(&set, &e), 0);
	return set;
}

static bool
add(struct crl_set *set, struct bytes serial, enum crl_reason reason,
    int64_t not_after_s)
{
	struct crl_entry entry = entry_of(serial, reason);
	struct err e = ERR_INIT;
	bool changed;

	if (crl_set_add(set, &entry, not_after_s, &changed, &e) != 0)
		fail_msg("%s", e.message);
	return changed;
}

static bool
add_number(struct crl_set *set, uint32_t n, int64_t not_after_s)
{
	uint8_t serial[16];

	serial_of(n, serial);
	return add(
	    set, (struct bytes){serial, 16}, CRL_SUPERSEDED, not_after_s);
}

/* Walks it all: sorted, none twice, and the sizes are what is there. */
static void
assert_is_whole(const struct crl_set *set)
{
	struct crl_cursor cursor = {0, 0};
	struct crl_entry entry, last;
	struct buf all, one;
	uint32_t count = 0;

	buf_init(&all, SIZE_MAX);
	buf_init(&one, SIZE_MAX);
	crl_set_encode(set, &all);
	while (crl_set_next(set, &cursor, &entry)) {
		struct bytes a = {last.serial, last.serial_len};
		struct bytes b = {entry.serial, entry.serial_len};

		assert_true(count == 0 || crl_serial_compare(a, b) < 0);
		crl_entry_encode(&entry, &one);
		last = entry;
		count++;
	}
	assert_int_equal(crl_set_size(set).count, count);
	assert_int_equal(crl_set_size(set).bytes, one.len);
	assert_true(bytes_equal(buf_bytes(&all), buf_bytes(&one)));
	buf_clear(&all);
	buf_clear(&one);
}

static void
crl_reason_is_read_and_written_by_its_name(void **state)
{
	static const char *const names[] = {"unspecified", "keyCompromise",
	    "cACompromise", "affiliationChanged", "superseded",
	    "cessationOfOperation", "certificateHold", NULL, "removeFromCRL",
	    "privilegeWithdrawn", "aACompromise"};
	struct err e = ERR_INIT;
	enum crl_reason r;

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] == NULL) {
			assert_null(crl_reason_word((enum crl_reason)i));
			continue;
		}
		assert_string_equal(
		    crl_reason_word((enum crl_reason)i), names[i]);
		assert_int_equal(
		    crl_reason_parse(bytes_of_text(names[i]), &r, &e), 0);
		assert_int_equal(r, i);
	}
}

static void
crl_reason_refuses_other_words(void **state)
{
	static const char *const words[] = {
	    "", "keycompromise", "keyCompromise ", "1", "hold"};
	struct err e = ERR_INIT;
	enum crl_reason r;

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(
		    crl_reason_parse(bytes_of_text(words[i]), &r, &e), -1);
		assert_int_equal(e.kind, ERR_BAD_FIELD);
		assert_string_equal(e.field, "reason");
	}
	assert_null(crl_reason_word((enum crl_reason)11));
	assert_null(crl_reason_word((enum crl_reason) - 1));
}

/* What crl_entry_encode makes, byte for byte. */
static void
assert_encodes(const char *serial, size_t serial_len, int64_t at,
    enum crl_reason reason, const char *der, size_t der_len)
{
	struct crl_entry entry;
	struct err e = ERR_INIT;
	struct buf out;

	buf_init(&out, CRL_ENTRY_BYTES_MAX);
	assert_int_equal(
	    crl_entry_set(&entry,
		(struct bytes){(const uint8_t *)serial, serial_len}, at, reason,
		&e),
	    0);
	crl_entry_encode(&entry, &out);
	assert_false(out.failed);
	assert_int_equal(out.len, der_len);
	assert_memory_equal(out.data, der, der_len);
	buf_clear(&out);
}
#define ASSERT_ENCODES(serial, at, reason, der)                                \
	assert_encodes(                                                        \
	    serial, sizeof(serial) - 1, at, reason, der, sizeof(der) - 1)

static void
crl_entry_without_reason_has_no_extensions(void **state)
{
	(void)state;
	ASSERT_ENCODES("\x05", NOW_S, CRL_UNSPECIFIED,
	    "\x30\x12\x02\x01\x05\x17\x0d"
	    "231114221320Z");
}

static void
crl_entry_with_reason_has_the_code(void **state)
{
	(void)state;
	ASSERT_ENCODES("\x05", NOW_S, CRL_KEY_COMPROMISE,
	    "\x30\x20\x02\x01\x05\x17\x0d"
	    "231114221320Z"
	    "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01");
}

static void
crl_entry_serial_with_its_top_bit_set_stays_positive(void **state)
{
	(void)state;
	ASSERT_ENCODES("\x80\x01", NOW_S, CRL_UNSPECIFIED,
	    "\x30\x14\x02\x03\x00\x80\x01\x17\x0d"
	    "231114221320Z");
}

static void
crl_entry_serial_loses_its_leading_zeros(void **state)
{
	(void)state;
	ASSERT_ENCODES("\x00\x00\x7f", NOW_S, CRL_UNSPECIFIED,
	    "\x30\x12\x02\x01\x7f\x17\x0d"
	    "231114221320Z");
}

static void
crl_entry_date_is_generalized_from_2050_on(void **state)
{
	(void)state;
	ASSERT_ENCODES("\x05", 2524607999, CRL_UNSPECIFIED,
	    "\x30\x12\x02\x01\x05\x17\x0d"
	    "491231235959Z");
	ASSERT_ENCODES("\x05", 2524608000, CRL_UNSPECIFIED,
	    "\x30\x14\x02\x01\x05\x18\x0f"
	    "20500101000000Z");
}

static void
crl_entry_of_the_greatest_size_fits(void **state)
{
	(void)state;
	ASSERT_ENCODES(
	    "\x7f\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	    "\x11\x12\x13\x14",
	    253402300799, CRL_AA_COMPROMISE,
	    "\x30\x35\x02\x14"
	    "\x7f\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	    "\x11\x12\x13\x14\x18\x0f"
	    "99991231235959Z"
	    "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x0a");
}

static void
assert_refused(size_t serial_len, uint8_t first, int64_t at,
    enum crl_reason reason, const char *field)
{
	uint8_t serial[40];
	struct crl_entry entry;
	struct err e = ERR_INIT;

	memset(serial, 1, sizeof(serial));
	serial[0] = first;
	assert_int_equal(
	    crl_entry_set(
		&entry, (struct bytes){serial, serial_len}, at, reason, &e),
	    -1);
	assert_int_equal(e.kind, ERR_BAD_FIELD);
	assert_string_equal(e.field, field);
}

static void
crl_entry_refuses_what_is_out_of_form(void **state)
{
	(void)state;
	assert_refused(0, 1, NOW_S, CRL_SUPERSEDED, "serial");
	assert_refused(1, 0, NOW_S, CRL_SUPERSEDED, "serial");
	assert_refused(20, 0x80, NOW_S, CRL_SUPERSEDED, "serial");
	assert_refused(21, 1, NOW_S, CRL_SUPERSEDED, "serial");
	assert_refused(1, 1, -1, CRL_SUPERSEDED, "revoked_at");
	assert_refused(1, 1, 253402300800, CRL_SUPERSEDED, "revoked_at");
	assert_refused(1, 1, NOW_S, (enum crl_reason)7, "reason");
	assert_refused(1, 1, NOW_S, (enum crl_reason)11, "reason");
	assert_refused(1, 1, NOW_S, CRL_REMOVE_FROM_CRL, "reason");
}

static void
crl_set_keeps_serials_sorted_as_numbers(void **state)
{
	static const char *const serials[] = {
	    "\xff", "\x01\x01", "\x80", "\x7f", "\xff\xff", "\x01"};
	static const char *const sorted[] = {
	    "\x01", "\x7f", "\x80", "\xff", "\x01\x01", "\xff\xff"};
	struct crl_set *set = set_new();
	struct crl_cursor cursor = {0, 0};
	struct crl_entry entry;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_true(
		    add(set, bytes_of_text(serials[i]), CRL_SUPERSEDED, NOW_S));
	for (unsigned i = 0; i < 6; i++) {
		assert_true(crl_set_next(set, &cursor, &entry));
		assert_true(bytes_equal(bytes_of_text(sorted[i]),
		    (struct bytes){entry.serial, entry.serial_len}));
	}
	assert_false(crl_set_next(set, &cursor, &entry));
	crl_set_free(set);
}

static void
crl_set_add_twice_changes_nothing(void **state)
{
	struct crl_set *set = set_new();
	struct crl_entry entry;

	(void)state;
	assert_true(add(set, bytes_of_text("\x09"), CRL_SUPERSEDED, NOW_S));
	assert_false(
	    add(set, bytes_of_text("\x09"), CRL_KEY_COMPROMISE, NOW_S));
	assert_int_equal(crl_set_size(set).count, 1);
	assert_true(crl_set_find(set, bytes_of_text("\x09"), &entry));
	assert_int_equal(entry.reason, CRL_SUPERSEDED);
	crl_set_free(set);
}

static void
crl_set_add_refuses_an_entry_out_of_form(void **state)
{
	struct crl_set *set = set_new();
	struct crl_entry entry =
	    entry_of(bytes_of_text("\x09"), CRL_SUPERSEDED);
	struct err e = ERR_INIT;

	(void)state;
	entry.serial[0] = 0;
	assert_int_equal(crl_set_add(set, &entry, NOW_S, NULL, &e), -1);
	assert_int_equal(crl_set_size(set).count, 0);
	crl_set_free(set);
}

static void
crl_set_hold_becomes_a_revocation(void **state)
{
	struct crl_set *set = set_new();
	struct crl_entry entry;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(
	    add(set, bytes_of_text("\x09"), CRL_CERTIFICATE_HOLD, NOW_S));
	assert_false(
	    add(set, bytes_of_text("\x09"), CRL_CERTIFICATE_HOLD, NOW_S));
	assert_true(add(set, bytes_of_text("\x09"), CRL_UNSPECIFIED, NOW_S));
	assert_true(crl_set_find(set, bytes_of_text("\x09"), &entry));
	assert_int_equal(entry.reason, CRL_UNSPECIFIED);
	assert_is_whole(set);
	assert_int_equal(crl_set_remove(set, bytes_of_text("\x09"), &e), -1);
	crl_set_free(set);
}

static void
crl_set_remove_releases_a_hold(void **state)
{
	struct crl_set *set = set_new();
	struct err e = ERR_INIT;

	(void)state;
	assert_true(
	    add(set, bytes_of_text("\x09"), CRL_CERTIFICATE_HOLD, NOW_S));
	assert_int_equal(crl_set_remove(set, bytes_of_text("\x09"), &e), 0);
	assert_false(crl_set_find(set, bytes_of_text("\x09"), NULL));
	assert_int_equal(crl_set_size(set).count, 0);
	assert_int_equal(crl_set_size(set).bytes, 0);
	crl_set_free(set);
}

static void
crl_set_remove_refuses_what_is_revoked_for_good_or_not_there(void **state)
{
	struct crl_set *set = set_new();
	struct err e = ERR_INIT;

	(void)state;
	assert_true(add(set, bytes_of_text("\x09"), CRL_SUPERSEDED, NOW_S));
	assert_int_equal(crl_set_remove(set, bytes_of_text("\x09"), &e), -1);
	assert_string_equal(e.field, "serial");
	assert_int_equal(crl_set_remove(set, bytes_of_text("\x08"), &e), -1);
	assert_string_equal(e.field, "serial");
	assert_int_equal(crl_set_size(set).count, 1);
	crl_set_free(set);
}

static void
crl_set_expire_takes_out_ended_certificates_alone(void **state)
{
	struct crl_set *set = set_new();

	(void)state;
	for (uint32_t n = 0; n < 2000; n++)
		assert_true(add_number(set, n, NOW_S + (int64_t)n));
	assert_int_equal(crl_set_expire(set, NOW_S), 0);
	assert_int_equal(crl_set_expire(set, NOW_S + 1500), 1500);
	assert_int_equal(crl_set_size(set).count, 500);
	assert_is_whole(set);
	assert_int_equal(crl_set_expire(set, NOW_S + 1500), 0);
	assert_int_equal(crl_set_expire(set, NOW_S + DAY_S), 500);
	assert_is_whole(set);
	crl_set_free(set);
}

static void
crl_set_copy_does_not_follow_its_original(void **state)
{
	struct crl_set *set = set_new(), *copy;
	struct err e = ERR_INIT;

	(void)state;
	for (uint32_t n = 0; n < 1000; n++)
		assert_true(add_number(set, n, NOW_S));
	assert_int_equal(crl_set_copy(set, &copy, &e), 0);
	assert_true(add_number(set, 1000, NOW_S));
	assert_int_equal(crl_set_size(copy).count, 1000);
	assert_is_whole(copy);
	crl_set_free(set);
	assert_is_whole(copy);
	crl_set_free(copy);
}

static void
crl_set_holds_a_hundred_thousand_in_any_order(void **state)
{
	struct crl_set *set = set_new();
	uint8_t serial[16];

	(void)state;
	for (uint32_t n = 0; n < MANY; n++)
		assert_true(add_number(set, n, NOW_S + (n % 2)));
	assert_int_equal(crl_set_size(set).count, MANY);
	assert_is_whole(set);
	assert_false(add_number(set, MANY / 3, NOW_S));
	serial_of(MANY, serial);
	assert_false(crl_set_find(set, (struct bytes){serial, 16}, NULL));
	assert_int_equal(crl_set_expire(set, NOW_S + 1), MANY / 2);
	assert_is_whole(set);
	for (uint32_t n = 0; n < MANY; n += 2)
		assert_true(add_number(set, n, NOW_S));
	assert_is_whole(set);
	crl_set_free(set);
}

static void
crl_set_takes_rising_serials_at_its_end(void **state)
{
	struct crl_set *set = set_new();
	uint8_t serial[3];

	(void)state;
	for (uint32_t n = 1; n <= 5000; n++) {
		serial[0] = 1;
		serial[1] = (uint8_t)(n >> 8);
		serial[2] = (uint8_t)n;
		assert_true(add(
		    set, (struct bytes){serial, 3}, CRL_UNSPECIFIED, NOW_S));
	}
	assert_is_whole(set);
	crl_set_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crl_reason_is_read_and_written_by_its_name),
	    cmocka_unit_test(crl_reason_refuses_other_words),
	    cmocka_unit_test(crl_entry_without_reason_has_no_extensions),
	    cmocka_unit_test(crl_entry_with_reason_has_the_code),
	    cmocka_unit_test(
		crl_entry_serial_with_its_top_bit_set_stays_positive),
	    cmocka_unit_test(crl_entry_serial_loses_its_leading_zeros),
	    cmocka_unit_test(crl_entry_date_is_generalized_from_2050_on),
	    cmocka_unit_test(crl_entry_of_the_greatest_size_fits),
	    cmocka_unit_test(crl_entry_refuses_what_is_out_of_form),
	    cmocka_unit_test(crl_set_keeps_serials_sorted_as_numbers),
	    cmocka_unit_test(crl_set_add_twice_changes_nothing),
	    cmocka_unit_test(crl_set_add_refuses_an_entry_out_of_form),
	    cmocka_unit_test(crl_set_hold_becomes_a_revocation),
	    cmocka_unit_test(crl_set_remove_releases_a_hold),
	    cmocka_unit_test(
		crl_set_remove_refuses_what_is_revoked_for_good_or_not_there),
	    cmocka_unit_test(crl_set_expire_takes_out_ended_certificates_alone),
	    cmocka_unit_test(crl_set_copy_does_not_follow_its_original),
	    cmocka_unit_test(crl_set_holds_a_hundred_thousand_in_any_order),
	    cmocka_unit_test(crl_set_takes_rising_serials_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
