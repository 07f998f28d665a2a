/* Shared by the files of the MQTT link. */
#ifndef SERVICE_MQTT_INTERNAL_H
#define SERVICE_MQTT_INTERNAL_H

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ca/base/queue.h"
#include "service/mqtt/link.h"

#define TOPICS_MAX 16
#define TOPIC_SIZE 512

/* What Paho's callbacks have to say; bits of link.events. */
#define EVENT_CONNECTED      0x01u
#define EVENT_CONNECT_FAILED 0x02u
#define EVENT_LOST           0x04u
#define EVENT_SUBSCRIBED     0x08u
#define EVENT_NOT_SUBSCRIBED 0x10u
#define EVENT_DISCONNECTED   0x20u
#define EVENT_PUBLISHED      0x40u

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_SUBSCRIBING, LINK_UP };

enum out_state {
	OUT_QUEUED,
	OUT_SENT,
	OUT_ACKNOWLEDGED,
	OUT_REFUSED,
	OUT_UNSENT
};

/* A publish, from mqtt_link_publish to its done. */
struct out {
	struct out *next;
	struct letter letter;
	struct mqtt_link *link;
	enum out_state state; /* under the lock */
	int64_t sent_ms;
	struct buf topic, payload, correlation, content_type;
	bool retained;
	void (*done)(void *arg, const struct err *e);
	void *arg;
	struct err err;
};

struct out_list {
	struct out *first;
	struct out **last;
	size_t count;
};

struct mqtt_link {
	struct mqtt_settings settings;
	struct mqtt_handler handler;
	struct mailbox *mailbox;
	char topic[TOPICS_MAX][TOPIC_SIZE];
	size_t topics;
	pthread_t thread;
	atomic_bool up;
	atomic_uint inbound; /* messages that the loop has */

	pthread_mutex_t lock; /* over what follows, up to the next comment;
			       * never held while Paho is called */
	pthread_cond_t wake;
	pthread_cond_t room;    /* for a message more */
	struct out_list queue;  /* to be sent */
	struct out_list flight; /* sent, not acknowledged */
	unsigned events;
	unsigned receive_max; /* of the broker, from its CONNACK */
	size_t packet_max;
	char why[128]; /* of the last loss or failure */
	bool stop, reconnect;
	int64_t stop_at_ms;

	/* the thread's own */
	MQTTAsync client;
	enum link_state state;
	int64_t deadline_ms;  /* of the state */
	unsigned attempts;    /* without success */
	unsigned short_lives; /* losses with something in flight, in a row */
	bool careful;         /* one at a time, to find the one that kills */
	bool told_down, told_waiting;
	bool disconnecting;

	/* the loop's own */
	bool stopped;
	void (*on_stopped)(void *arg);
	void *on_stopped_arg;
};

/* list.c */
void out_list_init(struct out_list *l);
void out_list_append(struct out_list *l, struct out *o);
struct out *out_list_take(struct out_list *l);
void out_list_remove(struct out_list *l, struct out *o);
/* All of b before all of a. */
void out_list_prepend(struct out_list *a, struct out_list *b);
void out_free(struct out *o);

/* client.c: Paho's calls; the thread's alone. */
int client_create(struct mqtt_link *l, struct err *e);
int client_connect(struct mqtt_link *l, bool clean);
int client_subscribe(struct mqtt_link *l);
int client_publish(struct mqtt_link *l, struct out *o);
void client_disconnect(struct mqtt_link *l);
void client_no_delay(const struct mqtt_link *l);

/* callbacks.c: on Paho's threads, its lock held. */
int on_arrived(void *context, char *topic, int topic_len, MQTTAsync_message *m);
void on_lost(void *context, char *cause);
void on_disconnected(
    void *context, MQTTProperties *p, enum MQTTReasonCodes reason);
void on_connect5(void *context, MQTTAsync_successData5 *d);
void on_connect(void *context, MQTTAsync_successData *d);
void on_connect_failure5(void *context, MQTTAsync_failureData5 *d);
void on_connect_failure(void *context, MQTTAsync_failureData *d);
void on_subscribe5(void *context, MQTTAsync_successData5 *d);
void on_subscribe(void *context, MQTTAsync_successData *d);
void on_subscribe_failure5(void *context, MQTTAsync_failureData5 *d);
void on_subscribe_failure(void *context, MQTTAsync_failureData *d);
void on_publish5(void *context, MQTTAsync_successData5 *d);
void on_publish(void *context, MQTTAsync_successData *d);
void on_publish_failure5(void *context, MQTTAsync_failureData5 *d);
void on_publish_failure(void *context, MQTTAsync_failureData *d);
void on_disconnect5(void *context, MQTTAsync_successData5 *d);
void on_disconnect(void *context, MQTTAsync_successData *d);
void on_disconnect_failure5(void *context, MQTTAsync_failureData5 *d);
void on_disconnect_failure(void *context, MQTTAsync_failureData *d);

/* thread.c */
void *link_main(void *arg);
void link_event(struct mqtt_link *l, unsigned event, const char *why);

#endif
