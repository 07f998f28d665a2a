#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ca/x509/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
host_name_is_valid_takes_host_names(void **state)
{
	static const char *const good[] = {"a", "localhost", "prof.voice.com",
	    "x-1.example", "1a.example", "10.example", "xn--bcher-kva.example"};
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(host_name_is_valid(bytes_of_text(good[i])));
}

static void
host_name_is_valid_refuses_what_is_none(void **state)
{
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "-a",
	    "a-", "a_b", "a b", "10.0.0.300", "1", "a/b", "*", "*.a",
	    "b\303\274cher.example"};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(host_name_is_valid(bytes_of_text(bad[i])));
}

static void
host_name_is_valid_bounds_labels_and_the_whole(void **state)
{
	char text[300];
	(void)state;
	memset(text, 'a', sizeof(text));
	struct bytes t = {(const uint8_t *)text, 63};
	assert_true(host_name_is_valid(t));
	t.len = 64;
	assert_false(host_name_is_valid(t));
	for (size_t i = 63; i < sizeof(text); i += 64)
		text[i] = '.';
	t.len = 253;
	assert_true(host_name_is_valid(t));
	t.len = 254;
	assert_false(host_name_is_valid(t));
}

static void
san_list_add_makes_names_canonical(void **state)
{
	static const struct {
		const char *text;
		enum san_type type;
		const char *canonical;
	} good[] = {
	    {"dns:Gate.Example.COM", SAN_DNS, "gate.example.com"},
	    {"dns:*.Example.com", SAN_DNS, "*.example.com"},
	    {"ip:192.0.2.7", SAN_IP, "192.0.2.7"},
	    {"ip:2001:DB8:0:0::1", SAN_IP, "2001:db8::1"},
	};
	struct san_list l = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(
		    san_list_add(&l, bytes_of_text(good[i].text), &e), 0);
		assert_int_equal(l.count, i + 1);
		assert_int_equal(l.item[i].type, good[i].type);
		assert_string_equal(l.item[i].text, good[i].canonical);
	}
	assert_int_equal(san_list_check(&l, &e), 0);
}

static void
san_list_add_refuses_other_names(void **state)
{
	static const char *const bad[] = {"", "dns:", "ip:", "gate.example",
	    "DNS:gate.example", "uri:urn:x", "dns:a b", "dns:*", "dns:*.",
	    "dns:a.*.b", "dns:**.b", "ip:10.0.0", "ip:10.0.0.300",
	    "ip:fe80::1%eth0", "ip:010.0.0.1", "ip:gate.example", "ip:1:2"};
	struct san_list l = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (san_list_add(&l, bytes_of_text(bad[i]), &e) == 0)
			fail_msg("%s", bad[i]);
		assert_int_equal(e.kind, ERR_BAD_FIELD);
		assert_string_equal(e.field, "san");
	}
	struct bytes nul = {(const uint8_t *)"ip:10.0.0.1\0x", 13};
	assert_int_equal(san_list_add(&l, nul, &e), -1);
	assert_int_equal(l.count, 0);
}

static void
san_list_add_counts_the_same_name_once(void **state)
{
	struct san_list l = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(san_list_add(&l, bytes_of_text("dns:a.b"), &e), 0);
	assert_int_equal(san_list_add(&l, bytes_of_text("dns:A.B"), &e), 0);
	assert_int_equal(l.count, 1);
}

static void
san_list_add_refuses_the_seventeenth(void **state)
{
	struct san_list l = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	for (int i = 0; i < SAN_COUNT_MAX; i++) {
		char text[32];
		snprintf(text, sizeof(text), "ip:10.0.0.%d", i);
		assert_int_equal(san_list_add(&l, bytes_of_text(text), &e), 0);
	}
	assert_int_equal(san_list_add(&l, bytes_of_text("dns:a.b"), &e), -1);
	assert_int_equal(san_list_add(&l, bytes_of_text("ip:10.0.0.3"), &e), 0);
	assert_int_equal(l.count, SAN_COUNT_MAX);
}

static void
san_list_add_host_finds_the_type(void **state)
{
	struct san_list l = {.count = 0};
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(
	    san_list_add_host(&l, bytes_of_text("prof.voice.com"), &e), 0);
	assert_int_equal(san_list_add_host(&l, bytes_of_text("::1"), &e), 0);
	assert_int_equal(l.item[0].type, SAN_DNS);
	assert_int_equal(l.item[1].type, SAN_IP);
	assert_int_equal(
	    san_list_add_host(&l, bytes_of_text("10.0.0.300"), &e), -1);
	assert_int_equal(san_list_add_host(&l, bytes_of_text("a b"), &e), -1);
}

static void
san_list_check_refuses_what_was_not_added(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	struct san_list l = {.count = 1};
	memcpy(l.item[0].text, "Gate.example", 13);
	assert_int_equal(san_list_check(&l, &e), -1);
	memcpy(l.item[0].text, "gate.example", 13);
	assert_int_equal(san_list_check(&l, &e), 0);
	l.item[0].type = SAN_IP;
	assert_int_equal(san_list_check(&l, &e), -1);
	l.item[0].type = (enum san_type)7;
	assert_int_equal(san_list_check(&l, &e), -1);
	l.item[0].type = SAN_DNS;
	memset(l.item[0].text, 'a', sizeof(l.item[0].text));
	assert_int_equal(san_list_check(&l, &e), -1);
	l.count = SAN_COUNT_MAX + 1;
	assert_int_equal(san_list_check(&l, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(host_name_is_valid_takes_host_names),
	    cmocka_unit_test(host_name_is_valid_refuses_what_is_none),
	    cmocka_unit_test(host_name_is_valid_bounds_labels_and_the_whole),
	    cmocka_unit_test(san_list_add_makes_names_canonical),
	    cmocka_unit_test(san_list_add_refuses_other_names),
	    cmocka_unit_test(san_list_add_counts_the_same_name_once),
	    cmocka_unit_test(san_list_add_refuses_the_seventeenth),
	    cmocka_unit_test(san_list_add_host_finds_the_type),
	    cmocka_unit_test(san_list_check_refuses_what_was_not_added),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
