#include "tests/unit/topics/fixture.h"

#define ALLOW_SIZE 32

struct found {
	const struct verb *verb;
	char name[128];
	char allow[ALLOW_SIZE];
	struct err e;
};

static struct found
find(const char *method, const char *path)
{
	struct found f = {.e = ERR_INIT};
	struct bytes name;

	memset(f.allow, 'x', sizeof(f.allow));
	f.verb = verb_find_path(bytes_of_text(method), bytes_of_text(path),
	    &name, f.allow, sizeof(f.allow), &f.e);
	if (f.verb != NULL)
		snprintf(f.name, sizeof(f.name), "%.*s", (int)name.len,
		    name.data == NULL ? "" : (const char *)name.data);
	return f;
}

static void
finds(const char *method, const char *path, const char *word, const char *name)
{
	struct found f = find(method, path);

	if (f.verb == NULL)
		fail_msg("%s %s: %s", method, path, f.e.message);
	assert_string_equal(f.verb->word, word);
	assert_string_equal(f.name, name);
	assert_string_equal(f.allow, "");
}

static void
verb_find_path_finds_every_route(void **state)
{
	(void)state;
	finds("POST", "/v1/ssl/sign", "sign", "");
	finds("POST", "/v1/ssl/create", "create", "");
	finds("GET", "/v1/ssl/ca.crt", "ca", "");
	finds("GET", "/healthz", "health", "");
	finds("GET", "/v1/ssl/AABBCCDDEEFF", "entity", "AABBCCDDEEFF");
	finds("GET", "/v1/ssl/a.b-c_d", "entity", "a.b-c_d");
	finds("GET", "/v1/ssl/AA:BB:CC:DD:EE:FF.crt", "certificate",
	    "AA:BB:CC:DD:EE:FF");
	finds("GET", "/v1/ssl/a.crt.crt", "certificate", "a.crt");
	finds("GET", "/v1/ssl/.crt", "entity", ".crt");
}

static void
verb_find_path_takes_head_for_get(void **state)
{
	(void)state;
	finds("HEAD", "/healthz", "health", "");
	finds("HEAD", "/v1/ssl/a.crt", "certificate", "a");
}

static void
verb_find_path_refuses_other_paths(void **state)
{
	static const char *const paths[] = {"", "/", "/v1", "/v1/ssl",
	    "/v1/ssl/", "/v1/ssl/a/b", "/v1/ssl//", "/v1/ssl/a/",
	    "/v1/ssl/sign/", "/v1/ssl/../healthz", "//v1/ssl/a", "/V1/ssl/a",
	    "/healthz/", "/health", "/v2/ssl/a", "v1/ssl/a", "/v1/sslx/a", "*"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct found f = find("GET", paths[i]);

		if (f.verb != NULL)
			fail_msg("%s: %s", paths[i], f.verb->word);
		assert_int_equal(f.e.kind, ERR_NO_ROUTE);
		assert_string_equal(f.allow, "");
	}
}

static void
verb_find_path_refuses_other_methods_and_says_which(void **state)
{
	struct found f = find("GET", "/v1/ssl/sign");

	(void)state;
	/* not the entity "sign" */
	assert_null(f.verb);
	assert_int_equal(f.e.kind, ERR_BAD_METHOD);
	assert_string_equal(f.allow, "POST");
	f = find("POST", "/healthz");
	assert_int_equal(f.e.kind, ERR_BAD_METHOD);
	assert_string_equal(f.allow, "GET, HEAD");
	f = find("DELETE", "/v1/ssl/AABBCCDDEEFF");
	assert_int_equal(f.e.kind, ERR_BAD_METHOD);
	assert_string_equal(f.allow, "GET, HEAD");
	assert_null(find("HEAD", "/v1/ssl/create").verb);
	assert_null(find("get", "/healthz").verb);
	assert_null(find("", "/healthz").verb);
}

static void
verb_find_topic_finds_what_is_on_mqtt_alone(void **state)
{
	static const char *const others[] = {
	    "", "ca", "health", "entity", "certificate", "Sign", "sign/", "x"};

	(void)state;
	assert_string_equal(
	    verb_find_topic(bytes_of_text("sign"))->word, "sign");
	assert_string_equal(
	    verb_find_topic(bytes_of_text("create"))->word, "create");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(verb_find_topic(bytes_of_text(others[i])));
	assert_null(verb_find_topic((struct bytes){NULL, 0}));
}

/* A new row is held to what the doors and the pipeline rely on. */
static void
verb_table_is_sound(void **state)
{
	(void)state;
	for (const struct verb *v = verb_table; v->word != NULL; v++) {
		assert_non_null(v->parse);
		assert_non_null(v->answer);
		assert_true(v->body_max <= REQUEST_BODY_MAX);
		assert_true(v->on_mqtt || v->path != NULL);
		if (v->path != NULL)
			assert_true(strcmp(v->method, "GET") == 0 ||
				    strcmp(v->method, "POST") == 0);
		if (v->needs & NEEDS_SIGNATURE)
			assert_non_null(v->prepare);
		if (v->on_mqtt)
			assert_true(policy_name_is_protected(v->word));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verb_find_path_finds_every_route),
	    cmocka_unit_test(verb_find_path_takes_head_for_get),
	    cmocka_unit_test(verb_find_path_refuses_other_paths),
	    cmocka_unit_test(
		verb_find_path_refuses_other_methods_and_says_which),
	    cmocka_unit_test(verb_find_topic_finds_what_is_on_mqtt_alone),
	    cmocka_unit_test(verb_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
