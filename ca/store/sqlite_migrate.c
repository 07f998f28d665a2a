/* The schema, version by version: schema/NNN-….sql, embedded by the build. */
#include "ca/base/log.h"
#include "ca/store/sqlite_internal.h"
#include "schema.h" /* made: const char *const schema_steps[] */

#define STEPS ((int)(sizeof(schema_steps) / sizeof(schema_steps[0])))

int
sqlite_read_version(struct sqlite_store *s, int *out, struct err *e)
{
	sqlite3_stmt *q;
	int rc = -1;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) !=
	    SQLITE_OK)
		return sqlite_err(s, "version", e);
	if (sqlite3_step(q) == SQLITE_ROW) {
		*out = sqlite3_column_int(q, 0);
		rc = 0;
	} else {
		(void)sqlite_err(s, "version", e);
	}
	sqlite3_finalize(q);
	return rc;
}

static int
migrate_step(struct sqlite_store *s, int version, struct err *e)
{
	char set[64];

	sqlite3_snprintf(
	    sizeof(set), set, "PRAGMA user_version = %d", version + 1);
	if (sqlite_exec(s, "BEGIN IMMEDIATE", e) != 0)
		return -1;
	if (sqlite_exec(s, schema_steps[version], e) != 0 ||
	    sqlite_exec(s, set, e) != 0 || sqlite_exec(s, "COMMIT", e) != 0) {
		store_rollback(&s->store);
		return -1;
	}
	log_info("store_migrated", log_number("version", version + 1));
	return 0;
}

int
sqlite_migrate(struct sqlite_store *s, struct err *e)
{
	int version;

	if (sqlite_read_version(s, &version, e) != 0)
		return -1;
	if (version > STEPS)
		return err_set(e, ERR_INTERNAL, NULL,
		    "the store has version %d; this program knows up to %d",
		    version, STEPS);
	for (; version < STEPS; version++)
		if (migrate_step(s, version, e) != 0)
			return -1;
	return 0;
}
