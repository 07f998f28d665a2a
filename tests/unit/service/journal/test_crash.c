/* Processes that are killed, disks that are full, threads. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ROUNDS     8u
#define PER_ROUND  400u  /* words heard before the kill */
#define MINE_MAX   8000u /* more than a child gets to before it is killed */
#define PIPE_SIZE  4096  /* so that it can't run ahead that far */
#define THREADS    4u
#define PER_THREAD 500u

/* What the child says: n was appended, or (with DONE) is done. */
#define DONE 0x80000000u

static void
say(int fd, unsigned word)
{
	if (write(fd, &word, sizeof(word)) != (ssize_t)sizeof(word))
		_exit(3);
}

/* Appends for ever, and lets every third be done a little later. */
static void
child_main(struct fixture *f, unsigned first, int fd)
{
	uint64_t ids[MINE_MAX];
	struct err e = ERR_INIT;

	if (journal_open(f->dir, f->public_key, &f->settings, &f->j, &e) != 0)
		_exit(2);
	for (unsigned i = 0; i < MINE_MAX; i++) {
		if (append(f, first + i, &ids[i], &e) != 0)
			_exit(1);
		say(fd, first + i);
		if (i < 10 || i % 3 != 0)
			continue;
		journal_done(f->j, ids[i - 10]);
		say(fd, (first + i - 10) | DONE);
	}
	pause();
}

static pid_t
child_start(struct fixture *f, unsigned first, int *from)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) > 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		f->j = NULL;
		child_main(f, first, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	*from = ends[0];
	return pid;
}

struct told {
	bool appended[SEEN_MAX], done[SEEN_MAX];
};

static bool
hear(int from, struct told *t)
{
	unsigned word;

	if (read(from, &word, sizeof(word)) != (ssize_t)sizeof(word))
		return false;
	if (word & DONE)
		t->done[word & ~DONE] = true;
	else
		t->appended[word] = true;
	return true;
}

/* Kills the child once it has told enough, and hears what it still said. */
static void
round_of_child(struct fixture *f, unsigned first, struct told *t)
{
	unsigned heard = 0, enough = PER_ROUND + first % 97;
	int from, how;
	pid_t pid = child_start(f, first, &from);

	while (heard < enough && hear(from, t))
		heard++;
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (hear(from, t))
		heard++;
	close(from);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFSIGNALED(how));
	assert_true(heard >= PER_ROUND);
	assert_false(t->appended[first + MINE_MAX - 1]);
}

static void
journal_keeps_what_a_killed_process_acknowledged(void **state)
{
	static struct told told;
	struct fixture *f = *state;
	unsigned unsaid = 0;

	f->settings = (struct journal_settings){16, 1 << 20, 65536};
	journal_close(f->j);
	f->j = NULL;
	for (unsigned r = 0; r < ROUNDS; r++)
		round_of_child(f, r * MINE_MAX, &told);
	reopen(f);
	assert_int_equal(status(f).sessions, ROUNDS);
	assert_true(recover_all(f) > 0);
	for (unsigned n = 0; n < ROUNDS * MINE_MAX; n++) {
		assert_true(f->seen[n] <= 1);
		if (told.done[n])
			assert_int_equal(f->seen[n], 0);
		else if (told.appended[n] && f->seen[n] == 0)
			unsaid++; /* done, and killed before it said so */
		else if (f->seen[n] == 1 && !told.appended[n])
			unsaid++; /* in the file, and not yet said */
	}
	assert_true(unsaid <= ROUNDS);
	assert_int_equal(status(f).damaged, 0);
	assert_true(status(f).torn <= ROUNDS);
}

static void
file_limit(rlim_t soft)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = soft;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* From `soft` bytes on every write of a file fails or comes short. */
static void
append_under_limit(struct fixture *f, rlim_t soft)
{
	struct rlimit l;
	struct err e;
	uint64_t id;
	int rc;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	file_limit(soft);
	rc = append(f, 99, &id, &e);
	file_limit(l.rlim_cur);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_false(status(f).healthy);
}

static void
journal_believes_nothing_of_a_write_that_came_short(void **state)
{
	struct fixture *f = *state;
	struct buf content;
	size_t len;

	signal(SIGXFSZ, SIG_IGN);
	must_append(f, 0);
	read_segment(f, 0, &content);
	len = content.len;
	for (size_t more = 0; more < 100; more++)
		append_under_limit(f, len + more);
	buf_clear(&content);
	read_segment(f, 0, &content);
	assert_int_equal(content.len, len);
	must_append(f, 1);
	assert_true(status(f).healthy);
	reopen(f);
	assert_int_equal(status(f).torn, 0);
	assert_int_equal(recover_all(f), 2);
	assert_int_equal(f->seen[99], 0);
	buf_clear(&content);
}

static void
journal_recovers_from_a_header_that_could_not_be_written(void **state)
{
	struct fixture *f = *state;

	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t soft = 0; soft < 320; soft += 40)
		append_under_limit(f, soft);
	must_append(f, 1);
	reopen(f);
	assert_int_equal(recover_all(f), 1);
	assert_int_equal(status(f).torn, 0);
}

static size_t
segment_size(const struct fixture *f, unsigned place)
{
	char path[128];
	struct stat st;

	segment_path(f, place, path);
	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

static void
journal_writes_no_entry_before_its_header(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;

	signal(SIGXFSZ, SIG_IGN);
	do
		journal_done(f->j, must_append(f, n++));
	while (segment_size(f, 0) < 4096 - 140);
	append_under_limit(f, 100); /* begins the file anew, and fails */
	assert_int_equal(segment_size(f, 0), 0);
	must_append(f, 1);
	reopen(f);
	assert_int_equal(recover_all(f), 1);
}

/* Appends until the folder's file system is full; returns how many. */
static unsigned
fill_disk(struct fixture *f)
{
	struct err e = ERR_INIT;
	uint64_t id;
	unsigned n = 0;

	while (n < 2000 && append(f, n, &id, &e) == 0)
		n++;
	assert_true(n > 10 && n < 2000);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_false(status(f).healthy);
	return n;
}

static void
try_full_disk(struct fixture *f)
{
	unsigned n;

	f->settings = (struct journal_settings){4, 1 << 20, 65536};
	reopen(f);
	n = fill_disk(f);
	reopen(f);
	assert_int_equal(recover_all(f), n);
	for (unsigned i = 0; i < n; i++)
		journal_done(f->j, f->id[i]); /* needs no room */
	must_append(f, 1);
	assert_true(status(f).healthy);
	reopen(f);
	assert_int_equal(recover_all(f), 1);
}

static void
journal_on_a_full_disk_keeps_what_it_has_and_goes_on(void **state)
{
	struct fixture *f = *state;

	journal_close(f->j);
	f->j = NULL;
	if (mount("none", f->dir, "tmpfs", MS_NOSUID | MS_NODEV,
		"size=64k,mode=0700") != 0)
		skip();
	try_full_disk(f);
	journal_close(f->j);
	f->j = NULL;
	assert_int_equal(umount(f->dir), 0);
}

struct appender {
	struct fixture *f;
	unsigned first;
	uint64_t ids[PER_THREAD];
	pthread_t thread;
};

static void *
append_many(void *arg)
{
	struct appender *a = arg;
	struct err e;

	for (unsigned i = 0; i < PER_THREAD; i++) {
		if (append(a->f, a->first + i, &a->ids[i], &e) != 0)
			return NULL;
		if (i % 2 == 0)
			journal_done(a->f->j, a->ids[i]);
	}
	return a;
}

static void
run_appenders(struct appender *a, struct fixture *f)
{
	void *ok;

	for (unsigned t = 0; t < THREADS; t++) {
		a[t].f = f;
		a[t].first = t * PER_THREAD;
		assert_int_equal(
		    pthread_create(&a[t].thread, NULL, append_many, &a[t]), 0);
	}
	for (unsigned t = 0; t < THREADS; t++) {
		assert_int_equal(pthread_join(a[t].thread, &ok), 0);
		assert_non_null(ok);
	}
}

static void
journal_takes_entries_from_many_threads(void **state)
{
	static struct appender appenders[THREADS];
	struct fixture *f = *state;

	f->settings = (struct journal_settings){16, 64 << 10, 65536};
	reopen(f);
	run_appenders(appenders, f);
	assert_int_equal(status(f).pending, THREADS * PER_THREAD / 2);
	reopen(f);
	assert_int_equal(recover_all(f), THREADS * PER_THREAD / 2);
	for (unsigned n = 0; n < THREADS * PER_THREAD; n++)
		assert_int_equal(f->seen[n], n % 2);
}

struct recoverer {
	struct fixture *f;
	atomic_bool stop;
};

static void *
append_meanwhile(void *arg)
{
	struct recoverer *r = arg;
	struct err e;
	uint64_t id;

	for (unsigned n = 0; !atomic_load(&r->stop); n++)
		if (append(r->f, 5000 + n % 1000, &id, &e) == 0)
			journal_done(r->f->j, id);
	return NULL;
}

static void
journal_recovers_while_it_is_appended_to(void **state)
{
	struct fixture *f = *state;
	struct recoverer r = {.f = f};
	pthread_t thread;

	f->settings = (struct journal_settings){16, 64 << 10, 65536};
	reopen(f);
	for (unsigned n = 0; n < 1000; n++)
		must_append(f, n);
	reopen(f);
	assert_int_equal(
	    pthread_create(&thread, NULL, append_meanwhile, &r), 0);
	assert_int_equal(recover_all(f), 1000);
	for (unsigned n = 0; n < 1000; n++) {
		assert_int_equal(f->order[n], n);
		journal_done(f->j, f->id[n]);
	}
	atomic_store(&r.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(status(f).pending, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(journal_keeps_what_a_killed_process_acknowledged),
	    CASE(journal_believes_nothing_of_a_write_that_came_short),
	    CASE(journal_recovers_from_a_header_that_could_not_be_written),
	    CASE(journal_writes_no_entry_before_its_header),
	    CASE(journal_on_a_full_disk_keeps_what_it_has_and_goes_on),
	    CASE(journal_takes_entries_from_many_threads),
	    CASE(journal_recovers_while_it_is_appended_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
