#include "service/http/parse.h"

#include <stdlib.h>
#include <string.h>

#include "service/http/fields.h"
#include "service/http/gate.h"
#include "service/http/parse_engine.h"

struct parse {
	size_t header_max;
	size_t body_max;
	enum parse_part part;
	uint64_t left; /* of a body of known length */
	struct head_gate head_gate;
	struct chunk_gate chunk_gate;
	engine_state engine;
	/* What the parser said. */
	struct bytes target;
	struct bytes name, value; /* of the field that is being read */
	struct fields fields;
	bool head_done;
	bool message_done;
	struct framing framing;
	struct message message;
};

/* The parser may tell a part in pieces; they lie side by side. */
static void
view_extend(struct bytes *view, const char *at, size_t len)
{
	if (view->len == 0)
		view->data = (const uint8_t *)at;
	view->len += len;
}

static void
field_end(struct parse *p)
{
	if (p->name.len > 0)
		fields_add(&p->fields, p->name, p->value);
	p->name = (struct bytes){NULL, 0};
	p->value = (struct bytes){NULL, 0};
}

static int
on_url(engine_state *s, const char *at, size_t len)
{
	struct parse *p = s->data;

	view_extend(&p->target, at, len);
	return 0;
}

static int
on_header_field(engine_state *s, const char *at, size_t len)
{
	struct parse *p = s->data;

	if (p->value.data != NULL)
		field_end(p);
	view_extend(&p->name, at, len);
	return 0;
}

static int
on_header_value(engine_state *s, const char *at, size_t len)
{
	struct parse *p = s->data;

	view_extend(&p->value, at, len);
	return 0;
}

/* Upgrade is ignored (RFC 9110, 7.8): the parser must not stop for it. */
static int
on_headers_complete(engine_state *s)
{
	struct parse *p = s->data;

	field_end(p);
	p->head_done = true;
	p->message.http_1_1 = s->http_minor == 1;
	p->message.keep_alive = engine_keeps_alive(s);
	s->upgrade = 0;
	return 0;
}

static int
on_body(engine_state *s, const char *at, size_t len)
{
	struct parse *p = s->data;

	buf_append(&p->message.body, at, len);
	return p->message.body.failed ? -1 : 0;
}

static int
on_message_complete(engine_state *s)
{
	struct parse *p = s->data;

	p->message_done = true;
	return 0;
}

static const engine_callbacks callbacks = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void
parse_reset(struct parse *p)
{
	*p = (struct parse){
	    .header_max = p->header_max, .body_max = p->body_max};
	buf_init(&p->message.head, p->header_max);
	buf_init(&p->message.body, p->body_max);
	head_gate_init(&p->head_gate);
}

struct parse *
parse_new(size_t header_max, size_t body_max)
{
	struct parse *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->header_max = header_max;
	p->body_max = body_max;
	parse_reset(p);
	return p;
}

void
message_clear(struct message *m)
{
	buf_clear(&m->head);
	buf_clear(&m->body);
}

void
parse_free(struct parse *p)
{
	if (p == NULL)
		return;
	message_clear(&p->message);
	free(p);
}

enum parse_part
parse_part(const struct parse *p)
{
	return p->part;
}

bool
parse_expects_continue(const struct parse *p)
{
	return p->part == PARSE_IN_BODY && p->message.expects_continue;
}

void
parse_take(struct parse *p, struct message *out)
{
	*out = p->message; /* transferred */
	parse_reset(p);
}

static enum parse_event
refuse_engine(const struct parse *p, struct err *e)
{
	if (p->message.body.failed)
		err_set(e, ERR_BUSY, NULL, "out of memory");
	else
		err_set(e, ERR_BAD_REQUEST, NULL, "the request is not HTTP");
	return PARSE_REFUSED;
}

/*
 * The parser knows a fixed list of methods and treats some apart; ours is any
 * token, and what it means is for the layer above. So the parser reads POST.
 */
static int
execute_head(struct parse *p)
{
	static const char method[] = "POST";
	struct bytes head = buf_bytes(&p->message.head);
	const uint8_t *end = memchr(head.data, ' ', head.len);

	if (end == NULL)
		return -1;
	p->message.method.data = head.data;
	p->message.method.len = (size_t)(end - head.data);
	head.data += p->message.method.len;
	head.len -= p->message.method.len;
	engine_init(&p->engine, &callbacks);
	p->engine.data = p;
	if (engine_execute(&p->engine, &callbacks, bytes_of_text(method)) != 0)
		return -1;
	return engine_execute(&p->engine, &callbacks, head);
}

static void
split_target(struct message *m, struct bytes target)
{
	const uint8_t *mark = memchr(target.data, '?', target.len);

	m->path = target;
	if (mark == NULL)
		return;
	m->path.len = (size_t)(mark - target.data);
	m->query.data = mark + 1;
	m->query.len = target.len - m->path.len - 1;
}

/* Both readers must see the same body. */
static bool
framing_agrees(const struct parse *p)
{
	const struct framing *f = &p->framing;
	bool body = f->chunked || f->length > 0;

	if (((p->engine.flags & F_CHUNKED) != 0) != f->chunked)
		return false;
	if (f->length > 0 && p->engine.content_length != f->length)
		return false;
	return p->message_done == !body;
}

static enum parse_event
head_read(struct parse *p, struct err *e)
{
	struct message *m = &p->message;

	if (execute_head(p) != 0 || !p->head_done || p->target.len == 0)
		return refuse_engine(p, e);
	if (fields_check(
		&p->fields, m->http_1_1, p->body_max, &p->framing, e) != 0)
		return PARSE_REFUSED;
	if (!framing_agrees(p))
		return refuse_engine(p, e);
	split_target(m, p->target);
	m->content_type = p->fields.value[FIELD_CONTENT_TYPE];
	m->idempotency_key = p->fields.value[FIELD_IDEMPOTENCY_KEY];
	m->expects_continue = p->framing.expects_continue;
	if (p->message_done)
		return PARSE_MESSAGE;
	p->part = PARSE_IN_BODY;
	p->left = p->framing.length;
	chunk_gate_init(&p->chunk_gate, p->body_max, p->header_max);
	return PARSE_HEAD;
}

static enum parse_event
feed_head(struct parse *p, struct bytes in, size_t *used, struct err *e)
{
	struct buf *head = &p->message.head;
	enum gate_verdict v;

	for (size_t i = 0; i < in.len; i++) {
		p->part = PARSE_IN_HEAD;
		*used = i + 1;
		v = head_gate_byte(&p->head_gate, in.data[i], e);
		if (v == GATE_REFUSED)
			return PARSE_REFUSED;
		if (v == GATE_DROP)
			continue;
		buf_append_byte(head, in.data[i]);
		if (head->failed) {
			err_set(e, ERR_TOO_LARGE, NULL,
			    "header: at most %zu bytes", p->header_max);
			return PARSE_REFUSED;
		}
		if (v == GATE_END)
			return head_read(p, e);
	}
	return PARSE_MORE;
}

static enum parse_event
feed_length(struct parse *p, struct bytes in, size_t *used, struct err *e)
{
	if (in.len > p->left)
		in.len = (size_t)p->left;
	*used = in.len;
	p->left -= in.len;
	if (engine_execute(&p->engine, &callbacks, in) != 0 ||
	    p->message_done != (p->left == 0))
		return refuse_engine(p, e);
	return p->message_done ? PARSE_MESSAGE : PARSE_MORE;
}

/* Trailers are not the parser's: it gets the empty line that ends them. */
static enum parse_event
end_chunks(struct parse *p, struct err *e)
{
	if (engine_execute(&p->engine, &callbacks, bytes_of_text("\r\n")) !=
		0 ||
	    !p->message_done)
		return refuse_engine(p, e);
	return PARSE_MESSAGE;
}

static enum parse_event
feed_chunks(struct parse *p, struct bytes in, size_t *used, struct err *e)
{
	enum gate_verdict v;
	struct bytes part;

	while (*used < in.len) {
		part.data = in.data + *used;
		part.len = in.len - *used;
		v = chunk_gate_next(&p->chunk_gate, part, &part.len, e);
		if (v == GATE_REFUSED)
			return PARSE_REFUSED;
		*used += part.len;
		if (v == GATE_END)
			return end_chunks(p, e);
		if (v == GATE_DROP)
			continue;
		if (engine_execute(&p->engine, &callbacks, part) != 0 ||
		    p->message_done)
			return refuse_engine(p, e);
	}
	return PARSE_MORE;
}

enum parse_event
parse_feed(struct parse *p, struct bytes in, size_t *used, struct err *e)
{
	*used = 0;
	if (in.len == 0)
		return PARSE_MORE;
	if (p->part != PARSE_IN_BODY)
		return feed_head(p, in, used, e);
	if (p->framing.chunked)
		return feed_chunks(p, in, used, e);
	return feed_length(p, in, used, e);
}
