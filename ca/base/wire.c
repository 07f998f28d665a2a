#include "ca/base/wire.h"

#include <string.h>

static void
put_number(struct buf *b, uint64_t v, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
	buf_append(b, bytes, size);
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	put_number(b, v, 1);
}

void
wire_put_u16(struct buf *b, uint16_t v)
{
	put_number(b, v, 2);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	put_number(b, v, 4);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	put_number(b, v, 8);
}

void
wire_put_bytes(struct buf *b, struct bytes v)
{
	if (v.len > UINT16_MAX) {
		b->failed = true;
		return;
	}
	wire_put_u16(b, (uint16_t)v.len);
	buf_append(b, v.data, v.len);
}

void
wire_put_text(struct buf *b, const char *text)
{
	wire_put_bytes(b, bytes_of_text(text));
}

void
wire_read_init(struct wire_reader *r, struct bytes message)
{
	r->left = message;
	r->failed = false;
}

static const uint8_t *
take(struct wire_reader *r, size_t len)
{
	const uint8_t *at = r->left.data;

	if (r->failed || len > r->left.len) {
		r->failed = true;
		return NULL;
	}
	if (len > 0)
		r->left.data += len;
	r->left.len -= len;
	return at;
}

static uint64_t
get_number(struct wire_reader *r, size_t size)
{
	const uint8_t *at = take(r, size);
	uint64_t v = 0;

	for (size_t i = 0; at != NULL && i < size; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t
wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)get_number(r, 1);
}

uint16_t
wire_get_u16(struct wire_reader *r)
{
	return (uint16_t)get_number(r, 2);
}

uint32_t
wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)get_number(r, 4);
}

uint64_t
wire_get_u64(struct wire_reader *r)
{
	return get_number(r, 8);
}

struct bytes
wire_get_bytes(struct wire_reader *r)
{
	size_t len = wire_get_u16(r);
	const uint8_t *at = take(r, len);

	return r->failed ? (struct bytes){NULL, 0} : (struct bytes){at, len};
}

void
wire_get_text(struct wire_reader *r, char *out, size_t size)
{
	struct bytes v = wire_get_bytes(r);

	out[0] = '\0';
	if (v.len >= size ||
	    (v.len > 0 && memchr(v.data, '\0', v.len) != NULL)) {
		r->failed = true;
		return;
	}
	if (v.len > 0)
		memcpy(out, v.data, v.len);
	out[v.len] = '\0';
}

void
wire_get_exact(struct wire_reader *r, uint8_t *out, size_t len)
{
	struct bytes v = wire_get_bytes(r);

	memset(out, 0, len);
	if (v.len != len)
		r->failed = true;
	else if (len > 0)
		memcpy(out, v.data, len);
}

int
wire_end(const struct wire_reader *r)
{
	return r->failed || r->left.len > 0 ? -1 : 0;
}
