#include "service/http/internal.h"

#define TLS_PIECE 16384 /* a record */

int
output_pump(struct connection *c)
{
	return c->tls == NULL ? 0 : tls_output(c->tls, &c->out);
}

/* By the piece: what TLS buffers in between, it keeps for its life. */
static int
put_encrypted(struct connection *c, struct bytes b)
{
	struct bytes piece;

	while (b.len > 0) {
		piece.data = b.data;
		piece.len = b.len < TLS_PIECE ? b.len : TLS_PIECE;
		if (tls_write(c->tls, piece) != TLS_OK || output_pump(c) != 0)
			return -1;
		b.data += piece.len;
		b.len -= piece.len;
	}
	return 0;
}

int
output_put(struct connection *c, struct bytes b)
{
	if (c->tls != NULL)
		return put_encrypted(c, b);
	buf_append(&c->out, b.data, b.len);
	return c->out.failed ? -1 : 0;
}

bool
output_is_empty(const struct connection *c)
{
	return c->out.len == 0 && !c->writing;
}

static int
put_continue(struct connection *c)
{
	if (!c->continue_owed || c->first != NULL || c->ended)
		return 0;
	c->continue_owed = false;
	return output_put(c, bytes_of_text("HTTP/1.1 100 Continue\r\n\r\n"));
}

int
output_answers(struct connection *c)
{
	struct exchange *x;
	int r;

	while (
	    c->first != NULL && c->first->answered && c->out.len < OUT_HIGH) {
		x = exchange_pop(c);
		r = x->answer.failed ? -1
				     : output_put(c, buf_bytes(&x->answer));
		if (x->last)
			c->ended = true;
		exchange_free(x);
		if (r != 0)
			return -1;
	}
	return put_continue(c);
}

static void
on_written(uv_write_t *w, int status)
{
	struct connection *c = w->data;

	c->writing = false;
	buf_clear(&c->sending);
	if (c->closing)
		return;
	deadline_write_stop(c);
	if (status != 0)
		connection_close(c);
	else
		connection_advance(c);
}

int
output_send(struct connection *c)
{
	uv_buf_t b;

	if (output_pump(c) != 0)
		return -1;
	if (c->writing || c->out.len == 0)
		return 0;
	c->sending = c->out; /* transferred */
	buf_init(&c->out, c->sending.max);
	b.base = (char *)c->sending.data;
	b.len = c->sending.len;
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0)
		return -1;
	c->writing = true;
	deadline_write_start(c);
	return 0;
}
