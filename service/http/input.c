#include "ca/base/log.h"
#include "service/http/internal.h"

#define REFUSAL_MAX 4096

bool
input_is_open(const struct connection *c)
{
	return !c->closing && !c->ended && c->under_way < UNDER_WAY_MAX &&
	       c->out.len < OUT_HIGH;
}

/* The refusal is the last answer of the connection, in its turn. */
void
input_refuse(struct connection *c, const struct err *e)
{
	struct http_server *s = c->server;
	struct http_answer a = {
	    .status = err_status(e->kind),
	    .content_type = "application/json",
	    .retry_after_s = e->retry_after_s,
	};
	struct exchange *x = exchange_new(c);
	struct buf body;

	s->counts.refused++;
	log_debug("http_refused", log_text("peer", c->peer),
	    log_text("error", err_word(e->kind)),
	    log_text("message", e->message));
	if (x == NULL) {
		connection_close(c);
		return;
	}
	buf_init(&body, REFUSAL_MAX);
	s->handler.on_refused(s->handler.arg, e, &body);
	a.body = buf_bytes(&body);
	x->last = true;
	c->ended = true;
	respond_write(x, &a);
	x->answered = true;
	buf_clear(&body);
}

static void
request_arrived(struct connection *c)
{
	struct http_server *s = c->server;
	struct exchange *x = exchange_take(c, c->parse);
	struct err e = ERR_INIT;

	if (x == NULL) {
		err_set(&e, ERR_BUSY, NULL, "out of memory");
		e.retry_after_s = 1;
		input_refuse(c, &e);
		return;
	}
	c->served = true;
	c->continue_owed = false;
	c->ended = x->last;
	deadline_restart(c);
	s->counts.requests++;
	s->handler.on_request(s->handler.arg, &x->x);
}

/* Parses in to its end or until there is enough under way. */
static void
parse_input(struct connection *c)
{
	struct bytes rest = buf_bytes(&c->in);
	struct err e = ERR_INIT;
	enum parse_event event;
	size_t used;

	while (rest.len > 0 && input_is_open(c)) {
		event = parse_feed(c->parse, rest, &used, &e);
		rest.data += used;
		rest.len -= used;
		if (event == PARSE_HEAD)
			c->continue_owed = parse_expects_continue(c->parse);
		else if (event == PARSE_MESSAGE)
			request_arrived(c);
		else if (event == PARSE_REFUSED)
			input_refuse(c, &e);
		deadline_update(c);
	}
	buf_consume(&c->in, c->in.len - rest.len);
}

/* The rest of what came is nothing that we want (RFC 9112, 9.6). */
static void
drop_input(struct connection *c)
{
	c->discarded += c->in.len;
	buf_clear(&c->in);
}

static enum tls_result
open_tls(struct connection *c)
{
	enum tls_result r = TLS_OK;

	if (!tls_is_open(c->tls))
		r = tls_handshake(c->tls);
	return r == TLS_OK ? tls_read(c->tls, &c->in) : r;
}

/* Decrypts and parses in turn, so that what is decrypted stays bounded. */
static void
run_tls(struct connection *c)
{
	enum tls_result r = TLS_OK;

	while (r == TLS_OK && input_is_open(c)) {
		if (c->in.len == 0)
			r = open_tls(c);
		parse_input(c);
	}
	if (r == TLS_ENDED)
		input_ended(c);
	else if (r == TLS_FAILED) {
		c->server->counts.refused++;
		connection_fail(c);
	}
}

void
input_run(struct connection *c)
{
	if (c->ended || c->closing)
		return;
	if (c->tls == NULL)
		parse_input(c);
	else
		run_tls(c);
	c->stalled = !c->ended && !input_is_open(c);
	if (c->ended)
		drop_input(c);
	else if (c->in.len == 0)
		buf_clear(&c->in);
}

bool
input_is_resumable(const struct connection *c)
{
	return c->stalled && input_is_open(c);
}

/*
 * The client finished sending, but may still wait for its answers. TLS without
 * close_notify is no different: a request that is cut short is never handed
 * on. Nothing is unparsed here, for nothing is read while input is stalled.
 */
void
input_ended(struct connection *c)
{
	struct err e = ERR_INIT;

	c->eof = true;
	if (c->ended || c->closing)
		return;
	if (parse_part(c->parse) == PARSE_BETWEEN) {
		c->ended = true;
		return;
	}
	err_set(&e, ERR_BAD_REQUEST, NULL, "the request ends before its end");
	input_refuse(c, &e);
}
