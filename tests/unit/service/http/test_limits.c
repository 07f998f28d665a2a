#include "harness.h"

#include <sys/resource.h>

#define GET      "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
#define SHORT_MS 50

static void
wait_for_none(struct fixture *f)
{
	WAIT_FOR(f, NULL, http_server_counts(f->server).connections == 0);
}

static void
a_client_that_says_nothing_is_closed(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.settings.first_byte_ms = SHORT_MS;
	fixture_start(&f);
	client_open(&f, &c);
	expect_closed(&f, &c);
	client_close(&c);
	fixture_stop(&f);
}

static void
a_client_that_asks_no_more_is_closed(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.settings.idle_ms = SHORT_MS;
	fixture_start(&f);
	client_open(&f, &c);
	expect_reply(&f, &c, GET, 200, "");
	expect_closed(&f, &c);
	client_close(&c);
	wait_for_none(&f);
	fixture_stop(&f);
}

/* The request's start is there; the rest comes a byte at a time, for ever. */
static void
trickle(struct fixture *f, const char *start)
{
	struct client c;
	struct reply r;

	client_open(f, &c);
	client_send(f, &c, start);
	while (!reply_take(&c, &r, true)) {
		assert_false(c.eof);
		client_send(f, &c, "x");
		client_receive(f, &c);
	}
	assert_int_equal(r.status, 408);
	assert_string_equal(r.body, "{\"error\":\"timeout\"}");
	reply_clear(&r);
	expect_closed(f, &c);
	client_close(&c);
}

static void
a_trickling_header_meets_its_deadline(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.settings.header_ms = SHORT_MS;
	f.settings.header_max = 64u << 20;
	fixture_start(&f);
	trickle(&f, "GET /a");
	fixture_stop(&f);
}

static void
a_trickling_body_meets_its_deadline(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.settings.body_ms = SHORT_MS;
	f.settings.body_max = 64u << 20;
	fixture_start(&f);
	trickle(&f,
	    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n");
	fixture_stop(&f);
}

static void
a_request_under_way_meets_no_deadline_of_reading(void **state)
{
	struct fixture f;
	struct client c, other;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	f.settings.first_byte_ms = SHORT_MS;
	f.settings.idle_ms = SHORT_MS;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET);
	WAIT_FOR(&f, &c, f.arrived == 1);
	/* A silent client's end shows that the time has passed. */
	client_open(&f, &other);
	expect_closed(&f, &other);
	answer_echo(&f, f.held[0]);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 200);
	reply_clear(&r);
	expect_closed(&f, &c);
	client_close(&c);
	client_close(&other);
	fixture_stop(&f);
}

static void
a_client_that_takes_no_answer_is_cut_off(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.settings.write_ms = SHORT_MS;
	f.echo_size = 32u << 20;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET GET GET);
	WAIT_FOR(&f, NULL, f.arrived > 0);
	wait_for_none(&f);
	client_receive_end(&f, &c);
	assert_true(c.reset);
	client_close(&c);
	fixture_stop(&f);
}

static void
a_client_that_does_not_leave_is_left(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.settings.write_ms = SHORT_MS;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, "bad\r\n");
	wait_for_none(&f);
	client_close(&c);
	fixture_stop(&f);
}

static void
connections_over_the_cap_are_told_to_come_back(void **state)
{
	struct fixture f;
	struct client c[2], over;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.settings.connections_max = 2;
	fixture_start(&f);
	for (int i = 0; i < 2; i++) {
		client_open(&f, &c[i]);
		expect_reply(&f, &c[i], GET, 200, "");
	}
	client_open(&f, &over);
	client_reply(&f, &over, &r);
	assert_int_equal(r.status, 503);
	assert_string_equal(r.body, "{\"error\":\"busy\"}");
	assert_non_null(strstr(r.head, "\r\nRetry-After: 1\r\n"));
	reply_clear(&r);
	expect_closed(&f, &over);
	client_close(&over);
	client_close(&c[0]);
	WAIT_FOR(&f, NULL, http_server_counts(f.server).connections == 1);
	client_open(&f, &over);
	expect_reply(&f, &over, GET, 200, "");
	client_close(&over);
	client_close(&c[1]);
	fixture_stop(&f);
}

static void
a_flood_of_connections_stays_bounded(void **state)
{
	struct fixture f;
	struct client served, flood[60];
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.settings.connections_max = 1;
	f.settings.write_ms = SHORT_MS;
	fixture_start(&f);
	client_open(&f, &served);
	expect_reply(&f, &served, GET, 200, "");
	for (int i = 0; i < 60; i++)
		client_open(&f, &flood[i]);
	while (http_server_counts(f.server).accepted < 61) {
		step(&f, NULL, 0);
		assert_true(http_server_counts(f.server).connections <= 1 + 16);
	}
	for (int i = 0; i < 60; i++) {
		client_reply(&f, &flood[i], &r);
		assert_int_equal(r.status, 503);
		reply_clear(&r);
		client_close(&flood[i]);
	}
	expect_reply(&f, &served, GET, 200, "");
	client_close(&served);
	fixture_stop(&f);
}

static void
one_address_gets_no_more_than_its_share(void **state)
{
	struct fixture f;
	struct client c, over;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.settings.per_address_max = 1;
	fixture_start(&f);
	client_open(&f, &c);
	expect_reply(&f, &c, GET, 200, "");
	client_open(&f, &over);
	client_reply(&f, &over, &r);
	assert_int_equal(r.status, 503);
	reply_clear(&r);
	client_close(&over);
	expect_reply(&f, &c, GET, 200, "");
	client_close(&c);
	fixture_stop(&f);
}

static void
no_descriptors_left_is_outlasted_and_does_not_spin(void **state)
{
	struct rlimit old, tight;
	struct fixture f;
	struct client c;
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	a.sin_port = htons((uint16_t)http_server_port(f.server));
	/* As under a sandbox that denies libuv its spare descriptor. */
	assert_true(f.loop.emfile_fd >= 0);
	close(f.loop.emfile_fd);
	f.loop.emfile_fd = -1;
	c = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(c.fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(
	    connect(c.fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 10; i++)
		step(&f, NULL, 0);
	assert_int_equal(http_server_counts(f.server).accepted, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	expect_reply(&f, &c, GET, 200, "");
	client_close(&c);
	fixture_stop(&f);
}

static void
stop_while_accepting_rests_leaves_nothing(void **state)
{
	struct rlimit old, tight;
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	close(f.loop.emfile_fd);
	f.loop.emfile_fd = -1;
	client_open(&f, &c);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	step(&f, NULL, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	fixture_stop(&f);
	client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_that_says_nothing_is_closed),
	    cmocka_unit_test(a_client_that_asks_no_more_is_closed),
	    cmocka_unit_test(a_trickling_header_meets_its_deadline),
	    cmocka_unit_test(a_trickling_body_meets_its_deadline),
	    cmocka_unit_test(a_request_under_way_meets_no_deadline_of_reading),
	    cmocka_unit_test(a_client_that_takes_no_answer_is_cut_off),
	    cmocka_unit_test(a_client_that_does_not_leave_is_left),
	    cmocka_unit_test(connections_over_the_cap_are_told_to_come_back),
	    cmocka_unit_test(a_flood_of_connections_stays_bounded),
	    cmocka_unit_test(one_address_gets_no_more_than_its_share),
	    cmocka_unit_test(
		no_descriptors_left_is_outlasted_and_does_not_spin),
	    cmocka_unit_test(stop_while_accepting_rests_leaves_nothing),
	};

	alarm(280); /* a loop that spins never comes back */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
