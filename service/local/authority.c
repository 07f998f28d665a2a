/*
 * The authority's own certificate: renewed with the same key and name before
 * it can cut a collector's certificate short, or at half of its life where the
 * longest profile is longer than that.
 */
#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/local/internal.h"
#include "service/view.h"

#define DAY_S      86400
#define BACKDATE_S 300

bool
local_authority_is_due(const struct local *l)
{
	const struct authority_view *v = pipeline_view(l->pipeline);
	int64_t left = v->not_after_s - clock_now_ms() / 1000;
	int64_t longest = (int64_t)profile_days_max(&v->profiles) +
			  l->config->local_renew_days;
	int64_t half = (int64_t)l->config->authority_days / 2;

	return left < (longest < half ? longest : half) * DAY_S;
}

/* The signer's next certificate into ca.crt, then into every answer. */
static int
authority_take(struct local *l, struct bytes der, struct err *e)
{
	struct authority_view *v;
	int rc;

	if (view_renewed(pipeline_view(l->pipeline), der, &v, e) != 0)
		return -1;
	rc = local_authority_save(l, buf_bytes(&v->pem), e);
	if (rc != 0) {
		view_free(v);
		return -1;
	}
	return pipeline_replace_view(l->pipeline, v, e);
}

static void
authority_end(struct local *l, const struct err *e)
{
	if (e == NULL)
		log_info("authority_renewed",
		    log_number("not_after_s",
			pipeline_view(l->pipeline)->not_after_s));
	l->authority_done(l, e);
}

static void
on_renewed(void *arg, const struct signer_reply *reply)
{
	struct local *l = arg;
	struct err e = reply->err;

	if (e.kind == ERR_NONE && authority_take(l, reply->payload, &e) == 0)
		authority_end(l, NULL);
	else
		authority_end(l, &e);
}

static void
on_noted_letter(struct letter *letter)
{
	struct local *l = QUEUE_ITEM(letter, struct local, appended);
	const struct ledger_entry *entry = &l->append.entry;
	struct signer_request m = {.op = SIGNER_RENEW_AUTHORITY};
	struct err e = l->append_err;

	m.fields.serial = entry->serial;
	m.fields.not_before_s = entry->not_before_s;
	m.fields.not_after_s = entry->not_after_s;
	if (e.kind != ERR_NONE ||
	    channel_call(l->channel, &m, on_renewed, l, &e) != 0)
		authority_end(l, &e);
}

/* On the ledger's thread. */
static void
on_noted(struct ledger_append *a, const struct err *e)
{
	struct local *l = a->arg;

	if (e != NULL)
		l->append_err = *e;
	l->appended.deliver = on_noted_letter;
	mailbox_post(l->mailbox, &l->appended);
}

void
local_authority_renew(
    struct local *l, void (*done)(struct local *l, const struct err *e))
{
	int64_t now = clock_now_ms() / 1000;
	struct err e = ERR_INIT;

	l->authority_done = done;
	l->append_err = (struct err)ERR_INIT;
	l->append = (struct ledger_append){
	    .done = on_noted,
	    .arg = l,
	    .entry =
		{
		    .kind = LEDGER_AUTHORITY,
		    .door = door_word(DOOR_LOCAL),
		    .name = "ca",
		    .has_serial = true,
		    .not_before_s = now - BACKDATE_S,
		    .not_after_s =
			now + (int64_t)l->config->authority_days * DAY_S,
		},
	};
	if (serial_new(&l->append.entry.serial, &e) != 0 ||
	    ledger_append(l->ledger, &l->append, &e) != 0)
		authority_end(l, &e);
}
