/*
 * JSON in and out: the only place that knows its field names.
 *
 * Reading is strict RFC 8259: a scanner of our own first (UTF-8, no NUL, no
 * control characters, no duplicate keys, depth, number of values, grammar of
 * numbers, nothing behind the end), then cJSON. cJSON alone lets all of that
 * pass.
 */
#ifndef TOPICS_JSON_H
#define TOPICS_JSON_H

#include "topics/request.h"

/*
 * Reads a sign or create request's fields into r, each checked by its own
 * rule; unknown fields are refused by name. allowed is a bit mask of enum
 * request_field. Wipes what it copied of a passphrase, on every path; `text`
 * itself is its owner's to wipe. Where anything at all of the name could be
 * read, r->answer_name has it, so a refusal can be addressed.
 */
MUST_USE int json_read_request(
    struct bytes text, unsigned allowed, struct request *r, struct err *e);

/* The scanner alone: -1, ERR_BAD_JSON with the offset and the rule. */
MUST_USE int json_scan(struct bytes text, struct err *e);

/* The answers; appended to out, which is checked by the caller. */
void json_write_refusal(const struct err *e, const char *name, struct buf *out);
void json_write_issued(struct bytes authority_pem, struct bytes key_pem,
    struct bytes certificate_der, const struct request *r, struct buf *out);
void json_write_entity(const struct store_certificate *c, struct buf *out);
void json_write_health(const struct health *h, struct buf *out);
/* The retained announcement on ssl/ca. */
void json_write_authority(
    struct bytes authority_pem, int64_t not_after_s, struct buf *out);

#endif
