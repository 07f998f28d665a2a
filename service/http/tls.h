/*
 * TLS (1.2 and 1.3) over memory: bytes from the wire go in, bytes for the wire
 * come out, and nothing here knows a socket.
 */
#ifndef SERVICE_HTTP_TLS_H
#define SERVICE_HTTP_TLS_H

#include "ca/base/buf.h"

/* Certificate, key and rules: shared by connections, which each hold a
 * reference, so that a new one can take its place at any time. */
struct tls_context;

/* Reads the files (PEM). client_ca "": no client certificates asked for. */
MUST_USE int tls_context_new(const char *certificate, const char *key,
    const char *client_ca, bool client_required, struct tls_context **out,
    struct err *e);
void tls_context_free(struct tls_context *c);

struct tls;

/* NULL: no memory. */
struct tls *tls_new(struct tls_context *c);
void tls_free(struct tls *t);

enum tls_result {
	TLS_FAILED = -1, /* over; the alert for the peer is in tls_output */
	TLS_OK,
	TLS_MORE, /* it takes more from the wire */
	TLS_ENDED /* the peer said that it sends no more */
};

/* Bytes from the wire. TLS_OK, TLS_FAILED. */
enum tls_result tls_input(struct tls *t, struct bytes wire);
/* Moves what is for the wire to the end of out; after each other call, also
 * after one that failed. */
MUST_USE int tls_output(struct tls *t, struct buf *out);

bool tls_is_open(const struct tls *t); /* the handshake is done */
/* TLS_OK: done. */
enum tls_result tls_handshake(struct tls *t);
/* TLS_OK: appended something to plain. */
enum tls_result tls_read(struct tls *t, struct buf *plain);
/* TLS_OK, TLS_FAILED. */
enum tls_result tls_write(struct tls *t, struct bytes plain);
/* close_notify, where the connection is still well. */
void tls_end(struct tls *t);

#endif
