/*
 * The header fields that mean something to us, and their rules. All others are
 * passed over.
 */
#ifndef SERVICE_HTTP_FIELDS_H
#define SERVICE_HTTP_FIELDS_H

#include "ca/base/buf.h"

enum field {
	FIELD_HOST,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_EXPECT,
	FIELD_CONTENT_TYPE,
	FIELD_IDEMPOTENCY_KEY,
	FIELDS
};

struct fields {
	struct bytes value[FIELDS]; /* without blanks around it */
	unsigned seen[FIELDS];
};

/* How the body comes (RFC 9112, 6.3). */
struct framing {
	bool chunked;
	bool has_length;
	uint64_t length;
	bool expects_continue;
};

void fields_add(struct fields *f, struct bytes name, struct bytes value);

/* Each at most once; Host as HTTP/1.1 wants it; the body's framing beyond
 * doubt and at most body_max long. ERR_BAD_REQUEST, ERR_TOO_LARGE. */
MUST_USE int fields_check(const struct fields *f, bool http_1_1,
    size_t body_max, struct framing *out, struct err *e);

#endif
