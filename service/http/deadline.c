#include "service/http/internal.h"

#define PROGRESS_MIN 4096 /* bytes that a slow reader takes in write_ms */

static enum phase
phase_now(const struct connection *c)
{
	if (c->closing)
		return PHASE_NONE;
	if (c->lingering)
		return PHASE_LINGER;
	if (c->ended)
		return PHASE_NONE;
	if (c->tls != NULL && !tls_is_open(c->tls))
		return PHASE_HANDSHAKE;
	if (parse_part(c->parse) == PARSE_IN_HEAD)
		return PHASE_HEAD;
	if (parse_part(c->parse) == PARSE_IN_BODY)
		return PHASE_BODY;
	if (c->first != NULL || !output_is_empty(c))
		return PHASE_NONE;
	return c->served ? PHASE_IDLE : PHASE_FIRST_BYTE;
}

static unsigned
phase_ms(const struct connection *c)
{
	const struct http_settings *s = &c->server->settings;

	switch (c->phase) {
	case PHASE_HANDSHAKE:
	case PHASE_FIRST_BYTE:
		return s->first_byte_ms;
	case PHASE_IDLE:
		return s->idle_ms;
	case PHASE_HEAD:
		return s->header_ms;
	case PHASE_BODY:
		return s->body_ms;
	case PHASE_LINGER:
		return s->write_ms < LINGER_MS ? s->write_ms : LINGER_MS;
	case PHASE_NONE:
		break;
	}
	return 0;
}

static void
refuse_slow(struct connection *c, const char *what)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_TIMEOUT, NULL, "%s: took more than %u ms", what,
	    phase_ms(c));
	input_refuse(c, &e);
	connection_advance(c);
}

static void
on_read_deadline(uv_timer_t *timer)
{
	struct connection *c = timer->data;

	switch (c->phase) {
	case PHASE_HEAD:
		refuse_slow(c, "header");
		break;
	case PHASE_BODY:
		refuse_slow(c, "body");
		break;
	case PHASE_IDLE:
		connection_end(c);
		break;
	default:
		connection_close(c);
	}
}

/* A phase has one deadline, which no byte that trickles in sets back. */
void
deadline_update(struct connection *c)
{
	enum phase now = phase_now(c);

	if (now == c->phase || c->closing)
		return;
	c->phase = now;
	c->read_timer.data = c;
	if (now == PHASE_NONE)
		uv_timer_stop(&c->read_timer);
	else
		uv_timer_start(
		    &c->read_timer, on_read_deadline, phase_ms(c), 0);
}

void
deadline_restart(struct connection *c)
{
	c->phase = PHASE_NONE;
	uv_timer_stop(&c->read_timer);
}

static void
on_write_deadline(uv_timer_t *timer)
{
	struct connection *c = timer->data;
	size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);

	if (c->unsent - left < PROGRESS_MIN)
		connection_abort(c);
	else
		deadline_write_start(c);
}

void
deadline_write_start(struct connection *c)
{
	c->unsent = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
	c->write_timer.data = c;
	uv_timer_start(&c->write_timer, on_write_deadline,
	    c->server->settings.write_ms, 0);
}

void
deadline_write_stop(struct connection *c)
{
	uv_timer_stop(&c->write_timer);
}
