#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "service/http/internal.h"

static void
on_handle_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;

	if (--c->handles > 0)
		return;
	server_remove(c->server, c);
	parse_free(c->parse);
	tls_free(c->tls);
	buf_clear(&c->in);
	buf_clear(&c->out);
	buf_clear(&c->sending);
	free(c);
}

/* What is under way has nobody to go to. */
static void
drop_exchanges(struct connection *c)
{
	const struct http_handler *h = &c->server->handler;
	struct exchange *x;

	while ((x = exchange_pop(c)) != NULL) {
		x->connection = NULL;
		if (x->answered)
			exchange_free(x);
		else if (h->on_gone != NULL)
			h->on_gone(h->arg, &x->x);
	}
}

static void
close_with(struct connection *c, bool reset)
{
	if (c->closing)
		return;
	c->closing = true;
	c->read_timer.data = c;
	c->write_timer.data = c;
	uv_close((uv_handle_t *)&c->read_timer, on_handle_closed);
	uv_close((uv_handle_t *)&c->write_timer, on_handle_closed);
	if (!reset || uv_tcp_close_reset(&c->tcp, on_handle_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
	drop_exchanges(c);
}

void
connection_close(struct connection *c)
{
	close_with(c, false);
}

void
connection_abort(struct connection *c)
{
	close_with(c, true);
}

void
connection_end(struct connection *c)
{
	c->ended = true;
	connection_advance(c);
}

void
connection_fail(struct connection *c)
{
	c->ended = true;
	drop_exchanges(c);
	connection_advance(c);
}

static void
on_shut_down(uv_shutdown_t *s, int status)
{
	(void)s;
	(void)status;
}

/*
 * All is sent. The client may still be sending: closed now, its bytes would be
 * answered with a reset, and that could destroy the answer on its way
 * (RFC 9112, 9.6). So its end is waited for, within bounds.
 */
static int
say_goodbye(struct connection *c)
{
	if (!c->said_goodbye && c->tls != NULL) {
		c->said_goodbye = true;
		tls_end(c->tls);
		if (output_send(c) != 0)
			return -1;
		if (!output_is_empty(c))
			return 0;
	}
	if (c->eof || c->server->stopping)
		return -1;
	c->lingering = true;
	return uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shut_down);
}

static void
on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct connection *c = handle->data;

	(void)size;
	out->base = (char *)c->server->chunk;
	out->len = sizeof(c->server->chunk);
}

/* -1: it can't go on. */
static int
take_input(struct connection *c, struct bytes b)
{
	if (c->ended) {
		c->discarded += b.len;
		return 0;
	}
	if (c->tls != NULL)
		return tls_input(c->tls, b) == TLS_OK ? 0 : -1;
	buf_append(&c->in, b.data, b.len);
	return c->in.failed ? -1 : 0;
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;
	struct bytes b = {(const uint8_t *)buf->base, n > 0 ? (size_t)n : 0};
	int r;

	if (n == 0)
		return;
	if (n == UV_EOF) {
		if (c->lingering) {
			connection_close(c);
			return;
		}
		input_ended(c);
		connection_advance(c);
		return;
	}
	r = n < 0 ? -1 : take_input(c, b);
	OPENSSL_cleanse(buf->base, b.len);
	if (r == 0)
		connection_advance(c);
	else
		connection_close(c);
}

static bool
wants_read(const struct connection *c)
{
	if (c->eof)
		return false;
	return c->ended ? c->discarded < DISCARD_MAX : input_is_open(c);
}

static int
update_reading(struct connection *c)
{
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;
	bool wanted = wants_read(c);

	if (wanted == c->reading)
		return 0;
	c->reading = wanted;
	return wanted ? uv_read_start(stream, on_alloc, on_read)
		      : uv_read_stop(stream);
}

static int
run(struct connection *c)
{
	do {
		input_run(c);
		if (c->closing)
			return 0;
		if (output_answers(c) != 0)
			return -1;
	} while (input_is_resumable(c));
	if (output_send(c) != 0)
		return -1;
	if (c->ended && !c->lingering && c->first == NULL &&
	    output_is_empty(c) && say_goodbye(c) != 0)
		return -1;
	deadline_update(c);
	return update_reading(c);
}

void
connection_advance(struct connection *c)
{
	if (c->closing || c->advancing)
		return;
	c->advancing = true;
	if (run(c) != 0)
		connection_close(c);
	c->advancing = false;
}

static void
set_peer_v4(struct connection *c, const struct in_addr *a)
{
	if (uv_inet_ntop(AF_INET, a, c->peer, sizeof(c->peer)) != 0)
		c->peer[0] = '\0';
	memcpy(c->peer_key, a, sizeof(*a));
	c->peer_key[sizeof(c->peer_key) - 1] = 4;
}

/* The cap counts by the first 64 bits: a client chooses the rest itself. */
static void
set_peer_v6(struct connection *c, const struct in6_addr *a)
{
	struct in_addr mapped;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&mapped, &a->s6_addr[12], sizeof(mapped));
		set_peer_v4(c, &mapped);
		return;
	}
	if (uv_inet_ntop(AF_INET6, a, c->peer, sizeof(c->peer)) != 0)
		c->peer[0] = '\0';
	memcpy(c->peer_key, a, 8);
	c->peer_key[sizeof(c->peer_key) - 1] = 6;
}

static void
read_peer(struct connection *c)
{
	struct sockaddr_storage a = {0};
	int len = sizeof(a);

	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&a, &len) != 0)
		return;
	if (a.ss_family == AF_INET)
		set_peer_v4(c, &((struct sockaddr_in *)&a)->sin_addr);
	else
		set_peer_v6(c, &((struct sockaddr_in6 *)&a)->sin6_addr);
}

static struct connection *
connection_new(struct http_server *s)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->server = s;
	c->parse = parse_new(s->settings.header_max, s->settings.body_max);
	c->tls = s->tls == NULL ? NULL : tls_new(s->tls);
	if (c->parse == NULL || (s->tls != NULL && c->tls == NULL)) {
		parse_free(c->parse);
		tls_free(c->tls);
		free(c);
		return NULL;
	}
	buf_init(&c->in, 2 * READ_CHUNK);
	buf_init(&c->out, 2 * (size_t)ANSWER_MAX);
	uv_tcp_init(s->loop, &c->tcp);
	uv_timer_init(s->loop, &c->read_timer);
	uv_timer_init(s->loop, &c->write_timer);
	c->tcp.data = c;
	c->handles = 3;
	return c;
}

/* Over a cap. Under TLS the words would cost a handshake. */
static void
turn_away(struct connection *c, const char *why)
{
	struct err e = ERR_INIT;

	if (c->tls != NULL || c->server->refusing > REFUSING_MAX) {
		c->server->counts.refused++;
		connection_abort(c);
		return;
	}
	err_set(&e, ERR_BUSY, NULL, "%s", why);
	e.retry_after_s = 1;
	input_refuse(c, &e);
	connection_advance(c);
}

void
connection_accept(struct http_server *s)
{
	struct connection *c = connection_new(s);
	const char *why;

	if (c == NULL) {
		listener_rest(s->listener);
		return;
	}
	if (listener_accept(s->listener, &c->tcp) != 0) {
		c->refusing = true;
		server_add(s, c);
		connection_close(c);
		return;
	}
	s->counts.accepted++;
	uv_tcp_nodelay(&c->tcp, 1);
	read_peer(c);
	why = server_is_full(s, c);
	c->refusing = why != NULL;
	server_add(s, c);
	if (why == NULL)
		connection_advance(c);
	else
		turn_away(c, why);
}
