#include "ca/x509/pem.h"

#include <stdio.h>
#include <string.h>

#include "ca/base/hex.h"

#define LINE_LEN 64
#define MARK_MAX 80

static struct bytes
skip(struct bytes text, size_t len)
{
	return (struct bytes){text.data + len, text.len - len};
}

/* "-----BEGIN label-----" into mark. */
static struct bytes
mark_make(char mark[MARK_MAX], const char *word, const char *label)
{
	int n = snprintf(mark, MARK_MAX, "-----%s %s-----", word, label);
	size_t len = n > 0 && n < MARK_MAX ? (size_t)n : 0;
	return (struct bytes){(const uint8_t *)mark, len};
}

/* The bytes of a line end at the front of text; 0 if there is none. */
static size_t
line_end(struct bytes text)
{
	if (text.len >= 1 && text.data[0] == '\n')
		return 1;
	if (text.len >= 2 && text.data[0] == '\r' && text.data[1] == '\n')
		return 2;
	return 0;
}

/*
 * Finds mark alone on a line (the last line may lack its end). at gets the
 * line's start and after what follows it.
 */
static bool
mark_find(struct bytes text, struct bytes mark, size_t *at, struct bytes *after)
{
	struct bytes left = text;
	while (mark.len > 0 && left.len >= mark.len) {
		const uint8_t *p =
		    memmem(left.data, left.len, mark.data, mark.len);
		if (!p)
			return false;
		size_t start = (size_t)(p - text.data);
		struct bytes rest = skip(text, start + mark.len);
		size_t end = line_end(rest);
		bool starts = start == 0 || text.data[start - 1] == '\n';
		if (starts && (end > 0 || rest.len == 0)) {
			*at = start;
			*after = skip(rest, end);
			return true;
		}
		left = rest;
	}
	return false;
}

void
pem_put(struct buf *out, const char *label, struct bytes der)
{
	buf_printf(out, "-----BEGIN %s-----\n", label);
	base64_encode(der, LINE_LEN, out);
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_append_byte(out, '\n');
	buf_printf(out, "-----END %s-----\n", label);
}

bool
pem_begin(struct bytes *text, const char *label, struct bytes *before)
{
	char text_of_mark[MARK_MAX];
	struct bytes mark = mark_make(text_of_mark, "BEGIN", label);
	struct bytes after;
	size_t at;
	if (!mark_find(*text, mark, &at, &after))
		return false;
	*before = (struct bytes){text->data, at};
	*text = after;
	return true;
}

int
pem_body(struct bytes *text, const char *label, struct buf *der)
{
	char text_of_mark[MARK_MAX];
	struct bytes mark = mark_make(text_of_mark, "END", label);
	struct bytes after;
	size_t at;
	if (!mark_find(*text, mark, &at, &after))
		return -1;
	struct bytes body = {text->data, at};
	if (base64_decode(body, der))
		return -1;
	*text = after;
	return 0;
}
