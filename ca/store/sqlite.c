/* The store in one file: SQLite, WAL, synchronous=FULL. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "ca/store/sqlite_internal.h"

/* Another process at the file (a backup, the sqlite3 tool) is waited for. */
#define BUSY_MS 2000

/* What every connection is set to. A checkpoint every 10,000 pages (40 MB):
 * rarer ones make the write-ahead log long, more frequent ones make every batch
 * wait (1,000 pages: 24 to 46 ms at the 99th percentile). */
static const char settings[] = "PRAGMA journal_mode=WAL;"
			       "PRAGMA synchronous=FULL;"
			       "PRAGMA foreign_keys=ON;"
			       "PRAGMA trusted_schema=OFF;"
			       "PRAGMA wal_autocheckpoint=10000;"
			       "PRAGMA journal_size_limit=67108864;";

static struct sqlite_store *
own(struct store *s)
{
	return (struct sqlite_store *)(void *)s;
}

int
sqlite_err(struct sqlite_store *s, const char *what, struct err *e)
{
	log_error("store", log_text("what", what),
	    log_text("sqlite", sqlite3_errmsg(s->db)));
	return err_set(e, ERR_INTERNAL, NULL, "the store: %s failed", what);
}

int
sqlite_exec(struct sqlite_store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_err(s, "exec", e);
	return 0;
}

static void
sqlite_close(struct store *store)
{
	struct sqlite_store *s = own(store);

	for (int i = 0; i < QUERY_TOTAL; i++)
		sqlite3_finalize(s->query[i]);
	sqlite3_close(s->db);
	free(s);
}

/* SQLite would make the file by the umask: it is nobody else's to read. */
static int
make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, "open", path);
	close(fd);
	return 0;
}

static int
sqlite_open(const char *path, struct store **out, struct err *e)
{
	struct sqlite_store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	s->store.backend = &store_sqlite;
	if (make_private(path, e) != 0) {
		free(s);
		return -1;
	}
	if (sqlite3_open_v2(path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(s->db, BUSY_MS) != SQLITE_OK) {
		(void)sqlite_err(s, "open", e);
		sqlite_close(&s->store);
		return -1;
	}
	if (sqlite_exec(s, settings, e) != 0 || sqlite_migrate(s, e) != 0 ||
	    sqlite_prepare_all(s, e) != 0) {
		sqlite_close(&s->store);
		return -1;
	}
	*out = &s->store;
	return 0;
}

static int
sqlite_begin(struct store *s, struct err *e)
{
	return sqlite_exec(own(s), "BEGIN", e);
}

static int
sqlite_commit(struct store *s, struct err *e)
{
	return sqlite_exec(own(s), "COMMIT", e);
}

static void
sqlite_rollback(struct store *s)
{
	/* Some errors (a full disk) have ended the transaction already. */
	if (sqlite3_get_autocommit(own(s)->db) == 0)
		sqlite3_exec(own(s)->db, "ROLLBACK", NULL, NULL, NULL);
}

/* At most one row: 1, 0 or -1. */
static int
find(struct sqlite_store *s, sqlite3_stmt *q, struct store_certificate *out,
    struct err *e)
{
	int rc = sqlite3_step(q), found = 0;

	if (rc == SQLITE_ROW)
		found = sqlite_row_read(q, out, e) == 0 ? 1 : -1;
	else if (rc != SQLITE_DONE)
		found = sqlite_err(s, "find", e);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return found;
}

static int
sqlite_find_last(struct store *s, const struct name *name,
    struct store_certificate *out, struct err *e)
{
	sqlite3_stmt *q = own(s)->query[QUERY_LAST];

	sqlite3_bind_text(q, 1, name->text, -1, SQLITE_STATIC);
	return find(own(s), q, out, e);
}

static int
sqlite_find_serial(struct store *s, const struct serial *serial,
    struct store_certificate *out, struct err *e)
{
	sqlite3_stmt *q = own(s)->query[QUERY_SERIAL];

	sqlite3_bind_blob(q, 1, serial->bytes, SERIAL_LEN, SQLITE_STATIC);
	return find(own(s), q, out, e);
}

static int
sqlite_find_request(struct store *s, const uint8_t *request, int64_t since_ms,
    struct store_certificate *out, struct err *e)
{
	sqlite3_stmt *q = own(s)->query[QUERY_REQUEST];

	sqlite3_bind_blob(q, 1, request, LEDGER_DIGEST_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, since_ms);
	return find(own(s), q, out, e);
}

static int
sqlite_count(
    struct store *s, int64_t now_s, struct store_counts *out, struct err *e)
{
	sqlite3_stmt *c = own(s)->query[QUERY_COUNT];
	sqlite3_stmt *n = own(s)->query[QUERY_COUNT_ENTITIES];
	int rc = -1;

	sqlite3_bind_int64(c, 1, now_s);
	if (sqlite3_step(c) == SQLITE_ROW && sqlite3_step(n) == SQLITE_ROW) {
		out->certificates = (uint64_t)sqlite3_column_int64(c, 0);
		out->valid = (uint64_t)sqlite3_column_int64(c, 1);
		out->ending = (uint64_t)sqlite3_column_int64(c, 2);
		out->entities = (uint64_t)sqlite3_column_int64(n, 0);
		rc = 0;
	} else {
		(void)sqlite_err(own(s), "count", e);
	}
	sqlite3_reset(c);
	sqlite3_reset(n);
	return rc;
}

static int
sqlite_each(struct store *s, store_each_fn fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = own(s)->query[QUERY_EACH];
	struct store_certificate c;
	int rc = 0, step;

	store_certificate_init(&c);
	while (rc == 0 && (step = sqlite3_step(q)) != SQLITE_DONE) {
		if (step != SQLITE_ROW)
			rc = sqlite_err(own(s), "each", e);
		else if (sqlite_row_read(q, &c, e) != 0)
			rc = -1;
		else
			rc = fn(arg, &c, e);
	}
	sqlite3_reset(q);
	store_certificate_clear(&c);
	return rc;
}

static int
sqlite_version(struct store *s, int *out, struct err *e)
{
	return sqlite_read_version(own(s), out, e);
}

const struct store_backend store_sqlite = {
    .scheme = "sqlite:",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .put = sqlite_put,
    .find_last = sqlite_find_last,
    .find_serial = sqlite_find_serial,
    .find_request = sqlite_find_request,
    .count = sqlite_count,
    .each = sqlite_each,
    .version = sqlite_version,
};
