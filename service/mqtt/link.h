/*
 * The connection to the broker (Eclipse Paho's MQTTAsync, MQTT 5 or 3.1.1,
 * TLS). Knows nothing of what is asked.
 *
 * One thread of its own is the only caller of Paho. Paho's callbacks copy and
 * post to the loop. The link connects, and after any loss reconnects by itself
 * (back-off with full jitter), subscribes again each time, and keeps its own
 * window of unacknowledged publishes below the broker's receive maximum.
 * Functions: the loop's thread, if nothing else is said.
 */
#ifndef SERVICE_MQTT_LINK_H
#define SERVICE_MQTT_LINK_H

#include "service/loop/mailbox.h"
#include "ca/base/buf.h"

struct mqtt_settings {
	char url[128];    /* "ssl://127.0.0.1:8883" or "tcp://…" */
	unsigned version; /* 5 or 4 (3.1.1) */
	char client_id[64];
	unsigned keep_alive_s;
	unsigned session_expiry_s;
	unsigned reconnect_min_ms;
	unsigned reconnect_max_ms;
	unsigned window;       /* publishes in flight, at the most */
	unsigned inbound_max;  /* messages taken in, not yet done with: more
				* wait in the broker */
	unsigned outbound_max; /* publishes waiting */
	size_t message_max;    /* bytes, either way */
	unsigned publish_ms;   /* deadline of a publish once sent */
	char ca_file[256];     /* trust for the broker */
	char certificate_file[256];
	char key_file[256];
};

/* A message that came; the loop's from on_message until mqtt_message_free. */
struct mqtt_message {
	struct bytes topic;
	struct bytes payload;          /* wiped on free */
	struct bytes response_topic;   /* MQTT 5; empty: none */
	struct bytes correlation_data; /* MQTT 5; empty: none */
	bool retained;
	bool duplicate;
	int64_t arrived_ms; /* since 1970 */
	uint64_t kept;      /* what keep gave for it; 0: it is not kept */
	bool oversized; /* longer than message_max: the payload is left out */
};

void mqtt_message_free(struct mqtt_message *m);

struct mqtt_handler {
	/* On Paho's thread, before the message is acknowledged: puts it where
	 * it outlives this process. Returns a number that comes back as kept;
	 * 0: it could not, or there is no need. NULL: nobody keeps. */
	uint64_t (*keep)(void *arg, const struct mqtt_message *m);
	void (*on_message)(void *arg, struct mqtt_message *take_message);
	/* Connected and subscribed; or not any more (why: for the log). */
	void (*on_up)(void *arg);
	void (*on_down)(void *arg, const char *why);
	void *arg;
};

struct mqtt_publish {
	const char *topic;
	struct bytes payload;
	struct bytes correlation_data; /* sent with MQTT 5 only */
	const char *content_type;      /* NULL: none; MQTT 5 only */
	bool retained;
	/* On the loop's thread, once: e NULL when the broker acknowledged,
	 * ERR_BUSY when the link was stopped before that, else why it never
	 * will. NULL function: nobody waits. A publish is kept over a reconnect
	 * until it is acknowledged or the link stops. */
	void (*done)(void *arg, const struct err *e);
	void *arg;
};

struct mqtt_link;

/* Starts the thread and returns at once; the broker may be down. topics: full
 * topics, QoS 1, copied. */
MUST_USE int mqtt_link_start(struct mailbox *mailbox,
    const struct mqtt_settings *s, const char *const *topics, size_t n,
    const struct mqtt_handler *h, struct mqtt_link **out, struct err *e);

/* QoS 1. Copies all of p. ERR_BUSY when outbound_max wait; ERR_INTERNAL for a
 * topic or size that the broker would drop us for (empty, wildcard, NUL or
 * control character, broken UTF-8, over 65535, over the broker's maximum). */
MUST_USE int mqtt_link_publish(
    struct mqtt_link *l, const struct mqtt_publish *p, struct err *e);

/* Connect anew, with new certificate files. */
void mqtt_link_reconnect(struct mqtt_link *l);

bool mqtt_link_is_up(const struct mqtt_link *l);

/* What waits to be sent or acknowledged. */
size_t mqtt_link_pending(struct mqtt_link *l);

/* Stops taking in messages, waits up to drain_ms for acknowledgements,
 * disconnects, ends the thread. Then on_stopped comes on the loop's thread and
 * the link is freed. */
void mqtt_link_stop(struct mqtt_link *l, unsigned drain_ms,
    void (*on_stopped)(void *arg), void *arg);

/* May this be published to: not empty, no wildcard, no NUL or control
 * character, UTF-8, at most 65535 bytes, no leading '$'. */
bool mqtt_topic_is_publishable(struct bytes topic);

#endif
