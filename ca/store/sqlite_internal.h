/* Shared by the files of the SQLite back end. */
#ifndef CA_STORE_SQLITE_INTERNAL_H
#define CA_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "ca/store/backend.h"

enum sqlite_query {
	QUERY_ENTITY_ADD,
	QUERY_PUT,
	QUERY_KEY_ADD,
	QUERY_LAST,
	QUERY_SERIAL,
	QUERY_REQUEST,
	QUERY_EACH,
	QUERY_COUNT,
	QUERY_COUNT_ENTITIES,
	QUERY_TOTAL
};

struct sqlite_store {
	struct store store;
	sqlite3 *db;
	sqlite3_stmt *query[QUERY_TOTAL]; /* prepared once */
};

/* ERR_INTERNAL, with SQLite's own words in the log. */
int sqlite_err(struct sqlite_store *s, const char *what, struct err *e);
MUST_USE int sqlite_exec(
    struct sqlite_store *s, const char *sql, struct err *e);

/* Makes or migrates the schema. */
MUST_USE int sqlite_migrate(struct sqlite_store *s, struct err *e);
MUST_USE int sqlite_read_version(
    struct sqlite_store *s, int *out, struct err *e);

/* Rows. */
MUST_USE int sqlite_prepare_all(struct sqlite_store *s, struct err *e);
MUST_USE int sqlite_put(
    struct store *s, const struct store_certificate *c, struct err *e);
MUST_USE int sqlite_row_read(
    sqlite3_stmt *q, struct store_certificate *out, struct err *e);

#endif
