/*
 * From the plan to the signature: a created key is opened first (so that no
 * certificate is made that cannot be answered), then the intent goes to disk,
 * and only then the signer is asked.
 */
#include <stdio.h>
#include <string.h>

#include "ca/base/log.h"
#include "service/work/job.h"

/* The sealed key that belongs to the answer, or NULL: the device has its own,
 * or the key has just been made. */
static const struct store_certificate *
key_to_open(const struct job *j)
{
	const struct request *r = &j->r;

	if (r->key_pem != NULL)
		return NULL;
	if (r->repeated)
		return r->result.sealed_key.len > 0 ? &r->result : NULL;
	if (r->fields & (1u << FIELD_CSR))
		return NULL;
	return r->known && r->last.sealed_key.len > 0 ? &r->last : NULL;
}

static void
key_opened(struct job *j)
{
	if (j->r.repeated)
		step_answer(j);
	else
		step_intent(j);
}

static void
on_key_opened(void *arg, const struct signer_reply *reply)
{
	struct job *j = arg;

	if (reply->err.kind == ERR_NONE) {
		j->r.key_pem =
		    secret_new(reply->payload.data, reply->payload.len);
		if (j->r.key_pem == NULL)
			err_set(&j->err, ERR_BUSY, NULL,
			    "too many keys are in memory");
	} else {
		j->err = reply->err;
	}
	if (j->err.kind != ERR_NONE)
		job_refuse(j);
	else
		key_opened(j);
}

void
step_open_key(struct job *j)
{
	const struct store_certificate *c = key_to_open(j);
	struct signer_request m = {.op = SIGNER_OPEN_KEY};

	if (c == NULL) {
		key_opened(j);
		return;
	}
	m.pass = secret_bytes(j->r.pass);
	m.name = c->name;
	m.fields.serial = c->key_serial;
	m.sealed = buf_bytes(&c->sealed_key);
	if (channel_call(j->p->parts.channel, &m, on_key_opened, j, &j->err) !=
	    0)
		job_refuse(j);
}

void
job_fill_entry(
    const struct job *j, enum ledger_kind kind, struct ledger_entry *entry)
{
	const struct request *r = &j->r;
	const struct store_certificate *c = &r->result;

	*entry = (struct ledger_entry){
	    .kind = kind,
	    .door = door_word(r->door),
	    .request_id = r->id,
	    .verdict = j->err.kind == ERR_NONE ? NULL : err_word(j->err.kind),
	};
	snprintf(entry->name, sizeof(entry->name), "%s", r->name.text);
	if (!serial_is_valid(&c->serial) || kind == LEDGER_UNLOCKED ||
	    r->repeated)
		return;
	snprintf(entry->profile, sizeof(entry->profile), "%s", c->profile);
	entry->has_serial = true;
	entry->serial = c->serial;
	entry->not_before_s = c->not_before_s;
	entry->not_after_s = c->not_after_s;
	entry->has_key = true;
	memcpy(entry->key_hash, c->key_hash, sizeof(entry->key_hash));
	entry->has_request = true;
	memcpy(entry->request, c->request, sizeof(entry->request));
}

void
job_note(struct job *j, enum ledger_kind kind)
{
	struct ledger_entry entry;
	struct err e = ERR_INIT;

	job_fill_entry(j, kind, &entry);
	if (ledger_note(j->p->parts.ledger, &entry, &e) != 0)
		log_error("ledger_note_lost", log_text("id", j->r.id),
		    log_text("why", e.message));
}

static void
on_intent_letter(struct letter *l)
{
	struct job *j = QUEUE_ITEM(l, struct job, appended);

	if (j->err.kind != ERR_NONE)
		job_refuse(j);
	else
		step_sign(j);
}

/* On the ledger's thread. */
static void
on_intent(struct ledger_append *a, const struct err *e)
{
	struct job *j = a->arg;

	if (e != NULL)
		j->err = *e;
	j->appended.deliver = on_intent_letter;
	mailbox_post(j->p->parts.mailbox, &j->appended);
}

void
step_intent(struct job *j)
{
	job_fill_entry(j, LEDGER_INTENT, &j->append.entry);
	j->append.done = on_intent;
	j->append.arg = j;
	if (ledger_append(j->p->parts.ledger, &j->append, &j->err) != 0)
		job_refuse(j);
}

static void
on_signed(void *arg, const struct signer_reply *reply)
{
	struct job *j = arg;
	struct buf *der = &j->r.result.der;

	if (reply->err.kind != ERR_NONE) {
		j->err = reply->err;
	} else {
		buf_clear(der);
		buf_append(der, reply->payload.data, reply->payload.len);
		(void)!buf_check(der, "certificate", &j->err);
	}
	if (j->err.kind != ERR_NONE)
		job_refuse(j);
	else
		step_commit(j);
}

void
step_sign(struct job *j)
{
	struct signer_request m = {
	    .op = SIGNER_ISSUE, .name = j->r.name, .fields = j->r.plan};

	if (j->r.pass != NULL)
		m.pass = secret_bytes(j->r.pass);
	snprintf(m.profile, sizeof(m.profile), "%s", j->r.rule->name);
	if (channel_call(j->p->parts.channel, &m, on_signed, j, &j->err) != 0)
		job_refuse(j);
}
