#include "service/http/server.h"

#include <stdlib.h>
#include <string.h>

#include "service/http/internal.h"

static void
server_free(struct http_server *s)
{
	tls_context_free(s->tls);
	free(s);
}

void
server_add(struct http_server *s, struct connection *c)
{
	if (c->refusing)
		s->refusing++;
	else
		s->serving++;
	c->next = s->connections;
	if (c->next != NULL)
		c->next->previous = c;
	s->connections = c;
}

static void
on_drain_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;
	void (*on_closed)(void *) = s->on_closed;
	void *arg = s->closed_arg;

	server_free(s);
	if (on_closed != NULL)
		on_closed(arg);
}

static void
server_end(struct http_server *s)
{
	if (!s->stopping || s->drain_closing || s->connections != NULL ||
	    s->listener != NULL)
		return;
	s->drain_closing = true;
	uv_close((uv_handle_t *)&s->drain_timer, on_drain_closed);
}

static bool
server_has_room(const struct http_server *s)
{
	return s->serving < s->settings.connections_max ||
	       s->refusing < REFUSING_MAX;
}

/* What comes where there is no room even to refuse waits in the listener. */
static void
on_waiting(void *arg)
{
	struct http_server *s = arg;

	s->waiting = !server_has_room(s);
	if (!s->waiting)
		connection_accept(s);
}

void
server_remove(struct http_server *s, struct connection *c)
{
	if (c->refusing)
		s->refusing--;
	else
		s->serving--;
	if (c->previous == NULL)
		s->connections = c->next;
	else
		c->previous->next = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	if (s->waiting && !s->stopping)
		on_waiting(s);
	server_end(s);
}

const char *
server_is_full(const struct http_server *s, const struct connection *c)
{
	const struct connection *other = s->connections;
	unsigned n = 0;

	if (s->serving >= s->settings.connections_max)
		return "too many connections";
	if (s->settings.per_address_max == 0)
		return NULL;
	for (; other != NULL; other = other->next)
		if (!other->refusing && memcmp(other->peer_key, c->peer_key,
					    sizeof(c->peer_key)) == 0)
			n++;
	if (n >= s->settings.per_address_max)
		return "too many connections from one address";
	return NULL;
}

static int
load_tls(const struct http_settings *s, struct tls_context **out, struct err *e)
{
	*out = NULL;
	if (s->tls_certificate[0] == '\0')
		return 0;
	return tls_context_new(s->tls_certificate, s->tls_key, s->tls_client_ca,
	    s->tls_client_required, out, e);
}

int
http_server_start(uv_loop_t *loop, const struct http_settings *settings,
    const struct http_handler *h, struct http_server **out, struct err *e)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "http: out of memory");
	s->loop = loop;
	s->settings = *settings;
	s->handler = *h;
	if (load_tls(settings, &s->tls, e) != 0 ||
	    listener_open(
		loop, settings->host, settings->port, &s->listener, e) != 0) {
		server_free(s);
		return -1;
	}
	listener_start(s->listener, on_waiting, s);
	uv_timer_init(loop, &s->drain_timer);
	s->drain_timer.data = s;
	*out = s;
	return 0;
}

unsigned
http_server_port(const struct http_server *s)
{
	return s->listener == NULL ? 0 : listener_port(s->listener);
}

int
http_server_reload_tls(struct http_server *s, struct err *e)
{
	struct tls_context *fresh;

	if (load_tls(&s->settings, &fresh, e) != 0)
		return -1;
	tls_context_free(s->tls);
	s->tls = fresh;
	return 0;
}

static void
on_listener_closed(void *arg)
{
	struct http_server *s = arg;

	s->listener = NULL;
	server_end(s);
}

static void
on_drain_over(uv_timer_t *timer)
{
	struct http_server *s = timer->data;
	struct connection *c;

	for (c = s->connections; c != NULL; c = c->next)
		connection_close(c);
}

void
http_server_stop(struct http_server *s, void (*on_closed)(void *arg), void *arg)
{
	struct connection *c;

	s->stopping = true;
	s->on_closed = on_closed;
	s->closed_arg = arg;
	listener_close(s->listener, on_listener_closed, s);
	uv_timer_start(&s->drain_timer, on_drain_over, s->settings.drain_ms, 0);
	for (c = s->connections; c != NULL; c = c->next)
		connection_end(c);
}

struct http_counts
http_server_counts(const struct http_server *s)
{
	struct http_counts counts = s->counts;

	counts.connections = s->serving + s->refusing;
	return counts;
}
