/* One suite over every back end; then what is SQLite's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/store/store.h"

struct fixture {
	char dir[64];
	char path[128]; /* of the file; "" in memory */
	char url[160];
	struct store *store;
};

static struct fixture *
fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/store.db", f->dir);
	snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
	if (store_open(f->url, &f->store, &e) != 0)
		fail_msg("%s", e.message);
	return f;
}

static int
setup_sqlite(void **state)
{
	*state = fixture_new();
	return 0;
}

static int
setup_memory(void **state)
{
	struct fixture *f = fixture_new();
	struct err e = ERR_INIT;

	store_close(f->store);
	assert_int_equal(store_open("memory:", &f->store, &e), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	store_close(f->store);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* The n-th certificate of a name; its serial says which. */
static void
make(struct store_certificate *c, const char *name, uint8_t n)
{
	struct err e = ERR_INIT;

	store_certificate_init(c);
	assert_int_equal(name_parse(bytes_of_text(name), &c->name, &e), 0);
	c->serial.bytes[0] = 1;
	c->serial.bytes[SERIAL_LEN - 1] = n;
	c->key_serial = c->serial;
	c->not_before_s = 1000;
	c->not_after_s = 2000 + n;
	c->created_ms = 1000 * n;
	memcpy(c->profile, "collector", 10);
	memcpy(c->door, "http", 5);
	assert_int_equal(
	    subject_set(&c->subject, SUBJECT_ORG, bytes_of_text("Voz"), &e), 0);
	assert_int_equal(
	    san_list_add(&c->sans, bytes_of_text("dns:a.example"), &e), 0);
	memset(c->key_hash, n, sizeof(c->key_hash));
	memset(c->request, n, sizeof(c->request));
	buf_append_text(&c->der, "der");
	buf_append_byte(&c->der, n);
}

static void
put(struct fixture *f, struct store_certificate *c)
{
	struct err e = ERR_INIT;

	assert_int_equal(store_begin(f->store, &e), 0);
	if (store_put(f->store, c, &e) != 0)
		fail_msg("%s", e.message);
	assert_int_equal(store_commit(f->store, &e), 0);
	store_certificate_clear(c);
}

static void
put_new(struct fixture *f, const char *name, uint8_t n)
{
	struct store_certificate c;

	make(&c, name, n);
	put(f, &c);
}

/* The serial's last byte of a name's newest; 0: there is none. */
static uint8_t
last_of(struct fixture *f, const char *name)
{
	struct store_certificate c;
	struct err e = ERR_INIT;
	struct name n;
	uint8_t which;
	int found;

	store_certificate_init(&c);
	assert_int_equal(name_parse(bytes_of_text(name), &n, &e), 0);
	found = store_find_last(f->store, &n, &c, &e);
	assert_true(found >= 0);
	which = found == 1 ? c.serial.bytes[SERIAL_LEN - 1] : 0;
	store_certificate_clear(&c);
	return which;
}

static void
store_gives_back_all_that_was_put(void **state)
{
	struct fixture *f = *state;
	struct store_certificate in, out;
	struct err e = ERR_INIT;

	make(&in, "AA:BB:CC:DD:EE:FF", 7);
	put_new(f, "AABBCCDDEEFF", 7);
	store_certificate_init(&out);
	assert_int_equal(store_find_serial(f->store, &in.serial, &out, &e), 1);
	assert_string_equal(out.name.text, "AABBCCDDEEFF");
	assert_true(out.name.is_mac);
	assert_int_equal(out.not_before_s, in.not_before_s);
	assert_int_equal(out.not_after_s, in.not_after_s);
	assert_int_equal(out.created_ms, in.created_ms);
	assert_string_equal(out.profile, in.profile);
	assert_string_equal(out.door, in.door);
	assert_memory_equal(&out.subject, &in.subject, sizeof(in.subject));
	assert_memory_equal(&out.sans, &in.sans, sizeof(in.sans));
	assert_memory_equal(out.key_hash, in.key_hash, KEY_HASH_LEN);
	assert_memory_equal(out.request, in.request, LEDGER_DIGEST_LEN);
	assert_true(bytes_equal(buf_bytes(&out.der), buf_bytes(&in.der)));
	assert_int_equal(out.sealed_key.len, 0);
	store_certificate_clear(&out);
	store_certificate_clear(&in);
}

static void
store_finds_the_newest_of_a_name_and_no_other(void **state)
{
	struct fixture *f = *state;

	put_new(f, "one", 1);
	put_new(f, "two", 2);
	put_new(f, "one", 3);
	assert_int_equal(last_of(f, "one"), 3);
	assert_int_equal(last_of(f, "two"), 2);
	assert_int_equal(last_of(f, "three"), 0);
}

static void
store_finds_a_request_within_its_window_only(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	struct err e = ERR_INIT;
	uint8_t request[LEDGER_DIGEST_LEN];

	put_new(f, "one", 5);
	store_certificate_init(&c);
	memset(request, 5, sizeof(request));
	assert_int_equal(
	    store_find_request(f->store, request, 5000, &c, &e), 1);
	assert_int_equal(
	    store_find_request(f->store, request, 5001, &c, &e), 0);
	memset(request, 6, sizeof(request));
	assert_int_equal(store_find_request(f->store, request, 0, &c, &e), 0);
	store_certificate_clear(&c);
}

static void
store_refuses_a_serial_twice(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	struct err e = ERR_INIT;

	put_new(f, "one", 1);
	make(&c, "two", 1);
	assert_int_equal(store_begin(f->store, &e), 0);
	assert_int_equal(store_put(f->store, &c, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	store_rollback(f->store);
	store_certificate_clear(&c);
	assert_int_equal(last_of(f, "two"), 0);
	put_new(f, "two", 2);
	assert_int_equal(last_of(f, "two"), 2);
}

static void
store_rollback_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	struct store_counts counts;
	struct err e = ERR_INIT;

	make(&c, "one", 1);
	assert_int_equal(store_begin(f->store, &e), 0);
	assert_int_equal(store_put(f->store, &c, &e), 0);
	store_rollback(f->store);
	store_certificate_clear(&c);
	assert_int_equal(last_of(f, "one"), 0);
	assert_int_equal(store_count(f->store, 0, &counts, &e), 0);
	assert_int_equal(counts.entities + counts.certificates, 0);
}

static void
store_brings_the_sealed_key_with_later_certificates(void **state)
{
	struct fixture *f = *state;
	struct store_certificate c;
	struct serial first;
	struct err e = ERR_INIT;

	make(&c, "one", 1);
	buf_append_text(&c.sealed_key, "sealed");
	first = c.serial;
	put(f, &c);
	make(&c, "one", 2);
	c.key_serial = first;
	put(f, &c);
	assert_int_equal(store_find_last(f->store, &c.name, &c, &e), 0);
	assert_int_equal(name_parse(bytes_of_text("one"), &c.name, &e), 0);
	assert_int_equal(store_find_last(f->store, &c.name, &c, &e), 1);
	assert_int_equal(c.serial.bytes[SERIAL_LEN - 1], 2);
	assert_memory_equal(&c.key_serial, &first, sizeof(first));
	assert_true(
	    bytes_equal(buf_bytes(&c.sealed_key), bytes_of_text("sealed")));
	store_certificate_clear(&c);
}

static int
each(void *arg, const struct store_certificate *c, struct err *e)
{
	char *seen = arg;

	(void)e;
	seen[strlen(seen)] = (char)('0' + c->serial.bytes[SERIAL_LEN - 1]);
	return 0;
}

static int
each_refuses(void *arg, const struct store_certificate *c, struct err *e)
{
	(void)arg, (void)c;
	return err_set(e, ERR_INTERNAL, NULL, "enough");
}

static void
store_each_goes_in_order_and_ends_when_told(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	char seen[16] = "";

	put_new(f, "one", 3);
	put_new(f, "two", 1);
	put_new(f, "one", 2);
	assert_int_equal(store_each(f->store, each, seen, &e), 0);
	assert_string_equal(seen, "312");
	assert_int_equal(store_each(f->store, each_refuses, NULL, &e), -1);
	assert_string_equal(e.message, "enough");
}

static void
store_counts_what_is_valid_and_what_ends_soon(void **state)
{
	struct fixture *f = *state;
	struct store_counts c;
	struct err e = ERR_INIT;

	put_new(f, "one", 1); /* ends at 2001 */
	put_new(f, "one", 2);
	put_new(f, "two", 3);
	assert_int_equal(store_count(f->store, 2001, &c, &e), 0);
	assert_int_equal(c.entities, 2);
	assert_int_equal(c.certificates, 3);
	assert_int_equal(c.valid, 2);
	assert_int_equal(c.ending, 2);
	assert_int_equal(store_count(f->store, -30 * 86400, &c, &e), 0);
	assert_int_equal(c.ending, 0);
}

static void
sqlite_store_outlives_the_process_and_is_private(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct stat st;
	int version;

	put_new(f, "one", 1);
	store_close(f->store);
	assert_int_equal(store_open(f->url, &f->store, &e), 0);
	assert_int_equal(last_of(f, "one"), 1);
	assert_int_equal(store_version(f->store, &version, &e), 0);
	assert_true(version >= 1);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
sqlite_store_refuses_a_newer_schema(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	struct err e = ERR_INIT;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(f->url, &store, &e), -1);
	assert_non_null(strstr(e.message, "999"));
}

static void
sqlite_store_recovers_from_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rlimit small = {70000, RLIM_INFINITY};
	struct rlimit large = {RLIM_INFINITY, RLIM_INFINITY};
	struct err e = ERR_INIT;
	uint8_t n = 0;
	int rc = 0;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (rc == 0 && n < 200) {
		struct store_certificate c;

		make(&c, "one", ++n);
		rc = store_begin(f->store, &e);
		if (rc == 0)
			rc = store_put(f->store, &c, &e);
		if (rc == 0)
			rc = store_commit(f->store, &e);
		store_certificate_clear(&c);
	}
	store_rollback(f->store);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &large), 0);
	assert_int_equal(last_of(f, "one"), n - 1);
	put_new(f, "one", n);
	assert_int_equal(last_of(f, "one"), n);
}

static void
store_open_refuses_a_url_that_it_does_not_know(void **state)
{
	struct store *store;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(store_open("mysql:x", &store, &e), -1);
	assert_non_null(strstr(e.message, "sqlite:PATH"));
}

#define BOTH(name)                                                             \
	{"memory: " #name, name, setup_memory, teardown, NULL},                \
	{                                                                      \
		"sqlite: " #name, name, setup_sqlite, teardown, NULL           \
	}
#define SQLITE(name)                                                           \
	{                                                                      \
#name, name, setup_sqlite, teardown, NULL                      \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(store_gives_back_all_that_was_put),
	    BOTH(store_finds_the_newest_of_a_name_and_no_other),
	    BOTH(store_finds_a_request_within_its_window_only),
	    BOTH(store_refuses_a_serial_twice),
	    BOTH(store_rollback_leaves_nothing),
	    BOTH(store_brings_the_sealed_key_with_later_certificates),
	    BOTH(store_each_goes_in_order_and_ends_when_told),
	    BOTH(store_counts_what_is_valid_and_what_ends_soon),
	    SQLITE(sqlite_store_outlives_the_process_and_is_private),
	    SQLITE(sqlite_store_refuses_a_newer_schema),
	    SQLITE(sqlite_store_recovers_from_a_full_disk),
	    cmocka_unit_test(store_open_refuses_a_url_that_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
