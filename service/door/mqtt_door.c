#include "service/door/mqtt_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/log.h"
#include "topics/json.h"

#define PREFIX_MAX 64
#define TOPIC_MAX  512
#define VERBS_MAX  16

struct mqtt_door {
	char prefix[PREFIX_MAX];
	struct pipeline *pipeline;
	struct mqtt_link *link;
	struct journal *journal; /* NULL: nothing is kept */
	uint64_t unanswerable;   /* requests that name nobody */
	void (*on_closed)(void *arg);
	void *arg;
};

/* What of a message is needed for its answer; the rest is wiped at once. */
struct question {
	struct mqtt_door *door;
	uint64_t kept; /* in the journal, until the answer is acknowledged */
	char response_topic[TOPIC_MAX]; /* "" : none */
	uint8_t correlation[REQUEST_RETRY_KEY_MAX];
	size_t correlation_len;
};

/* A requester's own topic is followed only where it is <prefix>/<name> or
 * below: it must not make us publish where it may not itself. */
static bool
response_topic_is_own(const char *topic, const char *own)
{
	size_t n = strlen(own);

	if (strncmp(topic, own, n) != 0)
		return false;
	if (topic[n] != '\0' && topic[n] != '/')
		return false;
	return mqtt_topic_is_publishable(bytes_of_text(topic));
}

static void
question_end(struct question *q, bool done)
{
	if (done && q->kept != 0)
		journal_done(q->door->journal, q->kept);
	free(q);
}

/* Stopped before the acknowledgement: the next start answers again. */
static void
on_published(void *arg, const struct err *e)
{
	question_end(arg, e == NULL || e->kind != ERR_BUSY);
}

static void
answer_publish(struct question *q, const char *name, const struct answer *a)
{
	char own[TOPIC_MAX];
	struct err e = ERR_INIT;
	struct mqtt_publish p = {
	    .topic = own,
	    .payload = buf_bytes(&a->body),
	    .correlation_data = {q->correlation, q->correlation_len},
	    .content_type = a->content_type,
	    .done = on_published,
	    .arg = q,
	};

	snprintf(own, sizeof(own), "%s/%s", q->door->prefix, name);
	if (response_topic_is_own(q->response_topic, own))
		p.topic = q->response_topic;
	if (mqtt_link_publish(q->door->link, &p, &e) == 0)
		return;
	log_error("answer_lost", log_text("topic", p.topic),
	    log_text("why", e.message));
	question_end(q, e.kind != ERR_BUSY);
}

static void
on_answered(void *arg, const struct request *r, const struct answer *a)
{
	struct question *q = arg;

	if (r != NULL && a != NULL && r->answer_name[0] != '\0') {
		answer_publish(q, r->answer_name, a);
		return;
	}
	log_warn("unanswerable",
	    log_number("count", (int64_t)++q->door->unanswerable));
	question_end(q, r != NULL);
}

static struct question *
question_new(struct mqtt_door *d, const struct mqtt_message *m)
{
	struct question *q = calloc(1, sizeof(*q));
	struct bytes t = m->response_topic;

	if (q == NULL)
		return NULL;
	q->door = d;
	q->kept = m->kept;
	if (t.len < sizeof(q->response_topic) && t.len > 0 &&
	    memchr(t.data, '\0', t.len) == NULL)
		memcpy(q->response_topic, t.data, t.len);
	if (m->correlation_data.len > 0 &&
	    m->correlation_data.len <= sizeof(q->correlation)) {
		memcpy(q->correlation, m->correlation_data.data,
		    m->correlation_data.len);
		q->correlation_len = m->correlation_data.len;
	}
	return q;
}

/* "ssl/sign" -> "sign" */
static struct bytes
topic_word(const struct mqtt_door *d, struct bytes topic)
{
	size_t n = strlen(d->prefix);

	if (topic.len <= n + 1 || memcmp(topic.data, d->prefix, n) != 0 ||
	    topic.data[n] != '/')
		return (struct bytes){NULL, 0};
	return (struct bytes){topic.data + n + 1, topic.len - n - 1};
}

/* A retained request would be done again at each of our connections. */
static const char *
message_fault(const struct mqtt_message *m, const struct verb *verb)
{
	if (verb == NULL)
		return "no such verb";
	if (m->retained)
		return "retained";
	if (m->oversized)
		return "too large";
	return NULL;
}

static void
door_submit(struct mqtt_door *d, const struct verb *verb,
    const struct mqtt_message *m, struct question *q)
{
	struct arrival a = {
	    .door = DOOR_MQTT,
	    .verb = verb,
	    .body = m->payload,
	    .retry_key = m->correlation_data,
	    .peer = "",
	    .arrived_ms = m->arrived_ms,
	    .answered = on_answered,
	    .arg = q,
	};

	pipeline_submit(d->pipeline, &a);
}

/* A message that came, or one that the journal has kept. */
static void
door_take(struct mqtt_door *d, const struct mqtt_message *m)
{
	const struct verb *verb = verb_find_topic(topic_word(d, m->topic));
	const char *fault = message_fault(m, verb);
	struct question *q = fault == NULL ? question_new(d, m) : NULL;

	if (q != NULL) {
		door_submit(d, verb, m, q);
		return;
	}
	log_warn("message_ignored",
	    log_text("why", fault != NULL ? fault : "out of memory"),
	    log_number("bytes", (int64_t)m->payload.len));
	if (fault != NULL && m->kept != 0)
		journal_done(d->journal, m->kept);
}

static void
on_message(void *arg, struct mqtt_message *take_message)
{
	door_take(arg, take_message);
	mqtt_message_free(take_message);
}

/* On Paho's thread. What will not be answered need not be kept. */
static uint64_t
on_keep(void *arg, const struct mqtt_message *m)
{
	struct mqtt_door *d = arg;
	struct journal_entry entry = {
	    .topic = m->topic,
	    .payload = m->payload,
	    .response_topic = m->response_topic,
	    .correlation_data = m->correlation_data,
	    .arrived_ms = m->arrived_ms,
	};
	struct err e = ERR_INIT;
	uint64_t id = 0;

	if (m->retained || m->oversized)
		return 0;
	if (journal_append(d->journal, &entry, &id, &e) == 0)
		return id;
	log_warn("not_kept", log_text("why", e.message));
	return 0;
}

int
mqtt_door_take_kept(void *arg, uint64_t id, const struct journal_entry *entry)
{
	struct mqtt_door *d = arg;
	struct mqtt_message m = {
	    .topic = entry->topic,
	    .payload = entry->payload,
	    .response_topic = entry->response_topic,
	    .correlation_data = entry->correlation_data,
	    .arrived_ms = entry->arrived_ms,
	    .kept = id,
	};

	if (!pipeline_has_much_room(d->pipeline))
		return -1;
	door_take(d, &m);
	return 0;
}

void
mqtt_door_announce(struct mqtt_door *d)
{
	const struct authority_view *v = pipeline_view(d->pipeline);
	char topic[TOPIC_MAX];
	struct err e = ERR_INIT;
	struct buf body;
	struct mqtt_publish p = {.topic = topic,
	    .content_type = "application/json",
	    .retained = true};

	buf_init(&body, 2 * v->pem.len + 1024);
	json_write_authority(buf_bytes(&v->pem), v->not_after_s, &body);
	snprintf(topic, sizeof(topic), "%s/ca", d->prefix);
	p.payload = buf_bytes(&body);
	if (buf_check(&body, "ca", &e) != 0 ||
	    mqtt_link_publish(d->link, &p, &e) != 0)
		log_error("announcement_lost", log_text("topic", topic),
		    log_text("why", e.message));
	buf_clear(&body);
}

static void
on_up(void *arg)
{
	mqtt_door_announce(arg);
}

int
mqtt_door_open(struct mailbox *mailbox, const struct mqtt_settings *s,
    const char *prefix, struct pipeline *p, struct journal *journal,
    struct mqtt_door **out, struct err *e)
{
	char topic[VERBS_MAX][TOPIC_MAX];
	const char *topics[VERBS_MAX];
	size_t n = 0;
	struct mqtt_door *d = calloc(1, sizeof(*d));
	struct mqtt_handler h = {
	    .keep = journal == NULL ? NULL : on_keep,
	    .on_message = on_message,
	    .on_up = on_up,
	    .arg = d,
	};

	if (d == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	d->pipeline = p;
	d->journal = journal;
	snprintf(d->prefix, sizeof(d->prefix), "%s", prefix);
	for (const struct verb *v = verb_table; v->word != NULL; v++) {
		if (!v->on_mqtt || n == VERBS_MAX)
			continue;
		snprintf(topic[n], TOPIC_MAX, "%s/%s", prefix, v->word);
		topics[n] = topic[n];
		n++;
	}
	if (mqtt_link_start(mailbox, s, topics, n, &h, &d->link, e) != 0) {
		free(d);
		return -1;
	}
	*out = d;
	return 0;
}

bool
mqtt_door_is_up(const struct mqtt_door *d)
{
	return mqtt_link_is_up(d->link);
}

void
mqtt_door_reconnect(struct mqtt_door *d)
{
	mqtt_link_reconnect(d->link);
}

static void
on_stopped(void *arg)
{
	struct mqtt_door *d = arg;

	d->on_closed(d->arg);
	free(d);
}

void
mqtt_door_close(struct mqtt_door *d, unsigned drain_ms,
    void (*on_closed)(void *arg), void *arg)
{
	d->on_closed = on_closed;
	d->arg = arg;
	mqtt_link_stop(d->link, drain_ms, on_stopped, d);
}
