#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "service/loop/workers.h"

#define JOBS 64

/* Workers wait at the gate until the test opens it. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
};

struct task {
	struct work work;
	struct gate *gate;
	pthread_t ran_on;
	atomic_int *runs;
	int *dones;
};

static void
gate_pass(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->opened, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void
gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->opened);
	pthread_mutex_unlock(&g->lock);
}

static void
on_run(struct work *w)
{
	struct task *t = QUEUE_ITEM(w, struct task, work);

	gate_pass(t->gate);
	t->ran_on = pthread_self();
	atomic_fetch_add(t->runs, 1);
}

static void
on_done(struct work *w)
{
	struct task *t = QUEUE_ITEM(w, struct task, work);

	assert_false(pthread_equal(t->ran_on, pthread_self()));
	++*t->dones;
}

static void
workers_run_each_job_once_and_refuse_beyond_the_bound(void **state)
{
	struct gate gate = {
	    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
	struct task task[JOBS];
	struct mailbox *m;
	struct workers *p;
	struct err e = ERR_INIT;
	uv_loop_t loop;
	atomic_int runs = 0;
	int dones = 0, taken = 0;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_open(&loop, &m, &e), 0);
	assert_int_equal(workers_start(2, JOBS / 4, m, &p, &e), 0);
	for (int i = 0; i < JOBS; i++) {
		task[i] = (struct task){.gate = &gate,
		    .runs = &runs,
		    .dones = &dones,
		    .work = {.run = on_run, .done = on_done}};
		if (workers_submit(p, &task[taken].work, &e) == 0)
			taken++;
	}
	/* The queue's bound, and at most one more in each worker's hands. */
	assert_in_range(taken, JOBS / 4, JOBS / 4 + 2);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_true(e.retry_after_s > 0);
	gate_open(&gate);
	while (dones < taken)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(atomic_load(&runs), taken);
	workers_stop(p);
	mailbox_close(m);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void
workers_stop_runs_what_waits(void **state)
{
	struct gate gate = {
	    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, true};
	struct task task[JOBS];
	struct mailbox *m;
	struct workers *p;
	struct err e = ERR_INIT;
	uv_loop_t loop;
	atomic_int runs = 0;
	int dones = 0;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_open(&loop, &m, &e), 0);
	assert_int_equal(workers_start(2, JOBS, m, &p, &e), 0);
	for (int i = 0; i < JOBS; i++) {
		task[i] = (struct task){.gate = &gate,
		    .runs = &runs,
		    .dones = &dones,
		    .work = {.run = on_run, .done = on_done}};
		assert_int_equal(workers_submit(p, &task[i].work, &e), 0);
	}
	workers_stop(p);
	assert_int_equal(atomic_load(&runs), JOBS);
	mailbox_close(m);
	assert_int_equal(dones, JOBS);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		workers_run_each_job_once_and_refuse_beyond_the_bound),
	    cmocka_unit_test(workers_stop_runs_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
