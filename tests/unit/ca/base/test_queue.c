#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "ca/base/queue.h"

struct item {
	int value;
	struct queue_node node;
};

static struct queue *
queue_of(size_t max)
{
	struct err e = ERR_INIT;
	struct queue *q;

	assert_int_equal(queue_new(max, &q, &e), 0);
	return q;
}

static int
value_of(struct queue_node *node)
{
	return QUEUE_ITEM(node, struct item, node)->value;
}

static void
queue_take_gives_the_oldest_first(void **state)
{
	struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
	struct queue *q = queue_of(3);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(queue_put(q, &items[i].node), 0);
	assert_int_equal(queue_length(q), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(value_of(queue_take(q)), i);
	assert_int_equal(queue_length(q), 0);
	queue_free(q);
	queue_free(NULL);
}

static void
queue_put_refuses_what_is_past_the_bound(void **state)
{
	struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
	struct queue *q = queue_of(2);

	(void)state;
	assert_int_equal(queue_put(q, &items[0].node), 0);
	assert_int_equal(queue_put(q, &items[1].node), 0);
	assert_int_equal(queue_put(q, &items[2].node), -1);
	assert_int_equal(queue_length(q), 2);
	assert_int_equal(value_of(queue_take(q)), 0);
	assert_int_equal(queue_put(q, &items[2].node), 0);
	assert_int_equal(value_of(queue_take(q)), 1);
	assert_int_equal(value_of(queue_take(q)), 2);
	queue_free(q);
}

static void
queue_take_many_is_a_list_of_at_most_max_in_order(void **state)
{
	struct queue *q = queue_of(10);
	struct queue_node *batch;
	struct item items[5];

	(void)state;
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		assert_int_equal(queue_put(q, &items[i].node), 0);
	}
	batch = queue_take_many(q, 3);
	for (int i = 0; i < 3; i++, batch = batch->next)
		assert_int_equal(value_of(batch), i);
	assert_null(batch);
	assert_null(queue_take_many(q, 0));
	assert_int_equal(queue_length(q), 2);
	batch = queue_take_many(q, 100);
	assert_int_equal(value_of(batch), 3);
	assert_int_equal(value_of(batch->next), 4);
	assert_null(batch->next->next);
	assert_int_equal(queue_put(q, &items[0].node), 0);
	assert_int_equal(value_of(queue_take(q)), 0);
	queue_free(q);
}

static void
queue_close_lets_what_waits_out_and_nothing_in(void **state)
{
	struct item items[2] = {{.value = 7}, {.value = 8}};
	struct queue *q = queue_of(10);

	(void)state;
	assert_int_equal(queue_put(q, &items[0].node), 0);
	queue_close(q);
	assert_int_equal(queue_put(q, &items[1].node), -1);
	assert_int_equal(value_of(queue_take(q)), 7);
	assert_null(queue_take(q));
	assert_null(queue_take_many(q, 5));
	queue_free(q);
}

static void *
take_one(void *q)
{
	return queue_take(q);
}

static void
queue_close_wakes_all_who_wait(void **state)
{
	struct queue *q = queue_of(1);
	pthread_t threads[3];
	void *got;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, take_one, q), 0);
	queue_close(q);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], &got), 0);
		assert_null(got);
	}
	queue_free(q);
}

#define PUTTERS 4
#define EACH    20000

struct traffic {
	struct queue *q;
	struct item items[PUTTERS][EACH];
	atomic_int next_putter;
	atomic_int taken[PUTTERS * EACH];
};

static void *
put_many(void *arg)
{
	struct traffic *t = arg;
	int me = atomic_fetch_add(&t->next_putter, 1);

	for (int i = 0; i < EACH; i++) {
		t->items[me][i].value = me * EACH + i;
		while (queue_put(t->q, &t->items[me][i].node) != 0)
			sched_yield();
	}
	return NULL;
}

static void *
take_batches(void *arg)
{
	int newest[PUTTERS] = {-1, -1, -1, -1};
	struct traffic *t = arg;
	struct queue_node *n, *next;
	intptr_t disorder = 0;

	while ((n = queue_take_many(t->q, 16)) != NULL) {
		for (; n != NULL; n = next) {
			int value = value_of(n);

			next = n->next;
			disorder += value <= newest[value / EACH];
			newest[value / EACH] = value;
			atomic_fetch_add(&t->taken[value], 1);
		}
	}
	/* An integer in a pointer: how often an order was not kept. */
	return (void *)disorder;
}

static void
queue_loses_and_doubles_nothing_between_threads(void **state)
{
	static struct traffic t;
	pthread_t putters[PUTTERS], takers[2];
	void *disorder;

	(void)state;
	t.q = queue_of(32);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    pthread_create(&takers[i], NULL, take_batches, &t), 0);
	for (int i = 0; i < PUTTERS; i++)
		assert_int_equal(
		    pthread_create(&putters[i], NULL, put_many, &t), 0);
	for (int i = 0; i < PUTTERS; i++)
		assert_int_equal(pthread_join(putters[i], NULL), 0);
	queue_close(t.q);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(takers[i], &disorder), 0);
		assert_null(disorder);
	}
	for (int i = 0; i < PUTTERS * EACH; i++)
		assert_int_equal(atomic_load(&t.taken[i]), 1);
	queue_free(t.q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(queue_take_gives_the_oldest_first),
	    cmocka_unit_test(queue_put_refuses_what_is_past_the_bound),
	    cmocka_unit_test(queue_take_many_is_a_list_of_at_most_max_in_order),
	    cmocka_unit_test(queue_close_lets_what_waits_out_and_nothing_in),
	    cmocka_unit_test(queue_close_wakes_all_who_wait),
	    cmocka_unit_test(queue_loses_and_doubles_nothing_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
