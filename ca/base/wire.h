/*
 * The bounded encoding of the messages between service and signer: integers in
 * network order, byte strings preceded by a 16-bit length. No types, no
 * nesting: both sides know the order.
 *
 * The reader is sticky: after the first thing that does not fit, everything
 * reads as zero or empty, and wire_end() says so once.
 */
#ifndef CA_BASE_WIRE_H
#define CA_BASE_WIRE_H

#include <stdbool.h>

#include "ca/base/buf.h"

void wire_put_u8(struct buf *b, uint8_t v);
void wire_put_u16(struct buf *b, uint16_t v);
void wire_put_u32(struct buf *b, uint32_t v);
void wire_put_u64(struct buf *b, uint64_t v);
void wire_put_bytes(struct buf *b, struct bytes v); /* len <= 65535 */
void wire_put_text(struct buf *b, const char *text);

struct wire_reader {
	struct bytes left;
	bool failed;
};

void wire_read_init(struct wire_reader *r, struct bytes message);
uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
/* A view into the message. */
struct bytes wire_get_bytes(struct wire_reader *r);
/* A text without NULs into out (NUL-terminated); fails if it does not fit. */
void wire_get_text(struct wire_reader *r, char *out, size_t size);
/* Exactly len bytes (they are preceded by their length all the same). */
void wire_get_exact(struct wire_reader *r, uint8_t *out, size_t len);
/* -1 unless everything was read, and nothing failed. */
MUST_USE int wire_end(const struct wire_reader *r);

#endif
