/*
 * The serials that are refused, and the file that keeps them over a restart.
 *
 * The file is text: a first line with its version, then "+<serial>" or
 * "-<serial>" in the order in which it was said. A change is appended and
 * flushed; now and then, and after a sync, the file is written anew beside the
 * old one and renamed over it. A last line without its end is one that was
 * never confirmed.
 */
#ifndef MOSQUITTO_STATE_H
#define MOSQUITTO_STATE_H

#include "mosquitto/serials.h"

struct state;

/* Reads the file; where there is none, starts empty (and writes it). Anything
 * in it that is out of form is an error: a broker that forgets whom to refuse
 * must not start. */
MUST_USE int state_open(const char *path, struct state **out, struct err *e);
void state_close(struct state *s);

bool state_is_revoked(const struct state *s, const struct revoked_serial *n);
size_t state_count(const struct state *s);

/* In memory at once, on disk by state_save. -1: no memory, or full. */
MUST_USE int state_revoke(struct state *s, const struct revoked_serial *n);
MUST_USE int state_release(struct state *s, const struct revoked_serial *n);

/*
 * The whole set anew, over several messages: begin, add…, end; end is refused
 * unless as many were added as begin said, and until end the old set holds.
 * What is revoked or released in between counts for both. -1: out of order,
 * another number, no memory, or full.
 */
MUST_USE int state_sync_begin(struct state *s, size_t count);
MUST_USE int state_sync_add(struct state *s, const struct revoked_serial *n);
MUST_USE int state_sync_end(struct state *s);
bool state_sync_is_open(const struct state *s);

/* Writes what has changed. After a failure, the next one writes all. */
MUST_USE int state_save(struct state *s, struct err *e);

#endif
