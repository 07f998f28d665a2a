/*
 * The same request, while it is under way: whoever comes second waits for the
 * first and gets the same certificate (DESIGN, promise 2). What was answered
 * earlier is found in the store.
 */
#include <string.h>

#include "service/work/job.h"

static struct job **
same_bucket(struct pipeline *p, const uint8_t *digest)
{
	return &p->same[(digest[0] | digest[1] << 8) % SAME_BUCKETS];
}

static struct job *
same_find(struct pipeline *p, const uint8_t *digest)
{
	struct job *j = *same_bucket(p, digest);

	while (j != NULL && memcmp(j->r.digest, digest, LEDGER_DIGEST_LEN) != 0)
		j = j->same_next;
	return j;
}

void
step_join(struct job *j)
{
	struct job *leader = same_find(j->p, j->r.digest);
	struct job **bucket = same_bucket(j->p, j->r.digest);

	if (leader != NULL) {
		j->follower_next = leader->followers;
		leader->followers = j;
		return;
	}
	j->leads = true;
	j->same_next = *bucket;
	*bucket = j;
	step_lookup(j);
}

static int
copy_buf(struct buf *to, const struct buf *from)
{
	buf_clear(to);
	buf_append(to, from->data, from->len);
	return to->failed ? -1 : 0;
}

static int
same_copy(struct job *to, const struct job *from)
{
	struct store_certificate *c = &to->r.result;
	struct buf der = c->der, sealed = c->sealed_key;

	*c = from->r.result;
	c->der = der;
	c->sealed_key = sealed;
	to->r.repeated = true;
	if (copy_buf(&c->der, &from->r.result.der) != 0 ||
	    copy_buf(&c->sealed_key, &from->r.result.sealed_key) != 0)
		return err_set(&to->err, ERR_INTERNAL, NULL, "out of memory");
	if (from->r.key_pem == NULL)
		return 0;
	struct bytes pem = secret_bytes(from->r.key_pem);
	to->r.key_pem = secret_new(pem.data, pem.len);
	if (to->r.key_pem == NULL)
		return err_set(
		    &to->err, ERR_BUSY, NULL, "too many keys are in memory");
	return 0;
}

static void
same_answer(struct job *follower, const struct job *leader)
{
	if (leader->err.kind != ERR_NONE)
		follower->err = leader->err;
	else if (same_copy(follower, leader) == 0) {
		step_answer(follower);
		return;
	}
	job_refuse(follower);
}

void
same_leave(struct job *j)
{
	struct job **at, *f, *next;

	if (!j->leads)
		return;
	j->leads = false;
	at = same_bucket(j->p, j->r.digest);
	while (*at != j)
		at = &(*at)->same_next;
	*at = j->same_next;
	f = j->followers;
	j->followers = NULL;
	for (; f != NULL; f = next) {
		next = f->follower_next;
		same_answer(f, j);
	}
}
