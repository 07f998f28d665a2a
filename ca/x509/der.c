#include "ca/x509/der.h"

#include <string.h>

/* X.690, 8.1.3 and 10.1: definite, and as short as can be. Returns the bytes
 * that the length takes, or 0. */
static size_t
length_read(struct bytes in, size_t *len)
{
	if (in.len == 0)
		return 0;
	uint8_t first = in.data[0];
	if (first < 0x80) {
		*len = first;
		return 1;
	}
	size_t count = first & 0x7fu;
	/* 0 is the indefinite form; more than 3 is larger than anything here */
	if (count == 0 || count > 3 || in.len < 1 + count)
		return 0;
	size_t value = 0;
	for (size_t i = 1; i <= count; i++)
		value = value << 8 | in.data[i];
	if (value < 0x80 || value >> (8 * (count - 1)) == 0)
		return 0;
	*len = value;
	return 1 + count;
}

int
der_take_any(
    struct bytes *in, uint8_t *tag, struct bytes *content, struct bytes *whole)
{
	if (in->len < 2 || (in->data[0] & 0x1f) == 0x1f)
		return -1;
	struct bytes rest = {in->data + 1, in->len - 1};
	size_t len = 0;
	size_t used = length_read(rest, &len);
	if (used == 0 || len > rest.len - used)
		return -1;
	size_t all = 1 + used + len;
	*tag = in->data[0];
	*content = (struct bytes){in->data + 1 + used, len};
	if (whole)
		*whole = (struct bytes){in->data, all};
	*in = (struct bytes){in->data + all, in->len - all};
	return 0;
}

uint8_t
der_peek(struct bytes in)
{
	return in.len > 0 ? in.data[0] : 0;
}

int
der_take(struct bytes *in, uint8_t tag, struct bytes *content)
{
	uint8_t found;
	if (der_peek(*in) != tag)
		return -1;
	return der_take_any(in, &found, content, NULL);
}

/* X.690, 8.3.2: no more bytes than the number needs. */
static bool
integer_is_minimal(struct bytes v)
{
	if (v.len == 0)
		return false;
	if (v.len == 1)
		return true;
	bool high = (v.data[1] & 0x80) != 0;
	return !(v.data[0] == 0x00 && !high) && !(v.data[0] == 0xff && high);
}

int
der_take_unsigned(struct bytes *in, struct bytes *magnitude)
{
	struct bytes left = *in;
	struct bytes v;
	if (der_take(&left, DER_INTEGER, &v))
		return -1;
	if (!integer_is_minimal(v) || (v.data[0] & 0x80))
		return -1;
	if (v.len > 1 && v.data[0] == 0)
		v = (struct bytes){v.data + 1, v.len - 1};
	*magnitude = v;
	*in = left;
	return 0;
}

int
der_take_bits(struct bytes *in, struct bytes *content)
{
	struct bytes left = *in;
	struct bytes v;
	if (der_take(&left, DER_BIT_STRING, &v))
		return -1;
	if (v.len == 0 || v.data[0] != 0)
		return -1;
	*content = (struct bytes){v.data + 1, v.len - 1};
	*in = left;
	return 0;
}

/* X.690, 8.19.2: each arc as short as can be, the last one complete. */
static bool
oid_is_valid(struct bytes v)
{
	if (v.len == 0 || (v.data[v.len - 1] & 0x80))
		return false;
	for (size_t i = 0; i < v.len; i++) {
		bool starts_arc = i == 0 || !(v.data[i - 1] & 0x80);
		if (starts_arc && v.data[i] == 0x80)
			return false;
	}
	return true;
}

/* X.690, 11.2.1: at most 7 unused bits, and they are zero. */
static bool
bits_are_valid(struct bytes v)
{
	if (v.len == 0 || v.data[0] > 7)
		return false;
	if (v.len == 1)
		return v.data[0] == 0;
	unsigned unused = (1u << v.data[0]) - 1;
	return (v.data[v.len - 1] & unused) == 0;
}

static bool
primitive_is_valid(uint8_t tag, struct bytes v)
{
	switch (tag) {
	case 0:
		return false; /* the end mark of the indefinite form */
	case DER_BOOLEAN:
		return v.len == 1 && (v.data[0] == 0x00 || v.data[0] == 0xff);
	case DER_INTEGER:
		return integer_is_minimal(v);
	case DER_BIT_STRING:
		return bits_are_valid(v);
	case DER_NULL:
		return v.len == 0;
	case DER_OID:
		return oid_is_valid(v);
	default:
		return tag != (DER_SEQUENCE & 0x1f) && tag != (DER_SET & 0x1f);
	}
}

/* X.690, 10.2: of the universal types only these two have parts. */
static bool
constructed_is_valid(uint8_t tag)
{
	bool universal = (tag & 0xc0) == 0;
	return !universal || tag == DER_SEQUENCE || tag == DER_SET;
}

bool
der_is_well_formed(struct bytes in)
{
	struct bytes level[DER_DEPTH_MAX];
	size_t depth = 0;
	struct bytes content, rest = in;
	uint8_t tag;
	if (der_take_any(&rest, &tag, &content, NULL) || rest.len > 0)
		return false;
	level[0] = in;
	for (;;) {
		while (level[depth].len == 0) {
			if (depth == 0)
				return true;
			depth--;
		}
		if (der_take_any(&level[depth], &tag, &content, NULL))
			return false;
		if (!(tag & 0x20)) {
			if (!primitive_is_valid(tag, content))
				return false;
			continue;
		}
		if (!constructed_is_valid(tag) || ++depth == DER_DEPTH_MAX)
			return false;
		level[depth] = content;
	}
}

void
der_put_header(struct buf *b, uint8_t tag, size_t len)
{
	buf_append_byte(b, tag);
	if (len < 0x80) {
		buf_append_byte(b, (uint8_t)len);
		return;
	}
	unsigned count = 1;
	while (count < sizeof(len) && len >> (8 * count) != 0)
		count++;
	buf_append_byte(b, (uint8_t)(0x80u | count));
	while (count-- > 0)
		buf_append_byte(b, (uint8_t)(len >> (8 * count)));
}

void
der_put(struct buf *b, uint8_t tag, struct bytes content)
{
	der_put_header(b, tag, content.len);
	buf_append(b, content.data, content.len);
}

void
der_put_unsigned(struct buf *b, struct bytes magnitude)
{
	while (magnitude.len > 0 && magnitude.data[0] == 0)
		magnitude =
		    (struct bytes){magnitude.data + 1, magnitude.len - 1};
	bool sign = magnitude.len == 0 || (magnitude.data[0] & 0x80);
	der_put_header(b, DER_INTEGER, magnitude.len + (sign ? 1 : 0));
	if (sign)
		buf_append_byte(b, 0);
	buf_append(b, magnitude.data, magnitude.len);
}
