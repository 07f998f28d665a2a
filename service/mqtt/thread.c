/*
 * The link's own thread: the only caller of Paho. It waits for an event, for
 * something to send, or for a deadline; then does the one thing that its state
 * wants.
 *
 *	DOWN -> CONNECTING -> SUBSCRIBING -> UP
 *	  ^________|_____________|___________|   any loss, failure or deadline
 */
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"
#include "service/mqtt/internal.h"

#define CONNECT_MS    20000
#define SUBSCRIBE_MS  20000
#define TICK_MS       1000
#define DISCONNECT_MS 6000
#define LOSSES_MAX    3 /* with something in flight, in a row: poison? */

void
link_event(struct mqtt_link *l, unsigned event, const char *why)
{
	pthread_mutex_lock(&l->lock);
	l->events |= event;
	if (why != NULL)
		snprintf(l->why, sizeof(l->why), "%s", why);
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

/* on_up and on_down travel to the loop in letters of their own. */
struct change {
	struct letter letter;
	struct mqtt_link *link;
	bool up;
	char why[128];
};

static void
on_change_letter(struct letter *letter)
{
	struct change *c = QUEUE_ITEM(letter, struct change, letter);
	struct mqtt_link *l = c->link;

	if (!l->stopped && c->up && l->handler.on_up != NULL)
		l->handler.on_up(l->handler.arg);
	if (!l->stopped && !c->up && l->handler.on_down != NULL)
		l->handler.on_down(l->handler.arg, c->why);
	free(c);
}

static void
tell_change(struct mqtt_link *l, bool up, const char *why)
{
	struct change *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return;
	c->link = l;
	c->up = up;
	snprintf(c->why, sizeof(c->why), "%s", why);
	c->letter.deliver = on_change_letter;
	mailbox_post(l->mailbox, &c->letter);
}

static void
on_done_letter(struct letter *letter)
{
	struct out *o = QUEUE_ITEM(letter, struct out, letter);

	if (o->done != NULL)
		o->done(o->arg, o->err.kind == ERR_NONE ? NULL : &o->err);
	out_free(o);
}

/* To be called without the lock. */
static void
finish(struct out *o)
{
	if (o->err.kind != ERR_NONE)
		log_warn("mqtt_publish",
		    log_text("topic", (const char *)o->topic.data),
		    log_text("message", o->err.message));
	o->letter.deliver = on_done_letter;
	mailbox_post(o->link->mailbox, &o->letter);
}

static void
finish_all(struct out_list *l)
{
	struct out *o;

	while ((o = out_list_take(l)) != NULL)
		finish(o);
}

/* At the stop: what is not acknowledged. */
static void
give_up_all(struct out_list *l)
{
	for (struct out *o = l->first; o != NULL; o = o->next)
		if (o->err.kind == ERR_NONE && o->state != OUT_ACKNOWLEDGED)
			(void)err_set(
			    &o->err, ERR_BUSY, NULL, "the service has stopped");
	finish_all(l);
}

/* Full jitter: anything from nothing to the bound, which doubles. */
static int64_t
back_off(struct mqtt_link *l)
{
	uint64_t bound = l->settings.reconnect_min_ms;
	uint32_t random = 0;

	for (unsigned i = 0;
	     i < l->attempts && bound < l->settings.reconnect_max_ms; i++)
		bound *= 2;
	if (bound > l->settings.reconnect_max_ms)
		bound = l->settings.reconnect_max_ms;
	l->attempts++;
	if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
		return (int64_t)bound;
	return (int64_t)(random % (bound + 1));
}

static void
go_down(struct mqtt_link *l, const char *why)
{
	bool was_up = l->state == LINK_UP;

	atomic_store(&l->up, false);
	l->state = LINK_DOWN;
	l->deadline_ms = clock_monotonic_ms() + back_off(l);
	if (was_up) {
		log_warn("mqtt_down", log_text("why", why));
		tell_change(l, false, why);
		l->told_waiting = true;
	} else if (!l->told_waiting) {
		log_warn("mqtt_waiting", log_text("url", l->settings.url),
		    log_text("why", why));
		l->told_waiting = true;
	} else {
		log_debug("mqtt_attempt", log_text("why", why));
	}
}

/* The one in flight when the broker ends the connection, again and again, is
 * poison: it drops us for it, and Paho would send it for ever. */
static struct out *
find_poison(struct mqtt_link *l, bool dropped)
{
	struct out *poison = NULL;

	if (!dropped)
		return NULL;
	if (l->flight.count == 0) {
		l->short_lives = 0;
		return NULL;
	}
	if (++l->short_lives < LOSSES_MAX)
		return NULL;
	if (l->careful && l->flight.count == 1) {
		poison = out_list_take(&l->flight);
		(void)err_set(&poison->err, ERR_INTERNAL, NULL,
		    "the broker drops the connection for it");
		l->short_lives = 0;
	}
	l->careful = true;
	return poison;
}

/*
 * A new client for a new connection: the old one forgets what it had in flight
 * (it tells each as failed), and it is sent again from our own queue, in order.
 */
static void
renew_client(struct mqtt_link *l, bool dropped)
{
	struct out_list unsettled;
	struct out *poison, *o;
	struct err e = ERR_INIT;

	MQTTAsync_destroy(&l->client);
	pthread_mutex_lock(&l->lock);
	poison = find_poison(l, dropped);
	out_list_init(&unsettled);
	while ((o = out_list_take(&l->flight)) != NULL) {
		if (o->state == OUT_SENT)
			o->state = OUT_UNSENT;
		out_list_append(&unsettled, o);
	}
	out_list_prepend(&l->queue, &unsettled);
	l->events = 0;
	pthread_mutex_unlock(&l->lock);
	if (poison != NULL)
		finish(poison);
	if (client_create(l, &e) != 0)
		log_error("mqtt", log_text("message", e.message));
}

static void
connect_now(struct mqtt_link *l)
{
	if (l->client == NULL) {
		go_down(l, "no client");
		return;
	}
	l->state = LINK_CONNECTING;
	l->deadline_ms = clock_monotonic_ms() + CONNECT_MS;
	if (client_connect(l, false) != 0)
		go_down(l, "the connection cannot be tried");
}

/* For a reason of our own. */
static void
lose(struct mqtt_link *l, const char *why)
{
	go_down(l, why);
	renew_client(l, false);
}

/* The other side has ended it. */
static void
lose_dropped(struct mqtt_link *l, const char *why)
{
	go_down(l, why);
	renew_client(l, true);
}

static void
on_connected_event(struct mqtt_link *l)
{
	client_no_delay(l);
	l->state = LINK_SUBSCRIBING;
	l->deadline_ms = clock_monotonic_ms() + SUBSCRIBE_MS;
	if (client_subscribe(l) != 0)
		lose(l, "the subscription cannot be tried");
}

static void
on_subscribed_event(struct mqtt_link *l)
{
	l->state = LINK_UP;
	l->attempts = 0;
	l->told_waiting = false;
	atomic_store(&l->up, true);
	log_info("mqtt_up", log_text("url", l->settings.url),
	    log_number("version", l->settings.version));
	tell_change(l, true, "");
}

/* Takes what is settled out of flight; what failed without the broker's no is
 * sent again. */
static void
settle_flight(struct mqtt_link *l)
{
	struct out_list settled, again;
	struct out *o, *next;

	out_list_init(&settled);
	out_list_init(&again);
	pthread_mutex_lock(&l->lock);
	for (o = l->flight.first; o != NULL; o = next) {
		next = o->next;
		if (o->state == OUT_SENT)
			continue;
		out_list_remove(&l->flight, o);
		out_list_append(o->state == OUT_UNSENT ? &again : &settled, o);
	}
	out_list_prepend(&l->queue, &again);
	pthread_mutex_unlock(&l->lock);
	if (settled.count > 0) {
		l->short_lives = 0;
		l->careful = false;
	}
	finish_all(&settled);
}

/* One message a round trip less than the broker's bound, or it would make Paho
 * sleep for a second. */
static size_t
window(const struct mqtt_link *l)
{
	size_t w = l->settings.window;
	size_t bound = l->receive_max > 3 ? l->receive_max - 2 : 1;

	if (l->careful)
		return 1;
	return l->settings.version == 5 && w > bound ? bound : w;
}

static struct out *
next_to_send(struct mqtt_link *l)
{
	struct out *o = NULL;

	pthread_mutex_lock(&l->lock);
	if (l->flight.count < window(l))
		o = out_list_take(&l->queue);
	if (o != NULL) {
		o->state = OUT_SENT;
		o->sent_ms = clock_monotonic_ms();
		out_list_append(&l->flight, o);
	}
	pthread_mutex_unlock(&l->lock);
	return o;
}

static void
send_waiting(struct mqtt_link *l)
{
	struct out *o;

	while ((o = next_to_send(l)) != NULL) {
		if (client_publish(l, o) == 0)
			continue;
		lose(l, "an answer could not be handed over");
		return;
	}
}

static bool
flight_is_late(struct mqtt_link *l)
{
	bool late;

	pthread_mutex_lock(&l->lock);
	late = l->flight.first != NULL &&
	       clock_monotonic_ms() - l->flight.first->sent_ms >
		   l->settings.publish_ms;
	pthread_mutex_unlock(&l->lock);
	return late;
}

static void
step_up(struct mqtt_link *l, unsigned events, const char *why)
{
	if (events & EVENT_LOST) {
		lose_dropped(l, why);
		return;
	}
	if (events & EVENT_PUBLISHED)
		settle_flight(l);
	if (flight_is_late(l))
		lose(l, "an answer was not acknowledged in time");
	else
		send_waiting(l);
}

static void
step(struct mqtt_link *l, unsigned events, const char *why)
{
	bool late = clock_monotonic_ms() >= l->deadline_ms;

	switch (l->state) {
	case LINK_DOWN:
		if (late)
			connect_now(l);
		return;
	case LINK_CONNECTING:
	case LINK_SUBSCRIBING:
		if (events &
		    (EVENT_CONNECT_FAILED | EVENT_NOT_SUBSCRIBED | EVENT_LOST))
			lose(l, why);
		else if (events & EVENT_CONNECTED)
			on_connected_event(l);
		else if (events & EVENT_SUBSCRIBED)
			on_subscribed_event(l);
		else if (late)
			lose(l, "the broker does not answer");
		return;
	case LINK_UP:
		step_up(l, events, why);
		return;
	}
}

static bool
has_work(const struct mqtt_link *l)
{
	if (l->events != 0 || l->reconnect)
		return true;
	return l->state == LINK_UP && l->queue.count > 0 &&
	       l->flight.count < window(l);
}

static void
wait_until(struct mqtt_link *l, int64_t deadline_ms)
{
	struct timespec t = {deadline_ms / 1000, deadline_ms % 1000 * 1000000};

	pthread_cond_timedwait(&l->wake, &l->lock, &t);
}

/* Waits; takes the events. False: it is time to stop. */
static bool
wait_for_work(struct mqtt_link *l, unsigned *events, char why[128])
{
	int64_t tick = clock_monotonic_ms() + TICK_MS;
	int64_t end = l->state != LINK_UP && l->deadline_ms < tick
			  ? l->deadline_ms
			  : tick;
	bool stop, reconnect;

	pthread_mutex_lock(&l->lock);
	while (!has_work(l) && !l->stop && clock_monotonic_ms() < end)
		wait_until(l, end);
	*events = l->events;
	l->events = 0;
	memcpy(why, l->why, sizeof(l->why));
	reconnect = l->reconnect;
	l->reconnect = false;
	stop = l->stop &&
	       (l->state != LINK_UP || clock_monotonic_ms() >= l->stop_at_ms ||
		   (l->queue.count == 0 && l->flight.count == 0));
	pthread_mutex_unlock(&l->lock);
	if (reconnect && l->state == LINK_UP) {
		*events |= EVENT_LOST;
		snprintf(why, 128, "asked to connect anew");
		l->attempts = 0;
	}
	return !stop;
}

/* A clean end, if the broker is there to hear it. */
static void
disconnect(struct mqtt_link *l)
{
	int64_t end = clock_monotonic_ms() + DISCONNECT_MS;

	if (l->state != LINK_UP)
		return;
	atomic_store(&l->up, false);
	client_disconnect(l);
	pthread_mutex_lock(&l->lock);
	while (!(l->events & (EVENT_DISCONNECTED | EVENT_LOST)) &&
	       clock_monotonic_ms() < end)
		wait_until(l, end);
	pthread_mutex_unlock(&l->lock);
}

static void
on_stopped_letter(struct letter *letter)
{
	struct change *c = QUEUE_ITEM(letter, struct change, letter);
	struct mqtt_link *l = c->link;

	pthread_join(l->thread, NULL);
	free(c);
	pthread_cond_destroy(&l->wake);
	pthread_cond_destroy(&l->room);
	pthread_mutex_destroy(&l->lock);
	l->on_stopped(l->on_stopped_arg);
	free(l);
}

void *
link_main(void *arg)
{
	struct mqtt_link *l = arg;
	struct change *bye = calloc(1, sizeof(*bye));
	char why[128];
	unsigned events;

	if (bye == NULL)
		abort(); /* at the start, when nothing depends on us yet */
	while (wait_for_work(l, &events, why))
		step(l, events, why);
	disconnect(l);
	MQTTAsync_destroy(&l->client);
	give_up_all(&l->flight);
	give_up_all(&l->queue);
	bye->link = l;
	bye->letter.deliver = on_stopped_letter;
	mailbox_post(l->mailbox, &bye->letter);
	return NULL;
}
