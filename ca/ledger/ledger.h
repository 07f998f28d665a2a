/*
 * The ledger: an append-only file of lines, one a decision, each chained to
 * the one before by SHA-256. It is the audit record and the write-ahead record
 * in one: an intent is on disk before its signature is made.
 *
 *	17 2026-11-22T01:33:00.123Z intent door=mqtt name=AABBCCDDEEFF serial=…
 *	    not_before=… not_after=… profile=collector key=… request=… #<hash>
 *
 * (one line in the file). <hash> is SHA-256 of the previous line's hash (64
 * hex digits; zeros before the first) and this line up to the space before #.
 *
 * Appending is asynchronous: a thread of the ledger's own writes whatever
 * waits with one flush (fdatasync) and then calls back for each.
 */
#ifndef CA_LEDGER_LEDGER_H
#define CA_LEDGER_LEDGER_H

#include "ca/base/queue.h"
#include "ca/base/serial.h"
#include "ca/x509/key.h"
#include "ca/x509/name.h"

#define LEDGER_DIGEST_LEN 32

enum ledger_kind {
	LEDGER_STARTED,
	LEDGER_INTENT,
	LEDGER_ISSUED,
	LEDGER_FAILED, /* an intent that came to nothing */
	LEDGER_REFUSED,
	LEDGER_UNLOCKED,
	LEDGER_REVOKED,
	LEDGER_AUTHORITY /* a new certificate of the authority's own */
};

/* What does not apply stays empty (zero) and is left out of the line. */
struct ledger_entry {
	enum ledger_kind kind;
	const char *door; /* "mqtt", "http", "local" */
	const char *request_id;
	char name[NAME_LEN_MAX + 1];
	char profile[33];
	const char *verdict; /* refused and failed: the error's word */
	bool has_serial;
	struct serial serial;
	int64_t not_before_s;
	int64_t not_after_s;
	bool has_key;
	uint8_t key_hash[KEY_HASH_LEN];
	bool has_request;
	uint8_t request[LEDGER_DIGEST_LEN];
};

struct ledger;

/* Called on the ledger's thread; e is NULL when the line is on disk, else what
 * went wrong (the line is then not in the ledger, or not surely). */
struct ledger_append;
typedef void (*ledger_done_fn)(struct ledger_append *a, const struct err *e);

/* One append; embedded in the caller's request, untouched by him until done. */
struct ledger_append {
	struct queue_node node;
	ledger_done_fn done; /* NULL: nobody waits */
	void *arg;
	struct ledger_entry entry;
};

/*
 * Opens or makes the file (mode 0600), checks the chain from its last lines,
 * cuts off a torn last line (and says so in the log), starts the thread.
 * Fails where the end of the chain does not verify.
 */
MUST_USE int ledger_open(
    const char *path, size_t queue_max, struct ledger **out, struct err *e);

/* Writes what waits, ends the thread, closes. NULL is fine. */
void ledger_close(struct ledger *l);

/* 0: done will be called once. -1: ERR_BUSY (full), never calls back. */
MUST_USE int ledger_append(
    struct ledger *l, struct ledger_append *a, struct err *e);

/* For an entry that nobody waits for; copied. */
MUST_USE int ledger_note(
    struct ledger *l, const struct ledger_entry *entry, struct err *e);

/* False after a write failed and until one succeeds again. */
bool ledger_is_healthy(struct ledger *l);

/* Reads the file line by line, checks the chain; fn gets each line without its
 * hash. -1 and the line's number in the message at the first that is wrong. */
typedef int (*ledger_line_fn)(
    void *arg, uint64_t number, struct bytes line, struct err *e);
MUST_USE int ledger_verify(
    const char *path, ledger_line_fn fn, void *arg, struct err *e);

#endif
