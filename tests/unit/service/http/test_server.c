#include "harness.h"

#define GET "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

static void
server_hands_on_each_part_of_a_request(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	expect_reply(&f, &c,
	    "POST /v1/x?y=z HTTP/1.1\r\nHost: a:80\r\n"
	    "content-TYPE:  application/json \t\r\nIdempotency-Key: k1\r\n"
	    "X-Other: \303\244\r\nContent-Length: 5\r\n\r\nhello",
	    200, "POST /v1/x y=z application/json k1 hello");
	client_close(&c);
	fixture_stop(&f);
}

static void
server_keeps_the_connection_for_more(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	for (int i = 0; i < 20; i++)
		expect_reply(&f, &c, GET, 200, "GET /a    ");
	assert_int_equal(http_server_counts(f.server).accepted, 1);
	assert_int_equal(http_server_counts(f.server).requests, 20);
	assert_int_equal(http_server_counts(f.server).connections, 1);
	client_close(&c);
	fixture_stop(&f);
}

static void
server_closes_where_the_client_says_so(void **state)
{
	static const char *const requests[] = {
	    "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	    "GET /a HTTP/1.0\r\n\r\n",
	    ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET),
	};
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		client_open(&f, &c);
		client_send(&f, &c, requests[i]);
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, 200);
		assert_non_null(strstr(r.head, "\r\nConnection: close\r\n"));
		reply_clear(&r);
		expect_closed(&f, &c);
		client_close(&c);
	}
	assert_int_equal(f.arrived, 3);
	fixture_stop(&f);
}

static void
server_keeps_an_http_1_0_connection_where_asked(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	for (int i = 0; i < 2; i++) {
		client_send(&f, &c,
		    "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
		client_reply(&f, &c, &r);
		assert_non_null(
		    strstr(r.head, "\r\nConnection: keep-alive\r\n"));
		reply_clear(&r);
	}
	client_close(&c);
	fixture_stop(&f);
}

static void
server_reads_requests_one_byte_at_a_time(void **state)
{
	static const char text[] =
	    "\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
	    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
	    "3;x=\"y\"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
	    "GET /d HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char *const bodies[] = {
	    "POST /b    {}", "POST /c    abc0123456789", "GET /d    "};
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		client_send_bytes(&f, &c, text + i, 1);
		uv_run(&f.loop, UV_RUN_NOWAIT);
	}
	for (int i = 0; i < 3; i++) {
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, 200);
		assert_string_equal(r.body, bodies[i]);
		reply_clear(&r);
	}
	client_close(&c);
	fixture_stop(&f);
}

static void
server_answers_head_without_a_body(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" GET);
	while (!reply_take(&c, &r, false))
		client_receive(&f, &c);
	assert_non_null(strstr(r.head, "\r\nContent-Length: 11\r\n"));
	reply_clear(&r);
	client_reply(&f, &c, &r);
	assert_string_equal(r.body, "GET /a    ");
	reply_clear(&r);
	client_close(&c);
	fixture_stop(&f);
}

static void
server_hands_on_unknown_methods_and_ignores_upgrade(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	expect_reply(&f, &c, "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	    "BREW /pot    ");
	expect_reply(&f, &c, "CONNECT /pot HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	    "CONNECT /pot    ");
	expect_reply(&f, &c,
	    "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
	    "Upgrade: h2c\r\n\r\n",
	    200, "GET /a    ");
	expect_reply(&f, &c,
	    "POST /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
	    200, "POST /a    {}");
	expect_reply(&f, &c, GET, 200, "GET /a    ");
	client_close(&c);
	fixture_stop(&f);
}

static void
server_writes_the_fields_of_an_answer(void **state)
{
	struct http_answer a = {
	    .status = 429, .retry_after_s = 7, .allow = "GET, POST"};
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET);
	WAIT_FOR(&f, &c, f.arrived == 1);
	assert_string_equal(f.held[0]->peer, "127.0.0.1");
	http_respond(f.held[0], &a);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 429);
	assert_non_null(strstr(r.head, "\r\nRetry-After: 7\r\n"));
	assert_non_null(strstr(r.head, "\r\nAllow: GET, POST\r\n"));
	assert_non_null(strstr(r.head, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(
	    strstr(r.head, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(r.head, "\r\nDate: "));
	assert_non_null(strstr(r.head, "\r\nContent-Length: 0\r\n"));
	assert_null(strstr(r.head, "\r\nContent-Type:"));
	assert_null(strstr(r.head, "\r\nConnection:"));
	reply_clear(&r);
	client_close(&c);
	fixture_stop(&f);
}

static void
answers_leave_in_the_order_of_the_requests(void **state)
{
	static const int order[] = {2, 0, 3, 1};
	struct fixture f;
	struct client c;
	struct reply r;
	char path[16];

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		client_send(&f, &c, "GET ");
		client_send(&f, &c, path);
		client_send(&f, &c, " HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	WAIT_FOR(&f, &c, f.arrived == 4);
	for (int i = 0; i < 4; i++)
		answer_echo(&f, f.held[order[i]]);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		client_reply(&f, &c, &r);
		assert_memory_equal(r.body + 4, path, strlen(path));
		reply_clear(&r);
	}
	client_close(&c);
	fixture_stop(&f);
}

static void
pipelined_requests_under_way_are_bounded(void **state)
{
	struct fixture f;
	struct client c, other;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	for (int i = 0; i < 40; i++)
		client_send(&f, &c, GET);
	WAIT_FOR(&f, &c, f.arrived == 8);
	client_open(&f, &other);
	client_send(&f, &other, GET);
	WAIT_FOR(&f, &c, f.arrived == 9);
	assert_true(f.held[8] != NULL);
	answer_echo(&f, f.held[8]);
	client_reply(&f, &other, &r);
	reply_clear(&r);
	assert_int_equal(f.arrived, 9);
	answer_echo(&f, f.held[0]);
	WAIT_FOR(&f, &c, f.arrived == 10);
	f.hold = false;
	for (unsigned i = 1; i < 10; i++)
		if (i != 8)
			answer_echo(&f, f.held[i]);
	for (int i = 0; i < 40; i++) {
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, 200);
		reply_clear(&r);
	}
	assert_int_equal(f.arrived, 41);
	client_close(&c);
	client_close(&other);
	fixture_stop(&f);
}

static void
a_refusal_waits_for_its_turn_and_is_the_last(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET "GET bad HTTP/1.1\r\n\r\n" GET);
	WAIT_FOR(&f, &c, f.refused.kind == ERR_BAD_REQUEST);
	answer_echo(&f, f.held[0]);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 200);
	reply_clear(&r);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 400);
	assert_string_equal(r.body, "{\"error\":\"bad_request\"}");
	assert_non_null(strstr(r.head, "Content-Type: application/json"));
	assert_non_null(strstr(r.head, "Connection: close"));
	reply_clear(&r);
	expect_closed(&f, &c);
	assert_int_equal(f.arrived, 1);
	assert_int_equal(http_server_counts(f.server).refused, 1);
	client_close(&c);
	fixture_stop(&f);
}

#define CONTINUED                                                              \
	"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"                 \
	"Expect: 100-Continue\r\n\r\n"

static void
expect_continue_is_answered_before_the_body(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	expect_reply(&f, &c, CONTINUED, 100, "");
	expect_reply(&f, &c, "{}", 200, "POST /a    {}");
	/* With no body nothing is waited for. */
	expect_reply(&f, &c,
	    "GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", 200,
	    "GET /a    ");
	client_close(&c);
	fixture_stop(&f);
}

static void
expect_continue_waits_for_the_answers_before_it(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET CONTINUED);
	WAIT_FOR(&f, &c, f.arrived == 1);
	for (int i = 0; i < 5; i++)
		step(&f, &c, 0);
	answer_echo(&f, f.held[0]);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 200);
	reply_clear(&r);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 100);
	reply_clear(&r);
	f.hold = false;
	expect_reply(&f, &c, "{}", 200, "POST /a    {}");
	client_close(&c);
	fixture_stop(&f);
}

static void
a_body_of_the_maximum_passes_and_one_byte_more_does_not(void **state)
{
	static char body[BODY_MAX + 1];
	struct fixture f;
	struct client c;
	struct reply r;
	char head[128];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	memset(body, 'x', sizeof(body));
	for (size_t extra = 0; extra < 2; extra++) {
		client_open(&f, &c);
		snprintf(head, sizeof(head),
		    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %zu"
		    "\r\n\r\n",
		    BODY_MAX + extra);
		client_send(&f, &c, head);
		client_send_bytes(&f, &c, body, BODY_MAX + extra);
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, extra == 0 ? 200 : 413);
		reply_clear(&r);
		client_close(&c);

		client_open(&f, &c);
		snprintf(head, sizeof(head),
		    "POST /a HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
		    (size_t)BODY_MAX);
		client_send(&f, &c, head);
		client_send_bytes(&f, &c, body, BODY_MAX);
		client_send(
		    &f, &c, extra == 0 ? "\r\n0\r\n\r\n" : "\r\n1\r\nx\r\n");
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, extra == 0 ? 200 : 413);
		reply_clear(&r);
		client_close(&c);
	}
	fixture_stop(&f);
}

static void
a_header_of_the_maximum_passes_and_one_byte_more_does_not(void **state)
{
	static const char start[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: ";
	struct fixture f;
	struct client c;
	struct reply r;
	static char head[8193];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (size_t len = 8192; len < 8194; len++) {
		memset(head, 'x', sizeof(head));
		memcpy(head, start, sizeof(start) - 1);
		memcpy(head + len - 4, "\r\n\r\n", 4);
		client_open(&f, &c);
		client_send_bytes(&f, &c, head, len);
		client_reply(&f, &c, &r);
		assert_int_equal(r.status, len == 8192 ? 200 : 413);
		reply_clear(&r);
		client_close(&c);
	}
	fixture_stop(&f);
}

static void
a_refused_upload_still_reads_its_refusal(void **state)
{
	static char body[1000000];
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c,
	    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
	client_send_bytes(&f, &c, body, sizeof(body));
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 413);
	reply_clear(&r);
	expect_closed(&f, &c);
	client_close(&c);
	fixture_stop(&f);
}

static void
a_large_answer_arrives_whole(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.echo_size = 8u << 20;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET GET);
	for (int i = 0; i < 2; i++) {
		client_reply(&f, &c, &r);
		assert_int_equal(r.body_len, f.echo_size);
		reply_clear(&r);
	}
	client_close(&c);
	fixture_stop(&f);
}

static void
a_client_that_finished_sending_is_answered(void **state)
{
	struct fixture f;
	struct client c;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET);
	shutdown(c.fd, SHUT_WR);
	WAIT_FOR(&f, &c, f.arrived == 1);
	for (int i = 0; i < 5; i++)
		step(&f, &c, 0);
	answer_echo(&f, f.held[0]);
	client_reply(&f, &c, &r);
	assert_int_equal(r.status, 200);
	reply_clear(&r);
	expect_closed(&f, &c);
	assert_int_equal(f.gone, 0);
	client_close(&c);
	fixture_stop(&f);
}

static void
a_client_gone_is_told_and_its_answers_are_harmless(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET GET GET);
	WAIT_FOR(&f, &c, f.arrived == 3);
	answer_echo(&f, f.held[1]);
	client_reset(&c);
	WAIT_FOR(&f, NULL, f.gone == 2);
	assert_memory_equal(f.held[0]->path.data, "/a", 2);
	answer_echo(&f, f.held[0]);
	WAIT_FOR(&f, NULL, http_server_counts(f.server).connections == 0);
	fixture_stop(&f);
	/* Also when the server itself is gone. */
	answer_text(f.held[2], 200, bytes_of_text("late"));
}

static void
stop_lets_requests_under_way_finish(void **state)
{
	struct fixture f;
	struct client busy, idle, half;
	struct reply r;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	client_open(&f, &idle);
	client_open(&f, &half);
	client_open(&f, &busy);
	client_send(&f, &half, "GET /a HTTP/1.1\r\nHost:");
	client_send(&f, &busy, GET GET);
	WAIT_FOR(&f, &busy, f.arrived == 2);
	http_server_stop(f.server, on_server_closed, &f.closed);
	expect_closed(&f, &idle);
	assert_false(f.closed);
	answer_echo(&f, f.held[1]);
	answer_echo(&f, f.held[0]);
	for (int i = 0; i < 2; i++) {
		client_reply(&f, &busy, &r);
		assert_int_equal(r.status, 200);
		assert_non_null(strstr(r.head, "Connection: close"));
		reply_clear(&r);
	}
	WAIT_FOR(&f, &busy, f.closed);
	assert_int_equal(f.gone, 0);
	client_close(&busy);
	client_close(&idle);
	client_close(&half);
	fixture_stop(&f);
}

static void
stop_ends_what_outlasts_its_deadline(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	fixture_init(&f);
	f.hold = true;
	f.settings.drain_ms = 10;
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET);
	WAIT_FOR(&f, &c, f.arrived == 1);
	http_server_stop(f.server, on_server_closed, &f.closed);
	WAIT_FOR(&f, &c, f.closed);
	assert_int_equal(f.gone, 1);
	answer_text(f.held[0], 200, bytes_of_text("late"));
	client_close(&c);
	fixture_stop(&f);
}

static void
start_reports_an_address_in_use_and_one_that_is_none(void **state)
{
	struct http_handler h = {on_request, on_gone, on_refused, NULL};
	struct http_server *second = NULL;
	struct err e = ERR_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	f.settings.port = http_server_port(f.server);
	assert_int_equal(
	    http_server_start(&f.loop, &f.settings, &h, &second, &e), -1);
	assert_non_null(strstr(e.message, "in use"));
	snprintf(f.settings.host, sizeof(f.settings.host), "localhost:1");
	assert_int_equal(
	    http_server_start(&f.loop, &f.settings, &h, &second, &e), -1);
	assert_null(second);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(server_hands_on_each_part_of_a_request),
	    cmocka_unit_test(server_keeps_the_connection_for_more),
	    cmocka_unit_test(server_closes_where_the_client_says_so),
	    cmocka_unit_test(server_keeps_an_http_1_0_connection_where_asked),
	    cmocka_unit_test(server_reads_requests_one_byte_at_a_time),
	    cmocka_unit_test(server_answers_head_without_a_body),
	    cmocka_unit_test(
		server_hands_on_unknown_methods_and_ignores_upgrade),
	    cmocka_unit_test(server_writes_the_fields_of_an_answer),
	    cmocka_unit_test(answers_leave_in_the_order_of_the_requests),
	    cmocka_unit_test(pipelined_requests_under_way_are_bounded),
	    cmocka_unit_test(a_refusal_waits_for_its_turn_and_is_the_last),
	    cmocka_unit_test(expect_continue_is_answered_before_the_body),
	    cmocka_unit_test(expect_continue_waits_for_the_answers_before_it),
	    cmocka_unit_test(
		a_body_of_the_maximum_passes_and_one_byte_more_does_not),
	    cmocka_unit_test(
		a_header_of_the_maximum_passes_and_one_byte_more_does_not),
	    cmocka_unit_test(a_refused_upload_still_reads_its_refusal),
	    cmocka_unit_test(a_large_answer_arrives_whole),
	    cmocka_unit_test(a_client_that_finished_sending_is_answered),
	    cmocka_unit_test(
		a_client_gone_is_told_and_its_answers_are_harmless),
	    cmocka_unit_test(stop_lets_requests_under_way_finish),
	    cmocka_unit_test(stop_ends_what_outlasts_its_deadline),
	    cmocka_unit_test(
		start_reports_an_address_in_use_and_one_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
