/* The pipeline with everything real behind it but the doors: signer process,
 * ledger and SQLite file in a folder of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/base/log.h"
#include "service/work/pipeline.h"

#define PASS     "correct horse battery staple"
#define ANSWERS  64
#define PATH_LEN 256

struct got {
	unsigned status;
	char body[32768];
};

struct fixture {
	char dir[PATH_LEN];
	uv_loop_t loop;
	struct mailbox *mailbox;
	struct workers *workers;
	struct limits *limits;
	struct ledger *ledger;
	struct committer *committer;
	struct channel *channel;
	struct pipeline *pipeline;
	pid_t signer;
	unsigned unlocked;
	size_t answers;
	struct got got[ANSWERS];
};

static void run(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void
run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static void
path_of(const struct fixture *f, const char *name, char out[PATH_LEN])
{
	assert_int_equal(file_path(out, PATH_LEN, f->dir, name), 0);
}

static int
start_signer(struct fixture *f)
{
	char profiles[PATH_LEN];
	int pair[2];

	path_of(f, "profiles.conf", profiles);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	f->signer = fork();
	if (f->signer == 0) {
		if (dup2(pair[1], 3) != 3 || fcntl(3, F_SETFD, 0) != 0)
			_exit(127);
		execl(BIN_DIR "/ms_ssl_signer", "ms_ssl_signer", "--fd", "3",
		    "--dir", f->dir, "--profiles", profiles, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	return pair[0];
}

static struct authority_view *
make_view(const struct fixture *f)
{
	struct authority_view *v = calloc(1, sizeof(*v));
	struct err e = ERR_INIT;
	struct buf pub;
	char path[PATH_LEN];

	assert_non_null(v);
	profile_set_init(&v->profiles);
	buf_init(&v->pem, 65536);
	buf_init(&pub, 128);
	path_of(f, "ca.crt", path);
	assert_int_equal(file_read(path, &v->pem, &e), 0);
	path_of(f, "escrow.pub", path);
	assert_int_equal(file_read(path, &pub, &e), 0);
	assert_int_equal(
	    hex_decode((struct bytes){pub.data, 64}, v->escrow_public_key, 32),
	    0);
	buf_clear(&pub);
	v->not_after_s = (int64_t)time(NULL) + 1000L * 86400;
	v->replay_window_ms = 300000;
	return v;
}

static void
on_signer_lost(void *arg)
{
	(void)arg;
}

static void
on_unlocked(void *arg)
{
	((struct fixture *)arg)->unlocked++;
}

static void
open_record(struct fixture *f)
{
	char path[PATH_LEN], url[PATH_LEN + 8];
	struct store *store;
	struct err e = ERR_INIT;

	path_of(f, "ledger", path);
	assert_int_equal(ledger_open(path, 1024, &f->ledger, &e), 0);
	path_of(f, "store.db", path);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	assert_int_equal(store_open(url, &store, &e), 0);
	assert_int_equal(
	    committer_start(store, 1024, f->mailbox, &f->committer, &e), 0);
}

static void
open_parts(struct fixture *f)
{
	const struct limits_rule rule = {
	    .free_failures = 2, .wait_max_s = 60, .entries = 64};
	struct pipeline_parts parts;
	struct err e = ERR_INIT;

	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(mailbox_open(&f->loop, &f->mailbox, &e), 0);
	assert_int_equal(workers_start(2, 256, f->mailbox, &f->workers, &e), 0);
	assert_int_equal(limits_new(&rule, &f->limits, &e), 0);
	open_record(f);
	assert_int_equal(channel_open(&f->loop, start_signer(f), 256, 3600000,
			     on_signer_lost, f, &f->channel, &e),
	    0);
	parts = (struct pipeline_parts){
	    .ledger = f->ledger,
	    .committer = f->committer,
	    .workers = f->workers,
	    .channel = f->channel,
	    .limits = f->limits,
	    .mailbox = f->mailbox,
	    .requests_max = 32,
	    .on_unlocked = on_unlocked,
	    .arg = f,
	};
	assert_int_equal(
	    pipeline_open(&parts, make_view(f), &f->pipeline, &e), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/pipeline-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	run("printf '%%s' '%s' > %s/pass && " BIN_DIR
	    "/ms_ssl_signer init --dir %s --days 1000 --passphrase-fd 5 "
	    "5<%s/pass && : > %s/profiles.conf",
	    PASS, f->dir, f->dir, f->dir, f->dir);
	open_parts(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int status;

	workers_stop(f->workers);
	committer_stop(f->committer);
	ledger_close(f->ledger);
	channel_close(f->channel);
	mailbox_close(f->mailbox);
	pipeline_close(f->pipeline);
	limits_free(f->limits);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(waitpid(f->signer, &status, 0), f->signer);
	run("rm -rf %s", f->dir);
	free(f);
	return 0;
}

static void
on_answered(void *arg, const struct request *r, const struct answer *a)
{
	struct fixture *f = arg;
	struct got *g = &f->got[f->answers++];

	assert_non_null(r);
	g->status = a->status;
	assert_true(a->body.len < sizeof(g->body));
	memcpy(g->body, a->body.data, a->body.len);
	g->body[a->body.len] = '\0';
}

static void
submit(struct fixture *f, const char *verb, const char *json)
{
	struct arrival a = {
	    .door = DOOR_HTTP,
	    .verb = verb_find_topic(bytes_of_text(verb)),
	    .body = bytes_of_text(json),
	    .peer = "192.0.2.1",
	    .answered = on_answered,
	    .arg = f,
	};

	assert_non_null(a.verb);
	pipeline_submit(f->pipeline, &a);
}

static void
wait_for_answers(struct fixture *f, size_t n)
{
	while (f->answers < n)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* Submits and waits: the answer. */
static const struct got *
ask(struct fixture *f, const char *verb, const char *json)
{
	f->answers = 0;
	submit(f, verb, json);
	wait_for_answers(f, 1);
	return &f->got[0];
}

#define CREATE(name, days)                                                     \
	"{\"name\":\"" name "\",\"days\":" #days ",\"pass\":\"" PASS "\"}"

static void
pipeline_creates_and_repeats_the_same_answer(void **state)
{
	struct fixture *f = *state;
	char first[32768];

	assert_int_equal(
	    ask(f, "create", CREATE("020000000001", 5))->status, 201);
	assert_non_null(strstr(f->got[0].body, "BEGIN PRIVATE KEY"));
	memcpy(first, f->got[0].body, sizeof(first));
	assert_int_equal(
	    ask(f, "create", CREATE("020000000001", 5))->status, 200);
	assert_string_equal(first, f->got[0].body);
	assert_int_equal(f->unlocked, 1);
}

static void
pipeline_answers_the_same_request_at_once_with_one_certificate(void **state)
{
	struct fixture *f = *state;
	unsigned created = 0;

	f->answers = 0;
	for (int i = 0; i < 20; i++)
		submit(f, "create", CREATE("020000000002", 5));
	wait_for_answers(f, 20);
	for (int i = 0; i < 20; i++) {
		assert_string_equal(f->got[i].body, f->got[0].body);
		created += f->got[i].status == 201;
	}
	assert_int_equal(created, 1);
}

static void
pipeline_signs_again_with_the_kept_key(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    ask(f, "create", CREATE("020000000003", 5))->status, 201);
	assert_int_equal(
	    ask(f, "sign", CREATE("02:00:00:00:00:03", 6))->status, 201);
	assert_non_null(strstr(f->got[0].body, "BEGIN PRIVATE KEY"));
	assert_int_equal(
	    ask(f, "sign", CREATE("020000000099", 6))->status, 404);
	assert_non_null(strstr(f->got[0].body, "unknown_name"));
}

static void
pipeline_refuses_wrong_passphrases_and_slows_down(void **state)
{
	static const char wrong[] =
	    "{\"name\":\"020000000004\",\"days\":5,\"pass\":\"not it at all\"}";
	static const char none[] = "{\"name\":\"020000000004\",\"days\":5}";
	static const char empty[] =
	    "{\"name\":\"020000000004\",\"days\":5,\"pass\":\"\"}";
	struct fixture *f = *state;

	assert_int_equal(ask(f, "create", none)->status, 503);
	assert_non_null(strstr(f->got[0].body, "\"locked\""));
	assert_int_equal(ask(f, "create", empty)->status, 403);
	assert_int_equal(ask(f, "create", wrong)->status, 403);
	assert_non_null(strstr(f->got[0].body, "\"wrong_pass\""));
	ask(f, "create", wrong);
	assert_int_equal(ask(f, "create", wrong)->status, 429);
	assert_non_null(strstr(f->got[0].body, "\"retry_after\""));
}

static void
pipeline_says_busy_beyond_its_bound(void **state)
{
	struct fixture *f = *state;
	unsigned busy = 0;

	f->answers = 0;
	for (int i = 0; i < 40; i++) {
		char json[128];

		snprintf(json, sizeof(json),
		    "{\"name\":\"0200000005%02d\",\"days\":5,\"pass\":\"%s\"}",
		    i, PASS);
		submit(f, "create", json);
	}
	wait_for_answers(f, 40);
	for (int i = 0; i < 40; i++)
		busy += f->got[i].status == 503;
	assert_int_equal(busy, 8);
	assert_int_equal(pipeline_pending(f->pipeline), 0);
}

static void
pipeline_refuses_with_internal_when_the_signer_is_gone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    ask(f, "create", CREATE("020000000006", 5))->status, 201);
	kill(f->signer, SIGKILL);
	f->answers = 0;
	submit(f, "create", CREATE("020000000007", 5));
	wait_for_answers(f, 1);
	assert_int_equal(f->got[0].status, 500);
}

static void
on_idle(void *arg)
{
	*(bool *)arg = true;
}

static void
pipeline_drains_what_is_under_way_and_takes_no_more(void **state)
{
	struct fixture *f = *state;
	bool idle = false;

	f->answers = 0;
	submit(f, "create", CREATE("020000000008", 5));
	pipeline_drain(f->pipeline, on_idle, &idle);
	assert_false(idle);
	submit(f, "create", CREATE("020000000009", 5));
	assert_int_equal(f->got[0].status, 503);
	wait_for_answers(f, 2);
	assert_int_equal(f->got[1].status, 201);
	assert_true(idle);
}

static int
note_line(void *arg, uint64_t number, struct bytes line, struct err *e)
{
	char *seen = arg;
	size_t at = strlen(seen);

	(void)number, (void)e;
	if (memmem(line.data, line.len, " intent ", 8) != NULL)
		seen[at] = 'i';
	if (memmem(line.data, line.len, " issued ", 8) != NULL)
		seen[at] = 'c';
	if (memmem(line.data, line.len, " refused ", 9) != NULL)
		seen[at] = 'r';
	return 0;
}

static void
pipeline_writes_the_intent_before_the_certificate(void **state)
{
	struct fixture *f = *state;
	char path[PATH_LEN], seen[64] = "";
	struct err e = ERR_INIT;

	assert_int_equal(
	    ask(f, "create", CREATE("02000000000A", 5))->status, 201);
	assert_int_equal(
	    ask(f, "sign", CREATE("02000000000B", 5))->status, 404);
	ledger_close(f->ledger);
	path_of(f, "ledger", path);
	assert_int_equal(ledger_verify(path, note_line, seen, &e), 0);
	assert_string_equal(seen, "icr");
	assert_int_equal(ledger_open(path, 16, &f->ledger, &e), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(pipeline_creates_and_repeats_the_same_answer),
	    TEST(
		pipeline_answers_the_same_request_at_once_with_one_certificate),
	    TEST(pipeline_signs_again_with_the_kept_key),
	    TEST(pipeline_refuses_wrong_passphrases_and_slows_down),
	    TEST(pipeline_says_busy_beyond_its_bound),
	    TEST(pipeline_refuses_with_internal_when_the_signer_is_gone),
	    TEST(pipeline_drains_what_is_under_way_and_takes_no_more),
	    TEST(pipeline_writes_the_intent_before_the_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
