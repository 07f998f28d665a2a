/*
 * A server on a loop and clients that are plain sockets, both driven by the
 * test's one thread: whoever waits for something runs the loop meanwhile.
 */
#ifndef TESTS_HTTP_HARNESS_H
#define TESTS_HTTP_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "service/http/server.h"

#define HELPER   __attribute__((unused)) static
#define HELD_MAX 64
#define LONG_MS  60000 /* a deadline that no test may meet */
#define BODY_MAX 16384

struct fixture {
	uv_loop_t loop;
	struct http_settings settings;
	struct http_server *server;
	bool hold; /* requests wait for the test's answer */
	struct http_exchange *held[HELD_MAX];
	unsigned arrived, gone;
	struct err refused; /* the last */
	size_t echo_size;   /* of answers; 0: what came */
	bool closed;
};

struct client {
	int fd;
	char *data; /* read and not used yet */
	size_t len;
	bool eof, reset;
};

struct reply {
	unsigned status;
	char *head; /* NUL-terminated */
	char *body;
	size_t body_len;
};

HELPER void
answer_text(struct http_exchange *x, unsigned status, struct bytes body)
{
	struct http_answer a = {
	    .status = status, .content_type = "text/plain", .body = body};

	http_respond(x, &a);
}

/* "METHOD path query type key body" */
HELPER void
answer_echo(struct fixture *f, struct http_exchange *x)
{
	struct bytes part[] = {x->method, x->path, x->query, x->content_type,
	    x->idempotency_key, x->body};
	struct buf text;

	buf_init(&text, 64u << 20);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (i > 0)
			buf_append_byte(&text, ' ');
		buf_append(&text, part[i].data, part[i].len);
	}
	while (text.len < f->echo_size)
		buf_append_byte(&text, '.');
	answer_text(x, 200, buf_bytes(&text));
	buf_clear(&text);
}

HELPER void
on_request(void *arg, struct http_exchange *x)
{
	struct fixture *f = arg;

	assert_true(f->arrived < HELD_MAX || !f->hold);
	if (f->hold)
		f->held[f->arrived] = x;
	f->arrived++;
	if (!f->hold)
		answer_echo(f, x);
}

HELPER void
on_gone(void *arg, struct http_exchange *x)
{
	struct fixture *f = arg;

	(void)x;
	f->gone++;
}

HELPER void
on_refused(void *arg, const struct err *e, struct buf *body)
{
	struct fixture *f = arg;

	f->refused = *e;
	buf_printf(body, "{\"error\":\"%s\"}", err_word(e->kind));
}

HELPER void
on_server_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Settings that no test runs into by chance. */
HELPER void
fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	signal(SIGPIPE, SIG_IGN);
	snprintf(f->settings.host, sizeof(f->settings.host), "127.0.0.1");
	f->settings.connections_max = 32;
	f->settings.header_max = 8192;
	f->settings.body_max = BODY_MAX;
	f->settings.first_byte_ms = LONG_MS;
	f->settings.header_ms = LONG_MS;
	f->settings.body_ms = LONG_MS;
	f->settings.idle_ms = LONG_MS;
	f->settings.write_ms = LONG_MS;
	f->settings.drain_ms = LONG_MS;
	assert_int_equal(uv_loop_init(&f->loop), 0);
}

HELPER void
fixture_start(struct fixture *f)
{
	struct http_handler h = {on_request, on_gone, on_refused, f};
	struct err e = ERR_INIT;

	if (http_server_start(&f->loop, &f->settings, &h, &f->server, &e) != 0)
		fail_msg("%s", e.message);
	assert_true(http_server_port(f->server) > 0);
}

/* Stops and checks that nothing is left on the loop. */
HELPER void
fixture_stop(struct fixture *f)
{
	if (!f->closed) {
		http_server_stop(f->server, on_server_closed, &f->closed);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	assert_true(f->closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* Runs the loop until it or the client's socket has something to do. */
HELPER void
step(struct fixture *f, const struct client *c, short events)
{
	struct pollfd p[2] = {
	    {.fd = uv_backend_fd(&f->loop), .events = POLLIN},
	    {.fd = c == NULL ? -1 : c->fd, .events = events},
	};
	int wait;

	uv_run(&f->loop, UV_RUN_NOWAIT);
	wait = uv_backend_timeout(&f->loop);
	poll(p, 2, wait < 0 || wait > 100 ? 100 : wait);
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

#define WAIT_FOR(f, c, condition)                                              \
	do {                                                                   \
		while (!(condition))                                           \
			step(f, c, POLLIN);                                    \
	} while (0)

HELPER void
client_open(struct fixture *f, struct client *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)http_server_port(f->server))};

	*c = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(c->fd >= 0);
	assert_int_equal(
	    connect(c->fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

HELPER void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->data);
	*c = (struct client){.fd = -1};
}

HELPER void
client_reset(struct client *c)
{
	struct linger hard = {1, 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	client_close(c);
}

/* Ends early where the server resets the connection. */
HELPER void
client_send_bytes(
    struct fixture *f, struct client *c, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len > 0) {
		n = send(c->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return;
		if (n < 0) {
			step(f, c, POLLIN | POLLOUT);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

HELPER void
client_send(struct fixture *f, struct client *c, const char *text)
{
	client_send_bytes(f, c, text, strlen(text));
}

/* Reads what is there; runs the loop where there is nothing. */
HELPER void
client_receive(struct fixture *f, struct client *c)
{
	char piece[65536];
	ssize_t n = recv(c->fd, piece, sizeof(piece), 0);

	if (n < 0 && errno == EAGAIN) {
		step(f, c, POLLIN);
		return;
	}
	c->eof = n == 0;
	c->reset = n < 0;
	if (n <= 0)
		return;
	c->data = realloc(c->data, c->len + (size_t)n + 1);
	assert_non_null(c->data);
	memcpy(c->data + c->len, piece, (size_t)n);
	c->len += (size_t)n;
	c->data[c->len] = '\0';
}

HELPER void
client_receive_end(struct fixture *f, struct client *c)
{
	while (!c->eof && !c->reset)
		client_receive(f, c);
}

HELPER char *
text_copy(const char *at, size_t len)
{
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, at, len);
	copy[len] = '\0';
	return copy;
}

HELPER void
reply_clear(struct reply *r)
{
	free(r->head);
	free(r->body);
	*r = (struct reply){0};
}

/* Takes one answer off the front of what was read; false: not all is there. */
HELPER bool
reply_take(struct client *c, struct reply *r, bool body_comes)
{
	char *end = c->data == NULL ? NULL : strstr(c->data, "\r\n\r\n");
	const char *length;
	size_t head, all;

	if (end == NULL)
		return false;
	head = (size_t)(end - c->data) + 4;
	*r = (struct reply){0};
	r->head = text_copy(c->data, head);
	length = strstr(r->head, "Content-Length: ");
	if (body_comes && length != NULL)
		r->body_len = strtoul(length + 16, NULL, 10);
	all = head + r->body_len;
	if (c->len < all) {
		reply_clear(r);
		return false;
	}
	r->status = (unsigned)strtoul(r->head + 9, NULL, 10);
	r->body = text_copy(c->data + head, r->body_len);
	memmove(c->data, c->data + all, c->len - all + 1);
	c->len -= all;
	return true;
}

HELPER void
client_reply(struct fixture *f, struct client *c, struct reply *r)
{
	while (!reply_take(c, r, true)) {
		if (c->eof || c->reset)
			fail_msg("the server closed without an answer");
		client_receive(f, c);
	}
}

/* One request, one answer with this status and body ("" : any). */
HELPER void
expect_reply(struct fixture *f, struct client *c, const char *request,
    unsigned status, const char *body)
{
	struct reply r;

	client_send(f, c, request);
	client_reply(f, c, &r);
	assert_int_equal(r.status, status);
	if (body[0] != '\0')
		assert_string_equal(r.body, body);
	reply_clear(&r);
}

HELPER void
expect_closed(struct fixture *f, struct client *c)
{
	client_receive_end(f, c);
	assert_int_equal(c->len, 0);
	assert_true(c->eof);
}

#endif
