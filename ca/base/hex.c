#include "ca/base/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define ONE_LINE_STEP 3072 /* a multiple of 3: no padding inside */

static const char digits[] = "0123456789abcdef";

void
hex_encode(const uint8_t *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(struct bytes text, uint8_t *out, size_t len)
{
	if (text.len != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text.data[2 * i]);
		int low = hex_value(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* What of a group of four was read. */
struct group {
	uint32_t bits;
	unsigned count; /* characters, padding included */
	unsigned padding;
};

static int
group_flush(struct group *g, struct buf *out)
{
	uint8_t bytes[3] = {(uint8_t)(g->bits >> 16), (uint8_t)(g->bits >> 8),
	    (uint8_t)g->bits};

	/* Bits left over must be zero, or two texts mean the same bytes. */
	if ((g->padding == 1 && bytes[2] != 0) ||
	    (g->padding == 2 && (bytes[1] != 0 || bytes[2] != 0)) ||
	    g->padding > 2)
		return -1;
	buf_append(out, bytes, 3 - g->padding);
	g->bits = 0;
	g->count = 0;
	return 0;
}

static int
group_add(struct group *g, uint8_t c, struct buf *out)
{
	int value = base64_value(c);

	if (c == '=') {
		if (g->count < 2)
			return -1;
		g->padding++;
		value = 0;
	} else if (value < 0 || g->padding > 0) {
		return -1;
	}
	g->bits |= (uint32_t)value << (18 - 6 * g->count);
	return ++g->count < 4 ? 0 : group_flush(g, out);
}

static int
decode(struct bytes text, struct buf *out)
{
	struct group g = {0, 0, 0};

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n' || text.data[i] == '\r')
			continue;
		if (group_add(&g, text.data[i], out) != 0)
			return -1;
	}
	return g.count == 0 && !out->failed ? 0 : -1;
}

int
base64_decode(struct bytes text, struct buf *out)
{
	size_t before = out->len;

	if (decode(text, out) == 0)
		return 0;
	if (out->len > before)
		OPENSSL_cleanse(out->data + before, out->len - before);
	out->len = before;
	return -1;
}

void
base64_encode(struct bytes data, size_t line_len, struct buf *out)
{
	size_t step = line_len < 4 ? ONE_LINE_STEP : line_len / 4 * 3;
	uint8_t *to;

	for (size_t i = 0; i < data.len; i += step) {
		size_t n = data.len - i < step ? data.len - i : step;

		/* The NUL that EVP_EncodeBlock adds has its place in a buf. */
		to = buf_reserve(out, (n + 2) / 3 * 4);
		if (to == NULL)
			return;
		EVP_EncodeBlock(to, data.data + i, (int)n);
		out->len += (n + 2) / 3 * 4;
		if (line_len > 0)
			buf_append_byte(out, '\n');
	}
}
