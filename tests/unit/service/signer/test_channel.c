/* The service's end of the socket; the test holds the other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/signer/channel.h"

#define CALLS_MAX 4

struct fixture {
	uv_loop_t loop;
	struct channel *channel;
	int peer;
	unsigned lost, replies, failed;
	char payload[16];
};

static void
on_lost(void *arg)
{
	((struct fixture *)arg)->lost++;
}

static void
on_reply(void *arg, const struct signer_reply *reply)
{
	struct fixture *f = arg;

	if (reply->err.kind != ERR_NONE) {
		f->failed++;
		return;
	}
	f->replies++;
	assert_true(reply->payload.len < sizeof(f->payload));
	if (reply->payload.len > 0)
		memcpy(f->payload, reply->payload.data, reply->payload.len);
	f->payload[reply->payload.len] = '\0';
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	int pair[2];

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	f->peer = pair[1];
	assert_int_equal(channel_open(&f->loop, pair[0], CALLS_MAX, 60000,
			     on_lost, f, &f->channel, &e),
	    0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	channel_close(f->channel);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	if (f->peer >= 0)
		close(f->peer);
	free(f);
	return 0;
}

static void
call(struct fixture *f)
{
	struct signer_request m = {.op = SIGNER_STATUS};
	struct err e = ERR_INIT;

	assert_int_equal(channel_call(f->channel, &m, on_reply, f, &e), 0);
}

/* What the service sent; its id. */
static uint64_t
take_request(struct fixture *f)
{
	uint8_t packet[MESSAGE_MAX];
	struct signer_request m;
	ssize_t n;

	while ((n = recv(f->peer, packet, sizeof(packet), MSG_DONTWAIT)) < 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(n > 0);
	assert_int_equal(
	    message_request_decode((struct bytes){packet, (size_t)n}, &m), 0);
	assert_int_equal(m.op, SIGNER_STATUS);
	return m.id;
}

static void
send_packet(struct fixture *f, const void *data, size_t len)
{
	assert_int_equal(send(f->peer, data, len, 0), (ssize_t)len);
}

static void
send_reply(struct fixture *f, uint64_t id, const char *payload)
{
	struct signer_reply r = {.id = id, .open = true, .err = ERR_INIT};
	struct err e = ERR_INIT;
	struct buf b;

	r.payload = bytes_of_text(payload);
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_reply_encode(&r, &b, &e), 0);
	send_packet(f, b.data, b.len);
	buf_clear(&b);
}

#define WAIT(f, condition)                                                     \
	while (!(condition))                                                   \
	uv_run(&(f)->loop, UV_RUN_ONCE)

static void
channel_matches_replies_in_any_order(void **state)
{
	struct fixture *f = *state;
	uint64_t first, second;

	call(f);
	call(f);
	first = take_request(f);
	second = take_request(f);
	assert_true(first != second);
	assert_false(channel_is_open(f->channel));
	send_reply(f, second, "second");
	WAIT(f, f->replies == 1);
	assert_string_equal(f->payload, "second");
	assert_true(channel_is_open(f->channel));
	send_reply(f, first, "first");
	WAIT(f, f->replies == 2);
	assert_string_equal(f->payload, "first");
	assert_int_equal(f->lost, 0);
}

static void
channel_refuses_beyond_its_bound_and_takes_again(void **state)
{
	struct fixture *f = *state;
	struct signer_request m = {.op = SIGNER_STATUS};
	struct err e = ERR_INIT;

	for (int i = 0; i < CALLS_MAX; i++)
		call(f);
	assert_int_equal(channel_call(f->channel, &m, on_reply, f, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_true(e.retry_after_s > 0);
	send_reply(f, take_request(f), "");
	WAIT(f, f->replies == 1);
	call(f);
}

/* Every call is told, once, and later ones are refused. */
static void
expect_lost(struct fixture *f)
{
	struct signer_request m = {.op = SIGNER_STATUS};
	struct err e = ERR_INIT;

	WAIT(f, f->lost == 1);
	assert_int_equal(f->failed, 2);
	assert_int_equal(f->replies, 0);
	assert_false(channel_is_open(f->channel));
	assert_int_equal(channel_call(f->channel, &m, on_reply, f, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void
channel_is_lost_at_a_reply_that_does_not_decode(void **state)
{
	struct fixture *f = *state;

	call(f);
	call(f);
	send_packet(f, "?", 1);
	expect_lost(f);
}

static void
channel_is_lost_at_a_reply_to_no_request(void **state)
{
	struct fixture *f = *state;

	call(f);
	call(f);
	send_reply(f, take_request(f) + 1000, "");
	expect_lost(f);
}

static void
channel_is_lost_with_its_peer(void **state)
{
	struct fixture *f = *state;

	call(f);
	call(f);
	close(f->peer);
	f->peer = -1;
	expect_lost(f);
}

static void
channel_tells_who_waits_when_it_closes(void **state)
{
	struct fixture *f = *state;
	struct channel *second;
	struct err e = ERR_INIT;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	call(f);
	channel_close(f->channel);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->lost, 0);
	assert_int_equal(channel_open(&f->loop, pair[0], CALLS_MAX, 60000,
			     on_lost, f, &second, &e),
	    0);
	f->channel = second;
	close(pair[1]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(channel_matches_replies_in_any_order),
	    TEST(channel_refuses_beyond_its_bound_and_takes_again),
	    TEST(channel_is_lost_at_a_reply_that_does_not_decode),
	    TEST(channel_is_lost_at_a_reply_to_no_request),
	    TEST(channel_is_lost_with_its_peer),
	    TEST(channel_tells_who_waits_when_it_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
