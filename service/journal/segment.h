/*
 * One file of the journal and the index of its entries. Internal; the caller
 * holds the journal's lock.
 *
 * "segment-00" and so on, mode 0600. A header, written twice so that damage to
 * one copy costs nothing, then records (record.h) up to the end of the file.
 * The header, integers in network order:
 *
 *	  0   6  magic "msjrnl"
 *	  6   2  version, 1
 *	  8   8  number: from the same counter as the ids, below each id in it
 *	 16  16  session
 *	 32  32  check: SHA-256 of "ms_ssl_server journal", session, session key
 *	 64  80  session key, sealed to the escrow key
 *	144   8  made, milliseconds since 1970
 *	152   4  zero
 *	156   4  CRC-32C of the above
 */
#ifndef SERVICE_JOURNAL_SEGMENT_H
#define SERVICE_JOURNAL_SEGMENT_H

#include "service/journal/record.h"

#define SEGMENT_HEAD_LEN  160u
#define SEGMENT_FIRST     (2 * SEGMENT_HEAD_LEN) /* where records begin */
#define SEGMENT_CHECK_LEN 32
#define SEGMENT_NAME_LEN  24

struct segment_head {
	uint64_t number;
	uint8_t session[JOURNAL_SESSION_LEN];
	uint8_t check[SEGMENT_CHECK_LEN];
	uint8_t sealed[JOURNAL_SEALED_LEN];
	int64_t made_ms;
};

struct segment_entry {
	uint64_t id;
	uint32_t offset;
	uint32_t size; /* 0: done */
};

struct segment {
	unsigned place;
	int fd; /* -1: no file */
	struct segment_head head;
	uint32_t end;                  /* where the next record goes */
	struct segment_entry *entries; /* by id, done or not */
	size_t count, cap;
	size_t live; /* of these, not done; 0: the file can be used again */
	uint64_t last_id;
	uint64_t handed; /* ids below were handed out by this process, or are
			  * its own */
};

/* What a scan found amiss. */
struct segment_faults {
	uint64_t damaged, torn;
};

void segment_init(struct segment *s, unsigned place);
void segment_close(struct segment *s);

/* Opens the file if it is there and reads it all: its head, its entries, where
 * it ends. A head that is damaged twice: the file is renamed, fd is -1. */
MUST_USE int segment_load(struct segment *s, int folder,
    struct segment_faults *faults, struct err *e);

/* Empties the file, or makes it, and writes the head. On -1 (errno is set) it
 * holds nothing. */
MUST_USE int segment_start(
    struct segment *s, int folder, const struct segment_head *head);

/* Closes and removes the file. */
void segment_remove(struct segment *s, int folder);

/* Room for one more in the index; -1: no memory. */
MUST_USE int segment_reserve(struct segment *s);

/* One write at the end, all of it or nothing: -1, errno is set. Into the index
 * after segment_reserve. */
MUST_USE int segment_append(
    struct segment *s, uint64_t id, struct bytes record);

/* The first entry that is not done with an id of at least `from`, or NULL. */
struct segment_entry *segment_next(const struct segment *s, uint64_t from);

/* Done, in the file and in the index. */
void segment_mark_done(struct segment *s, struct segment_entry *entry);

/* Not handed out any more, but the file is left as it is. */
void segment_drop(struct segment *s, struct segment_entry *entry);

/* Adds to the index while a file is read; the id is above last_id. */
MUST_USE int segment_index(
    struct segment *s, const struct record_head *h, uint32_t offset);

/* scan.c */
void segment_head_encode(
    const struct segment_head *h, uint8_t to[SEGMENT_HEAD_LEN]);
/* 0: good; 1: damaged or none; -1: of another version. */
MUST_USE int segment_head_parse(struct bytes data, struct segment_head *h);
/* Finds every record of a file; what lies between is skipped and counted. */
MUST_USE int segment_scan(
    struct segment *s, struct bytes data, struct segment_faults *faults);

#endif
