/* PEM (RFC 7468): blocks of base 64 between two lines. No headers inside, and
 * nothing that ever asks for a passphrase. */
#ifndef CA_X509_PEM_H
#define CA_X509_PEM_H

#include <stdbool.h>

#include "ca/base/buf.h"

/* Appends a block. */
void pem_put(struct buf *out, const char *label, struct bytes der);

/*
 * Moves text behind the next "-----BEGIN label-----" line; before gets what
 * stands in front of it. False, text unchanged, if there is none.
 */
bool pem_begin(struct bytes *text, const char *label, struct bytes *before);

/* After pem_begin: appends the block's bytes to der and moves text behind its
 * end line. -1 if it has none or is not base 64, or der is full. */
MUST_USE int pem_body(struct bytes *text, const char *label, struct buf *der);

#endif
