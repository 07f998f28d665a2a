#include "topics/json_token.h"

#include <string.h>

#define NUMBER_MAX 20 /* characters */

int
token_fault(struct token_reader *t, const char *what)
{
	return err_set(t->e, ERR_BAD_JSON, NULL, "byte %zu: %s (RFC 8259)",
	    (size_t)(t->at - t->start) + 1, what);
}

uint8_t
token_peek(const struct token_reader *t)
{
	return t->at < t->end ? *t->at : 0;
}

void
token_skip_blanks(struct token_reader *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' ||
				     *t->at == '\n' || *t->at == '\r'))
		t->at++;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u. */
static int
read_code(struct token_reader *t, unsigned *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(token_peek(t));

		if (digit < 0)
			return token_fault(t, "\\u needs four hex digits");
		*code = *code << 4 | (unsigned)digit;
		t->at++;
	}
	return 0;
}

/* RFC 8259, 7: what is beyond 16 bits is a pair of surrogates. */
static int
read_low_surrogate(struct token_reader *t)
{
	unsigned low;

	if (t->end - t->at < 2 || t->at[0] != '\\' || t->at[1] != 'u')
		return token_fault(t, "half of a surrogate pair");
	t->at += 2;
	if (read_code(t, &low) != 0)
		return -1;
	if (low < 0xdc00 || low > 0xdfff)
		return token_fault(t, "half of a surrogate pair");
	return 0;
}

static int
read_unicode_escape(struct token_reader *t)
{
	unsigned code;

	if (read_code(t, &code) != 0)
		return -1;
	if (code == 0) /* cJSON would end the text there */
		return token_fault(t, "an escaped NUL");
	if (code >= 0xdc00 && code <= 0xdfff)
		return token_fault(t, "half of a surrogate pair");
	return code >= 0xd800 && code <= 0xdbff ? read_low_surrogate(t) : 0;
}

static int
read_escape(struct token_reader *t)
{
	uint8_t c;

	t->at++;
	c = token_peek(t);
	if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL)
		return token_fault(t, "an escape that JSON does not know");
	t->at++;
	return c == 'u' ? read_unicode_escape(t) : 0;
}

/* The second byte's bounds by the first (RFC 3629, 4): no overlong forms, no
 * surrogates, nothing beyond U+10FFFF. */
struct lead {
	size_t len; /* 0: no first byte */
	uint8_t low, high;
};

static struct lead
lead_of(uint8_t c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return (struct lead){2, 0x80, 0xbf};
	if (c >= 0xe0 && c <= 0xef)
		return (struct lead){
		    3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
	if (c >= 0xf0 && c <= 0xf4)
		return (struct lead){
		    4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
	return (struct lead){0, 0, 0};
}

/* A character of more than one byte. */
static int
read_wide(struct token_reader *t)
{
	struct lead lead = lead_of(*t->at);
	const uint8_t *at = t->at;

	if (lead.len == 0 || (size_t)(t->end - at) < lead.len ||
	    at[1] < lead.low || at[1] > lead.high)
		return token_fault(t, "not UTF-8");
	for (size_t i = 2; i < lead.len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return token_fault(t, "not UTF-8");
	t->at += lead.len;
	return 0;
}

static int
read_character(struct token_reader *t)
{
	uint8_t c = *t->at;

	if (c < 0x20)
		return token_fault(t, "a control character in a string");
	if (c == '\\')
		return read_escape(t);
	if (c >= 0x80)
		return read_wide(t);
	t->at++;
	return 0;
}

int
token_string(struct token_reader *t, struct bytes *content)
{
	const uint8_t *start;

	if (token_peek(t) != '"')
		return token_fault(t, "a string must stand here");
	start = ++t->at;
	while (t->at < t->end && *t->at != '"')
		if (read_character(t) != 0)
			return -1;
	if (t->at >= t->end)
		return token_fault(t, "a string without an end");
	*content = (struct bytes){start, (size_t)(t->at - start)};
	t->at++;
	return 0;
}

static int
read_digits(struct token_reader *t, const char *fault)
{
	const uint8_t *start = t->at;

	while (token_peek(t) >= '0' && token_peek(t) <= '9')
		t->at++;
	return t->at > start ? 0 : token_fault(t, fault);
}

static int
read_integer(struct token_reader *t)
{
	if (token_peek(t) != '0')
		return read_digits(t, "a value must stand here");
	t->at++;
	if (token_peek(t) >= '0' && token_peek(t) <= '9')
		return token_fault(t, "a number with a leading zero");
	return 0;
}

static int
read_exponent(struct token_reader *t)
{
	t->at++;
	if (token_peek(t) == '+' || token_peek(t) == '-')
		t->at++;
	return read_digits(t, "an exponent needs digits");
}

int
token_number(struct token_reader *t)
{
	const uint8_t *start = t->at;

	if (token_peek(t) == '-')
		t->at++;
	if (read_integer(t) != 0)
		return -1;
	if (token_peek(t) == '.') {
		t->at++;
		if (read_digits(t, "a fraction needs digits") != 0)
			return -1;
	}
	if ((token_peek(t) == 'e' || token_peek(t) == 'E') &&
	    read_exponent(t) != 0)
		return -1;
	if (t->at - start > NUMBER_MAX)
		return token_fault(t, "a number of too many digits");
	return 0;
}

int
token_word(struct token_reader *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return token_fault(t, "a value must stand here");
	t->at += n;
	return 0;
}
