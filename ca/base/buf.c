#include "ca/base/buf.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAP 256

void
buf_init(struct buf *b, size_t max)
{
	/* So that no sum of lengths below can wrap. */
	if (max > SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	*b = (struct buf){.max = max};
}

void
buf_clear(struct buf *b)
{
	if (b->data != NULL) {
		OPENSSL_cleanse(b->data, b->cap);
		free(b->data);
	}
	buf_init(b, b->max);
}

static size_t
grown_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? BUF_FIRST_CAP : b->cap;

	while (cap < need)
		cap = cap > b->max ? need : 2 * cap;
	return cap;
}

/* Not realloc: it would leave the old bytes behind, unwiped. */
static int
buf_grow(struct buf *b, size_t need)
{
	size_t cap = grown_cap(b, need + 1);
	uint8_t *data = calloc(1, cap);

	if (data == NULL)
		return -1;
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		OPENSSL_cleanse(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return 0;
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
	if (b->failed || len > b->max || b->len > b->max - len) {
		b->failed = true;
		return NULL;
	}
	if (b->len + len + 1 > b->cap && buf_grow(b, b->len + len) != 0) {
		b->failed = true;
		return NULL;
	}
	b->data[b->len + len] = '\0';
	return b->data + b->len;
}

void
buf_append(struct buf *b, const void *data, size_t len)
{
	uint8_t *to = buf_reserve(b, len);

	if (to == NULL)
		return;
	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
}

void
buf_append_byte(struct buf *b, uint8_t byte)
{
	buf_append(b, &byte, 1);
}

void
buf_append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (to == NULL) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len > b->len)
		len = b->len;
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len);
	OPENSSL_cleanse(b->data + b->len - len, len);
	b->len -= len;
}

int
buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (!b->failed)
		return 0;
	return err_set(e, ERR_INTERNAL, NULL, "%s: too large", what);
}

struct bytes
buf_bytes(const struct buf *b)
{
	return (struct bytes){b->data, b->len};
}

struct bytes
bytes_of_text(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
