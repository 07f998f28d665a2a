#include <stdlib.h>
#include <string.h>

#include "service/http/internal.h"

#define HEAD_ROOM 1024 /* an answer's status line and fields */

struct exchange *
exchange_new(struct connection *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->connection = c;
	x->http_1_1 = true;
	memcpy(x->x.peer, c->peer, sizeof(x->x.peer));
	buf_init(&x->answer, ANSWER_MAX + HEAD_ROOM);
	if (c->last == NULL)
		c->first = x;
	else
		c->last->next = x;
	c->last = x;
	c->under_way++;
	return x;
}

struct exchange *
exchange_take(struct connection *c, struct parse *p)
{
	struct exchange *x = exchange_new(c);

	if (x == NULL)
		return NULL;
	parse_take(p, &x->message);
	x->x.method = x->message.method;
	x->x.path = x->message.path;
	x->x.query = x->message.query;
	x->x.content_type = x->message.content_type;
	x->x.idempotency_key = x->message.idempotency_key;
	x->x.body = buf_bytes(&x->message.body);
	x->head = bytes_equal(x->x.method, bytes_of_text("HEAD"));
	x->http_1_1 = x->message.http_1_1;
	x->last = !x->message.keep_alive;
	return x;
}

struct exchange *
exchange_pop(struct connection *c)
{
	struct exchange *x = c->first;

	if (x == NULL)
		return NULL;
	c->first = x->next;
	if (c->first == NULL)
		c->last = NULL;
	c->under_way--;
	x->next = NULL;
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	message_clear(&x->message);
	buf_clear(&x->answer);
	free(x);
}

void
http_respond(struct http_exchange *given, const struct http_answer *a)
{
	struct exchange *x = (struct exchange *)(void *)given;
	struct connection *c = x->connection;

	if (c == NULL) {
		exchange_free(x);
		return;
	}
	respond_write(x, a);
	x->answered = true;
	message_clear(&x->message);
	connection_advance(c);
}
