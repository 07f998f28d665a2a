#include "harness.h"

#include "ca/base/file.h"

#define PIECES_MAX 3000 /* what is longer is not sent byte by byte */

/* How the bytes of a file are sent. */
enum pace { PACE_WHOLE, PACE_BYTES };

static void
send_paced(struct fixture *f, struct client *c, struct bytes b, enum pace pace)
{
	if (pace == PACE_WHOLE || b.len > PIECES_MAX) {
		client_send_bytes(f, c, b.data, b.len);
	} else {
		for (size_t i = 0; i < b.len; i++) {
			client_send_bytes(f, c, b.data + i, 1);
			uv_run(&f->loop, UV_RUN_NOWAIT);
		}
	}
	shutdown(c->fd, SHUT_WR);
}

static void
replay(struct fixture *f, const char *name, unsigned status, const char *word,
    enum pace pace)
{
	char path[512], want[128];
	struct err e = ERR_INIT;
	struct client c;
	struct reply r;
	struct buf b;

	buf_init(&b, 1u << 20);
	snprintf(path, sizeof(path), "%s/bad-http/%s.http", FIXTURES, name);
	assert_int_equal(file_read(path, &b, &e), 0);
	client_open(f, &c);
	send_paced(f, &c, buf_bytes(&b), pace);
	client_reply(f, &c, &r);
	snprintf(want, sizeof(want), "{\"error\":\"%s\"}", word);
	if (r.status != status || strcmp(r.body, want) != 0)
		fail_msg("%s: want %u %s, got %u %s (%s)", name, status, want,
		    r.status, r.body, f->refused.message);
	assert_non_null(strstr(r.head, "Connection: close"));
	reply_clear(&r);
	client_receive_end(f, &c);
	assert_int_equal(c.len, 0);
	client_close(&c);
	buf_clear(&b);
}

static unsigned
replay_all(struct fixture *f, enum pace pace)
{
	char line[256], name[128], word[64];
	unsigned status, n = 0;
	FILE *expect = fopen(FIXTURES "/bad-http/EXPECT", "r");

	assert_non_null(expect);
	while (fgets(line, sizeof(line), expect) != NULL) {
		if (line[0] == '#')
			continue;
		assert_int_equal(
		    sscanf(line, "%127s %u %63s", name, &status, word), 3);
		replay(f, name, status, word, pace);
		n++;
	}
	fclose(expect);
	return n;
}

static void
replay_corpus(enum pace pace)
{
	struct fixture f;
	unsigned n;

	fixture_init(&f);
	fixture_start(&f);
	n = replay_all(&f, pace);
	assert_true(n >= 40);
	assert_int_equal(f.arrived, 0);
	assert_int_equal(http_server_counts(f.server).refused, n);
	fixture_stop(&f);
}

static void
each_bad_request_is_refused_and_none_handed_on(void **state)
{
	(void)state;
	replay_corpus(PACE_WHOLE);
}

static void
each_bad_request_is_refused_in_pieces_too(void **state)
{
	(void)state;
	replay_corpus(PACE_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_bad_request_is_refused_and_none_handed_on),
	    cmocka_unit_test(each_bad_request_is_refused_in_pieces_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
