/* Shared by journal.c and recover.c. */
#ifndef SERVICE_JOURNAL_INTERNAL_H
#define SERVICE_JOURNAL_INTERNAL_H

#include <pthread.h>

#include "service/journal/segment.h"

struct journal {
	struct journal_settings settings; /* as long as the journal lives */
	int folder;                       /* its lock is the folder's lock */

	pthread_mutex_t lock; /* over all below; held while a file is written,
			       * never while a handler is called */
	struct segment segments[JOURNAL_SEGMENTS_MAX];
	struct segment *active;   /* where appends go; NULL before the first */
	struct record_key *key;   /* of this session */
	struct segment_head head; /* of its next segment */
	uint64_t next_id;
	struct buf record; /* sealed, before it is written */
	struct segment_faults faults;
	bool unhealthy;
};

/* The value by which a session's key is known. */
MUST_USE int session_check(const uint8_t session[JOURNAL_SESSION_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], uint8_t out[SEGMENT_CHECK_LEN],
    struct err *e);

/* After entries of s were done: a file past the settings is removed. */
void journal_trim(struct journal *j, struct segment *s);

/* Under the lock: copies the pending sessions, oldest first; returns how many
 * were copied. */
size_t sessions_list(
    const struct journal *j, struct journal_session *out, size_t max);

#endif
