/* What earlier sessions left: counted, and with its key, handed out. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/log.h"
#include "service/journal/internal.h"

static bool
is_of(const struct segment *s, const uint8_t session[JOURNAL_SESSION_LEN])
{
	return memcmp(s->head.session, session, JOURNAL_SESSION_LEN) == 0;
}

/* Not yet handed out, not done. */
static struct segment_entry *
waiting(const struct segment *s)
{
	return s->live > 0 ? segment_next(s, s->handed) : NULL;
}

static size_t
count_waiting(const struct segment *s)
{
	struct segment_entry *from = waiting(s);
	size_t n = 0;

	if (from == NULL)
		return 0;
	for (size_t i = (size_t)(from - s->entries); i < s->count; i++)
		n += s->entries[i].size > 0;
	return n;
}

/* The segment that begins after `number`, of those with something to hand
 * out. */
static const struct segment *
segment_after(const struct journal *j, uint64_t number)
{
	const struct segment *best = NULL;

	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
		const struct segment *s = &j->segments[i];

		if (s->head.number > number && waiting(s) != NULL &&
		    (best == NULL || s->head.number < best->head.number))
			best = s;
	}
	return best;
}

static struct journal_session *
session_find(struct journal_session *list, size_t n, const struct segment *s)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(s, list[i].id))
			return &list[i];
	return NULL;
}

size_t
sessions_list(const struct journal *j, struct journal_session *out, size_t max)
{
	const struct segment *s = NULL;
	size_t n = 0;

	while ((s = segment_after(j, s == NULL ? 0 : s->head.number)) != NULL) {
		struct journal_session *of = session_find(out, n, s);

		if (of == NULL && n == max)
			continue;
		if (of == NULL) {
			of = &out[n++];
			memcpy(of->id, s->head.session, sizeof(of->id));
			memcpy(of->sealed, s->head.sealed, sizeof(of->sealed));
			of->entries = 0;
		}
		of->entries += count_waiting(s);
	}
	return n;
}

size_t
journal_pending_sessions(
    struct journal *j, struct journal_session *out, size_t max)
{
	size_t n;

	pthread_mutex_lock(&j->lock);
	n = sessions_list(j, out, max);
	pthread_mutex_unlock(&j->lock);
	return n;
}

/* Where the session's oldest entry is that is not yet handed out, or NULL. */
static struct segment *
oldest(struct journal *j, const uint8_t session[JOURNAL_SESSION_LEN])
{
	struct segment *best = NULL;

	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
		struct segment *s = &j->segments[i];

		if (!is_of(s, session) || waiting(s) == NULL)
			continue;
		if (best == NULL || s->head.number < best->head.number)
			best = s;
	}
	return best;
}

/* Else every entry would look damaged, and be lost. */
static int
key_check(struct journal *j, const uint8_t session[JOURNAL_SESSION_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], struct err *e)
{
	uint8_t check[SEGMENT_CHECK_LEN];
	struct segment *s;
	bool right = false;

	if (session_check(session, key, check, e) != 0)
		return -1;
	pthread_mutex_lock(&j->lock);
	s = oldest(j, session);
	if (s != NULL)
		right =
		    CRYPTO_memcmp(check, s->head.check, SEGMENT_CHECK_LEN) == 0;
	pthread_mutex_unlock(&j->lock);
	if (s == NULL)
		return err_set(
		    e, ERR_INTERNAL, NULL, "no such session is pending");
	return right ? 0
		     : err_set(e, ERR_INTERNAL, NULL,
			   "not the key of this session of the journal");
}

/* One recovery, and the entry it is at. */
struct recovery {
	struct journal *j;
	const uint8_t *session;
	struct record_key *key;
	struct buf record, plain;
	struct journal_entry entry; /* views into plain */
	struct segment *segment;
	uint64_t number; /* of the segment when the entry was read */
	uint64_t id;
};

enum found { FOUND, NONE, DAMAGED, UNREADABLE, NO_MEMORY };

static enum found
read_record(struct recovery *r, const struct segment_entry *at)
{
	struct bytes record = {NULL, at->size};
	uint8_t *to = buf_reserve(&r->record, at->size);
	ssize_t n;

	if (to == NULL || buf_reserve(&r->plain, at->size) == NULL)
		return NO_MEMORY;
	do
		n = pread(r->segment->fd, to, at->size, at->offset);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)at->size)
		return UNREADABLE;
	record.data = to;
	return record_open(r->key, at->id, record, &r->plain, &r->entry) == 0
		   ? FOUND
		   : DAMAGED;
}

/* Not handed out any more. What could not even be read may be readable at the
 * next start, so it gets no mark. */
static void
give_up(struct recovery *r, struct segment_entry *at, enum found why)
{
	log_error("journal_damaged",
	    log_number("segment", (int64_t)r->segment->place),
	    log_number("id", (int64_t)at->id),
	    log_text("why",
		why == DAMAGED ? "its tag is wrong" : "it can't be read"));
	r->j->faults.damaged++;
	if (why == DAMAGED)
		segment_mark_done(r->segment, at);
	else
		segment_drop(r->segment, at);
	journal_trim(r->j, r->segment);
}

/* Reads the next good entry. Under the lock. */
static enum found
next_entry(struct recovery *r)
{
	while ((r->segment = oldest(r->j, r->session)) != NULL) {
		struct segment_entry *at = waiting(r->segment);
		enum found found = read_record(r, at);

		if (found == NO_MEMORY)
			return found;
		r->id = at->id;
		r->number = r->segment->head.number;
		r->segment->handed = at->id + 1;
		if (found == FOUND)
			return found;
		give_up(r, at, found);
	}
	return NONE;
}

static enum found
take_next(struct recovery *r)
{
	enum found found;

	pthread_mutex_lock(&r->j->lock);
	found = next_entry(r);
	pthread_mutex_unlock(&r->j->lock);
	return found;
}

/* Not taken: it is next again, unless it is done and its file in other use. */
static int
put_back(struct recovery *r, struct err *e)
{
	pthread_mutex_lock(&r->j->lock);
	if (r->segment->head.number == r->number)
		r->segment->handed = r->id;
	pthread_mutex_unlock(&r->j->lock);
	(void)err_set(e, ERR_BUSY, NULL, "the journal's entry was not taken");
	e->retry_after_s = 1;
	return -1;
}

static int
hand_out(struct recovery *r, const struct journal_handler *h, struct err *e)
{
	enum found found;

	while ((found = take_next(r)) == FOUND) {
		int rc = h->on_entry(h->arg, r->id, &r->entry);

		buf_consume(&r->plain, r->plain.len);
		if (rc != 0)
			return put_back(r, e);
	}
	if (found == NO_MEMORY)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	return 0;
}

int
journal_recover(struct journal *j, const uint8_t session[JOURNAL_SESSION_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], const struct journal_handler *h,
    struct err *e)
{
	struct recovery r = {.j = j, .session = session};
	int rc;

	if (key_check(j, session, key, e) != 0 ||
	    record_key_new(key, session, &r.key, e) != 0)
		return -1;
	buf_init(&r.record, JOURNAL_SEGMENT_SIZE_MAX);
	buf_init(&r.plain, JOURNAL_SEGMENT_SIZE_MAX);
	rc = hand_out(&r, h, e);
	buf_clear(&r.plain);
	buf_clear(&r.record);
	record_key_free(r.key);
	return rc;
}

size_t
journal_forget(struct journal *j, const uint8_t session[JOURNAL_SESSION_LEN])
{
	struct segment *s;
	size_t n = 0;

	pthread_mutex_lock(&j->lock);
	while ((s = oldest(j, session)) != NULL) {
		struct segment_entry *at;

		while ((at = waiting(s)) != NULL) {
			segment_mark_done(s, at);
			n++;
		}
		journal_trim(j, s);
	}
	pthread_mutex_unlock(&j->lock);
	if (n > 0)
		log_error("journal_forgotten", log_number("n", (int64_t)n));
	return n;
}
