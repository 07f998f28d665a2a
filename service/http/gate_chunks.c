#include "service/http/gate.h"

#define LINE_MAX_BYTES 256 /* a chunk's size and its extensions */
#define SIZE_DIGITS    8

static enum gate_verdict on_size(struct chunk_gate *, uint8_t, struct err *);

static enum gate_verdict
refuse(struct err *e, const char *message)
{
	err_set(e, ERR_BAD_REQUEST, NULL, "body: %s", message);
	return GATE_REFUSED;
}

static int
hex_value(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	if (b >= 'a' && b <= 'f')
		return b - 'a' + 10;
	if (b >= 'A' && b <= 'F')
		return b - 'A' + 10;
	return -1;
}

static enum gate_verdict
on_trailer(struct chunk_gate *g, uint8_t b, struct err *e)
{
	enum gate_verdict v;

	if (g->trailers_left-- == 0) {
		err_set(e, ERR_TOO_LARGE, NULL, "body: trailers too large");
		return GATE_REFUSED;
	}
	v = head_gate_byte(&g->trailers, b, e);
	return v == GATE_PASS ? GATE_DROP : v;
}

static enum gate_verdict
on_data_feed(struct chunk_gate *g, uint8_t b, struct err *e)
{
	if (b != '\n')
		return refuse(e, "RFC 9112, 7.1: a chunk ends in CR LF");
	g->at = 0;
	g->state = on_size;
	return GATE_PASS;
}

static enum gate_verdict
on_data_end(struct chunk_gate *g, uint8_t b, struct err *e)
{
	if (b != '\r')
		return refuse(e, "RFC 9112, 7.1: a chunk ends in CR LF");
	g->state = on_data_feed;
	return GATE_PASS;
}

static enum gate_verdict
on_size_feed(struct chunk_gate *g, uint8_t b, struct err *e)
{
	if (b != '\n')
		return refuse(e, "RFC 9112, 7.1: a size ends in CR LF");
	if (g->left > g->body_left) {
		err_set(e, ERR_TOO_LARGE, NULL, "body: at most %zu bytes",
		    g->body_max);
		return GATE_REFUSED;
	}
	g->body_left -= g->left;
	g->state = g->left == 0 ? on_trailer : on_data_end;
	return GATE_PASS;
}

static enum gate_verdict
on_extension(struct chunk_gate *g, uint8_t b, struct err *e)
{
	if (b == '\r') {
		g->state = on_size_feed;
		return GATE_PASS;
	}
	if (b == 0x7f || (b < 0x20 && b != '\t'))
		return refuse(e, "RFC 9112, 7.1.1: bad chunk extension");
	if (++g->at > LINE_MAX_BYTES) {
		err_set(e, ERR_TOO_LARGE, NULL, "body: chunk extension");
		return GATE_REFUSED;
	}
	return GATE_DROP;
}

static enum gate_verdict
on_size(struct chunk_gate *g, uint8_t b, struct err *e)
{
	int digit = hex_value(b);

	if (g->at == 0)
		g->left = 0;
	if (digit >= 0 && g->at < SIZE_DIGITS) {
		g->left = g->left * 16 + (unsigned)digit;
		g->at++;
		return GATE_PASS;
	}
	if (g->at == 0 || (b != '\r' && b != ';'))
		return refuse(e, "RFC 9112, 7.1: bad chunk size");
	g->state = b == '\r' ? on_size_feed : on_extension;
	return b == '\r' ? GATE_PASS : GATE_DROP;
}

void
chunk_gate_init(struct chunk_gate *g, size_t body_max, size_t trailer_max)
{
	*g = (struct chunk_gate){
	    .state = on_size,
	    .body_left = body_max,
	    .body_max = body_max,
	    .trailers_left = trailer_max,
	};
	head_gate_init_trailers(&g->trailers);
}

enum gate_verdict
chunk_gate_next(
    struct chunk_gate *g, struct bytes in, size_t *taken, struct err *e)
{
	*taken = 1;
	if (g->state != on_data_end || g->left == 0)
		return g->state(g, in.data[0], e);
	*taken = in.len < g->left ? in.len : (size_t)g->left;
	g->left -= *taken;
	return GATE_PASS;
}
