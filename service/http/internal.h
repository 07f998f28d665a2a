/*
 * What the files of this folder share.
 *
 * server.c      the list of connections, their caps, start and stop
 * connection.c  a connection's life: opened, read from, ended, closed
 * input.c       from bytes to requests, and what is refused
 * output.c      from answers to bytes
 * deadline.c    what a connection waits for, and how long
 * exchange.c    a request from its arrival to its answer
 * respond.c     an answer's bytes
 */
#ifndef SERVICE_HTTP_INTERNAL_H
#define SERVICE_HTTP_INTERNAL_H

#include "service/http/listener.h"
#include "service/http/parse.h"
#include "service/http/server.h"
#include "service/http/tls.h"

#define READ_CHUNK    16384
#define UNDER_WAY_MAX 8           /* requests of one connection */
#define OUT_HIGH      65536       /* unsent bytes: no more is read */
#define ANSWER_MAX    (64u << 20) /* a body of ours */
#define DISCARD_MAX   (4u << 20)  /* read and thrown away after the end */
#define LINGER_MS     2000        /* for the client to take the last answer */
#define REFUSING_MAX  16          /* connections over the cap, told so */

struct exchange {
	struct http_exchange x;        /* first: what the handler sees */
	struct connection *connection; /* NULL: gone */
	struct exchange *next;
	struct message message;
	struct buf answer;
	bool answered;
	bool last; /* the connection ends with this answer */
	bool head; /* asked by HEAD: no body */
	bool http_1_1;
};

enum phase {
	PHASE_NONE, /* waits for nobody but us */
	PHASE_HANDSHAKE,
	PHASE_FIRST_BYTE,
	PHASE_IDLE,
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_LINGER
};

struct connection {
	struct http_server *server;
	struct connection *next, *previous;
	uv_tcp_t tcp;
	uv_timer_t read_timer;
	uv_timer_t write_timer;
	unsigned handles; /* not yet closed */
	char peer[64];
	uint8_t peer_key[16]; /* the address, as the cap counts it */

	struct parse *parse;
	struct tls *tls; /* NULL: plain */
	struct buf in;   /* read and not parsed yet */
	struct buf out;  /* behind what is being sent */
	struct buf sending;
	uv_write_t write;
	uv_shutdown_t shutdown;
	size_t unsent; /* when the write deadline was last set */
	size_t discarded;

	struct exchange *first, *last; /* in the order they came */
	unsigned under_way;
	enum phase phase;

	bool refusing;      /* over the cap: counts apart */
	bool served;        /* a request came already */
	bool continue_owed; /* 100 Continue */
	bool reading;       /* by libuv */
	bool stalled;       /* input waits until there is room for it */
	bool advancing;     /* connection_advance is on the stack */
	bool writing;       /* a write is under way */
	bool ended;         /* no more requests */
	bool eof;           /* the client sends no more */
	bool said_goodbye;  /* close_notify, where it is TLS */
	bool lingering;
	bool closing;
};

struct http_server {
	uv_loop_t *loop;
	struct http_settings settings;
	struct http_handler handler;
	struct listener *listener; /* NULL: closed */
	struct tls_context *tls;   /* NULL: plain */
	struct connection *connections;
	unsigned serving, refusing;
	bool waiting; /* a connection, until there is room for it */
	struct http_counts counts;
	uv_timer_t drain_timer;
	bool drain_closing;
	bool stopping;
	void (*on_closed)(void *arg);
	void *closed_arg;
	uint8_t chunk[READ_CHUNK]; /* wiped as soon as it is taken over */
};

/* connection.c */
void connection_accept(struct http_server *s);
/* Looks at what can be done now and does it: parse, send, read on, end. May
 * close the connection; its memory stays until the loop runs again. Within
 * itself (a handler that answers at once) it does nothing: the outer call
 * sees to it. */
void connection_advance(struct connection *c);
/* No more requests; ends when what is under way is answered. */
void connection_end(struct connection *c);
/* Nobody can be answered any more, but what is unsent still leaves. */
void connection_fail(struct connection *c);
/* At once; what is under way is told on_gone. */
void connection_close(struct connection *c);
/* As close, and the kernel keeps nothing of it. */
void connection_abort(struct connection *c);

/* server.c */
void server_add(struct http_server *s, struct connection *c);
void server_remove(struct http_server *s, struct connection *c);
/* NULL, or why one more connection of this client is refused. */
const char *server_is_full(
    const struct http_server *s, const struct connection *c);

/* input.c */
void input_run(struct connection *c); /* parses what was read */
/* Parsed on, now that there is room again. */
bool input_is_resumable(const struct connection *c);
void input_ended(struct connection *c); /* the client sends no more */
void input_refuse(struct connection *c, const struct err *e);
bool input_is_open(const struct connection *c); /* more may be read */

/* output.c: -1: the connection can't go on. */
MUST_USE int output_put(struct connection *c, struct bytes b);
MUST_USE int output_answers(struct connection *c);
MUST_USE int output_send(struct connection *c);
MUST_USE int output_pump(struct connection *c); /* what TLS has to say */
bool output_is_empty(const struct connection *c);

/* deadline.c */
void deadline_update(struct connection *c);
void deadline_restart(struct connection *c); /* the next is a new one */
void deadline_write_start(struct connection *c);
void deadline_write_stop(struct connection *c);

/* exchange.c */
struct exchange *exchange_new(struct connection *c);
/* Of a request: takes it over. */
struct exchange *exchange_take(struct connection *c, struct parse *p);
struct exchange *exchange_pop(struct connection *c);
void exchange_free(struct exchange *x);

/* respond.c */
void respond_write(struct exchange *x, const struct http_answer *a);

#endif
