#include "service/signer/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/log.h"

#define TICK_MS 1000

/* A call that waits: to be sent (packet holds it) or for its reply. */
struct call {
	struct call *next;
	uint64_t id;
	int64_t made_ms; /* monotonic */
	channel_reply_fn fn;
	void *arg;
	struct buf
	    packet; /* empty once sent; wiped: it may hold a passphrase */
};

struct call_list {
	struct call *first;
	struct call **last;
};

struct channel {
	uv_poll_t poll;
	uv_timer_t tick;
	unsigned handles; /* not yet closed */
	int fd;
	size_t max, count;
	unsigned reply_ms;
	uint64_t next_id;
	bool open; /* the authority's key, as the newest reply told */
	bool lost;
	bool closing;
	struct call_list unsent;
	struct call_list sent;
	void (*on_lost)(void *arg);
	void *arg;
	uint8_t packet[MESSAGE_MAX];
};

static void
list_init(struct call_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void
list_append(struct call_list *l, struct call *c)
{
	c->next = NULL;
	*l->last = c;
	l->last = &c->next;
}

static struct call *
list_take(struct call_list *l, struct call **at)
{
	struct call *c = *at;

	*at = c->next;
	if (*at == NULL)
		l->last = at;
	return c;
}

/* Replies come nearly in order, so the search ends at the list's front. */
static struct call *
list_take_id(struct call_list *l, uint64_t id)
{
	for (struct call **at = &l->first; *at != NULL; at = &(*at)->next)
		if ((*at)->id == id)
			return list_take(l, at);
	return NULL;
}

static void
call_finish(
    struct channel *c, struct call *call, const struct signer_reply *reply)
{
	c->count--;
	call->fn(call->arg, reply);
	buf_clear(&call->packet);
	free(call);
}

static void
channel_fail_all(struct channel *c, struct call_list *l)
{
	struct signer_reply reply = {.open = false};

	err_set(&reply.err, ERR_INTERNAL, NULL, "the signer is gone");
	while (l->first != NULL)
		call_finish(c, list_take(l, &l->first), &reply);
}

static void
channel_lose(struct channel *c, const char *why)
{
	if (c->lost)
		return;
	c->lost = true;
	c->open = false;
	uv_poll_stop(&c->poll);
	uv_timer_stop(&c->tick);
	log_error("signer_lost", log_text("why", why));
	channel_fail_all(c, &c->sent);
	channel_fail_all(c, &c->unsent);
	c->on_lost(c->arg);
}

static void
channel_receive(struct channel *c)
{
	struct signer_reply reply;
	struct call *call;
	ssize_t n;

	while (!c->lost && !c->closing) {
		n = recv(c->fd, c->packet, sizeof(c->packet), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			channel_lose(c, "the socket has ended");
			return;
		}
		if (message_reply_decode(
			(struct bytes){c->packet, (size_t)n}, &reply) != 0) {
			channel_lose(c, "a reply does not decode");
			return;
		}
		c->open = reply.open;
		call = list_take_id(&c->sent, reply.id);
		if (call == NULL) {
			channel_lose(c, "a reply to no request");
			return;
		}
		call_finish(c, call, &reply);
		explicit_bzero(c->packet, (size_t)n);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Polls for room to send only while something waits to be sent. */
static void
channel_poll(struct channel *c)
{
	int events = UV_READABLE;

	if (c->unsent.first != NULL)
		events |= UV_WRITABLE;
	if (!c->lost && !c->closing)
		uv_poll_start(&c->poll, events, on_poll);
}

static void
channel_flush(struct channel *c)
{
	while (!c->lost && c->unsent.first != NULL) {
		struct call *call = c->unsent.first;
		ssize_t n = send(c->fd, call->packet.data, call->packet.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			channel_lose(c, "the socket refuses");
			return;
		}
		list_take(&c->unsent, &c->unsent.first);
		buf_clear(&call->packet);
		list_append(&c->sent, call);
	}
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct channel *c = poll->data;

	if (status < 0) {
		channel_lose(c, uv_strerror(status));
		return;
	}
	if (events & UV_READABLE)
		channel_receive(c);
	if (!c->lost && !c->closing && (events & UV_WRITABLE))
		channel_flush(c);
	channel_poll(c);
}

static bool
list_is_late(const struct channel *c, const struct call_list *l)
{
	return l->first != NULL &&
	       clock_monotonic_ms() - l->first->made_ms > c->reply_ms;
}

static void
on_tick(uv_timer_t *timer)
{
	struct channel *c = timer->data;

	if (list_is_late(c, &c->sent) || list_is_late(c, &c->unsent))
		channel_lose(c, "it does not answer");
}

static int
open_handles(struct channel *c, uv_loop_t *loop)
{
	if (uv_poll_init(loop, &c->poll, c->fd) != 0)
		return -1;
	uv_timer_init(loop, &c->tick);
	c->poll.data = c->tick.data = c;
	c->handles = 2;
	uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	return 0;
}

int
channel_open(uv_loop_t *loop, int take_fd, size_t max, unsigned reply_ms,
    void (*on_lost)(void *arg), void *arg, struct channel **out, struct err *e)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(take_fd);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	c->fd = take_fd;
	c->max = max;
	c->reply_ms = reply_ms;
	c->on_lost = on_lost;
	c->arg = arg;
	list_init(&c->unsent);
	list_init(&c->sent);
	if (open_handles(c, loop) != 0) {
		close(c->fd);
		free(c);
		return err_set(e, ERR_INTERNAL, NULL, "signer: no handle");
	}
	channel_poll(c);
	*out = c;
	return 0;
}

int
channel_call(struct channel *c, struct signer_request *m, channel_reply_fn fn,
    void *arg, struct err *e)
{
	struct call *call;

	if (c->lost || c->closing)
		return err_set(e, ERR_INTERNAL, NULL, "the signer is gone");
	if (c->count >= c->max) {
		err_set(e, ERR_BUSY, NULL, "too many signatures are under way");
		e->retry_after_s = 1;
		return -1;
	}
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	m->id = ++c->next_id;
	buf_init(&call->packet, MESSAGE_MAX);
	if (message_request_encode(m, &call->packet, e) != 0) {
		buf_clear(&call->packet);
		free(call);
		return -1;
	}
	call->id = m->id;
	call->made_ms = clock_monotonic_ms();
	call->fn = fn;
	call->arg = arg;
	c->count++;
	list_append(&c->unsent, call);
	channel_poll(c); /* sent from the loop: a reply never comes in here */
	return 0;
}

bool
channel_is_open(const struct channel *c)
{
	return c->open && !c->lost;
}

static void
on_closed(uv_handle_t *handle)
{
	struct channel *c = handle->data;

	if (--c->handles > 0)
		return;
	close(c->fd);
	free(c);
}

void
channel_close(struct channel *c)
{
	if (c == NULL)
		return;
	c->closing = true;
	uv_poll_stop(&c->poll);
	channel_fail_all(c, &c->sent);
	channel_fail_all(c, &c->unsent);
	uv_close((uv_handle_t *)&c->poll, on_closed);
	uv_close((uv_handle_t *)&c->tick, on_closed);
}
