#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ca/x509/name.h"

static int
set(enum subject_attribute a, const char *text, struct subject *s,
    struct err *e)
{
	memset(s, 0, sizeof(*s));
	return subject_set(s, a, bytes_of_text(text), e);
}

/* count times the two bytes of "ö". */
static int
set_many(enum subject_attribute a, size_t count, struct subject *s)
{
	char text[2 * 300];
	struct err e = ERR_INIT;
	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * i, "\xc3\xb6", 2);
	struct bytes v = {(const uint8_t *)text, 2 * count};
	memset(s, 0, sizeof(*s));
	return subject_set(s, a, v, &e);
}

static void
subject_set_counts_characters_not_bytes(void **state)
{
	static const struct {
		enum subject_attribute a;
		size_t max;
	} bounds[] = {{SUBJECT_STATE, 128}, {SUBJECT_LOCALITY, 128},
	    {SUBJECT_ORG, 64}, {SUBJECT_UNIT, 64}, {SUBJECT_CN, 64}};
	struct subject s;
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(set_many(bounds[i].a, bounds[i].max, &s), 0);
		assert_int_equal(
		    set_many(bounds[i].a, bounds[i].max + 1, &s), -1);
		assert_string_equal(s.value[bounds[i].a], "");
	}
}

static void
subject_set_makes_a_country_upper_case(void **state)
{
	struct subject s;
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(set(SUBJECT_COUNTRY, "br", &s, &e), 0);
	assert_string_equal(s.value[SUBJECT_COUNTRY], "BR");
	assert_int_equal(set(SUBJECT_COUNTRY, "BRA", &s, &e), -1);
	assert_int_equal(set(SUBJECT_COUNTRY, "B1", &s, &e), -1);
	assert_int_equal(set(SUBJECT_COUNTRY, "\xc3\xb6", &s, &e), -1);
	assert_string_equal(e.field, "country");
}

static void
subject_set_takes_ascii_email_only(void **state)
{
	struct subject s;
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(set(SUBJECT_EMAIL, "ops@example.com", &s, &e), 0);
	assert_int_equal(
	    set(SUBJECT_EMAIL, "\xc3\xb6@example.com", &s, &e), -1);
	assert_int_equal(set(SUBJECT_EMAIL, "a b@example.com", &s, &e), -1);
	assert_string_equal(e.field, "email");
}

static void
subject_set_refuses_control_characters_and_outer_blanks(void **state)
{
	static const char *const bad[] = {
	    "", " a", "a ", "a\nb", "a\x7f", "\xff"};
	struct subject s;
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(set(SUBJECT_CN, bad[i], &s, &e), -1);
		assert_int_equal(e.kind, ERR_BAD_FIELD);
		assert_string_equal(e.field, "cn");
	}
	struct bytes nul = {(const uint8_t *)"a\0b", 3};
	assert_int_equal(subject_set(&s, SUBJECT_CN, nul, &e), -1);
}

static void
subject_check_finds_what_was_not_set_by_subject_set(void **state)
{
	struct subject s;
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(set(SUBJECT_CN, "device", &s, &e), 0);
	assert_int_equal(subject_check(&s, &e), 0);
	memcpy(s.value[SUBJECT_COUNTRY], "br", 3);
	assert_int_equal(subject_check(&s, &e), -1);
	memcpy(s.value[SUBJECT_COUNTRY], "BR", 3);
	assert_int_equal(subject_check(&s, &e), 0);
	memset(s.value[SUBJECT_ORG], 'x', sizeof(s.value[SUBJECT_ORG]));
	assert_int_equal(subject_check(&s, &e), -1);
	assert_string_equal(e.field, "org");
}

static void
subject_attribute_word_is_the_request_field(void **state)
{
	(void)state;
	assert_string_equal(subject_attribute_word(SUBJECT_COUNTRY), "country");
	assert_string_equal(subject_attribute_word(SUBJECT_EMAIL), "email");
	assert_string_equal(subject_attribute_word(SUBJECT_COUNT), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(subject_set_counts_characters_not_bytes),
	    cmocka_unit_test(subject_set_makes_a_country_upper_case),
	    cmocka_unit_test(subject_set_takes_ascii_email_only),
	    cmocka_unit_test(
		subject_set_refuses_control_characters_and_outer_blanks),
	    cmocka_unit_test(
		subject_check_finds_what_was_not_set_by_subject_set),
	    cmocka_unit_test(subject_attribute_word_is_the_request_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
