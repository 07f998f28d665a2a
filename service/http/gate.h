/*
 * What the library's parser lets pass and a request of ours may not hold: bare
 * line feeds, folded lines, blanks before a colon, control bytes, targets and
 * versions of other protocols, chunk framing that two readers could read in two
 * ways (RFC 9112, 11.2). Each byte passes here before the parser sees it.
 */
#ifndef SERVICE_HTTP_GATE_H
#define SERVICE_HTTP_GATE_H

#include "ca/base/buf.h"

enum gate_verdict {
	GATE_REFUSED = -1, /* e says why */
	GATE_PASS,         /* well so far */
	GATE_DROP,         /* well, but nothing that the parser should see */
	GATE_END           /* this byte was the last */
};

/* A head: request line, fields, empty line (RFC 9112, 2.1). */
struct head_gate {
	enum gate_verdict (*state)(struct head_gate *, uint8_t, struct err *);
	size_t at;       /* bytes of the current part */
	unsigned fields; /* so far */
};

void head_gate_init(struct head_gate *g);
/* Fields and empty line only, as behind the last chunk. */
void head_gate_init_trailers(struct head_gate *g);
/* GATE_DROP for an empty line ahead of the request line. */
enum gate_verdict head_gate_byte(
    struct head_gate *g, uint8_t byte, struct err *e);

/* A body in chunks (RFC 9112, 7.1). Extensions and trailers are bounded,
 * checked and dropped. */
struct chunk_gate {
	enum gate_verdict (*state)(struct chunk_gate *, uint8_t, struct err *);
	size_t at;          /* bytes of the current line */
	uint64_t left;      /* of the current chunk */
	uint64_t body_left; /* that may still come in all */
	size_t body_max;
	size_t trailers_left;
	struct head_gate trailers;
};

void chunk_gate_init(struct chunk_gate *g, size_t body_max, size_t trailer_max);
/* Judges the first *taken bytes of in, which is not empty. After GATE_END the
 * parser is owed the empty line that ends the trailers. */
enum gate_verdict chunk_gate_next(
    struct chunk_gate *g, struct bytes in, size_t *taken, struct err *e);

#endif
