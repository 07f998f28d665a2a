/*
 * A reader for DER (X.690): definite, minimal lengths only; never past the
 * end; no recursion. It walks what comes from outside before any decoder of
 * OpenSSL sees it.
 */
#ifndef CA_X509_DER_H
#define CA_X509_DER_H

#include <stdbool.h>

#include "ca/base/buf.h"

#define DER_BOOLEAN          0x01
#define DER_INTEGER          0x02
#define DER_BIT_STRING       0x03
#define DER_OCTET_STRING     0x04
#define DER_NULL             0x05
#define DER_OID              0x06
#define DER_UTF8_STRING      0x0c
#define DER_PRINTABLE        0x13
#define DER_IA5_STRING       0x16
#define DER_UTC_TIME         0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE         0x30
#define DER_SET              0x31

/* Takes the next element with this tag off the front of in; content gets its
 * value. -1 if it is anything else; then in is as it was. */
MUST_USE int der_take(struct bytes *in, uint8_t tag, struct bytes *content);

/* As der_take, whatever the tag; whole (may be NULL) gets the element with its
 * header. */
MUST_USE int der_take_any(
    struct bytes *in, uint8_t *tag, struct bytes *content, struct bytes *whole);

/* The tag that comes next, or 0 at the end. */
uint8_t der_peek(struct bytes in);

/* A non-negative INTEGER's magnitude without the sign byte; zero is one zero
 * byte. */
MUST_USE int der_take_unsigned(struct bytes *in, struct bytes *magnitude);

/* A BIT STRING without unused bits. */
MUST_USE int der_take_bits(struct bytes *in, struct bytes *content);

/* True if in is exactly one element, DER all the way down (but not inside
 * strings of octets or bits), and at most DER_DEPTH_MAX deep. */
#define DER_DEPTH_MAX 16
bool der_is_well_formed(struct bytes in);

/* Writing, for the few fixed forms that we write ourselves. */
void der_put_header(struct buf *b, uint8_t tag, size_t len);
void der_put(struct buf *b, uint8_t tag, struct bytes content);
void der_put_unsigned(struct buf *b, struct bytes magnitude);

#endif
