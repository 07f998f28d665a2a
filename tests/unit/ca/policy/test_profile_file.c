#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/policy/profile_file.h"

#define PROBLEMS_MAX 8

struct problems {
	int count;
	int line[PROBLEMS_MAX];
	char message[PROBLEMS_MAX][256];
};

static struct profile_set set;
static struct problems problems;

static void
on_problem(void *arg, const char *path, int line, const char *message)
{
	struct problems *p = arg;

	assert_non_null(path);
	if (p->count < PROBLEMS_MAX) {
		p->line[p->count] = line;
		snprintf(p->message[p->count], 256, "%s", message);
	}
	p->count++;
}

static int
read_bytes(const void *text, size_t len)
{
	char path[] = "/tmp/profiles-XXXXXX";
	int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	memset(&problems, 0, sizeof(problems));
	rc = profile_file_read(path, &set, on_problem, &problems);
	unlink(path);
	assert_int_equal(rc, problems.count == 0 ? 0 : -1);
	return rc;
}

static int
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void
assert_problem(int i, int line, const char *part)
{
	assert_true(i < problems.count);
	if (strstr(problems.message[i], part) == NULL)
		print_message("got: %s\n", problems.message[i]);
	assert_non_null(strstr(problems.message[i], part));
	assert_int_equal(problems.line[i], line);
}

static void
empty_file_leaves_the_built_in_profiles(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), 0);
	assert_int_equal(set.count, 4);
	assert_int_equal(read_text("# a comment\n"), 0);
	assert_int_equal(set.count, 4);
}

static void
missing_file_is_a_problem(void **state)
{
	struct problems p = {.count = 0};

	(void)state;
	assert_int_equal(
	    profile_file_read("/nonexistent/p", &set, on_problem, &p), -1);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.line[0], 0);
}

static void
built_in_profile_is_changed(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("profile \"collector\" {\n\tdays_max = 90\n}\n"), 0);
	assert_int_equal(set.count, 4);
	assert_int_equal(profile_find(&set, "collector")->days_max, 90);
	assert_int_equal(profile_find(&set, "collector")->extended_usage,
	    EXTENDED_USAGE_CLIENT);
}

static void
new_profile_is_added_with_all_its_options(void **state)
{
	const struct profile *p;

	(void)state;
	assert_int_equal(read_text("profile \"camera\" {\n"
				   "days_max = 90\n"
				   "usage = {\"digital_signature\", "
				   "\"key_agreement\"}\n"
				   "extended_usage = {\"client\", \"server\"}\n"
				   "key_types = {\"ec:P-256\", \"ec:P-521\"}\n"
				   "csr_subject = {\"org\", \"unit\"}\n"
				   "device_uri = no\n"
				   "cn_is_host = true\n"
				   "san_allowed = false\n"
				   "}\n"),
	    0);
	p = profile_find(&set, "camera");
	assert_non_null(p);
	assert_int_equal(p->days_max, 90);
	assert_int_equal(
	    p->usage, USAGE_DIGITAL_SIGNATURE | USAGE_KEY_AGREEMENT);
	assert_int_equal(
	    p->extended_usage, EXTENDED_USAGE_CLIENT | EXTENDED_USAGE_SERVER);
	assert_int_equal(p->key_types, 1u << KEY_EC_P256 | 1u << KEY_EC_P521);
	assert_int_equal(
	    p->csr_subject, 1u << SUBJECT_ORG | 1u << SUBJECT_UNIT);
	assert_true(!p->device_uri && p->cn_is_host && !p->san_allowed);
	assert_false(p->local);
}

static void
new_profile_starts_as_a_collector(void **state)
{
	struct profile camera;
	const struct profile *collector;

	(void)state;
	assert_int_equal(read_text("profile camera { }\n"), 0);
	camera = *profile_find(&set, "camera");
	collector = profile_find(&set, "collector");
	assert_int_equal(camera.days_max, collector->days_max);
	assert_int_equal(camera.usage, collector->usage);
	assert_int_equal(camera.key_types, collector->key_types);
	assert_true(camera.device_uri);
}

static void
empty_csr_subject_takes_nothing(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("profile collector { csr_subject = {} }\n"), 0);
	assert_int_equal(profile_find(&set, "collector")->csr_subject, 0);
}

static void
local_profile_changes_its_days_alone(void **state)
{
	(void)state;
	assert_int_equal(read_text("profile broker {\ndays_max = 30\n}\n"), 0);
	assert_int_equal(profile_find(&set, "broker")->days_max, 30);
	assert_true(profile_find(&set, "broker")->local);
	assert_int_equal(read_text("profile service {\ndays_max = 30\n"
				   "extended_usage = {\"server\"}\n}\n"),
	    -1);
	assert_int_equal(problems.count, 1);
	assert_problem(0, 3, "days_max alone");
}

static void
every_problem_is_told_with_its_line(void **state)
{
	(void)state;
	assert_int_equal(read_text("profile collector {\n"
				   "\tdays_max = 0\n"
				   "\tcolour = blue\n"
				   "\tkey_types = {\"ec:P-256\",\n"
				   "\t    \"dsa\"}\n"
				   "\tdevice_uri = maybe\n"
				   "}\n"
				   "colour = red\n"),
	    -1);
	assert_int_equal(problems.count, 5);
	assert_problem(0, 3, "colour");
	assert_problem(1, 8, "colour");
	assert_problem(2, 2, "must be 1 to 14610, got \"0\"");
	assert_problem(3, 5, "unknown word \"dsa\"");
	assert_problem(4, 6, "must be true or false");
}

static void
comments_do_not_move_the_line_of_a_problem(void **state)
{
	(void)state;
	assert_int_equal(read_text("# one\n"
				   "# \"two\"\n"
				   "profile collector { # three\n"
				   "\t# four\n"
				   "\tcolour = blue\n"
				   "}\n"),
	    -1);
	assert_problem(0, 5, "colour");
}

static void
days_out_of_range_are_refused(void **state)
{
	static const char *const days[] = {"0", "14611", "99999999999999999999",
	    "-1", "0x10", "9 ", "ten", "1.5"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		snprintf(text, sizeof(text),
		    "profile collector {\ndays_max = \"%s\"\n}\n", days[i]);
		assert_int_equal(read_text(text), -1);
		assert_problem(0, 2, "days_max");
	}
	assert_int_equal(
	    read_text("profile collector { days_max = 14610 }"), 0);
}

static void
words_that_would_make_an_authority_are_refused(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("profile x {\nusage = {\"cert_sign\"}\n}\n"), -1);
	assert_problem(0, 2, "unknown word \"cert_sign\"");
	assert_int_equal(
	    read_text("profile x {\nextended_usage = {\"ocsp\"}\n}\n"), -1);
	assert_problem(0, 2, "unknown word \"ocsp\"");
	assert_int_equal(read_text("profile x {\nlocal = true\n}\n"), -1);
	assert_problem(0, 2, "local");
}

static void
empty_lists_of_usages_and_keys_are_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text("profile x { usage = {} }"), -1);
	assert_int_equal(read_text("profile x { extended_usage = {} }"), -1);
	assert_int_equal(read_text("profile x { key_types = {} }"), -1);
	assert_problem(0, 1, "one word at least");
}

static void
profile_names_out_of_form_are_refused(void **state)
{
	static const char *const names[] = {"", "Camera", "a b", "a/b", "a_b",
	    "abcdefghijklmnopqrstuvwxyz0123456"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "profile \"%s\" { }\n", names[i]);
		assert_int_equal(read_text(text), -1);
		assert_problem(0, 1, "a name is 1 to 32");
		assert_int_equal(set.count, 4);
	}
	assert_int_equal(
	    read_text("profile abcdefghijklmnopqrstuvwxyz012345 { }"), 0);
}

static void
same_profile_twice_is_a_problem(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("profile x { }\nprofile x { days_max = 1 }\n"), -1);
	assert_problem(0, 2, "x");
}

static void
more_profiles_than_fit_are_a_problem(void **state)
{
	char text[4096] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < PROFILE_COUNT_MAX - 4; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "profile p%d { }\n", i);
	assert_int_equal(read_text(text), 0);
	assert_int_equal(set.count, PROFILE_COUNT_MAX);
	snprintf(text + n, sizeof(text) - n, "profile last { }\n");
	assert_int_equal(read_text(text), -1);
	assert_int_equal(set.count, PROFILE_COUNT_MAX);
}

static void
broken_syntax_is_a_problem_with_its_line(void **state)
{
	(void)state;
	assert_int_equal(read_text("profile x {\ndays_max 3\n}\n"), -1);
	assert_problem(0, 2, "days_max");
	assert_int_equal(read_text("}\n"), -1);
	assert_int_equal(read_text("profile {\n}\n"), -1);
	assert_int_equal(read_text("include(\"/etc/passwd\")\n"), -1);
	assert_int_equal(read_text("profile x { days_max = \"3 }"), -1);
	assert_int_equal(read_text("profile x { days_max = {3} }"), -1);
	assert_int_equal(read_text("profile x { days_max = 3 }"), 0);
}

static void
missing_closing_brace_is_a_problem(void **state)
{
	(void)state;
	assert_int_equal(read_text("profile x {\ndays_max = 3\n"), -1);
	assert_problem(0, 2, "closing brace");
	assert_int_equal(read_text("profile x {\ndays_max = 3"), -1);
	assert_problem(0, 2, "closing brace");
	assert_int_equal(read_text("profile x {"), -1);
	assert_problem(0, 1, "closing brace");
}

static void
nul_byte_is_a_problem(void **state)
{
	static const char text[] = "profile x { }\n\0profile y { usage = {} }";

	(void)state;
	assert_int_equal(read_bytes(text, sizeof(text) - 1), -1);
	assert_problem(0, 0, "NUL");
}

static void
file_too_large_is_a_problem(void **state)
{
	char *text = malloc(70000);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', 70000);
	assert_int_equal(read_bytes(text, 70000), -1);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_file_leaves_the_built_in_profiles),
	    cmocka_unit_test(missing_file_is_a_problem),
	    cmocka_unit_test(built_in_profile_is_changed),
	    cmocka_unit_test(new_profile_is_added_with_all_its_options),
	    cmocka_unit_test(new_profile_starts_as_a_collector),
	    cmocka_unit_test(empty_csr_subject_takes_nothing),
	    cmocka_unit_test(local_profile_changes_its_days_alone),
	    cmocka_unit_test(every_problem_is_told_with_its_line),
	    cmocka_unit_test(comments_do_not_move_the_line_of_a_problem),
	    cmocka_unit_test(days_out_of_range_are_refused),
	    cmocka_unit_test(words_that_would_make_an_authority_are_refused),
	    cmocka_unit_test(empty_lists_of_usages_and_keys_are_refused),
	    cmocka_unit_test(profile_names_out_of_form_are_refused),
	    cmocka_unit_test(same_profile_twice_is_a_problem),
	    cmocka_unit_test(more_profiles_than_fit_are_a_problem),
	    cmocka_unit_test(broken_syntax_is_a_problem_with_its_line),
	    cmocka_unit_test(missing_closing_brace_is_a_problem),
	    cmocka_unit_test(nul_byte_is_a_problem),
	    cmocka_unit_test(file_too_large_is_a_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
