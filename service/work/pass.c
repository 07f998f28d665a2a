/*
 * The passphrase, before anything else is done for a request: back-off, then a
 * comparison with the tag of the passphrase that the signer last accepted, or
 * the signer itself where there is none yet.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/work/job.h"

#define LIMITS_KEY_MAX (NAME_LEN_MAX + 8)
#define ALARM_FIRST    100

/* A name may look like an address: the two must not share an entry. */
struct limits_keys {
	char name[LIMITS_KEY_MAX];
	char peer[LIMITS_KEY_MAX]; /* "" : not known */
};

static struct limits_keys
limits_keys_of(const struct request *r)
{
	struct limits_keys k = {.peer = ""};

	snprintf(k.name, sizeof(k.name), "name %s", r->name.text);
	if (r->peer[0] != '\0')
		snprintf(k.peer, sizeof(k.peer), "peer %s", r->peer);
	return k;
}

static int
limits_allow(struct job *j)
{
	struct limits *l = j->p->parts.limits;
	struct limits_keys k = limits_keys_of(&j->r);
	int64_t now = clock_monotonic_ms();

	if (limits_check(l, k.name, now, &j->err) != 0)
		return -1;
	return k.peer[0] == '\0' ? 0 : limits_check(l, k.peer, now, &j->err);
}

/* One alarm for each power of ten, whoever it was. */
static void
pass_alarm(uint64_t failures)
{
	uint64_t n = failures;

	while (n >= ALARM_FIRST && n % 10 == 0)
		n /= 10;
	if (failures >= ALARM_FIRST && n < 10)
		log_error("wrong_passphrases",
		    log_number("since_start", (int64_t)failures),
		    log_text("what", "somebody may be guessing"));
}

static void
pass_refuse(struct job *j)
{
	struct limits *l = j->p->parts.limits;
	struct limits_keys k = limits_keys_of(&j->r);
	int64_t now = clock_monotonic_ms();

	limits_failed(l, k.name, now);
	if (k.peer[0] != '\0')
		limits_failed(l, k.peer, now);
	pass_alarm(++j->p->wrong_passphrases);
	err_set(&j->err, ERR_WRONG_PASS, "pass", "is not the passphrase");
	job_refuse(j);
}

static void
pass_accept(struct job *j)
{
	struct limits *l = j->p->parts.limits;
	struct limits_keys k = limits_keys_of(&j->r);

	limits_passed(l, k.name);
	if (k.peer[0] != '\0')
		limits_passed(l, k.peer);
	if (j->r.verb->needs & NEEDS_SIGNATURE)
		step_join(j);
	else
		step_lookup(j);
}

static void
pass_missing(struct job *j)
{
	if (channel_is_open(j->p->parts.channel))
		err_set(&j->err, ERR_BAD_FIELD, "pass", "is required");
	else
		err_set(&j->err, ERR_LOCKED, "pass",
		    "the CA key is not open yet; send the passphrase");
	job_refuse(j);
}

static void
unlock_remove(struct unlock *u)
{
	struct unlock **at = &u->p->unlocks;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	u->p->unlock_count--;
}

static void
unlock_accepted(struct unlock *u, struct job *first)
{
	struct pipeline *p = u->p;

	memcpy(p->tag, u->tag, sizeof(p->tag));
	p->has_tag = true;
	if (u->was_open)
		return;
	log_info("unlocked", log_text("id", first->r.id));
	job_note(first, LEDGER_UNLOCKED);
	if (p->parts.on_unlocked != NULL)
		p->parts.on_unlocked(p->parts.arg);
}

static void
unlock_answer(struct job *j, const struct signer_reply *reply)
{
	switch (reply->err.kind) {
	case ERR_NONE:
		pass_accept(j);
		break;
	case ERR_WRONG_PASS:
		pass_refuse(j);
		break;
	default:
		j->err = reply->err;
		job_refuse(j);
	}
}

static void
on_unlock(void *arg, const struct signer_reply *reply)
{
	struct unlock *u = arg;
	struct job *j = u->waiting;

	unlock_remove(u);
	if (reply->err.kind == ERR_NONE)
		unlock_accepted(u, j);
	while (j != NULL) {
		struct job *next = j->unlock_next;

		unlock_answer(j, reply);
		j = next;
	}
	OPENSSL_cleanse(u->tag, sizeof(u->tag));
	free(u);
}

static struct unlock *
unlock_find(struct pipeline *p, const unsigned char *tag)
{
	for (struct unlock *u = p->unlocks; u != NULL; u = u->next)
		if (secret_tag_equal(u->tag, tag))
			return u;
	return NULL;
}

static int
unlock_new(struct job *j, const unsigned char *tag)
{
	struct pipeline *p = j->p;
	struct signer_request m = {.op = SIGNER_UNLOCK};
	struct unlock *u;

	if (p->unlock_count >= UNLOCKS_MAX) {
		err_set(&j->err, ERR_BUSY, NULL,
		    "too many passphrases are being tried");
		j->err.retry_after_s = 1;
		return -1;
	}
	u = calloc(1, sizeof(*u));
	if (u == NULL)
		return err_set(&j->err, ERR_INTERNAL, NULL, "out of memory");
	m.pass = secret_bytes(j->r.pass);
	if (channel_call(p->parts.channel, &m, on_unlock, u, &j->err) != 0) {
		free(u);
		return -1;
	}
	u->p = p;
	memcpy(u->tag, tag, SECRET_TAG_LEN);
	u->was_open = channel_is_open(p->parts.channel);
	u->waiting = j;
	u->next = p->unlocks;
	p->unlocks = u;
	p->unlock_count++;
	return 0;
}

/* The slow derivation runs once for all who send the same passphrase. */
static void
pass_ask_signer(struct job *j, const unsigned char *tag)
{
	struct unlock *u = unlock_find(j->p, tag);

	if (u != NULL) {
		j->unlock_next = u->waiting->unlock_next;
		u->waiting->unlock_next = j;
		return;
	}
	if (unlock_new(j, tag) != 0)
		job_refuse(j);
}

void
step_pass(struct job *j)
{
	struct pipeline *p = j->p;
	unsigned char tag[SECRET_TAG_LEN];

	if (j->r.pass == NULL && !(j->r.fields & (1u << FIELD_PASS))) {
		pass_missing(j);
		return;
	}
	if (limits_allow(j) != 0) {
		job_refuse(j);
		return;
	}
	if (j->r.pass == NULL || secret_bytes(j->r.pass).len == 0) {
		pass_refuse(j);
		return;
	}
	if (secret_tag(j->r.pass, tag, &j->err) != 0) {
		job_refuse(j);
		return;
	}
	if (!p->has_tag)
		pass_ask_signer(j, tag);
	else if (secret_tag_equal(p->tag, tag))
		pass_accept(j);
	else
		pass_refuse(j);
	OPENSSL_cleanse(tag, sizeof(tag));
}
