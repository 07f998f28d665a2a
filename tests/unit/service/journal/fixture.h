/* A journal in a folder of its own, an escrow key, and a check of what comes
 * back: entry n is made from n alone. */
#ifndef TESTS_UNIT_SERVICE_JOURNAL_FIXTURE_H
#define TESTS_UNIT_SERVICE_JOURNAL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/file.h"
#include "service/journal/journal.h"

#define SEEN_MAX   65536
#define PASSPHRASE "correct horse battery staple"

struct fixture {
	char dir[64]; /* of the journal, below a temporary folder */
	struct seal_key *escrow;
	uint8_t public_key[SEAL_KEY_LEN];
	struct journal_settings settings;
	struct journal *j;
	/* what was handed out */
	uint8_t seen[SEEN_MAX]; /* how often, by n */
	uint64_t id[SEEN_MAX];
	unsigned order[SEEN_MAX];
	size_t handed;
	size_t take; /* then on_entry says no */
};

static inline void
entry_texts(unsigned n, char topic[32], char payload[256], char tail[32])
{
	snprintf(topic, 32, "ssl/sign");
	snprintf(payload, 256, "{\"pass\":\"" PASSPHRASE "\",\"n\":%u}%*s", n,
	    (int)(n % 50), "");
	snprintf(tail, 32, "ssl/%u", n);
}

/* Views into the texts. */
static inline struct journal_entry
entry_make(unsigned n, char topic[32], char payload[256], char tail[32])
{
	struct journal_entry entry = {.arrived_ms = 1000 + n, .flags = n};

	entry_texts(n, topic, payload, tail);
	entry.topic = bytes_of_text(topic);
	entry.payload = bytes_of_text(payload);
	if (n % 2 == 0)
		entry.response_topic = bytes_of_text(tail);
	if (n % 3 == 0)
		entry.correlation_data = (struct bytes){(uint8_t *)&n, 0};
	else
		entry.correlation_data = bytes_of_text(tail);
	return entry;
}

static inline int
append(struct fixture *f, unsigned n, uint64_t *id, struct err *e)
{
	char topic[32], payload[256], tail[32];
	struct journal_entry entry = entry_make(n, topic, payload, tail);

	*e = (struct err)ERR_INIT;
	return journal_append(f->j, &entry, id, e);
}

static inline uint64_t
must_append(struct fixture *f, unsigned n)
{
	struct err e;
	uint64_t id = 0;

	assert_int_equal(append(f, n, &id, &e), 0);
	assert_true(id > 0);
	return id;
}

/* Every byte of it is what was appended, or the test fails. */
static inline int
on_entry(void *arg, uint64_t id, const struct journal_entry *got)
{
	struct fixture *f = arg;
	char topic[32], payload[256], tail[32];
	unsigned n = got->flags;
	struct journal_entry want = entry_make(n, topic, payload, tail);

	assert_true(n < SEEN_MAX);
	assert_true(bytes_equal(got->topic, want.topic));
	assert_true(bytes_equal(got->payload, want.payload));
	assert_true(bytes_equal(got->response_topic, want.response_topic));
	assert_true(bytes_equal(got->correlation_data, want.correlation_data));
	assert_int_equal(got->arrived_ms, want.arrived_ms);
	if (f->handed == f->take)
		return -1;
	f->seen[n]++;
	f->id[n] = id;
	f->order[f->handed++] = n;
	return 0;
}

static inline void
forget_seen(struct fixture *f)
{
	memset(f->seen, 0, sizeof(f->seen));
	f->handed = 0;
	f->take = SIZE_MAX;
}

static inline void
reopen(struct fixture *f)
{
	struct err e = ERR_INIT;

	journal_close(f->j);
	f->j = NULL;
	assert_int_equal(
	    journal_open(f->dir, f->public_key, &f->settings, &f->j, &e), 0);
	forget_seen(f);
}

/* As the signer will. */
static inline void
session_key(struct fixture *f, const struct journal_session *s,
    uint8_t key[JOURNAL_KEY_LEN])
{
	struct bytes none = {NULL, 0};
	struct bytes sealed = {s->sealed, sizeof(s->sealed)};
	struct err e = ERR_INIT;
	struct buf plain;

	buf_init(&plain, 64);
	assert_int_equal(seal_open(f->escrow, bytes_of_text(SEAL_INFO_JOURNAL),
			     none, sealed, &plain, &e),
	    0);
	assert_int_equal(plain.len, JOURNAL_KEY_LEN);
	memcpy(key, plain.data, JOURNAL_KEY_LEN);
	buf_clear(&plain);
}

static inline int
recover_session(
    struct fixture *f, const struct journal_session *s, struct err *e)
{
	struct journal_handler h = {on_entry, f};
	uint8_t key[JOURNAL_KEY_LEN];

	session_key(f, s, key);
	*e = (struct err)ERR_INIT;
	return journal_recover(f->j, s->id, key, &h, e);
}

/* All sessions; returns how many entries came. */
static inline size_t
recover_all(struct fixture *f)
{
	struct journal_session list[JOURNAL_SEGMENTS_MAX];
	size_t n = journal_pending_sessions(f->j, list, JOURNAL_SEGMENTS_MAX);
	struct err e;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(recover_session(f, &list[i], &e), 0);
	assert_int_equal(
	    journal_pending_sessions(f->j, list, JOURNAL_SEGMENTS_MAX), 0);
	return f->handed;
}

static inline struct journal_status
status(struct fixture *f)
{
	struct journal_status s;

	journal_status(f->j, &s);
	return s;
}

static inline void
segment_path(const struct fixture *f, unsigned place, char out[128])
{
	snprintf(out, 128, "%s/segment-%02u", f->dir, place);
}

static inline void
read_segment(const struct fixture *f, unsigned place, struct buf *out)
{
	char path[128];
	struct err e = ERR_INIT;

	segment_path(f, place, path);
	buf_init(out, 1 << 24);
	assert_int_equal(file_read(path, out, &e), 0);
}

/* Thousands of times: so not file_write, which waits for the disk. */
static inline void
write_segment(const struct fixture *f, unsigned place, struct bytes content)
{
	char path[128];
	int fd;

	segment_path(f, place, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.len), content.len);
	close(fd);
}

/* The log is not of interest while thousands of faults are tried. */
static inline int
quiet_start(void)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(saved >= 0 && null >= 0);
	dup2(null, STDERR_FILENO);
	close(null);
	return saved;
}

static inline void
quiet_stop(int saved)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static inline void
remove_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
}

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char root[] = "/tmp/journal-XXXXXX";
	struct err e = ERR_INIT;

	assert_non_null(f);
	assert_non_null(mkdtemp(root));
	snprintf(f->dir, sizeof(f->dir), "%s/journal", root);
	f->settings = (struct journal_settings){4, 4096, 4000};
	assert_int_equal(seal_key_new(&f->escrow, &e), 0);
	assert_int_equal(seal_key_public(f->escrow, f->public_key, &e), 0);
	reopen(f);
	*state = f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;
	char root[64];

	journal_close(f->j);
	seal_key_free(f->escrow);
	(void)umount2(f->dir, MNT_DETACH); /* where a case failed half-way */
	remove_files(f->dir);
	assert_int_equal(rmdir(f->dir), 0);
	snprintf(root, sizeof(root), "%.*s",
	    (int)(strlen(f->dir) - strlen("/journal")), f->dir);
	assert_int_equal(rmdir(root), 0);
	free(f);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
