#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "service/loop/mailbox.h"

#define THREADS 4
#define EACH    1000

struct counted {
	struct letter letter;
	int *count;
	int *last; /* per sender: letters come in the order they were posted */
	int number;
};

struct sender {
	struct mailbox *mailbox;
	int *count;
	int last;
	pthread_t thread;
};

static void
on_counted(struct letter *l)
{
	struct counted *c = (struct counted *)(void *)l;

	assert_int_equal(c->number, *c->last + 1);
	*c->last = c->number;
	++*c->count;
	free(c);
}

static void *
send_all(void *arg)
{
	struct sender *s = arg;

	for (int i = 1; i <= EACH; i++) {
		struct counted *c = calloc(1, sizeof(*c));

		if (c == NULL)
			abort();
		c->letter.deliver = on_counted;
		c->count = s->count;
		c->last = &s->last;
		c->number = i;
		mailbox_post(s->mailbox, &c->letter);
	}
	return NULL;
}

static void
mailbox_delivers_all_letters_of_all_threads_in_order(void **state)
{
	struct sender sender[THREADS] = {0};
	struct mailbox *m;
	struct err e = ERR_INIT;
	uv_loop_t loop;
	int count = 0;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_open(&loop, &m, &e), 0);
	for (int i = 0; i < THREADS; i++) {
		sender[i].mailbox = m;
		sender[i].count = &count;
		pthread_create(&sender[i].thread, NULL, send_all, &sender[i]);
	}
	while (count < THREADS * EACH)
		uv_run(&loop, UV_RUN_ONCE);
	for (int i = 0; i < THREADS; i++)
		pthread_join(sender[i].thread, NULL);
	mailbox_close(m);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void
mailbox_close_delivers_what_is_there(void **state)
{
	struct sender sender = {0};
	struct err e = ERR_INIT;
	uv_loop_t loop;
	int count = 0;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_open(&loop, &sender.mailbox, &e), 0);
	sender.count = &count;
	send_all(&sender);
	assert_int_equal(count, 0);
	mailbox_close(sender.mailbox);
	assert_int_equal(count, EACH);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		mailbox_delivers_all_letters_of_all_threads_in_order),
	    cmocka_unit_test(mailbox_close_delivers_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
