#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "service/broker/mosquitto_conf.h"

static const struct mosquitto_plan plan = {
    .dir = "/srv/ca",
    .listen = "0.0.0.0",
    .port = 18883,
    .prefix = "site/ssl",
    .user = "somebody",
};

static struct buf text;

static int
set_up(void **state)
{
	(void)state;
	buf_init(&text, 65536);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_false(text.failed);
	buf_clear(&text);
	return 0;
}

static bool
has_line(const char *line)
{
	const char *at = (const char *)text.data;
	size_t n = strlen(line);

	for (; *at != '\0'; at += strcspn(at, "\n") + 1)
		if (strncmp(at, line, n) == 0 && at[n] == '\n')
			return true;
	return false;
}

static void
assert_lines(const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!has_line(lines[i]))
			fail_msg("there is no line \"%s\"", lines[i]);
}

static void
mosquitto_conf_has_one_listener_for_certificates_alone(void **state)
{
	static const char *const lines[] = {
	    "listener 18883 0.0.0.0",
	    "cafile /srv/ca/local/ca.crt",
	    "certfile /srv/ca/local/broker.crt",
	    "keyfile /srv/ca/local/broker.key",
	    "require_certificate true",
	    "use_identity_as_username true",
	    "allow_anonymous false",
	    "acl_file /srv/ca/mosquitto.acl",
	};
	const char *first;

	(void)state;
	mosquitto_conf_write(&plan, &text);
	assert_lines(lines, sizeof(lines) / sizeof(lines[0]));
	first = strstr((const char *)text.data, "\nlistener ");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\nlistener "));
}

static void
mosquitto_conf_loses_no_request(void **state)
{
	static const char *const lines[] = {
	    "persistence true",
	    "persistence_location /srv/ca/mosquitto/",
	    "autosave_interval 1",
	    "autosave_on_changes true",
	    "max_queued_messages 0",
	    "set_tcp_nodelay true",
	    "pid_file /srv/ca/mosquitto/mosquitto.pid",
	    "user somebody",
	};

	(void)state;
	mosquitto_conf_write(&plan, &text);
	assert_lines(lines, sizeof(lines) / sizeof(lines[0]));
}

static void
mosquitto_acl_lets_a_client_read_its_own_answers_alone(void **state)
{
	static const char *const lines[] = {
	    "user ssl",
	    "topic read site/ssl/sign",
	    "topic read site/ssl/create",
	    "topic write site/ssl/#",
	    "pattern write site/ssl/sign",
	    "pattern write site/ssl/create",
	    "pattern read site/ssl/ca",
	    "pattern read site/ssl/%u",
	};
	const char *user;

	(void)state;
	mosquitto_acl_write(&plan, &text);
	assert_lines(lines, sizeof(lines) / sizeof(lines[0]));
	/* A topic line above any user would be for the anonymous. */
	user = strstr((const char *)text.data, "\nuser ");
	assert_non_null(user);
	assert_true(strstr((const char *)text.data, "\ntopic ") > user);
	assert_null(strstr(user + 1, "\nuser "));
	assert_null(strstr((const char *)text.data, "readwrite"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(mosquitto_conf_has_one_listener_for_certificates_alone),
	    CASE(mosquitto_conf_loses_no_request),
	    CASE(mosquitto_acl_lets_a_client_read_its_own_answers_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
