/*
 * JSON in and out: the only place that knows its field names.
 *
 * Reading is strict RFC 8259: a scanner of our own first (UTF-8, no NUL in any
 * spelling, no bare control characters, no name twice, depth, number of
 * values, grammar of numbers, nothing behind the end; names of fields without
 * escapes), then cJSON. cJSON alone lets all of that pass.
 */
#ifndef TOPICS_JSON_H
#define TOPICS_JSON_H

#include "topics/request.h"

/*
 * Reads a request's fields into r, each checked by its own rule, but for what
 * needs its profile: the bounds of days. A field that is unknown, or not in
 * allowed (a mask of enum request_field), is refused by name. Wipes what it
 * copied of a passphrase, on every path; text itself is its owner's to wipe.
 *
 * name, profile and cn are read first: where a later field is refused, r has
 * what tells whom the refusal is for. r->answer_name is set as soon as the
 * text scans, also from a name that breaks its rule. r->verb is used for words.
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
