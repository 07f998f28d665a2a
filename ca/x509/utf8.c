#include "ca/x509/name.h"

/* What a lead byte announces: its length, its own bits, and the least code
 * point that needs that length (RFC 3629, 3). */
struct lead {
	size_t len;
	uint32_t bits;
	uint32_t least;
};

static struct lead
lead_read(uint8_t b)
{
	if (b < 0x80)
		return (struct lead){1, b, 0};
	if (b >= 0xc2 && b < 0xe0)
		return (struct lead){2, b & 0x1fu, 0x80};
	if (b >= 0xe0 && b < 0xf0)
		return (struct lead){3, b & 0x0fu, 0x800};
	if (b >= 0xf0 && b < 0xf5)
		return (struct lead){4, b & 0x07u, 0x10000};
	return (struct lead){0, 0, 0};
}

/* The bytes that the first character takes, or 0 if it is broken. */
static size_t
character_read(struct bytes text, uint32_t *code)
{
	struct lead lead = lead_read(text.data[0]);
	if (lead.len == 0 || lead.len > text.len)
		return 0;
	uint32_t c = lead.bits;
	for (size_t i = 1; i < lead.len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text.data[i] & 0x3fu);
	}
	if (c < lead.least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return lead.len;
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Line breaks, and marks that change the direction of the text around them:
 * a name that shows as another one. */
static bool
misleads(uint32_t c)
{
	return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool
utf8_is_printable(struct bytes text, size_t *characters)
{
	size_t count = 0;
	while (text.len > 0) {
		uint32_t c;
		size_t used = character_read(text, &c);
		if (used == 0 || is_control(c) || misleads(c))
			return false;
		text = (struct bytes){text.data + used, text.len - used};
		count++;
	}
	*characters = count;
	return true;
}
