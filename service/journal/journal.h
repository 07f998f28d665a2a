/*
 * The journal of what the broker handed over.
 *
 * With QoS 1 the broker forgets a message once it is acknowledged, and Paho
 * acknowledges when its callback returns. So the callback appends the message
 * here first, and the entry is done when the answer's PUBACK is in. What is
 * not done after a crash is handed out again by the next start: at least once,
 * and the request's digest makes a second time harmless.
 *
 * An append is one write(2) and no fsync: it survives the death of the process
 * (kill -9), not a loss of power. That is what the broker beside us promises
 * of its own queue, so no more would be kept by waiting for the disk.
 *
 * Entries are sealed: AES-256-GCM under a key made at journal_open, which is
 * itself sealed (ca/base/seal.h) to the authority's escrow key. So no
 * passphrase is on disk in clear, and after a crash this process can count
 * what is left, but needs the signer to read it:
 *
 *	journal_open             finds what is not done; appends work at once
 *	journal_pending_sessions whose keys the signer must open
 *	journal_recover          decrypts and hands out, in order
 *
 * Nothing grows: a fixed number of files of a fixed size, each used again when
 * all of its entries are done. When none is free an append is refused with
 * ERR_BUSY. One entry that is never done therefore keeps a whole file: mark
 * every entry done in the end, also one that can't be answered.
 */
#ifndef SERVICE_JOURNAL_JOURNAL_H
#define SERVICE_JOURNAL_JOURNAL_H

#include "ca/base/seal.h"

#define JOURNAL_SEGMENTS_MIN     2
#define JOURNAL_SEGMENTS_MAX     64
#define JOURNAL_SEGMENT_SIZE_MIN 4096
#define JOURNAL_SEGMENT_SIZE_MAX (64u << 20)

#define JOURNAL_SESSION_LEN 16
#define JOURNAL_KEY_LEN     32
#define JOURNAL_SEALED_LEN  (JOURNAL_KEY_LEN + SEAL_OVERHEAD)
/* The session key is sealed with SEAL_INFO_JOURNAL and no associated data. */

struct journal_settings {
	unsigned segments;     /* files; 16 */
	uint32_t segment_size; /* bytes each; 4 MiB */
	uint32_t entries_max;  /* in all files, done or not: bounds the memory,
				* 16 bytes each; 65536 */
};

/* One message. The texts may be empty; none but the payload is over 65535. */
struct journal_entry {
	struct bytes topic;
	struct bytes payload;
	struct bytes response_topic;
	struct bytes correlation_data;
	int64_t arrived_ms; /* since 1970 */
	uint32_t flags;     /* the caller's own; kept as they are */
};

struct journal;

/*
 * Opens the folder (made with mode 0700 if it is not there; refused where
 * others have a right to it, or another process has it open) and finds what
 * earlier sessions left. Makes this session's key; writes no file before the
 * first append. Files past fewer or smaller settings are kept until they are
 * done. A file whose two headers are both damaged is set aside as *.damaged,
 * one a place. settings and dir are copied.
 */
MUST_USE int journal_open(const char *dir,
    const uint8_t escrow_public_key[SEAL_KEY_LEN],
    const struct journal_settings *settings, struct journal **out,
    struct err *e);

/* No other call may be under way or follow. Keeps what is not done for the
 * next journal_open. NULL is fine. */
void journal_close(struct journal *j);

/*
 * Any thread. When this returns 0 the entry is in the file, and *id (never 0,
 * never given twice) is what journal_done wants. On -1 nothing of it will ever
 * be handed out:
 *   ERR_BUSY       every file has entries that are not done
 *   ERR_TOO_LARGE  it fits in no file
 *   ERR_INTERNAL   the system's no (disk full, I/O); a later append tries anew
 */
MUST_USE int journal_append(struct journal *j,
    const struct journal_entry *entry, uint64_t *id, struct err *e);

/*
 * Any thread. The entry, of this session or an earlier one, will not be handed
 * out again. An id that is done or unknown is left alone. A mark that can't be
 * written is logged; after a crash the entry then comes once more.
 */
void journal_done(struct journal *j, uint64_t id);

/* An earlier session with entries that are not done. */
struct journal_session {
	uint8_t id[JOURNAL_SESSION_LEN];
	uint8_t sealed[JOURNAL_SEALED_LEN]; /* its key, for the signer */
	size_t entries;                     /* still to be handed out */
};

/* Copies up to max sessions that are still to be recovered, oldest first, and
 * returns how many those were. JOURNAL_SEGMENTS_MAX are enough for all. */
size_t journal_pending_sessions(
    struct journal *j, struct journal_session *out, size_t max);

struct journal_handler {
	/* The entry is borrowed until this returns, then wiped. -1: not taken,
	 * stop here. May call journal_append and journal_done. */
	int (*on_entry)(
	    void *arg, uint64_t id, const struct journal_entry *entry);
	void *arg;
};

/*
 * Hands out, on this thread, each entry of the session that is not done, in
 * the order of arrival; each once. 0: all were; the session is no more
 * pending. -1 and ERR_BUSY: on_entry took no more, and the next call goes on
 * with the same entry. -1 and ERR_INTERNAL: no such session, or not its key
 * (nothing is lost by that). What does not decrypt under the right key was
 * damaged: it is logged, counted, and never handed out. One thread at a time.
 */
MUST_USE int journal_recover(struct journal *j,
    const uint8_t session[JOURNAL_SESSION_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], const struct journal_handler *h,
    struct err *e);

/* Gives up an earlier session whose key can't be opened any more (the escrow
 * key is another one): its entries count as done. Returns how many it lost. */
size_t journal_forget(
    struct journal *j, const uint8_t session[JOURNAL_SESSION_LEN]);

struct journal_status {
	size_t pending;   /* entries not done, of all sessions */
	size_t sessions;  /* earlier ones that are still to be recovered */
	size_t segments;  /* files that can't be used again yet */
	uint64_t damaged; /* places that were neither an entry nor a torn end */
	uint64_t torn;    /* ends cut off by a crash: never acknowledged */
	bool healthy;     /* false after a write failed, until one succeeds */
};

/* Any thread. */
void journal_status(struct journal *j, struct journal_status *out);

#endif
