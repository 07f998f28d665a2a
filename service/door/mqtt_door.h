/*
 * The MQTT door: messages below the prefix become arrivals, answers go to the
 * requester's topic. Loop's thread.
 */
#ifndef SERVICE_DOOR_MQTT_DOOR_H
#define SERVICE_DOOR_MQTT_DOOR_H

#include "service/journal/journal.h"
#include "service/mqtt/link.h"
#include "service/work/pipeline.h"

struct mqtt_door;

/* Subscribes to the topics of the table below prefix. journal: where each
 * request is kept until its answer is acknowledged; NULL: nowhere. Borrowed. */
MUST_USE int mqtt_door_open(struct mailbox *mailbox,
    const struct mqtt_settings *s, const char *prefix, struct pipeline *p,
    struct journal *journal, struct mqtt_door **out, struct err *e);

/* journal_handler's on_entry; arg: the door. Takes up a request of an earlier
 * life of the service, as if it had just come; -1 while much is under way. */
int mqtt_door_take_kept(
    void *arg, uint64_t id, const struct journal_entry *entry);

bool mqtt_door_is_up(const struct mqtt_door *d);

/* The authority's certificates, retained on <prefix>/ca; again by itself at
 * each connection. */
void mqtt_door_announce(struct mqtt_door *d);

/* Connect anew, with new certificate files. */
void mqtt_door_reconnect(struct mqtt_door *d);

/* After the last answer: waits for its acknowledgement, ends, frees d. */
void mqtt_door_close(struct mqtt_door *d, unsigned drain_ms,
    void (*on_closed)(void *arg), void *arg);

#endif
