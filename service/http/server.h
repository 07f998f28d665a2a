/*
 * An HTTP/1.1 server (RFC 9110, RFC 9112) on the libuv loop, for curl and
 * provisioning clients: keep-alive, pipelining, Expect: 100-continue, bodies
 * by length or chunks; with TLS where settings say so. Knows nothing of what
 * is asked.
 *
 * What a client can cost is bounded: connections, header bytes, body bytes,
 * and a deadline for each phase. A request that breaks a limit or the syntax
 * gets a refusal (through on_refused) and its connection is closed.
 * All functions: the loop's thread. The program ignores SIGPIPE.
 */
#ifndef SERVICE_HTTP_SERVER_H
#define SERVICE_HTTP_SERVER_H

#include <uv.h>

#include "ca/base/buf.h"

struct http_settings {
	char host[64]; /* an address, v4 or v6 */
	unsigned port; /* 0: any free one */
	unsigned connections_max;
	unsigned per_address_max; /* of one client's; 0: no such cap */
	size_t header_max;        /* request line and header, bytes */
	size_t body_max;
	unsigned first_byte_ms;    /* to the end of the handshake, where there
				    * is one; then to the first byte */
	unsigned header_ms;        /* first byte to end of header */
	unsigned body_ms;          /* end of header to end of body */
	unsigned idle_ms;          /* between requests */
	unsigned write_ms;         /* an answer that nobody takes */
	unsigned drain_ms;         /* on stop: for requests under way */
	char tls_certificate[256]; /* PEM chain; "": no TLS */
	char tls_key[256];
	char tls_client_ca[256]; /* "": no client certificates asked for */
	bool tls_client_required;
};

struct http_server;

/* One request that waits for its answer. */
struct http_exchange {
	struct bytes method; /* views, good until it is answered; any token */
	struct bytes path;   /* without the query; not decoded */
	struct bytes query;
	struct bytes content_type;    /* "" : absent */
	struct bytes idempotency_key; /* "" : absent */
	struct bytes body;
	char peer[64]; /* the client's address */
	void *user;    /* the handler's own */
};

struct http_answer {
	unsigned status;
	const char *content_type;
	struct bytes body;      /* copied */
	unsigned retry_after_s; /* 0: no header */
	const char *allow;      /* NULL: no header */
};

struct http_handler {
	/* Once per complete request. http_respond must follow, now or later,
	 * exactly once, also after on_gone. */
	void (*on_request)(void *arg, struct http_exchange *x);
	/* The client is gone before its answer; may be NULL. One that only
	 * finished sending isn't. May come from within http_respond to
	 * another exchange, never to this. */
	void (*on_gone)(void *arg, struct http_exchange *x);
	/* Writes the body of a refusal that the server makes itself
	 * (bad_request, too_large, timeout, busy …). */
	void (*on_refused)(void *arg, const struct err *e, struct buf *body);
	void *arg;
};

/* Listens. The settings and the handler are copied. */
MUST_USE int http_server_start(uv_loop_t *loop, const struct http_settings *s,
    const struct http_handler *h, struct http_server **out, struct err *e);

/* The port that it listens on. */
unsigned http_server_port(const struct http_server *s);

/* Answers; x is gone afterwards. Answers leave in the order of the requests
 * of a connection, whatever order they are given in. */
void http_respond(struct http_exchange *x, const struct http_answer *a);

/* Reads the TLS files again, for connections from now on; what was read before
 * stays where they fail. */
MUST_USE int http_server_reload_tls(struct http_server *s, struct err *e);

/* Once. Stops accepting, lets requests under way finish (drain_ms), closes;
 * on_closed comes, later, when every handle is closed and the server is freed.
 * What was not answered by then still takes its http_respond. */
void http_server_stop(
    struct http_server *s, void (*on_closed)(void *arg), void *arg);

struct http_counts {
	uint64_t connections; /* now */
	uint64_t accepted, refused, requests;
};
struct http_counts http_server_counts(const struct http_server *s);

#endif
