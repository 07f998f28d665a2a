/* The committer over the store in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "service/store/committer.h"

#define JOBS 100

struct fixture {
	uv_loop_t loop;
	struct mailbox *mailbox;
	struct committer *committer;
	unsigned done, failed;
	pthread_mutex_t gate; /* held: the store's thread waits in a job */
};

struct put_job {
	struct store_job job;
	struct fixture *fixture;
	struct store_certificate certificate;
	bool refuse; /* run fails */
	bool wait;   /* run waits at the gate */
};

static int
on_run(struct store_job *j, struct store *s, struct err *e)
{
	struct put_job *p = QUEUE_ITEM(j, struct put_job, job);

	if (p->wait) {
		pthread_mutex_lock(&p->fixture->gate);
		pthread_mutex_unlock(&p->fixture->gate);
	}
	if (p->refuse)
		return err_set(e, ERR_INTERNAL, NULL, "refused by the test");
	return store_put(s, &p->certificate, e);
}

static void
on_done(struct store_job *j)
{
	struct put_job *p = QUEUE_ITEM(j, struct put_job, job);

	p->fixture->done++;
	p->fixture->failed += j->err.kind != ERR_NONE;
	if (p->refuse)
		assert_string_equal(j->err.message, "refused by the test");
	store_certificate_clear(&p->certificate);
	free(p);
}

static struct put_job *
make_job(struct fixture *f, uint8_t n)
{
	struct put_job *p = calloc(1, sizeof(*p));
	struct store_certificate *c;

	assert_non_null(p);
	p->fixture = f;
	p->job.run = on_run;
	p->job.done = on_done;
	c = &p->certificate;
	store_certificate_init(c);
	memcpy(c->name.text, "one", 4);
	c->serial.bytes[0] = 1;
	c->serial.bytes[SERIAL_LEN - 1] = n;
	c->key_serial = c->serial;
	buf_append_text(&c->der, "der");
	return p;
}

static int
submit(struct fixture *f, struct put_job *p)
{
	struct err e = ERR_INIT;

	return committer_submit(f->committer, &p->job, &e);
}

static void
submit_many(struct fixture *f, unsigned n)
{
	for (unsigned i = 1; i <= n; i++)
		assert_int_equal(submit(f, make_job(f, (uint8_t)i)), 0);
}

static void
wait_for(struct fixture *f, unsigned done)
{
	while (f->done < done)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void
start(struct fixture *f, size_t queue_max)
{
	struct store *store;
	struct err e = ERR_INIT;

	assert_int_equal(store_open("memory:", &store, &e), 0);
	assert_int_equal(
	    committer_start(store, queue_max, f->mailbox, &f->committer, &e),
	    0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	pthread_mutex_init(&f->gate, NULL);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(mailbox_open(&f->loop, &f->mailbox, &e), 0);
	start(f, JOBS);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	committer_stop(f->committer);
	mailbox_close(f->mailbox);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	pthread_mutex_destroy(&f->gate);
	free(f);
	return 0;
}

static void
committer_does_every_job_once(void **state)
{
	struct fixture *f = *state;

	submit_many(f, JOBS);
	wait_for(f, JOBS);
	assert_int_equal(f->failed, 0);
	assert_true(committer_is_healthy(f->committer));
}

/* The gate lets the others gather behind the first: they are one batch. */
static void
committer_lets_a_bad_job_harm_no_other(void **state)
{
	struct fixture *f = *state;
	struct put_job *first = make_job(f, 1);

	pthread_mutex_lock(&f->gate);
	first->wait = true;
	assert_int_equal(submit(f, first), 0);
	for (int i = 2; i <= 10; i++) {
		struct put_job *p = make_job(f, (uint8_t)i);

		p->refuse = i == 5;
		assert_int_equal(submit(f, p), 0);
	}
	/* serial 1 again: the store itself refuses it */
	assert_int_equal(submit(f, make_job(f, 1)), 0);
	pthread_mutex_unlock(&f->gate);
	wait_for(f, 11);
	assert_int_equal(f->failed, 2);
}

static void
committer_is_healthy_again_after_a_success(void **state)
{
	struct fixture *f = *state;
	struct put_job *p = make_job(f, 1);

	p->refuse = true;
	assert_int_equal(submit(f, p), 0);
	wait_for(f, 1);
	assert_false(committer_is_healthy(f->committer));
	assert_int_equal(submit(f, make_job(f, 2)), 0);
	wait_for(f, 2);
	assert_true(committer_is_healthy(f->committer));
}

static void
committer_refuses_what_its_queue_does_not_hold(void **state)
{
	struct fixture *f = *state;
	struct put_job *p, *first = make_job(f, 1);
	unsigned taken = 1;

	committer_stop(f->committer);
	start(f, 2);
	pthread_mutex_lock(&f->gate);
	first->wait = true;
	assert_int_equal(submit(f, first), 0);
	for (uint8_t n = 2; submit(f, p = make_job(f, n)) == 0; n++)
		taken++;
	store_certificate_clear(&p->certificate);
	free(p);
	pthread_mutex_unlock(&f->gate);
	/* two in the queue, and up to two that had left it already */
	assert_in_range(taken, 2, 4);
	wait_for(f, taken);
	assert_int_equal(f->failed, 0);
}

static void
committer_stop_does_what_waits(void **state)
{
	struct fixture *f = *state;

	submit_many(f, JOBS);
	committer_stop(f->committer);
	wait_for(f, JOBS);
	assert_int_equal(f->failed, 0);
	start(f, JOBS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(committer_does_every_job_once),
	    TEST(committer_lets_a_bad_job_harm_no_other),
	    TEST(committer_is_healthy_again_after_a_success),
	    TEST(committer_refuses_what_its_queue_does_not_hold),
	    TEST(committer_stop_does_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
