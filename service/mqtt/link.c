/* The loop's side of the link. */
#include "service/mqtt/link.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "service/mqtt/internal.h"

/* Beside the payload a packet holds topic, properties and headers. */
#define PACKET_EXTRA 64

static int
start_thread(struct mqtt_link *l, struct err *e)
{
	sigset_t all, old;
	int rc;

	/* Paho's threads are born of this one and inherit its mask. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, link_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0 ? 0 : err_set(e, ERR_INTERNAL, NULL, "mqtt: no thread");
}

static int
init_locks(struct mqtt_link *l)
{
	pthread_condattr_t attr;
	int rc;

	if (pthread_condattr_init(&attr) != 0)
		return -1;
	/* Deadlines must not move when the clock is set. */
	rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(&l->wake, &attr);
	if (rc == 0)
		rc = pthread_cond_init(&l->room, &attr);
	pthread_condattr_destroy(&attr);
	if (rc != 0)
		return -1;
	return pthread_mutex_init(&l->lock, NULL);
}

static int
copy_topics(
    struct mqtt_link *l, const char *const *topics, size_t n, struct err *e)
{
	if (n < 1 || n > TOPICS_MAX)
		return err_set(e, ERR_INTERNAL, NULL,
		    "mqtt: must be 1 to %d topics", TOPICS_MAX);
	for (size_t i = 0; i < n; i++)
		snprintf(l->topic[i], sizeof(l->topic[i]), "%s", topics[i]);
	l->topics = n;
	return 0;
}

int
mqtt_link_start(struct mailbox *mailbox, const struct mqtt_settings *s,
    const char *const *topics, size_t n, const struct mqtt_handler *h,
    struct mqtt_link **out, struct err *e)
{
	struct mqtt_link *l = calloc(1, sizeof(*l));

	if (l == NULL || init_locks(l) != 0) {
		free(l);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	l->settings = *s;
	l->handler = *h;
	l->mailbox = mailbox;
	l->receive_max = 65535;
	out_list_init(&l->queue);
	out_list_init(&l->flight);
	if (copy_topics(l, topics, n, e) == 0 && client_create(l, e) == 0 &&
	    start_thread(l, e) == 0) {
		*out = l;
		return 0;
	}
	if (l->client != NULL)
		MQTTAsync_destroy(&l->client);
	free(l);
	return -1;
}

static int
check_publish(struct mqtt_link *l, const struct mqtt_publish *p, struct err *e)
{
	struct bytes topic = bytes_of_text(p->topic);
	size_t size =
	    topic.len + p->payload.len + p->correlation_data.len + PACKET_EXTRA;
	size_t packet_max, waiting;

	pthread_mutex_lock(&l->lock);
	packet_max = l->packet_max;
	waiting = l->queue.count + l->flight.count;
	pthread_mutex_unlock(&l->lock);
	if (!mqtt_topic_is_publishable(topic))
		return err_set(e, ERR_INTERNAL, NULL,
		    "a topic that cannot be published to");
	if (p->payload.len > l->settings.message_max ||
	    (packet_max > 0 && size > packet_max))
		return err_set(e, ERR_INTERNAL, NULL,
		    "%zu bytes are more than the broker takes", p->payload.len);
	if (waiting < l->settings.outbound_max)
		return 0;
	err_set(e, ERR_BUSY, NULL, "too many answers wait for the broker");
	e->retry_after_s = 1;
	return -1;
}

static void
fill(struct buf *b, struct bytes from)
{
	buf_init(b, from.len + 1);
	buf_append(b, from.data, from.len);
}

static struct out *
out_new(struct mqtt_link *l, const struct mqtt_publish *p)
{
	struct out *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->link = l;
	o->retained = p->retained;
	o->done = p->done;
	o->arg = p->arg;
	fill(&o->topic, bytes_of_text(p->topic));
	fill(&o->payload, p->payload);
	fill(&o->correlation, p->correlation_data);
	fill(&o->content_type,
	    bytes_of_text(p->content_type == NULL ? "" : p->content_type));
	if (o->topic.failed || o->payload.failed || o->correlation.failed ||
	    o->content_type.failed) {
		out_free(o);
		return NULL;
	}
	return o;
}

int
mqtt_link_publish(
    struct mqtt_link *l, const struct mqtt_publish *p, struct err *e)
{
	struct out *o;

	if (check_publish(l, p, e) != 0)
		return -1;
	o = out_new(l, p);
	if (o == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	pthread_mutex_lock(&l->lock);
	out_list_append(&l->queue, o);
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

void
mqtt_link_reconnect(struct mqtt_link *l)
{
	pthread_mutex_lock(&l->lock);
	l->reconnect = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

bool
mqtt_link_is_up(const struct mqtt_link *l)
{
	return atomic_load(&l->up);
}

size_t
mqtt_link_pending(struct mqtt_link *l)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	n = l->queue.count + l->flight.count;
	pthread_mutex_unlock(&l->lock);
	return n;
}

void
mqtt_link_stop(struct mqtt_link *l, unsigned drain_ms,
    void (*on_stopped)(void *arg), void *arg)
{
	l->stopped = true;
	l->on_stopped = on_stopped;
	l->on_stopped_arg = arg;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	l->stop_at_ms = clock_monotonic_ms() + drain_ms;
	pthread_cond_signal(&l->wake);
	pthread_cond_broadcast(&l->room);
	pthread_mutex_unlock(&l->lock);
}
