/*
 * Bytes with a length: a borrowed view, and a buffer that grows to a hard
 * maximum and no further.
 *
 * A struct buf remembers that an append failed, so a writer appends many times
 * and asks once, at the end. Its memory is wiped whenever it is given back:
 * requests and answers carry passphrases and keys, and wiping costs little.
 */
#ifndef CA_BASE_BUF_H
#define CA_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ca/base/err.h"

struct bytes {
	const uint8_t *data; /* borrowed; may be NULL when len is 0 */
	size_t len;
};

struct buf {
	uint8_t *data; /* owned; NUL follows data[len - 1], not counted */
	size_t len;
	size_t cap;
	size_t max;
	bool failed; /* an append did not fit or memory ran out */
};

/* An empty buffer that may hold up to max bytes. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);

/* Wipes and frees the memory; b is empty and usable again, same maximum. */
void buf_clear(struct buf *b);

/* Append; on failure nothing is appended and b->failed is set. */
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_byte(struct buf *b, uint8_t byte);
void buf_append_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes room for len more bytes and returns where to write them, or NULL;
 * the caller adds what it wrote to b->len. */
uint8_t *buf_reserve(struct buf *b, size_t len);

/* Removes the first len bytes (at most all). The tail that falls free is
 * wiped. */
void buf_consume(struct buf *b, size_t len);

/* -1 and ERR_INTERNAL "what: too large" if any append failed. */
MUST_USE int buf_check(const struct buf *b, const char *what, struct err *e);

/* A view of the buffer; good until the next append. */
struct bytes buf_bytes(const struct buf *b);

/* A view of a NUL-terminated text, without the NUL. */
struct bytes bytes_of_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);

#endif
