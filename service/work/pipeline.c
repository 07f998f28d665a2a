#include "service/work/pipeline.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/work/job.h"

static struct shared_view *
view_share(struct authority_view *take_view)
{
	struct shared_view *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->view = take_view;
		s->references = 1;
	}
	return s;
}

static void
view_release(struct shared_view *s)
{
	if (--s->references > 0)
		return;
	buf_clear(&s->view->pem);
	free(s->view);
	free(s);
}

const struct authority_view *
job_view(const struct job *j)
{
	return j->view->view;
}

static struct job *
job_new(struct pipeline *p)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->p = p;
	j->started_ms = clock_monotonic_ms();
	j->view = p->view;
	j->view->references++;
	j->next = p->jobs;
	j->at = &p->jobs;
	if (j->next != NULL)
		j->next->at = &j->next;
	p->jobs = j;
	p->count++;
	return j;
}

static void
pipeline_tell_idle(struct pipeline *p)
{
	void (*on_idle)(void *arg) = p->on_idle;

	if (!p->draining || p->count > 0 || on_idle == NULL)
		return;
	p->on_idle = NULL;
	on_idle(p->on_idle_arg);
}

static void
job_free(struct job *j)
{
	struct pipeline *p = j->p;

	*j->at = j->next;
	if (j->next != NULL)
		j->next->at = j->at;
	p->count--;
	view_release(j->view);
	request_clear(&j->r);
	free(j);
	pipeline_tell_idle(p);
}

static void
job_log(const struct job *j, unsigned status)
{
	char serial[SERIAL_TEXT_LEN] = "";

	if (j->err.kind == ERR_NONE && j->r.result.der.len > 0)
		serial_format(&j->r.result.serial, serial);
	log_info("request", log_text("id", j->r.id),
	    log_text("door", door_word(j->r.door)),
	    log_text("verb", j->r.verb->word), log_text("name", j->r.name.text),
	    log_text("peer", j->r.peer),
	    log_text(
		"error", j->err.kind == ERR_NONE ? "" : err_word(j->err.kind)),
	    log_text("message", j->err.message), log_text("serial", serial),
	    log_number("status", status),
	    log_number("ms", clock_monotonic_ms() - j->started_ms));
}

static void
job_finish(struct job *j, const struct answer *a)
{
	job_log(j, a->status);
	if (j->local_answered != NULL)
		j->local_answered(
		    j->arg, &j->r, j->err.kind == ERR_NONE ? NULL : &j->err);
	else
		j->answered(j->arg, &j->r, a);
	job_free(j);
}

/* What somebody asked of the key and did not get is a decision worth a line;
 * an intent that came to nothing always is. */
static void
job_note_refusal(struct job *j)
{
	if (j->append.done != NULL) {
		job_note(j, LEDGER_FAILED);
		return;
	}
	if (!(j->r.verb->needs & NEEDS_PASS))
		return;
	switch (j->err.kind) {
	case ERR_BUSY:
	case ERR_SLOW_DOWN:
	case ERR_BAD_JSON:
		return;
	default:
		job_note(j, LEDGER_REFUSED);
	}
}

void
job_refuse(struct job *j)
{
	struct answer a;

	same_leave(j);
	job_note_refusal(j);
	answer_init(&a);
	answer_refuse(&j->err, &j->r, &a);
	job_finish(j, &a);
	answer_clear(&a);
}

static void
job_fill_health(struct job *j, struct health *h)
{
	struct pipeline *p = j->p;

	*h = (struct health){
	    .open = channel_is_open(p->parts.channel),
	    .signer_healthy = true,
	    .ledger_healthy = ledger_is_healthy(p->parts.ledger),
	    .store_healthy = committer_is_healthy(p->parts.committer),
	    .authority_not_after_s = job_view(j)->not_after_s,
	    .requests_waiting = p->count,
	    .wrong_passphrases = p->wrong_passphrases,
	    .counts = p->counts,
	    .started_ms = p->started_ms,
	};
	if (p->parts.health != NULL)
		p->parts.health(p->parts.arg, h);
}

void
step_answer(struct job *j)
{
	struct answer a;
	struct health h;

	same_leave(j);
	answer_init(&a);
	if (j->r.verb->answer != NULL) {
		job_fill_health(j, &h);
		if (j->r.verb->answer(&j->r, job_view(j), &h, &a, &j->err) != 0)
			answer_refuse(&j->err, &j->r, &a);
	}
	job_finish(j, &a);
	answer_clear(&a);
}

/* From parsed to the first step that this verb needs. */
static void
job_start(struct job *j)
{
	if (j->r.verb->needs & NEEDS_PASS)
		step_pass(j);
	else if (j->r.verb->needs & NEEDS_SIGNATURE)
		step_join(j);
	else
		step_lookup(j);
}

static int
arrival_take(struct job *j, const struct arrival *a)
{
	struct request *r = &j->r;

	r->verb = a->verb;
	r->door = a->door;
	j->arrived_ms = a->arrived_ms != 0 ? a->arrived_ms : clock_now_ms();
	if (request_make_id(r->id, &j->err) != 0)
		return -1;
	if (a->peer != NULL)
		snprintf(r->peer, sizeof(r->peer), "%s", a->peer);
	if (a->retry_key.len > sizeof(r->retry_key))
		return err_set(&j->err, ERR_BAD_REQUEST, NULL,
		    "the idempotency key or correlation data is longer than "
		    "%d bytes",
		    REQUEST_RETRY_KEY_MAX);
	if (a->retry_key.len > 0)
		memcpy(r->retry_key, a->retry_key.data, a->retry_key.len);
	r->retry_key_len = a->retry_key.len;
	if (a->body.len > a->verb->body_max)
		return err_set(&j->err, ERR_TOO_LARGE, NULL,
		    "the body is longer than %zu bytes", a->verb->body_max);
	return a->verb->parse(r, job_view(j), a->body, a->path_name, &j->err);
}

/* After parsing, so that a refusal can be addressed at the MQTT door, too. */
static int
pipeline_has_room(struct job *j)
{
	struct pipeline *p = j->p;

	if (!p->draining && p->count <= p->parts.requests_max)
		return 0;
	err_set(&j->err, ERR_BUSY, NULL,
	    p->draining ? "the service is stopping"
			: "too many requests are under way");
	j->err.retry_after_s = 1;
	return -1;
}

void
pipeline_submit(struct pipeline *p, const struct arrival *a)
{
	struct job *j = job_new(p);

	if (j == NULL) {
		log_error("request_lost", log_text("why", "out of memory"));
		a->answered(a->arg, NULL, NULL);
		return;
	}
	request_init(&j->r);
	j->answered = a->answered;
	j->arg = a->arg;
	if (arrival_take(j, a) != 0 || pipeline_has_room(j) != 0)
		job_refuse(j);
	else
		job_start(j);
}

void
pipeline_submit_local(struct pipeline *p, struct request *take_request,
    void (*answered)(void *arg, struct request *r, const struct err *e),
    void *arg)
{
	struct job *j = job_new(p);
	struct err e = ERR_INIT;

	if (j == NULL) {
		err_set(&e, ERR_INTERNAL, NULL, "out of memory");
		answered(arg, take_request, &e);
		request_clear(take_request);
		return;
	}
	j->r = *take_request; /* transferred */
	j->local_answered = answered;
	j->arg = arg;
	if (request_make_id(j->r.id, &j->err) != 0 || pipeline_has_room(j) != 0)
		job_refuse(j);
	else
		step_prepare(j);
}

int
pipeline_open(const struct pipeline_parts *parts,
    struct authority_view *take_view, struct pipeline **out, struct err *e)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->view = view_share(take_view);
	if (p == NULL || p->view == NULL) {
		free(p);
		buf_clear(&take_view->pem);
		free(take_view);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	p->parts = *parts;
	p->started_ms = clock_now_ms();
	*out = p;
	return 0;
}

const struct authority_view *
pipeline_view(const struct pipeline *p)
{
	return p->view->view;
}

int
pipeline_replace_view(
    struct pipeline *p, struct authority_view *take_view, struct err *e)
{
	struct shared_view *s = view_share(take_view);

	if (s == NULL) {
		buf_clear(&take_view->pem);
		free(take_view);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	view_release(p->view);
	p->view = s;
	return 0;
}

bool
pipeline_has_much_room(const struct pipeline *p)
{
	return !p->draining && p->count <= p->parts.requests_max / 2;
}

size_t
pipeline_pending(const struct pipeline *p)
{
	return p->count;
}

void
pipeline_drain(struct pipeline *p, void (*on_idle)(void *arg), void *arg)
{
	p->draining = true;
	p->on_idle = on_idle;
	p->on_idle_arg = arg;
	pipeline_tell_idle(p);
}

void
pipeline_close(struct pipeline *p)
{
	if (p == NULL)
		return;
	assert(p->count == 0);
	view_release(p->view);
	free(p->intents);
	OPENSSL_cleanse(p->tag, sizeof(p->tag));
	free(p);
}
