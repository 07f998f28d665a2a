#include "service/http/fields.h"

#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 18 /* fits 64 bits */

static const char *const names[FIELDS] = {
    [FIELD_HOST] = "Host",
    [FIELD_CONTENT_LENGTH] = "Content-Length",
    [FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
    [FIELD_EXPECT] = "Expect",
    [FIELD_CONTENT_TYPE] = "Content-Type",
    [FIELD_IDEMPOTENCY_KEY] = "Idempotency-Key",
};

static bool
is_word(struct bytes b, const char *word)
{
	return b.len == strlen(word) &&
	       strncasecmp((const char *)b.data, word, b.len) == 0;
}

static struct bytes
trim(struct bytes b)
{
	while (b.len > 0 && (*b.data == ' ' || *b.data == '\t')) {
		b.data++;
		b.len--;
	}
	while (b.len > 0 &&
	       (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
		b.len--;
	return b;
}

void
fields_add(struct fields *f, struct bytes name, struct bytes value)
{
	for (int i = 0; i < FIELDS; i++) {
		if (!is_word(name, names[i]))
			continue;
		f->value[i] = trim(value);
		f->seen[i]++;
		return;
	}
}

static int
check_once(const struct fields *f, struct err *e)
{
	for (int i = 0; i < FIELDS; i++)
		if (f->seen[i] > 1)
			return err_set(e, ERR_BAD_REQUEST, NULL,
			    "header: more than one %s", names[i]);
	return 0;
}

static bool
is_host_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
	       (b >= '0' && b <= '9') ||
	       (b != '\0' && strchr(".-_:[]", b) != NULL);
}

/* RFC 9112, 3.2. */
static int
check_host(const struct fields *f, bool http_1_1, struct err *e)
{
	struct bytes host = f->value[FIELD_HOST];
	bool good = host.len > 0;

	if (f->seen[FIELD_HOST] == 0) {
		if (!http_1_1)
			return 0;
		return err_set(
		    e, ERR_BAD_REQUEST, NULL, "header: Host is missing");
	}
	for (size_t i = 0; i < host.len; i++)
		good = good && is_host_byte(host.data[i]);
	if (!good)
		return err_set(
		    e, ERR_BAD_REQUEST, NULL, "header: Host: not a host");
	return 0;
}

static int
read_length(struct bytes text, struct framing *out, struct err *e)
{
	bool good = text.len > 0 && text.len <= LENGTH_DIGITS;

	for (size_t i = 0; good && i < text.len; i++) {
		good = text.data[i] >= '0' && text.data[i] <= '9';
		out->length = out->length * 10 + (unsigned)(text.data[i] - '0');
	}
	if (!good)
		return err_set(e, ERR_BAD_REQUEST, NULL,
		    "header: Content-Length: not a number");
	out->has_length = true;
	return 0;
}

/* RFC 9112, 6.1: what a proxy before us may read otherwise is refused. */
static int
check_encoding(const struct fields *f, bool http_1_1, struct err *e)
{
	if (f->seen[FIELD_CONTENT_LENGTH] > 0)
		return err_set(e, ERR_BAD_REQUEST, NULL,
		    "header: both Content-Length and Transfer-Encoding");
	if (!http_1_1)
		return err_set(e, ERR_BAD_REQUEST, NULL,
		    "header: Transfer-Encoding in HTTP/1.0");
	if (!is_word(f->value[FIELD_TRANSFER_ENCODING], "chunked"))
		return err_set(e, ERR_BAD_REQUEST, NULL,
		    "header: Transfer-Encoding: only chunked");
	return 0;
}

static int
check_framing(const struct fields *f, bool http_1_1, size_t body_max,
    struct framing *out, struct err *e)
{
	out->chunked = f->seen[FIELD_TRANSFER_ENCODING] > 0;
	if (out->chunked)
		return check_encoding(f, http_1_1, e);
	if (f->seen[FIELD_CONTENT_LENGTH] == 0)
		return 0;
	if (read_length(f->value[FIELD_CONTENT_LENGTH], out, e) != 0)
		return -1;
	if (out->length > body_max)
		return err_set(e, ERR_TOO_LARGE, NULL,
		    "body: at most %zu bytes", body_max);
	return 0;
}

/* RFC 9110, 10.1.1. */
static int
check_expect(
    const struct fields *f, bool http_1_1, struct framing *out, struct err *e)
{
	if (f->seen[FIELD_EXPECT] == 0 || !http_1_1)
		return 0;
	if (!is_word(f->value[FIELD_EXPECT], "100-continue"))
		return err_set(e, ERR_BAD_REQUEST, NULL,
		    "header: Expect: only 100-continue");
	out->expects_continue = out->chunked || out->length > 0;
	return 0;
}

int
fields_check(const struct fields *f, bool http_1_1, size_t body_max,
    struct framing *out, struct err *e)
{
	*out = (struct framing){0};
	if (check_once(f, e) != 0 || check_host(f, http_1_1, e) != 0 ||
	    check_framing(f, http_1_1, body_max, out, e) != 0)
		return -1;
	return check_expect(f, http_1_1, out, e);
}
