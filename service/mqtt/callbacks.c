/*
 * What Paho calls, on its threads and with its lock held: copy, note, wake.
 * Nothing here calls Paho but to free what it gave. A message is always taken
 * (1 is returned): refusing it would not hold back its acknowledgement.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/mqtt/internal.h"

#define PROPERTY_MAX 1024

/* A message with room for all of its parts. */
struct inbound {
	struct letter letter;
	struct mqtt_link *link;
	struct mqtt_message message;
	size_t size;
	uint8_t data[];
};

/* One message less; whoever waits for that looks again under the lock. */
static void
leave(struct mqtt_link *l)
{
	if (atomic_fetch_sub(&l->inbound, 1) < l->settings.inbound_max)
		return;
	pthread_mutex_lock(&l->lock);
	pthread_cond_broadcast(&l->room);
	pthread_mutex_unlock(&l->lock);
}

/*
 * Holds Paho's thread while the loop has as much as it may have, so that the
 * broker keeps the rest. Nothing that the loop does for that needs Paho; the
 * link's own thread may wait for Paho's lock meanwhile.
 */
static void
enter(struct mqtt_link *l)
{
	pthread_mutex_lock(&l->lock);
	while (atomic_load(&l->inbound) >= l->settings.inbound_max && !l->stop)
		pthread_cond_wait(&l->room, &l->lock);
	atomic_fetch_add(&l->inbound, 1);
	pthread_mutex_unlock(&l->lock);
}

void
mqtt_message_free(struct mqtt_message *m)
{
	struct inbound *in = QUEUE_ITEM(m, struct inbound, message);

	leave(in->link);
	OPENSSL_cleanse(in->data, in->size);
	free(in);
}

static void
on_message_letter(struct letter *letter)
{
	struct inbound *in = QUEUE_ITEM(letter, struct inbound, letter);
	struct mqtt_link *l = in->link;

	if (l->stopped)
		mqtt_message_free(&in->message);
	else
		l->handler.on_message(l->handler.arg, &in->message);
}

static struct bytes
property(MQTTAsync_message *m, enum MQTTPropertyCodes code)
{
	MQTTProperty *p = MQTTProperties_getProperty(&m->properties, code);

	if (p == NULL || p->value.data.len < 0 ||
	    p->value.data.len > PROPERTY_MAX)
		return (struct bytes){NULL, 0};
	return (struct bytes){
	    (const uint8_t *)p->value.data.data, (size_t)p->value.data.len};
}

static struct bytes
put(struct inbound *in, size_t *at, struct bytes part)
{
	struct bytes view = {in->data + *at, part.len};

	if (part.len > 0)
		memcpy(in->data + *at, part.data, part.len);
	*at += part.len;
	return view;
}

static struct inbound *
inbound_new(struct mqtt_link *l, struct bytes topic, MQTTAsync_message *m)
{
	struct bytes payload = {m->payload, (size_t)m->payloadlen};
	struct bytes response = property(m, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	struct bytes correlation =
	    property(m, MQTTPROPERTY_CODE_CORRELATION_DATA);
	bool oversized = payload.len > l->settings.message_max;
	struct inbound *in;
	size_t at = 0;

	if (oversized)
		payload.len = 0;
	in = calloc(1, sizeof(*in) + topic.len + payload.len + response.len +
			   correlation.len);
	if (in == NULL)
		return NULL;
	in->link = l;
	in->message.topic = put(in, &at, topic);
	in->message.payload = put(in, &at, payload);
	in->message.response_topic = put(in, &at, response);
	in->message.correlation_data = put(in, &at, correlation);
	in->message.retained = m->retained != 0;
	in->message.duplicate = m->dup != 0;
	in->message.oversized = oversized;
	in->message.arrived_ms = clock_now_ms();
	in->size = at;
	return in;
}

static void
take(struct mqtt_link *l, struct bytes topic, MQTTAsync_message *m)
{
	struct inbound *in;

	enter(l);
	in = inbound_new(l, topic, m);
	if (in == NULL) {
		leave(l);
		log_error("mqtt_lost", log_text("why", "out of memory"));
		return;
	}
	if (l->handler.keep != NULL)
		in->message.kept =
		    l->handler.keep(l->handler.arg, &in->message);
	in->letter.deliver = on_message_letter;
	mailbox_post(l->mailbox, &in->letter);
}

int
on_arrived(void *context, char *topic, int topic_len, MQTTAsync_message *m)
{
	struct bytes t = {(const uint8_t *)topic,
	    topic_len > 0 ? (size_t)topic_len : strlen(topic)};

	take(context, t, m);
	if (m->payload != NULL && m->payloadlen > 0)
		OPENSSL_cleanse(m->payload, (size_t)m->payloadlen);
	MQTTAsync_freeMessage(&m);
	MQTTAsync_free(topic);
	return 1;
}

void
on_lost(void *context, char *cause)
{
	link_event(context, EVENT_LOST,
	    cause == NULL ? "the connection broke" : cause);
}

void
on_disconnected(void *context, MQTTProperties *p, enum MQTTReasonCodes reason)
{
	char why[64];

	(void)p;
	snprintf(why, sizeof(why), "the broker ended it, reason 0x%02x",
	    (unsigned)reason);
	link_event(context, EVENT_LOST, why);
}

static void
take_limits(struct mqtt_link *l, MQTTProperties *p)
{
	int64_t receive = 65535, packet = 0;

	if (MQTTProperties_hasProperty(p, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		receive = MQTTProperties_getNumericValue(
		    p, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (MQTTProperties_hasProperty(
		p, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE))
		packet = MQTTProperties_getNumericValue(
		    p, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
	pthread_mutex_lock(&l->lock);
	l->receive_max = receive > 0 ? (unsigned)receive : 1;
	l->packet_max = packet > 0 ? (size_t)packet : 0;
	pthread_mutex_unlock(&l->lock);
}

void
on_connect5(void *context, MQTTAsync_successData5 *d)
{
	take_limits(context, &d->properties);
	link_event(context, EVENT_CONNECTED, NULL);
}

void
on_connect(void *context, MQTTAsync_successData *d)
{
	(void)d;
	link_event(context, EVENT_CONNECTED, NULL);
}

static void
fail(void *context, unsigned event, int code, int reason, const char *message)
{
	char why[128];

	snprintf(why, sizeof(why), "%s (code %d, reason %d)",
	    message == NULL ? "refused" : message, code, reason);
	link_event(context, event, why);
}

void
on_connect_failure5(void *context, MQTTAsync_failureData5 *d)
{
	fail(context, EVENT_CONNECT_FAILED, d->code, (int)d->reasonCode,
	    d->message);
}

void
on_connect_failure(void *context, MQTTAsync_failureData *d)
{
	fail(context, EVENT_CONNECT_FAILED, d == NULL ? 0 : d->code, 0,
	    d == NULL ? NULL : d->message);
}

/* Several topics: each has its reason, in here; a single one fails as a whole
 * and is told by the other callback. */
void
on_subscribe5(void *context, MQTTAsync_successData5 *d)
{
	struct mqtt_link *l = context;

	for (int i = 0; l->topics > 1 && i < d->alt.sub.reasonCodeCount; i++) {
		if (d->alt.sub.reasonCodes[i] <
		    MQTTREASONCODE_UNSPECIFIED_ERROR)
			continue;
		fail(context, EVENT_NOT_SUBSCRIBED, i,
		    (int)d->alt.sub.reasonCodes[i], "a topic was refused");
		return;
	}
	link_event(context, EVENT_SUBSCRIBED, NULL);
}

#define QOS_REFUSED 0x80

void
on_subscribe(void *context, MQTTAsync_successData *d)
{
	struct mqtt_link *l = context;

	for (size_t i = 0; l->topics > 1 && i < l->topics; i++) {
		if (d->alt.qosList[i] != QOS_REFUSED)
			continue;
		fail(context, EVENT_NOT_SUBSCRIBED, (int)i, QOS_REFUSED,
		    "a topic was refused");
		return;
	}
	link_event(context, EVENT_SUBSCRIBED, NULL);
}

void
on_subscribe_failure5(void *context, MQTTAsync_failureData5 *d)
{
	fail(context, EVENT_NOT_SUBSCRIBED, d->code, (int)d->reasonCode,
	    d->message);
}

void
on_subscribe_failure(void *context, MQTTAsync_failureData *d)
{
	fail(context, EVENT_NOT_SUBSCRIBED, d == NULL ? 0 : d->code, 0,
	    d == NULL ? NULL : d->message);
}

static void
settle(void *context, enum out_state state, int reason)
{
	struct out *o = context;
	struct mqtt_link *l = o->link;

	pthread_mutex_lock(&l->lock);
	o->state = state;
	if (state == OUT_REFUSED)
		(void)err_set(&o->err, ERR_INTERNAL, NULL,
		    "the broker refused it, reason 0x%02x", (unsigned)reason);
	pthread_mutex_unlock(&l->lock);
	link_event(l, EVENT_PUBLISHED, NULL);
}

void
on_publish5(void *context, MQTTAsync_successData5 *d)
{
	(void)d;
	settle(context, OUT_ACKNOWLEDGED, 0);
}

void
on_publish(void *context, MQTTAsync_successData *d)
{
	(void)d;
	settle(context, OUT_ACKNOWLEDGED, 0);
}

/* A reason of 0x80 or more is the broker's no; anything else is ours: the
 * session is gone, and it is sent again. */
void
on_publish_failure5(void *context, MQTTAsync_failureData5 *d)
{
	int reason = (int)d->reasonCode;

	settle(context, reason >= 0x80 ? OUT_REFUSED : OUT_UNSENT, reason);
}

void
on_publish_failure(void *context, MQTTAsync_failureData *d)
{
	(void)d;
	settle(context, OUT_UNSENT, 0);
}

void
on_disconnect5(void *context, MQTTAsync_successData5 *d)
{
	(void)d;
	link_event(context, EVENT_DISCONNECTED, NULL);
}

void
on_disconnect(void *context, MQTTAsync_successData *d)
{
	(void)d;
	link_event(context, EVENT_DISCONNECTED, NULL);
}

void
on_disconnect_failure5(void *context, MQTTAsync_failureData5 *d)
{
	(void)d;
	link_event(context, EVENT_DISCONNECTED, NULL);
}

void
on_disconnect_failure(void *context, MQTTAsync_failureData *d)
{
	(void)d;
	link_event(context, EVENT_DISCONNECTED, NULL);
}
