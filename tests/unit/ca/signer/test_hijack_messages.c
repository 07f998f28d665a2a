/*
 * Whoever has taken over the service and sends the real signer what is no
 * message ends it, with a status that is not 0; what happens to be a message
 * all the same is answered by the same law (hijack.h). Nothing makes it hang.
 */
#include "tests/unit/ca/signer/hijack.h"

#define SEED      20260401u
#define MUTATIONS 20000
#define FRESH_MAX 60 /* signers that the mutations may end */

static struct fixture shared;
static struct hunt secrets;
static struct front live; /* open; gets only what decodes */

/* The same on every run, so that what it finds is found again. */
static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static struct buf
encoded(enum signer_op op)
{
	static const uint8_t sealed[80] = {1};
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct buf out;

	m.op = op;
	m.fields.sans.count = 1;
	m.fields.sans.item[0].type = SAN_DNS;
	snprintf(m.fields.sans.item[0].text, SAN_TEXT_MAX + 1, "a.example.com");
	m.sealed = (struct bytes){sealed, sizeof(sealed)};
	front_encode(&m, &out);
	return out;
}

static bool
is_message(struct bytes packet)
{
	struct signer_request *m = malloc(sizeof(*m));
	bool ok;

	assert_non_null(m);
	ok = message_request_decode(packet, m) == 0;
	free(m);
	return ok;
}

/* Nothing is answered, and the signer ends by itself. */
static void
assert_ends_a_signer(struct bytes packet)
{
	struct front f = front_start(&shared, &secrets, false);
	struct answer *a = malloc(sizeof(*a));

	assert_non_null(a);
	front_send(&f, packet);
	assert_int_equal(front_receive_packet(&f, a), 0);
	assert_int_equal(front_status(&f), 1);
	close(f.fd);
	free(a);
}

/* By the signer that lives on, and within the law. */
static void
assert_answered(struct bytes packet)
{
	struct signer_request *m = malloc(sizeof(*m));
	struct answer *a = malloc(sizeof(*a));

	assert_non_null(m);
	assert_non_null(a);
	assert_int_equal(message_request_decode(packet, m), 0);
	front_send(&live, packet);
	front_check(&live, m, front_receive(&live, a));
	free(a);
	free(m);
}

static void
every_truncated_message_ends_the_signer(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct buf b = encoded((enum signer_op)op);

		for (size_t n = 0; n < b.len; n++)
			assert_ends_a_signer((struct bytes){b.data, n});
		assert_answered(buf_bytes(&b));
		buf_clear(&b);
	}
}

static void
message_with_a_byte_behind_it_ends_the_signer(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct buf b = encoded((enum signer_op)op);

		buf_append_byte(&b, 0);
		assert_ends_a_signer(buf_bytes(&b));
		buf_clear(&b);
	}
}

static void
two_messages_in_one_packet_end_the_signer(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct buf a = encoded((enum signer_op)op);
		struct buf b = encoded(SIGNER_STATUS);

		buf_append(&a, b.data, b.len);
		assert_ends_a_signer(buf_bytes(&a));
		buf_clear(&a);
		buf_clear(&b);
	}
}

static void
empty_packet_ends_the_signer(void **state)
{
	(void)state;
	assert_ends_a_signer((struct bytes){(const uint8_t *)"", 0});
}

/* There is no operation but those of the table, whatever comes with one. */
static void
unknown_operations_end_the_signer(void **state)
{
	struct buf issue = encoded(SIGNER_ISSUE);

	(void)state;
	for (unsigned op = 0; op < 256; op++) {
		issue.data[0] = (uint8_t)op;
		if (op == SIGNER_ISSUE)
			assert_answered(buf_bytes(&issue));
		else
			assert_ends_a_signer(buf_bytes(&issue));
		if (op < SIGNER_STATUS || op >= SIGNER_OP_COUNT)
			assert_ends_a_signer((struct bytes){issue.data, 9});
	}
	buf_clear(&issue);
}

/* A body under another operation's number. */
static void
bodies_of_other_operations_end_the_signer(void **state)
{
	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		for (int as = SIGNER_STATUS; as < SIGNER_OP_COUNT; as++) {
			struct buf b = encoded((enum signer_op)op);

			b.data[0] = (uint8_t)as;
			assert_int_equal(is_message(buf_bytes(&b)), as == op);
			if (as != op)
				assert_ends_a_signer(buf_bytes(&b));
			buf_clear(&b);
		}
	}
}

static void
replies_sent_back_end_the_signer(void **state)
{
	struct signer_reply r = {.id = 7, .open = true, .err = ERR_INIT};
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	r.payload = bytes_of_text("certificate");
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(message_reply_encode(&r, &b, &e), 0);
	assert_ends_a_signer(buf_bytes(&b));
	buf_clear(&b);
}

static void
oversized_packets_end_the_signer(void **state)
{
	static const size_t sizes[] = {
	    MESSAGE_MAX + 1, MESSAGE_MAX + 9, 2 * MESSAGE_MAX, 100000};
	uint8_t *packet = calloc(1, 100000);

	(void)state;
	assert_non_null(packet);
	packet[0] = SIGNER_STATUS;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_ends_a_signer((struct bytes){packet, sizes[i]});
	free(packet);
}

/* A passphrase longer than the packet, or than it may be. */
static void
fields_past_their_room_end_the_signer(void **state)
{
	static const size_t lengths[] = {0xffff, 0x7fff, 513, 254};
	struct buf b = encoded(SIGNER_UNLOCK);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		b.data[9] = (uint8_t)(lengths[i] >> 8);
		b.data[10] = (uint8_t)(lengths[i] & 0xff);
		assert_ends_a_signer(buf_bytes(&b));
	}
	buf_clear(&b);
}

/* The packet with len bytes in place of the field of old bytes at `at`. */
static void
assert_ends_with_field(struct bytes packet, size_t at, size_t old, size_t len)
{
	static const uint8_t field[KEY_RAW_MAX + 1] = {0x7f};
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	buf_append(&b, packet.data, at - 2);
	buf_append_byte(&b, (uint8_t)(len >> 8));
	buf_append_byte(&b, (uint8_t)(len & 0xff));
	buf_append(&b, field, len);
	buf_append(&b, packet.data + at + old, packet.len - at - old);
	assert_ends_a_signer(buf_bytes(&b));
	buf_clear(&b);
}

/* The wire can hold a serial number and a key of any length; the message
 * can not. */
static void
serial_or_key_past_its_room_ends_the_signer(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct buf b;
	uint8_t *serial;

	(void)state;
	front_encode(&m, &b);
	serial = memmem(b.data, b.len, m.fields.serial.bytes, SERIAL_LEN);
	assert_non_null(serial);
	for (size_t len = 0; len <= 21; len++)
		if (len != SERIAL_LEN)
			assert_ends_with_field(buf_bytes(&b),
			    (size_t)(serial - b.data), SERIAL_LEN, len);
	assert_ends_with_field(buf_bytes(&b), b.len - m.fields.key.len,
	    m.fields.key.len, KEY_RAW_MAX + 1);
	buf_clear(&b);
}

/* A bit anywhere: where it leaves a message it is answered by the law, else it
 * ends a signer. All of the latter are tried, each with a signer of its own. */
static void
flipped_bits_get_nothing_more(void **state)
{
	size_t answered = 0, ended = 0;

	(void)state;
	for (int op = SIGNER_STATUS; op < SIGNER_OP_COUNT; op++) {
		struct buf b = encoded((enum signer_op)op);

		for (size_t bit = 0; bit < 8 * b.len; bit++) {
			b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (is_message(buf_bytes(&b))) {
				assert_answered(buf_bytes(&b));
				answered++;
			} else {
				assert_ends_a_signer(buf_bytes(&b));
				ended++;
			}
			b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		buf_clear(&b);
	}
	assert_true(answered > 1000 && ended > 100);
}

/* One to eight bytes set, cut out or put in. */
static void
mutate(struct buf *b, uint32_t *seed)
{
	unsigned n = 1 + next_random(seed) % 8;

	while (n-- > 0 && b->len > 1) {
		size_t at = next_random(seed) % b->len;

		switch (next_random(seed) % 4) {
		case 0:
			memmove(
			    b->data + at, b->data + at + 1, b->len - at - 1);
			b->len--;
			break;
		case 1:
			buf_append_byte(b, b->data[at]);
			break;
		default:
			b->data[at] = (uint8_t)next_random(seed);
			break;
		}
	}
}

static void
mutated_messages_get_nothing_more(void **state)
{
	uint32_t seed = SEED;
	unsigned answered = 0, ended = 0;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct buf b =
		    encoded((enum signer_op)(1 + i % (SIGNER_OP_COUNT - 1)));

		mutate(&b, &seed);
		if (is_message(buf_bytes(&b))) {
			assert_answered(buf_bytes(&b));
			answered++;
		} else if (ended < FRESH_MAX) {
			assert_ends_a_signer(buf_bytes(&b));
			ended++;
		}
		buf_clear(&b);
	}
	assert_true(answered > 100 && ended == FRESH_MAX);
}

static void
random_packets_end_the_signer(void **state)
{
	uint32_t seed = SEED;
	uint8_t packet[4096];

	(void)state;
	for (unsigned i = 0; i < FRESH_MAX; i++) {
		size_t len = 10 + next_random(&seed) % (sizeof(packet) - 10);

		for (size_t n = 0; n < len; n++)
			packet[n] = (uint8_t)next_random(&seed);
		packet[0] = (uint8_t)(i % (SIGNER_OP_COUNT + 1));
		if (!is_message((struct bytes){packet, len}))
			assert_ends_a_signer((struct bytes){packet, len});
	}
}

static enum err_kind
ask(const struct front *f, enum signer_op op, const char *pass)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct err e = ERR_INIT;

	assert_int_equal(serial_new(&m.fields.serial, &e), 0);
	m.op = op;
	m.pass = bytes_of_text(pass);
	return front_ask(f, &m);
}

/* Before the passphrase nothing is done, whatever came first; after it the
 * order changes nothing either. */
static void
order_of_messages_opens_nothing(void **state)
{
	struct front f = front_start(&shared, &secrets, false);

	(void)state;
	assert_int_equal(ask(&f, SIGNER_RENEW_AUTHORITY, ""), ERR_LOCKED);
	assert_int_equal(ask(&f, SIGNER_OPEN_KEY, ""), ERR_LOCKED);
	assert_int_equal(ask(&f, SIGNER_ISSUE, ""), ERR_LOCKED);
	assert_int_equal(ask(&f, SIGNER_UNLOCK, ""), ERR_LOCKED);
	assert_int_equal(ask(&f, SIGNER_UNLOCK, WRONG_PASS), ERR_WRONG_PASS);
	assert_int_equal(ask(&f, SIGNER_ISSUE, ""), ERR_LOCKED);
	assert_int_equal(ask(&f, SIGNER_STATUS, ""), ERR_NONE);
	assert_int_equal(ask(&f, SIGNER_ISSUE, PASS), ERR_NONE);
	assert_int_equal(ask(&f, SIGNER_ISSUE, WRONG_PASS), ERR_WRONG_PASS);
	assert_int_not_equal(ask(&f, SIGNER_ISSUE, ""), ERR_NONE);
	assert_int_equal(ask(&f, SIGNER_UNLOCK, PASS), ERR_NONE);
	assert_int_not_equal(ask(&f, SIGNER_ISSUE, ""), ERR_NONE);
	assert_int_equal(front_end(&f), 0);
}

/* Halves of a message, in either order. */
static void
message_in_two_packets_ends_the_signer(void **state)
{
	struct buf b = encoded(SIGNER_ISSUE);
	size_t half = b.len / 2;

	(void)state;
	assert_ends_a_signer((struct bytes){b.data, half});
	assert_ends_a_signer((struct bytes){b.data + half, b.len - half});
	buf_clear(&b);
}

/* Descriptors that come along are not kept: the pipe ends with us. */
static void
descriptors_sent_along_are_not_kept(void **state)
{
	struct buf b = encoded(SIGNER_STATUS);
	struct iovec part = {b.data, b.len};
	union {
		char data[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr m = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.data,
	    .msg_controllen = sizeof(control.data)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct answer *a = malloc(sizeof(*a));
	struct pollfd p = {-1, POLLIN, 0};
	int ends[2];

	(void)state;
	assert_non_null(a);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ends[1], sizeof(int));
	assert_int_equal(sendmsg(live.fd, &m, MSG_NOSIGNAL), (ssize_t)b.len);
	close(ends[1]);
	assert_int_equal(front_receive(&live, a)->err.kind, ERR_NONE);
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, HANG_MS), 1);
	assert_true((p.revents & POLLHUP) != 0);
	close(ends[0]);
	free(a);
	buf_clear(&b);
}

/* Answers that nobody takes do not keep it from ending. */
static void
front_end_that_takes_no_answer_can_still_hang_up(void **state)
{
	struct front f = front_start(&shared, &secrets, true);
	struct buf b = encoded(SIGNER_ISSUE);
	struct answer *a = malloc(sizeof(*a));
	ssize_t n;

	(void)state;
	assert_non_null(a);
	front_send(&f, buf_bytes(&b));
	assert_int_equal(front_receive(&f, a)->err.kind, ERR_NONE);
	assert_int_equal(fcntl(f.fd, F_SETFL, O_NONBLOCK), 0);
	do {
		struct pollfd p = {f.fd, POLLOUT, 0};

		n = send(f.fd, b.data, b.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN &&
		    poll(&p, 1, 200) == 1) /* it had only not come to it */
			n = 0;
	} while (n >= 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(front_end(&f), 0);
	buf_clear(&b);
	free(a);
}

/* No more comes, but the answers could still go. */
static void
half_closed_socket_ends_it_with_status_0(void **state)
{
	struct front f = front_start(&shared, &secrets, false);

	(void)state;
	assert_int_equal(shutdown(f.fd, SHUT_WR), 0);
	assert_int_equal(front_status(&f), 0);
	close(f.fd);
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&shared, KEY_EC_P256);
	fixture_write(&shared, "profiles.conf", PROFILES, 0644);
	hunt_open(&secrets, &shared);
	live = front_start(&shared, &secrets, true);
	return 0;
}

/* What decoded ended no signer. */
static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(front_end(&live), 0);
	hunt_close(&secrets);
	fixture_close(&shared);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_truncated_message_ends_the_signer),
	    cmocka_unit_test(message_with_a_byte_behind_it_ends_the_signer),
	    cmocka_unit_test(two_messages_in_one_packet_end_the_signer),
	    cmocka_unit_test(empty_packet_ends_the_signer),
	    cmocka_unit_test(unknown_operations_end_the_signer),
	    cmocka_unit_test(bodies_of_other_operations_end_the_signer),
	    cmocka_unit_test(replies_sent_back_end_the_signer),
	    cmocka_unit_test(oversized_packets_end_the_signer),
	    cmocka_unit_test(fields_past_their_room_end_the_signer),
	    cmocka_unit_test(serial_or_key_past_its_room_ends_the_signer),
	    cmocka_unit_test(flipped_bits_get_nothing_more),
	    cmocka_unit_test(mutated_messages_get_nothing_more),
	    cmocka_unit_test(random_packets_end_the_signer),
	    cmocka_unit_test(order_of_messages_opens_nothing),
	    cmocka_unit_test(message_in_two_packets_ends_the_signer),
	    cmocka_unit_test(descriptors_sent_along_are_not_kept),
	    cmocka_unit_test(front_end_that_takes_no_answer_can_still_hang_up),
	    cmocka_unit_test(half_closed_socket_ends_it_with_status_0),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
