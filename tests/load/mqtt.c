/*
 * The MQTT door: libmosquitto's clients on the run's loop, MQTT 5, QoS 1. Every
 * client has subscribed to the answers of its own requests (every N-th) before
 * the first is sent, each on its own topic, as a collector does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "tests/load/run.h"
#include "tests/load/say.h"

#define KEEP_ALIVE_S 60
/* Topics in one SUBSCRIBE: well below a broker's bound of a packet. */
#define TOPICS_EACH 200
#define TOPIC_SIZE  96

struct mqtt_client {
	struct run *run;
	int number;
	struct mosquitto *mosq;
	uv_poll_t poll;
	bool polls;
	int events;
	size_t subscribed; /* the next of its items to subscribe to */
};

struct mqtt_clients {
	unsigned ready;
	bool timer_is_made;
	uv_timer_t misc;
	char topic[TOPIC_SIZE]; /* of the requests */
	struct mqtt_client each[];
};

static void on_ready(uv_poll_t *handle, int status, int events);

/* libmosquitto writes what it can at once; the rest waits for the socket. */
static void
client_watch(struct mqtt_client *c)
{
	int events = UV_READABLE;

	if (c->run->finished)
		return;
	if (mosquitto_want_write(c->mosq))
		events |= UV_WRITABLE;
	if (events == c->events)
		return;
	c->events = events;
	if (uv_poll_start(&c->poll, events, on_ready) != 0)
		run_abort(c->run, "mqtt: no poll");
}

static void
client_check(struct mqtt_client *c, int rc, const char *what)
{
	if (rc != MOSQ_ERR_SUCCESS)
		run_abort(c->run, "mqtt: %s: %s", what, mosquitto_strerror(rc));
	else
		client_watch(c);
}

static void
on_ready(uv_poll_t *handle, int status, int events)
{
	struct mqtt_client *c = handle->data;
	int rc = MOSQ_ERR_SUCCESS;

	if (status != 0) {
		run_abort(c->run, "mqtt: %s", uv_strerror(status));
		return;
	}
	if (events & UV_READABLE)
		rc = mosquitto_loop_read(c->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && !c->run->finished)
		rc = mosquitto_loop_write(c->mosq, 1);
	if (!c->run->finished)
		client_check(c, rc, "the connection");
}

/* Its next topics; 0: there is none left. */
static int
topics_take(struct mqtt_client *c, char (*texts)[TOPIC_SIZE], char **topics)
{
	int n = 0;

	while (n < TOPICS_EACH && c->subscribed < c->run->plan->count) {
		snprintf(texts[n], TOPIC_SIZE, "%s/%s", c->run->o->prefix,
		    c->run->plan->items[c->subscribed].name);
		topics[n] = texts[n];
		c->subscribed += c->run->o->connections;
		n++;
	}
	return n;
}

static void
subscribe_next(struct mqtt_client *c)
{
	char texts[TOPICS_EACH][TOPIC_SIZE], *topics[TOPICS_EACH];
	struct mqtt_clients *all = c->run->clients;
	int n = topics_take(c, texts, topics);
	int rc;

	if (n == 0) {
		if (++all->ready == c->run->o->connections)
			run_opened(c->run);
		return;
	}
	rc = mosquitto_subscribe_multiple(c->mosq, NULL, n, topics, 1, 0, NULL);
	if (rc != MOSQ_ERR_SUCCESS)
		run_abort(
		    c->run, "mqtt: subscribing: %s", mosquitto_strerror(rc));
}

static void
on_subscribed(struct mosquitto *mosq, void *context, int mid, int count,
    const int *granted)
{
	struct mqtt_client *c = context;

	(void)mosq;
	(void)mid;
	for (int i = 0; i < count; i++)
		if (granted[i] != 1) {
			run_abort(c->run, "mqtt: a subscription was refused");
			return;
		}
	subscribe_next(c);
}

static void
on_connected(struct mosquitto *mosq, void *context, int rc)
{
	struct mqtt_client *c = context;

	(void)mosq;
	if (rc != 0)
		run_abort(c->run, "mqtt: the broker refuses: %s",
		    mosquitto_reason_string(rc));
	else
		subscribe_next(c);
}

static void
on_message(struct mosquitto *mosq, void *context,
    const struct mosquitto_message *message)
{
	struct mqtt_client *c = context;
	size_t prefix = strlen(c->run->o->prefix) + 1;
	struct item *item = NULL;

	(void)mosq;
	if (strlen(message->topic) > prefix)
		item = plan_find(c->run->plan, message->topic + prefix,
		    strlen(message->topic + prefix));
	if (item == NULL || item->due_ns == 0) {
		run_abort(c->run,
		    "mqtt: an answer that nobody asked for, on %s",
		    message->topic);
		return;
	}
	run_answered(c->run, c->number, item, 0,
	    message->payloadlen > 0 ? message->payload : "",
	    (size_t)message->payloadlen);
}

/* An MQTT 5 broker says here that it will not take a request (its ACL, say). */
static void
on_published(struct mosquitto *mosq, void *context, int mid, int reason,
    const mosquitto_property *properties)
{
	struct mqtt_client *c = context;

	(void)mosq;
	(void)mid;
	(void)properties;
	if (reason >= 0x80)
		run_abort(c->run, "mqtt: the broker refuses a request: %s",
		    mosquitto_reason_string(reason));
}

static int
client_tls(struct mqtt_client *c)
{
	const struct options *o = c->run->o;

	if (o->ca == NULL)
		return MOSQ_ERR_SUCCESS;
	return mosquitto_tls_set(c->mosq, o->ca, NULL, o->cert, o->key, NULL);
}

static int
client_connect(struct mqtt_client *c)
{
	int rc;

	c->mosq = mosquitto_new(NULL, true, c);
	if (c->mosq == NULL)
		return complain("mqtt: out of memory");
	mosquitto_int_option(
	    c->mosq, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(c->mosq, on_connected);
	mosquitto_subscribe_callback_set(c->mosq, on_subscribed);
	mosquitto_message_callback_set(c->mosq, on_message);
	mosquitto_publish_v5_callback_set(c->mosq, on_published);
	rc = client_tls(c);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect(c->mosq, c->run->o->host,
		    (int)c->run->o->port, KEEP_ALIVE_S);
	if (rc != MOSQ_ERR_SUCCESS)
		return complain("mqtt: %s:%u: %s", c->run->o->host,
		    c->run->o->port, mosquitto_strerror(rc));
	return 0;
}

static int
client_open(struct run *run, int number)
{
	struct mqtt_clients *all = run->clients;
	struct mqtt_client *c = &all->each[number];

	c->run = run;
	c->number = number;
	c->subscribed = (size_t)number;
	if (client_connect(c) != 0)
		return -1;
	c->poll.data = c;
	if (uv_poll_init(&run->loop, &c->poll, mosquitto_socket(c->mosq)) != 0)
		return complain("mqtt: no poll");
	c->polls = true;
	client_watch(c);
	return 0;
}

/* Keep-alives and the like. */
static void
on_misc(uv_timer_t *timer)
{
	struct run *run = timer->data;
	struct mqtt_clients *all = run->clients;

	for (unsigned i = 0; i < run->o->connections && !run->finished; i++)
		client_check(&all->each[i],
		    mosquitto_loop_misc(all->each[i].mosq), "keeping it alive");
}

static int
mqtt_open(struct run *run)
{
	struct mqtt_clients *all;
	size_t n = run->o->connections;

	mosquitto_lib_init();
	all = calloc(1, sizeof(*all) + n * sizeof(all->each[0]));
	run->clients = all;
	if (all == NULL)
		return complain("out of memory");
	snprintf(all->topic, sizeof(all->topic), "%s/%s", run->o->prefix,
	    verb_word(run->o->verb));
	for (size_t i = 0; i < n; i++)
		if (client_open(run, (int)i) != 0)
			return -1;
	uv_timer_init(&run->loop, &all->misc);
	all->misc.data = run;
	all->timer_is_made = true;
	uv_timer_start(&all->misc, on_misc, 1000, 1000);
	return 0;
}

/* Whose subscription its answer comes to; it need not be idle. */
static int
mqtt_client_for(struct run *run, const struct item *item)
{
	return (int)((size_t)(item - run->plan->items) % run->o->connections);
}

static int
mqtt_send(struct run *run, int client, struct item *item)
{
	struct mqtt_clients *all = run->clients;
	struct mqtt_client *c = &all->each[client];
	int rc = mosquitto_publish(c->mosq, NULL, all->topic,
	    (int)item->body_len, item->body, 1, false);

	if (rc != MOSQ_ERR_SUCCESS)
		return -1;
	client_watch(c);
	return 0;
}

static void
mqtt_close(struct run *run)
{
	struct mqtt_clients *all = run->clients;

	if (all == NULL)
		return;
	if (all->timer_is_made)
		uv_close((uv_handle_t *)&all->misc, NULL);
	for (unsigned i = 0; i < run->o->connections; i++)
		if (all->each[i].polls)
			uv_close((uv_handle_t *)&all->each[i].poll, NULL);
}

static void
mqtt_free(struct run *run)
{
	struct mqtt_clients *all = run->clients;

	for (unsigned i = 0; all != NULL && i < run->o->connections; i++)
		if (all->each[i].mosq != NULL) {
			mosquitto_disconnect(all->each[i].mosq);
			mosquitto_destroy(all->each[i].mosq);
		}
	free(all);
	mosquitto_lib_cleanup();
}

const struct door mqtt_door = {
    mqtt_open, mqtt_client_for, mqtt_send, mqtt_close, mqtt_free};
