#include "service/http/gate.h"

#include <string.h>

#define METHOD_MAX 32
#define FIELDS_MAX 64

static const char version[] = "HTTP/1.";

static enum gate_verdict on_name(struct head_gate *, uint8_t, struct err *);

static enum gate_verdict
refuse(struct err *e, const char *message)
{
	err_set(e, ERR_BAD_REQUEST, NULL, "%s", message);
	return GATE_REFUSED;
}

/* RFC 9110, 5.6.2: what method and field names are made of. */
static bool
is_token(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
	       (b >= '0' && b <= '9') ||
	       (b != '\0' && strchr("!#$%&'*+-.^_`|~", b) != NULL);
}

/* RFC 9110, 5.5: what a field's value is made of. */
static bool
is_text(uint8_t b)
{
	return b == '\t' || (b >= 0x20 && b != 0x7f);
}

static enum gate_verdict
on_last_feed(struct head_gate *g, uint8_t b, struct err *e)
{
	(void)g;
	if (b != '\n')
		return refuse(e, "header: a carriage return stands alone");
	return GATE_END;
}

static enum gate_verdict
on_name_start(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == '\r') {
		g->state = on_last_feed;
		return GATE_PASS;
	}
	if (b == ' ' || b == '\t')
		return refuse(e, "header: RFC 9112, 5.2: folded line");
	if (++g->fields > FIELDS_MAX) {
		err_set(e, ERR_TOO_LARGE, NULL, "header: at most %d fields",
		    FIELDS_MAX);
		return GATE_REFUSED;
	}
	g->at = 0;
	g->state = on_name;
	return on_name(g, b, e);
}

static enum gate_verdict
on_line_feed(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b != '\n')
		return refuse(e, "header: a carriage return stands alone");
	g->state = on_name_start;
	return GATE_PASS;
}

static enum gate_verdict
on_value(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == '\r')
		g->state = on_line_feed;
	else if (b == '\n')
		return refuse(e, "header: RFC 9112, 2.2: lines end in CR LF");
	else if (!is_text(b))
		return refuse(e, "header: RFC 9110, 5.5: control byte");
	return GATE_PASS;
}

static enum gate_verdict
on_name(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == ':' && g->at > 0)
		g->state = on_value;
	else if (!is_token(b))
		return refuse(e, "header: RFC 9112, 5: bad field name");
	g->at++;
	return GATE_PASS;
}

static enum gate_verdict
on_version_end(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b != '\r')
		return refuse(e, "request line: RFC 9112, 3: bad end");
	g->state = on_line_feed;
	return GATE_PASS;
}

static enum gate_verdict
on_version(struct head_gate *g, uint8_t b, struct err *e)
{
	size_t last = sizeof(version) - 1;

	if (g->at == last ? b != '0' && b != '1' : b != version[g->at])
		return refuse(e, "request line: not HTTP/1.1 or HTTP/1.0");
	if (g->at++ == last)
		g->state = on_version_end;
	return GATE_PASS;
}

static enum gate_verdict
on_target(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == ' ') {
		g->at = 0;
		g->state = on_version;
		return GATE_PASS;
	}
	if (b <= 0x20 || b >= 0x7f || b == '#')
		return refuse(e, "request line: RFC 9112, 3.2: bad target");
	return GATE_PASS;
}

static enum gate_verdict
on_target_start(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b != '/')
		return refuse(
		    e, "request line: the target must begin with a slash");
	g->state = on_target;
	return GATE_PASS;
}

static enum gate_verdict
on_method(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == ' ' && g->at > 0)
		g->state = on_target_start;
	else if (!is_token(b) || g->at == METHOD_MAX)
		return refuse(e, "request line: RFC 9110, 9.1: bad method");
	g->at++;
	return GATE_PASS;
}

static enum gate_verdict
on_blank_feed(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b != '\n')
		return refuse(e, "header: a carriage return stands alone");
	g->state = on_method;
	return GATE_DROP;
}

static enum gate_verdict
on_start(struct head_gate *g, uint8_t b, struct err *e)
{
	if (b == '\r') {
		g->state = on_blank_feed;
		return GATE_DROP;
	}
	g->state = on_method;
	return on_method(g, b, e);
}

void
head_gate_init(struct head_gate *g)
{
	*g = (struct head_gate){.state = on_start};
}

enum gate_verdict
head_gate_byte(struct head_gate *g, uint8_t byte, struct err *e)
{
	return g->state(g, byte, e);
}

void
head_gate_init_trailers(struct head_gate *g)
{
	*g = (struct head_gate){.state = on_name_start};
}
