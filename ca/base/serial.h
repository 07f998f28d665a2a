/*
 * Serial numbers: 16 bytes, a 48-bit millisecond clock first, then 80 random
 * bits; positive and unique (RFC 5280, 4.1.2.2; 20 bytes at the most).
 */
#ifndef CA_BASE_SERIAL_H
#define CA_BASE_SERIAL_H

#include "ca/base/buf.h"

#define SERIAL_LEN      16
#define SERIAL_TEXT_LEN (2 * SERIAL_LEN + 1)

struct serial {
	/* big-endian; first bit 0, first byte not 0 */
	uint8_t bytes[SERIAL_LEN];
};

/* A new one. The clock part never goes back within a process. Thread-safe. */
MUST_USE int serial_new(struct serial *out, struct err *e);

/* The form a signer insists on: positive, no leading zero byte. */
bool serial_is_valid(const struct serial *s);

/* Lower-case hex. */
void serial_format(const struct serial *s, char out[SERIAL_TEXT_LEN]);

#endif
