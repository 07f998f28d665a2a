#include "service/door/recovery.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/log.h"

/* Until what was handed on has made room. */
#define AGAIN_MS 50

struct recovery {
	uv_timer_t again;
	struct journal *journal;
	struct channel *channel;
	struct journal_handler take;
	struct journal_session session; /* the one that is being recovered */
	bool running;
	bool asking;          /* the signer has the session's key */
	bool closing, closed; /* the timer */
};

static void recovery_step(struct recovery *r);

static void
on_again(uv_timer_t *timer)
{
	recovery_step(timer->data);
}

static void
step_later(struct recovery *r)
{
	if (!r->closing)
		uv_timer_start(&r->again, on_again, AGAIN_MS, 0);
}

/* Not its key, damaged, …: told, and left for an operator; the service goes on
 * without. */
static void
give_up(struct recovery *r, const struct err *e)
{
	r->running = false;
	log_error("journal_recovery", log_text("message", e->message),
	    log_number("entries", (int64_t)r->session.entries));
}

static void
release(struct recovery *r)
{
	if (r->closed && !r->asking)
		free(r);
}

static void
on_key(void *arg, const struct signer_reply *reply)
{
	struct recovery *r = arg;
	struct err e = reply->err;
	uint8_t key[JOURNAL_KEY_LEN];

	r->asking = false;
	if (r->closing) {
		release(r);
		return;
	}
	if (e.kind == ERR_NONE && reply->payload.len != sizeof(key))
		(void)err_set(&e, ERR_INTERNAL, NULL, "not a session's key");
	if (e.kind == ERR_NONE) {
		memcpy(key, reply->payload.data, sizeof(key));
		(void)!journal_recover(
		    r->journal, r->session.id, key, &r->take, &e);
		OPENSSL_cleanse(key, sizeof(key));
	}
	if (e.kind == ERR_NONE || e.kind == ERR_BUSY)
		step_later(r);
	else
		give_up(r, &e);
}

static void
recovery_step(struct recovery *r)
{
	struct signer_request m = {.op = SIGNER_OPEN_JOURNAL};
	struct err e = ERR_INIT;

	if (r->asking)
		return;
	if (journal_pending_sessions(r->journal, &r->session, 1) == 0) {
		r->running = false;
		log_info("journal_recovered", log_number("left", 0));
		return;
	}
	m.sealed = (struct bytes){r->session.sealed, JOURNAL_SEALED_LEN};
	if (channel_call(r->channel, &m, on_key, r, &e) == 0)
		r->asking = true;
	else if (e.kind == ERR_BUSY)
		step_later(r);
	else
		give_up(r, &e);
}

int
recovery_open(uv_loop_t *loop, struct journal *journal, struct channel *channel,
    const struct journal_handler *take, struct recovery **out, struct err *e)
{
	struct recovery *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	r->journal = journal;
	r->channel = channel;
	r->take = *take;
	uv_timer_init(loop, &r->again);
	r->again.data = r;
	*out = r;
	return 0;
}

void
recovery_start(struct recovery *r)
{
	struct journal_status s;

	journal_status(r->journal, &s);
	if (r->running || s.sessions == 0)
		return;
	r->running = true;
	log_info("journal_recovery", log_number("entries", (int64_t)s.pending));
	recovery_step(r);
}

static void
on_closed(uv_handle_t *handle)
{
	struct recovery *r = handle->data;

	r->closed = true;
	release(r);
}

void
recovery_close(struct recovery *r)
{
	if (r == NULL)
		return;
	r->closing = true;
	uv_close((uv_handle_t *)&r->again, on_closed);
}
