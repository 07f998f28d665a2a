#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "ca/policy/profile.h"

static void
built_in_profiles_are_four(void **state)
{
	struct profile_set set;

	(void)state;
	profile_set_init(&set);
	assert_int_equal(set.count, 4);
	assert_non_null(profile_find(&set, "collector"));
	assert_non_null(profile_find(&set, "server"));
	assert_non_null(profile_find(&set, "broker"));
	assert_non_null(profile_find(&set, "service"));
}

static void
profile_find_knows_no_other_names(void **state)
{
	struct profile_set set;

	(void)state;
	profile_set_init(&set);
	assert_null(profile_find(&set, ""));
	assert_null(profile_find(&set, "collecto"));
	assert_null(profile_find(&set, "collector2"));
	assert_null(profile_find(&set, "Collector"));
}

static void
collector_is_a_client_and_server_is_a_server(void **state)
{
	struct profile_set set;
	const struct profile *c, *s;

	(void)state;
	profile_set_init(&set);
	c = profile_find(&set, "collector");
	s = profile_find(&set, "server");
	assert_int_equal(c->extended_usage, EXTENDED_USAGE_CLIENT);
	assert_int_equal(s->extended_usage, EXTENDED_USAGE_SERVER);
	assert_true(c->device_uri && !c->cn_is_host && !c->local);
	assert_true(!s->device_uri && s->cn_is_host && !s->local);
	assert_int_equal(c->csr_subject & (1u << SUBJECT_CN), 0);
	assert_int_not_equal(s->csr_subject & (1u << SUBJECT_CN), 0);
}

static void
no_built_in_profile_signs_certificates(void **state)
{
	struct profile_set set;

	(void)state;
	profile_set_init(&set);
	for (size_t i = 0; i < set.count; i++)
		assert_int_equal(
		    set.item[i].usage & (USAGE_CERT_SIGN | USAGE_CRL_SIGN), 0);
}

static void
days_max_leaves_local_profiles_out(void **state)
{
	struct profile_set set;

	(void)state;
	profile_set_init(&set);
	assert_int_equal(profile_days_max(&set), 3650);
	for (size_t i = 0; i < set.count; i++)
		if (set.item[i].local)
			set.item[i].days_max = 9999;
	assert_int_equal(profile_days_max(&set), 3650);
}

static void
local_profiles_have_one_name_each(void **state)
{
	struct profile_set set;
	struct profile other;

	(void)state;
	profile_set_init(&set);
	assert_string_equal(
	    policy_local_name(profile_find(&set, "broker")), "broker");
	assert_string_equal(
	    policy_local_name(profile_find(&set, "service")), "ssl");
	assert_null(policy_local_name(profile_find(&set, "collector")));
	other = *profile_find(&set, "collector");
	other.local = true;
	assert_null(policy_local_name(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(built_in_profiles_are_four),
	    cmocka_unit_test(profile_find_knows_no_other_names),
	    cmocka_unit_test(collector_is_a_client_and_server_is_a_server),
	    cmocka_unit_test(no_built_in_profile_signs_certificates),
	    cmocka_unit_test(days_max_leaves_local_profiles_out),
	    cmocka_unit_test(local_profiles_have_one_name_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
