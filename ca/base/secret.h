/*
 * A passphrase or key from the moment it is parsed until it is wiped.
 *
 * It lives on OpenSSL's secure heap (locked, guarded, not in a core dump), can
 * not be printed or copied by accident, and is wiped when freed.
 */
#ifndef CA_BASE_SECRET_H
#define CA_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "ca/base/buf.h"

struct secret;

/* Makes the process's secure heap: a power of two of bytes. Once, before any
 * thread. -1 if there is none; a heap that could not be locked is reported in
 * the log and used all the same. */
MUST_USE int secret_heap_init(size_t size, struct err *e);

/* A copy of len bytes, or NULL when the heap is exhausted (answer `busy`). */
struct secret *secret_new(const void *data, size_t len);

/* Wipes and frees; NULL is fine. */
void secret_free(struct secret *s);

/* The bytes, borrowed until secret_free. Never NUL-terminated. */
struct bytes secret_bytes(const struct secret *s);

/* Constant time in the bytes (not in the length). */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * A keyed hash (HMAC-SHA-256 under a key made at the first use and never
 * written anywhere) by which a process knows a passphrase again without
 * keeping it. Thread-safe.
 */
#define SECRET_TAG_LEN 32
MUST_USE int secret_tag(
    const struct secret *s, unsigned char tag[SECRET_TAG_LEN], struct err *e);

/* Constant-time comparison of two tags. */
bool secret_tag_equal(const unsigned char *a, const unsigned char *b);

#endif
