#include "service/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/journal/internal.h"

static int
settings_check(const struct journal_settings *s, struct err *e)
{
	if (s->segments < JOURNAL_SEGMENTS_MIN ||
	    s->segments > JOURNAL_SEGMENTS_MAX)
		return err_set(e, ERR_INTERNAL, "segments",
		    "must be %d to %d, got %u", JOURNAL_SEGMENTS_MIN,
		    JOURNAL_SEGMENTS_MAX, s->segments);
	if (s->segment_size < JOURNAL_SEGMENT_SIZE_MIN ||
	    s->segment_size > JOURNAL_SEGMENT_SIZE_MAX)
		return err_set(e, ERR_INTERNAL, "segment_size",
		    "must be %u to %u, got %u", JOURNAL_SEGMENT_SIZE_MIN,
		    JOURNAL_SEGMENT_SIZE_MAX, s->segment_size);
	if (s->entries_max < s->segments)
		return err_set(e, ERR_INTERNAL, "entries_max",
		    "must be at least the segments, %u, got %u", s->segments,
		    s->entries_max);
	return 0;
}

static int
folder_open(struct journal *j, const char *dir, struct err *e)
{
	struct stat st;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_errno(e, "mkdir", dir);
	j->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->folder < 0 || fstat(j->folder, &st) != 0)
		return err_errno(e, "open", dir);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "others may read it: chmod 700 %s", dir);
	if (flock(j->folder, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "%s: another process has this journal", dir);
	return 0;
}

/* All places, not only the settings': there may have been more. */
static int
segments_load(struct journal *j, struct err *e)
{
	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
		struct segment *s = &j->segments[i];

		if (segment_load(s, j->folder, &j->faults, e) != 0)
			return -1;
		if (s->last_id >= j->next_id)
			j->next_id = s->last_id + 1;
		journal_trim(j, s);
	}
	return 0;
}

int
session_check(const uint8_t session[JOURNAL_SESSION_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], uint8_t out[SEGMENT_CHECK_LEN],
    struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx != NULL &&
		 EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		 EVP_DigestUpdate(ctx, SEAL_INFO_JOURNAL,
		     sizeof(SEAL_INFO_JOURNAL) - 1) == 1 &&
		 EVP_DigestUpdate(ctx, session, JOURNAL_SESSION_LEN) == 1 &&
		 EVP_DigestUpdate(ctx, key, JOURNAL_KEY_LEN) == 1 &&
		 EVP_DigestFinal_ex(ctx, out, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok ? 0 : err_openssl(e, "the journal's key");
}

static int
session_seal(struct journal *j, const uint8_t public_key[SEAL_KEY_LEN],
    const uint8_t key[JOURNAL_KEY_LEN], struct err *e)
{
	struct bytes none = {NULL, 0}, plain = {key, JOURNAL_KEY_LEN};
	struct buf sealed;
	int rc;

	buf_init(&sealed, JOURNAL_SEALED_LEN);
	rc = seal(public_key, bytes_of_text(SEAL_INFO_JOURNAL), none, plain,
	    &sealed, e);
	if (rc == 0)
		memcpy(j->head.sealed, sealed.data, JOURNAL_SEALED_LEN);
	buf_clear(&sealed);
	return rc;
}

static int
session_new(
    struct journal *j, const uint8_t public_key[SEAL_KEY_LEN], struct err *e)
{
	uint8_t key[JOURNAL_KEY_LEN], *id = j->head.session;
	int rc = -1;

	if (RAND_bytes(id, JOURNAL_SESSION_LEN) != 1 ||
	    RAND_bytes(key, sizeof(key)) != 1)
		(void)err_openssl(e, "the journal's key");
	else if (session_check(id, key, j->head.check, e) == 0 &&
		 session_seal(j, public_key, key, e) == 0)
		rc = record_key_new(key, id, &j->key, e);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

static void
report_opened(struct journal *j)
{
	struct journal_status s;

	journal_status(j, &s);
	log_info("journal", log_number("pending", (int64_t)s.pending),
	    log_number("sessions", (int64_t)s.sessions),
	    log_number("damaged", (int64_t)s.damaged),
	    log_number("torn", (int64_t)s.torn));
}

int
journal_open(const char *dir, const uint8_t escrow_public_key[SEAL_KEY_LEN],
    const struct journal_settings *settings, struct journal **out,
    struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	j->settings = *settings;
	j->folder = -1;
	j->next_id = 1;
	pthread_mutex_init(&j->lock, NULL);
	buf_init(&j->record, JOURNAL_SEGMENT_SIZE_MAX);
	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++)
		segment_init(&j->segments[i], i);
	if (settings_check(settings, e) != 0 || folder_open(j, dir, e) != 0 ||
	    segments_load(j, e) != 0 ||
	    session_new(j, escrow_public_key, e) != 0) {
		journal_close(j);
		return -1;
	}
	report_opened(j);
	*out = j;
	return 0;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++)
		segment_close(&j->segments[i]);
	record_key_free(j->key);
	buf_clear(&j->record);
	if (j->folder >= 0)
		close(j->folder);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* Said once, not for each message: a full disk must not fill the log, too. */
static int
write_failed(struct journal *j, struct err *e)
{
	if (!j->unhealthy)
		log_error("journal", log_text("writes", "fail"),
		    log_text("why", strerror(errno)));
	j->unhealthy = true;
	return err_set(e, ERR_INTERNAL, NULL, "the journal can't be written");
}

static void
write_succeeded(struct journal *j)
{
	if (j->unhealthy)
		log_warn("journal", log_text("writes", "again"));
	j->unhealthy = false;
}

static bool
has_room(const struct journal *j, uint32_t size)
{
	const struct segment *s = j->active;

	return s != NULL && size <= j->settings.segment_size - s->end &&
	       s->count < j->settings.entries_max / j->settings.segments;
}

/* The next file, or the same one again if all in it is done. */
static int
rotate(struct journal *j, struct err *e)
{
	struct segment *s = j->segments;
	struct segment *past = s + j->settings.segments;

	while (s < past && s->live > 0)
		s++;
	if (s == past) {
		(void)err_set(e, ERR_BUSY, NULL,
		    "the journal is full of requests not answered");
		e->retry_after_s = 1;
		return -1;
	}
	if (s == j->active)
		j->active = NULL; /* until it is begun anew */
	j->head.number = j->next_id++;
	j->head.made_ms = clock_now_ms();
	if (segment_start(s, j->folder, &j->head) != 0)
		return write_failed(j, e);
	j->active = s;
	return 0;
}

static int
append_sealed(struct journal *j, const struct journal_entry *entry,
    uint32_t size, uint64_t *id, struct err *e)
{
	uint8_t *to = buf_reserve(&j->record, size);
	/* Taken for good, whatever comes: a nonce is used once. */
	uint64_t own = j->next_id++;

	if (to == NULL || segment_reserve(j->active) != 0) {
		buf_clear(&j->record); /* it would stay failed */
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	if (record_seal(j->key, own, entry, to, e) != 0)
		return -1;
	if (segment_append(j->active, own, (struct bytes){to, size}) != 0)
		return write_failed(j, e);
	write_succeeded(j);
	*id = own;
	return 0;
}

int
journal_append(struct journal *j, const struct journal_entry *entry,
    uint64_t *id, struct err *e)
{
	uint32_t size = record_size(entry);
	int rc = 0;

	if (size == 0 || size > j->settings.segment_size - SEGMENT_FIRST)
		return err_set(e, ERR_TOO_LARGE, NULL,
		    "the message does not fit in the journal");
	pthread_mutex_lock(&j->lock);
	if (!has_room(j, size))
		rc = rotate(j, e);
	if (rc == 0)
		rc = append_sealed(j, entry, size, id, e);
	pthread_mutex_unlock(&j->lock);
	return rc;
}

void
journal_trim(struct journal *j, struct segment *s)
{
	if (s->live == 0 && s->fd >= 0 && s->place >= j->settings.segments)
		segment_remove(s, j->folder);
}

void
journal_done(struct journal *j, uint64_t id)
{
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
		struct segment *s = &j->segments[i];
		struct segment_entry *entry = NULL;

		if (s->live > 0 && id > s->head.number && id <= s->last_id)
			entry = segment_next(s, id);
		if (entry == NULL || entry->id != id)
			continue;
		segment_mark_done(s, entry);
		journal_trim(j, s);
	}
	pthread_mutex_unlock(&j->lock);
}

void
journal_status(struct journal *j, struct journal_status *out)
{
	struct journal_session pending[JOURNAL_SEGMENTS_MAX];

	*out = (struct journal_status){0};
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
		out->pending += j->segments[i].live;
		out->segments += j->segments[i].live > 0;
	}
	out->sessions = sessions_list(j, pending, JOURNAL_SEGMENTS_MAX);
	out->damaged = j->faults.damaged;
	out->torn = j->faults.torn;
	out->healthy = !j->unhealthy;
	pthread_mutex_unlock(&j->lock);
}
