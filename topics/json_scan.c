/*
 * Strict RFC 8259, before cJSON sees anything: one object, UTF-8, no NUL or
 * control character in a string, no name twice, a few levels, a few values,
 * numbers by the grammar, nothing behind the end.
 */
#include <string.h>

#include "topics/json.h"

#define DEPTH_MAX  4
#define VALUES_MAX 128
#define NAMES_MAX  64 /* in one object */
#define NUMBER_MAX 20 /* characters */

struct scan {
	const uint8_t *start, *at, *end;
	unsigned depth, values;
	struct err *e;
};

static int
fault(struct scan *s, const char *what)
{
	return err_set(s->e, ERR_BAD_JSON, NULL, "byte %zu: %s (RFC 8259)",
	    (size_t)(s->at - s->start) + 1, what);
}

static void
skip_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
				     *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static uint8_t
peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : 0;
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
scan_code(struct scan *s, unsigned *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(peek(s));

		if (digit < 0)
			return fault(s, "\\u needs four hex digits");
		*code = *code << 4 | (unsigned)digit;
		s->at++;
	}
	return 0;
}

static int
scan_unicode_escape(struct scan *s)
{
	unsigned code, low;

	if (scan_code(s, &code) != 0)
		return -1;
	if (code < 0x20 || code == 0x7f)
		return fault(s, "an escaped control character");
	if (code >= 0xdc00 && code <= 0xdfff)
		return fault(s, "half of a surrogate pair");
	if (code < 0xd800 || code > 0xdbff)
		return 0;
	if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
		return fault(s, "half of a surrogate pair");
	s->at += 2;
	if (scan_code(s, &low) != 0)
		return -1;
	return low >= 0xdc00 && low <= 0xdfff
		   ? 0
		   : fault(s, "half of a surrogate pair");
}

static int
scan_escape(struct scan *s)
{
	uint8_t c = peek(s);

	if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL)
		return fault(s, "an escape that JSON does not know");
	s->at++;
	return c == 'u' ? scan_unicode_escape(s) : 0;
}

static int
scan_string(struct scan *s, struct bytes *content)
{
	const uint8_t *start;
	size_t characters;

	if (peek(s) != '"')
		return fault(s, "a string must stand here");
	start = ++s->at;
	while (s->at < s->end && *s->at != '"') {
		if (*s->at < 0x20)
			return fault(s, "a control character in a string");
		if (*s->at++ == '\\' && scan_escape(s) != 0)
			return -1;
	}
	if (s->at >= s->end)
		return fault(s, "a string without an end");
	*content = (struct bytes){start, (size_t)(s->at - start)};
	/* Escapes are ASCII, so the raw text is UTF-8 where the value is. */
	if (!utf8_is_printable(*content, &characters))
		return fault(s, "a string that is not printable UTF-8");
	s->at++;
	return 0;
}

static size_t
scan_digits(struct scan *s)
{
	size_t n = 0;

	while (peek(s) >= '0' && peek(s) <= '9') {
		s->at++;
		n++;
	}
	return n;
}

static int
scan_number(struct scan *s)
{
	const uint8_t *start = s->at;
	bool zero;

	if (peek(s) == '-')
		s->at++;
	zero = peek(s) == '0';
	if (zero)
		s->at++;
	else if (scan_digits(s) == 0)
		return fault(s, "a value must stand here");
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == 0)
			return fault(s, "a fraction needs digits");
	}
	if ((peek(s) | 0x20) == 'e') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == 0)
			return fault(s, "an exponent needs digits");
	}
	if (s->at - start > NUMBER_MAX)
		return fault(s, "a number of too many digits");
	if (zero && peek(s) >= '0' && peek(s) <= '9')
		return fault(s, "a number with a leading zero");
	return 0;
}

static int
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return fault(s, "a value must stand here");
	s->at += n;
	return 0;
}

static int scan_value(struct scan *s);

static int
scan_array(struct scan *s)
{
	s->at++;
	skip_blanks(s);
	if (peek(s) == ']') {
		s->at++;
		return 0;
	}
	for (;;) {
		if (scan_value(s) != 0)
			return -1;
		skip_blanks(s);
		if (peek(s) == ']') {
			s->at++;
			return 0;
		}
		if (peek(s) != ',')
			return fault(s, "a comma or ] must stand here");
		s->at++;
	}
}

static int
name_is_new(
    struct scan *s, const struct bytes *names, size_t n, struct bytes name)
{
	/* Raw text: an escaped spelling of a name would get past the eye and
	 * past this comparison, so names are written plain. */
	if (memchr(name.data, '\\', name.len) != NULL)
		return fault(s, "an escape in a field's name");
	if (n == NAMES_MAX)
		return fault(s, "too many fields");
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(names[i], name))
			return fault(s, "a field that was there before");
	return 0;
}

static int
scan_member(struct scan *s, struct bytes *names, size_t *n)
{
	struct bytes name;

	skip_blanks(s);
	if (scan_string(s, &name) != 0 || name_is_new(s, names, *n, name) != 0)
		return -1;
	names[(*n)++] = name;
	skip_blanks(s);
	if (peek(s) != ':')
		return fault(s, "a colon must stand here");
	s->at++;
	return scan_value(s);
}

static int
scan_object(struct scan *s)
{
	struct bytes names[NAMES_MAX];
	size_t n = 0;

	s->at++;
	skip_blanks(s);
	if (peek(s) == '}') {
		s->at++;
		return 0;
	}
	for (;;) {
		if (scan_member(s, names, &n) != 0)
			return -1;
		skip_blanks(s);
		if (peek(s) == '}') {
			s->at++;
			return 0;
		}
		if (peek(s) != ',')
			return fault(s, "a comma or } must stand here");
		s->at++;
	}
}

static int
scan_nested(struct scan *s, int (*scan)(struct scan *s))
{
	int rc;

	if (++s->depth > DEPTH_MAX)
		return fault(s, "nested too deep");
	rc = scan(s);
	s->depth--;
	return rc;
}

static int
scan_value(struct scan *s)
{
	struct bytes content;

	skip_blanks(s);
	if (++s->values > VALUES_MAX)
		return fault(s, "too many values");
	switch (peek(s)) {
	case '{':
		return scan_nested(s, scan_object);
	case '[':
		return scan_nested(s, scan_array);
	case '"':
		return scan_string(s, &content);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

int
json_scan(struct bytes text, struct err *e)
{
	struct scan s = {text.data, text.data, text.data + text.len, 0, 0, e};

	if (text.len == 0)
		return err_set(e, ERR_BAD_JSON, NULL, "the body is empty");
	skip_blanks(&s);
	if (peek(&s) != '{')
		return fault(&s, "an object must stand here");
	if (scan_value(&s) != 0)
		return -1;
	skip_blanks(&s);
	return s.at == s.end ? 0 : fault(&s, "something behind the end");
}
