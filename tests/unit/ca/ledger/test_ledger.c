/* The ledger over real files in a folder of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "ca/ledger/intents.h"

#define THREADS 8
#define EACH    125

struct fixture {
	char dir[64];
	char path[128];
	pthread_mutex_t lock;
	pthread_cond_t told;
	unsigned done, failed;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/ledger-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/ledger", f->dir);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->told, NULL);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void
on_done(struct ledger_append *a, const struct err *e)
{
	struct fixture *f = a->arg;

	pthread_mutex_lock(&f->lock);
	f->done++;
	f->failed += e != NULL;
	pthread_cond_signal(&f->told);
	pthread_mutex_unlock(&f->lock);
}

static void
wait_for(struct fixture *f, unsigned done)
{
	pthread_mutex_lock(&f->lock);
	while (f->done < done)
		pthread_cond_wait(&f->told, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static struct ledger_append
intent(struct fixture *f, const char *name)
{
	struct ledger_append a = {
	    .done = on_done,
	    .arg = f,
	    .entry =
		{
		    .kind = LEDGER_INTENT,
		    .door = "mqtt",
		    .request_id = "0123456789abcdef",
		    .profile = "collector",
		    .has_serial = true,
		    .has_key = true,
		    .has_request = true,
		},
	};

	snprintf(a.entry.name, sizeof(a.entry.name), "%s", name);
	a.entry.serial.bytes[0] = 1;
	return a;
}

/* Appends and waits until it is on disk. */
static void
append(struct fixture *f, struct ledger *l, const char *name)
{
	struct ledger_append a = intent(f, name);
	struct err e = ERR_INIT;
	unsigned before = f->done;

	assert_int_equal(ledger_append(l, &a, &e), 0);
	wait_for(f, before + 1);
}

static struct ledger *
open_ledger(struct fixture *f)
{
	struct ledger *l;
	struct err e = ERR_INIT;

	if (ledger_open(f->path, 4096, &l, &e) != 0)
		fail_msg("%s", e.message);
	return l;
}

static void
make_lines(struct fixture *f, unsigned n)
{
	struct ledger *l = open_ledger(f);
	char name[32];

	for (unsigned i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "name%u", i);
		append(f, l, name);
	}
	ledger_close(l);
}

static int
count_line(void *arg, uint64_t number, struct bytes line, struct err *e)
{
	(void)line, (void)e;
	*(uint64_t *)arg = number;
	return 0;
}

/* The number of lines; fails the test where the chain does not hold. */
static uint64_t
lines(struct fixture *f)
{
	struct err e = ERR_INIT;
	uint64_t n = 0;

	if (ledger_verify(f->path, count_line, &n, &e) != 0)
		fail_msg("%s", e.message);
	return n;
}

static void
assert_broken_at(struct fixture *f, const char *number)
{
	struct err e = ERR_INIT;
	uint64_t n;

	assert_int_equal(ledger_verify(f->path, count_line, &n, &e), -1);
	assert_non_null(strstr(e.message, number));
}

static void
shell(const char *fmt, const char *path)
{
	char command[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), fmt, path);
#pragma GCC diagnostic pop
	assert_int_equal(system(command), 0);
}

static void
ledger_chains_its_lines_and_goes_on_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make_lines(f, 3);
	make_lines(f, 2);
	assert_int_equal(lines(f), 5);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
ledger_verify_finds_an_edited_line(void **state)
{
	struct fixture *f = *state;

	make_lines(f, 5);
	shell("sed -i 's/name3/name9/' %s", f->path);
	assert_broken_at(f, "line 3");
}

static void
ledger_verify_finds_a_removed_line(void **state)
{
	struct fixture *f = *state;

	make_lines(f, 5);
	shell("sed -i 3d %s", f->path);
	assert_broken_at(f, "line 4 stands where line 3 must");
}

static void
ledger_verify_finds_lines_that_changed_places(void **state)
{
	struct fixture *f = *state;

	make_lines(f, 5);
	shell("sed -i -n '2{h;n;G};p' %s", f->path);
	assert_broken_at(f, "line 3 stands where line 2 must");
}

static void
ledger_verify_finds_a_line_that_is_cut_off(void **state)
{
	struct fixture *f = *state;

	make_lines(f, 5);
	shell("truncate -s -7 %s", f->path);
	assert_broken_at(f, "line 5");
}

static void
ledger_open_cuts_a_torn_last_line_and_goes_on(void **state)
{
	struct fixture *f = *state;

	make_lines(f, 3);
	shell("truncate -s -7 %s", f->path);
	make_lines(f, 1);
	assert_int_equal(lines(f), 3);
	/* The same for a file that holds nothing but a torn line. */
	shell("printf '1 2026' > %s", f->path);
	make_lines(f, 1);
	assert_int_equal(lines(f), 1);
}

static void
ledger_open_refuses_a_last_line_that_does_not_follow(void **state)
{
	struct fixture *f = *state;
	struct ledger *l;
	struct err e = ERR_INIT;

	make_lines(f, 3);
	shell("sed -i 's/name3/name9/' %s", f->path);
	assert_int_equal(ledger_open(f->path, 16, &l, &e), -1);
	assert_non_null(strstr(e.message, "line 3"));
}

static void
ledger_open_refuses_a_second_writer(void **state)
{
	struct fixture *f = *state;
	struct ledger *l = open_ledger(f), *second;
	struct err e = ERR_INIT;

	assert_int_equal(ledger_open(f->path, 16, &second, &e), -1);
	assert_non_null(strstr(e.message, "another process"));
	ledger_close(l);
}

static void
ledger_keeps_a_line_a_line_whatever_is_in_it(void **state)
{
	struct fixture *f = *state;
	struct ledger *l = open_ledger(f);
	struct buf text;
	struct err e = ERR_INIT;

	append(f, l, "a b=c\nd #e%20\x01");
	ledger_close(l);
	assert_int_equal(lines(f), 1);
	buf_init(&text, 4096);
	assert_int_equal(file_read(f->path, &text, &e), 0);
	assert_non_null(strstr(
	    (const char *)text.data, " name=a%20b=c%0ad%20%23e%2520%01 "));
	buf_clear(&text);
}

struct writer {
	struct fixture *fixture;
	struct ledger *ledger;
	struct ledger_append append[EACH];
	pthread_t thread;
};

static void *
write_all(void *arg)
{
	struct writer *w = arg;
	struct err e = ERR_INIT;

	for (int i = 0; i < EACH; i++) {
		w->append[i] = intent(w->fixture, "many");
		if (ledger_append(w->ledger, &w->append[i], &e) != 0)
			abort();
	}
	return NULL;
}

static void
ledger_flushes_what_many_threads_append(void **state)
{
	struct fixture *f = *state;
	struct ledger *l = open_ledger(f);
	static struct writer writer[THREADS];

	for (int i = 0; i < THREADS; i++) {
		writer[i].fixture = f;
		writer[i].ledger = l;
		pthread_create(&writer[i].thread, NULL, write_all, &writer[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(writer[i].thread, NULL);
	wait_for(f, THREADS * EACH);
	/* Durable when told, not only when closed. */
	assert_int_equal(lines(f), THREADS * EACH);
	assert_int_equal(f->failed, 0);
	ledger_close(l);
}

static void
ledger_close_writes_notes_that_nobody_waits_for(void **state)
{
	struct fixture *f = *state;
	struct ledger *l = open_ledger(f);
	struct ledger_append a = intent(f, "note");
	struct err e = ERR_INIT;

	for (int i = 0; i < 10; i++)
		assert_int_equal(ledger_note(l, &a.entry, &e), 0);
	ledger_close(l);
	assert_int_equal(lines(f), 10);
}

static void
limit_file(rlim_t size)
{
	struct rlimit limit = {size, RLIM_INFINITY};

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
ledger_fails_closed_when_the_disk_is_full_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct ledger *l;

	signal(SIGXFSZ, SIG_IGN);
	make_lines(f, 2);
	l = open_ledger(f);
	limit_file(1000); /* in the middle of a line */
	append(f, l, "too-much");
	append(f, l, "too-much");
	assert_int_equal(f->failed, 2);
	assert_false(ledger_is_healthy(l));
	limit_file(RLIM_INFINITY);
	assert_int_equal(lines(f), 2);
	append(f, l, "again");
	assert_int_equal(f->failed, 2);
	assert_true(ledger_is_healthy(l));
	ledger_close(l);
	assert_int_equal(lines(f), 3);
}

struct seen {
	unsigned count;
	uint8_t last; /* first byte of the serial */
};

static int
on_open_intent(void *arg, const struct ledger_intent *i, struct err *e)
{
	struct seen *seen = arg;

	(void)e;
	assert_int_equal(i->request[0], i->serial.bytes[0]);
	assert_int_equal(i->not_before_s, 1795459380);
	assert_int_equal(i->not_after_s, 1826995380);
	seen->count++;
	seen->last = i->serial.bytes[0];
	return 0;
}

static void
note(struct ledger *l, enum ledger_kind kind, uint8_t n)
{
	struct err e = ERR_INIT;
	struct ledger_entry entry = {.kind = kind,
	    .door = "http",
	    .name = "intent", /* a word of the line's own */
	    .has_serial = true,
	    .not_before_s = 1795459380,
	    .not_after_s = 1826995380,
	    .has_request = true};

	entry.serial.bytes[0] = entry.request[0] = n;
	assert_int_equal(ledger_note(l, &entry, &e), 0);
}

static struct seen
open_intents(struct fixture *f)
{
	struct seen seen = {0, 0};
	struct err e = ERR_INIT;

	assert_int_equal(
	    ledger_open_intents(f->path, on_open_intent, &seen, &e), 0);
	return seen;
}

static void
ledger_open_intents_are_those_without_an_end(void **state)
{
	struct fixture *f = *state;
	struct seen seen;
	struct ledger *l;

	assert_int_equal(open_intents(f).count, 0); /* no file */
	l = open_ledger(f);
	for (uint8_t n = 1; n <= 4; n++)
		note(l, LEDGER_INTENT, n);
	note(l, LEDGER_ISSUED, 1);
	note(l, LEDGER_FAILED, 4);
	note(l, LEDGER_REFUSED, 2); /* no end of an intent */
	note(l, LEDGER_INTENT, 2);  /* taken up again: still one */
	ledger_close(l);
	seen = open_intents(f);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last, 2);
	l = open_ledger(f);
	note(l, LEDGER_ISSUED, 2);
	note(l, LEDGER_ISSUED, 3);
	ledger_close(l);
	assert_int_equal(open_intents(f).count, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(ledger_chains_its_lines_and_goes_on_after_reopening),
	    TEST(ledger_verify_finds_an_edited_line),
	    TEST(ledger_verify_finds_a_removed_line),
	    TEST(ledger_verify_finds_lines_that_changed_places),
	    TEST(ledger_verify_finds_a_line_that_is_cut_off),
	    TEST(ledger_open_cuts_a_torn_last_line_and_goes_on),
	    TEST(ledger_open_refuses_a_last_line_that_does_not_follow),
	    TEST(ledger_open_refuses_a_second_writer),
	    TEST(ledger_keeps_a_line_a_line_whatever_is_in_it),
	    TEST(ledger_flushes_what_many_threads_append),
	    TEST(ledger_close_writes_notes_that_nobody_waits_for),
	    TEST(ledger_open_intents_are_those_without_an_end),
	    TEST(ledger_fails_closed_when_the_disk_is_full_and_recovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
