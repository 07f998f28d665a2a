/* Base 16 (RFC 4648, section 8) and base 64 (section 4). */
#ifndef CA_BASE_HEX_H
#define CA_BASE_HEX_H

#include "ca/base/buf.h"

/* Lower-case hex with a NUL; out has room for 2 * len + 1. */
void hex_encode(const uint8_t *data, size_t len, char *out);

/* Exactly len bytes from exactly 2 * len digits of either case; else -1. */
MUST_USE int hex_decode(struct bytes text, uint8_t *out, size_t len);

/* Strict base 64: no white space but line ends, right padding, no bits left
 * over. Appends to out; -1 if text is not base 64 or out is full, and then
 * nothing is appended. */
MUST_USE int base64_decode(struct bytes text, struct buf *out);

/* Appends lines of line_len characters (a multiple of 4), each with a line
 * feed; 0: one line, without. */
void base64_encode(struct bytes data, size_t line_len, struct buf *out);

#endif
