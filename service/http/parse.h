/*
 * Reads the requests of one connection, one after another: our own small face
 * of the library's parser (http-parser of Debian 12, llhttp of Debian 13).
 * Every byte passes the gate first (gate.h), and a request counts only where
 * the parser ends it at the very byte where the gate does: what two readers
 * read in two ways is refused.
 */
#ifndef SERVICE_HTTP_PARSE_H
#define SERVICE_HTTP_PARSE_H

#include "ca/base/buf.h"

enum parse_event {
	PARSE_REFUSED = -1, /* e says why; nothing more can be read */
	PARSE_MORE,         /* all of the input is used */
	PARSE_HEAD,         /* the head is well, a body follows */
	PARSE_MESSAGE       /* one request is complete: parse_take it */
};

enum parse_part { PARSE_BETWEEN, PARSE_IN_HEAD, PARSE_IN_BODY };

/* One request as it came. */
struct message {
	struct buf head; /* owns what the views point into */
	struct buf body;
	struct bytes method, path, query;
	struct bytes content_type, idempotency_key; /* "" : absent */
	bool http_1_1;
	bool keep_alive;       /* the client wants to go on */
	bool expects_continue; /* and a body follows */
};

struct parse;

/* NULL: no memory. */
struct parse *parse_new(size_t header_max, size_t body_max);
/* Wipes what was read; NULL is fine. */
void parse_free(struct parse *p);

/* Reads on, at most to the next event; *used bytes of in are done with.
 * ERR_BAD_REQUEST, ERR_TOO_LARGE, ERR_BUSY (no memory). */
enum parse_event parse_feed(
    struct parse *p, struct bytes in, size_t *used, struct err *e);

enum parse_part parse_part(const struct parse *p);
bool parse_expects_continue(const struct parse *p);

/* After PARSE_MESSAGE: it is the caller's now, and the next can be read. */
void parse_take(struct parse *p, struct message *out);
void message_clear(struct message *m);

#endif
