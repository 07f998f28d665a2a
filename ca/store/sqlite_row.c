/* Rows of the SQLite back end: in and out. */
#include <stdio.h>
#include <string.h>

#include "ca/store/sqlite_internal.h"

#define BLOB_MAX 16384

#define ROW                                                                    \
	"SELECT e.name, c.serial, c.not_before, c.not_after, c.created_ms,"    \
	" c.profile, c.door, c.subject, c.sans, c.key_hash, c.request,"        \
	" c.key_serial, c.der, k.sealed FROM certificates c"                   \
	" JOIN entities e ON e.id = c.entity"                                  \
	" LEFT JOIN keys k ON k.serial = c.key_serial "

static const char *const queries[QUERY_TOTAL] = {
    [QUERY_ENTITY_ADD] = "INSERT INTO entities (name, created_ms) VALUES"
			 " (?1, ?2) ON CONFLICT (name) DO NOTHING",
    [QUERY_PUT] =
	"INSERT INTO certificates (entity, serial, not_before, not_after,"
	" created_ms, profile, door, subject, sans, key_hash, request,"
	" key_serial, der) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
	" ?11, ?12, ?13 FROM entities WHERE name = ?1",
    [QUERY_KEY_ADD] = "INSERT INTO keys (serial, entity, sealed)"
		      " SELECT ?2, id, ?3 FROM entities WHERE name = ?1",
    [QUERY_LAST] = ROW "WHERE e.name = ?1 ORDER BY c.id DESC LIMIT 1",
    [QUERY_SERIAL] = ROW "WHERE c.serial = ?1",
    [QUERY_REQUEST] = ROW "WHERE c.request = ?1 AND c.created_ms >= ?2"
			  " ORDER BY c.created_ms DESC, c.id DESC LIMIT 1",
    [QUERY_EACH] = ROW "ORDER BY c.id",
    [QUERY_COUNT] = "SELECT count(*),"
		    " (SELECT count(*) FROM certificates WHERE not_after > ?1),"
		    " (SELECT count(*) FROM certificates WHERE not_after > ?1"
		    " AND not_after <= ?1 + 2592000) FROM certificates",
    [QUERY_COUNT_ENTITIES] = "SELECT count(*) FROM entities",
};

int
sqlite_prepare_all(struct sqlite_store *s, struct err *e)
{
	for (int i = 0; i < QUERY_TOTAL; i++)
		if (sqlite3_prepare_v3(s->db, queries[i], -1,
			SQLITE_PREPARE_PERSISTENT, &s->query[i],
			NULL) != SQLITE_OK)
			return sqlite_err(s, "prepare", e);
	return 0;
}

static void
bind_text(sqlite3_stmt *q, int at, const char *text)
{
	sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

static void
bind_blob(sqlite3_stmt *q, int at, const void *data, size_t len)
{
	sqlite3_bind_blob64(q, at, data, len, SQLITE_STATIC);
}

/* One statement that returns no row. */
static int
run(struct sqlite_store *s, sqlite3_stmt *q, const char *what, struct err *e)
{
	int rc = sqlite3_step(q);

	if (rc != SQLITE_DONE)
		(void)sqlite_err(s, what, e);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
put_certificate(
    struct sqlite_store *s, const struct store_certificate *c, struct err *e)
{
	sqlite3_stmt *q = s->query[QUERY_PUT];
	struct buf subject, sans;
	int rc;

	buf_init(&subject, BLOB_MAX);
	buf_init(&sans, BLOB_MAX);
	store_subject_encode(&c->subject, &subject);
	store_sans_encode(&c->sans, &sans);
	bind_text(q, 1, c->name.text);
	bind_blob(q, 2, c->serial.bytes, SERIAL_LEN);
	sqlite3_bind_int64(q, 3, c->not_before_s);
	sqlite3_bind_int64(q, 4, c->not_after_s);
	sqlite3_bind_int64(q, 5, c->created_ms);
	bind_text(q, 6, c->profile);
	bind_text(q, 7, c->door);
	bind_blob(q, 8, subject.data, subject.len);
	bind_blob(q, 9, sans.data, sans.len);
	bind_blob(q, 10, c->key_hash, KEY_HASH_LEN);
	bind_blob(q, 11, c->request, LEDGER_DIGEST_LEN);
	bind_blob(q, 12, c->key_serial.bytes, SERIAL_LEN);
	bind_blob(q, 13, c->der.data, c->der.len);
	rc = buf_check(&subject, "subject", e);
	if (rc == 0)
		rc = buf_check(&sans, "san", e);
	if (rc == 0)
		rc = run(s, q, "put", e);
	buf_clear(&subject);
	buf_clear(&sans);
	return rc;
}

static int
put_key(
    struct sqlite_store *s, const struct store_certificate *c, struct err *e)
{
	sqlite3_stmt *q = s->query[QUERY_KEY_ADD];

	if (c->sealed_key.len == 0 ||
	    memcmp(&c->serial, &c->key_serial, sizeof(c->serial)) != 0)
		return 0;
	bind_text(q, 1, c->name.text);
	bind_blob(q, 2, c->key_serial.bytes, SERIAL_LEN);
	bind_blob(q, 3, c->sealed_key.data, c->sealed_key.len);
	return run(s, q, "put the key", e);
}

int
sqlite_put(
    struct store *store, const struct store_certificate *c, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)(void *)store;
	sqlite3_stmt *q = s->query[QUERY_ENTITY_ADD];

	bind_text(q, 1, c->name.text);
	sqlite3_bind_int64(q, 2, c->created_ms);
	if (run(s, q, "enter the entity", e) != 0 ||
	    put_certificate(s, c, e) != 0)
		return -1;
	return put_key(s, c, e);
}

static struct bytes
column(sqlite3_stmt *q, int at)
{
	const void *data = sqlite3_column_blob(q, at);

	return (struct bytes){data, (size_t)sqlite3_column_bytes(q, at)};
}

static int
read_exact(sqlite3_stmt *q, int at, uint8_t *out, size_t len)
{
	struct bytes v = column(q, at);

	if (v.len != len)
		return -1;
	memcpy(out, v.data, len);
	return 0;
}

static void
read_buf(sqlite3_stmt *q, int at, struct buf *out)
{
	struct bytes v = column(q, at);

	buf_clear(out);
	buf_append(out, v.data, v.len);
}

static void
read_texts(sqlite3_stmt *q, struct store_certificate *c)
{
	const char *name = (const char *)sqlite3_column_text(q, 0);
	const char *profile = (const char *)sqlite3_column_text(q, 5);
	const char *door = (const char *)sqlite3_column_text(q, 6);

	snprintf(
	    c->name.text, sizeof(c->name.text), "%s", name == NULL ? "" : name);
	c->name.is_mac =
	    name_mac_parse(bytes_of_text(c->name.text), (char[13]){0});
	snprintf(c->profile, sizeof(c->profile), "%s",
	    profile == NULL ? "" : profile);
	snprintf(c->door, sizeof(c->door), "%s", door == NULL ? "" : door);
}

int
sqlite_row_read(sqlite3_stmt *q, struct store_certificate *c, struct err *e)
{
	read_texts(q, c);
	c->not_before_s = sqlite3_column_int64(q, 2);
	c->not_after_s = sqlite3_column_int64(q, 3);
	c->created_ms = sqlite3_column_int64(q, 4);
	read_buf(q, 12, &c->der);
	read_buf(q, 13, &c->sealed_key);
	if (read_exact(q, 1, c->serial.bytes, SERIAL_LEN) != 0 ||
	    store_subject_decode(column(q, 7), &c->subject) != 0 ||
	    store_sans_decode(column(q, 8), &c->sans) != 0 ||
	    read_exact(q, 9, c->key_hash, KEY_HASH_LEN) != 0 ||
	    read_exact(q, 10, c->request, LEDGER_DIGEST_LEN) != 0 ||
	    read_exact(q, 11, c->key_serial.bytes, SERIAL_LEN) != 0 ||
	    c->der.failed || c->sealed_key.failed)
		return err_set(e, ERR_INTERNAL, NULL,
		    "store: the row of \"%s\" is damaged", c->name.text);
	return 0;
}
