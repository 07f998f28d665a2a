/* The HTTP door, ours and cfssl's: connections that are kept alive, one request
 * at a time on each. One that is closed is opened again. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/http_answer.h"
#include "tests/load/run.h"
#include "tests/load/say.h"

#define HEAD_SIZE 256

struct http_client {
	struct run *run;
	int number;
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_write_t writing;
	struct item *item; /* under way; NULL: idle */
	bool open;
	char head[HEAD_SIZE];
	struct http_answer answer;
};

struct http_clients {
	unsigned opened; /* for the first time */
	bool started;
	struct sockaddr_in address;
	char path[64];
	unsigned made; /* whose handles are in use */
	struct http_client each[];
};

static int client_open(struct http_client *c);

static void
on_closed_to_open(uv_handle_t *handle)
{
	struct http_client *c = handle->data;

	if (!c->run->finished && client_open(c) != 0)
		run_abort(c->run, "http: cannot connect again");
}

/* The server is done with the connection. */
static void
client_reopen(struct http_client *c, const char *why)
{
	struct item *item = c->item;

	c->open = false;
	c->item = NULL;
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_closed_to_open);
	if (item != NULL)
		run_lost(c->run, c->number, item, why);
}

static void
client_take_answer(struct http_client *c)
{
	struct http_answer *a = &c->answer;
	struct item *item = c->item;
	int rc = http_answer_parse(a);

	if (rc == 0)
		return;
	if (rc < 0 || item == NULL) {
		client_reopen(c, "not an HTTP response");
		return;
	}
	c->item = NULL;
	if (a->closes)
		client_reopen(c, NULL);
	run_answered(c->run, c->number, item, a->status, a->body, a->body_len);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct http_client *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->answer.data + c->answer.len,
	    (unsigned)(HTTP_ANSWER_MAX - c->answer.len));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct http_client *c = stream->data;

	(void)buf;
	if (n < 0) {
		client_reopen(c, "the connection was closed");
		return;
	}
	c->answer.len += (size_t)n;
	client_take_answer(c);
}

/* Closed loop: what was to be sent meanwhile goes out. */
static void
on_open_again(struct http_client *c)
{
	if (c->item == NULL)
		run_idle(c->run);
	else if (http_door.send(c->run, c->number, c->item) != 0)
		run_abort(c->run, "http: a request could not be sent");
}

static void
on_connect(uv_connect_t *req, int status)
{
	struct http_client *c = req->data;
	struct http_clients *all = c->run->clients;

	if (status == UV_ECANCELED)
		return;
	if (status != 0 ||
	    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
		run_abort(c->run, "http: %s:%u: %s", c->run->o->host,
		    c->run->o->port, uv_strerror(status));
		return;
	}
	c->open = true;
	c->answer.len = 0;
	if (all->started)
		on_open_again(c);
	else if (++all->opened == c->run->o->connections) {
		all->started = true;
		run_opened(c->run);
	}
}

static int
client_open(struct http_client *c)
{
	struct http_clients *all = c->run->clients;

	if (uv_tcp_init(&c->run->loop, &c->tcp) != 0)
		return -1;
	c->tcp.data = c->connecting.data = c->writing.data = c;
	uv_tcp_nodelay(&c->tcp, 1);
	return uv_tcp_connect(&c->connecting, &c->tcp,
	    (const struct sockaddr *)&all->address, on_connect);
}

static int
clients_make(struct run *run)
{
	struct http_clients *all;
	size_t n = run->o->connections;

	all = calloc(1, sizeof(*all) + n * sizeof(all->each[0]));
	run->clients = all;
	if (all == NULL)
		return complain("out of memory");
	for (size_t i = 0; i < n; i++) {
		all->each[i].run = run;
		all->each[i].number = (int)i;
		all->each[i].answer.data = malloc(HTTP_ANSWER_MAX);
		if (all->each[i].answer.data == NULL)
			return complain("out of memory");
	}
	return 0;
}

static int
http_open(struct run *run)
{
	struct http_clients *all;

	if (clients_make(run) != 0)
		return -1;
	all = run->clients;
	if (uv_ip4_addr(run->o->host, (int)run->o->port, &all->address) != 0)
		return complain("--host: must be an IPv4 address");
	if (run->o->door == DOOR_CFSSL)
		snprintf(all->path, sizeof(all->path), "/api/v1/cfssl/sign");
	else
		snprintf(all->path, sizeof(all->path), "/v1/ssl/%s",
		    verb_word(run->o->verb));
	for (unsigned i = 0; i < run->o->connections; i++) {
		all->made = i + 1;
		if (client_open(&all->each[i]) != 0)
			return complain("http: cannot connect");
	}
	return 0;
}

static int
http_client_for(struct run *run, const struct item *item)
{
	struct http_clients *all = run->clients;

	(void)item;
	for (unsigned i = 0; i < run->o->connections; i++)
		if (all->each[i].open && all->each[i].item == NULL)
			return (int)i;
	return -1;
}

static void
on_write(uv_write_t *req, int status)
{
	struct http_client *c = req->data;

	if (status < 0 && status != UV_ECANCELED)
		client_reopen(c, "the request could not be written");
}

static int
http_send(struct run *run, int client, struct item *item)
{
	struct http_clients *all = run->clients;
	struct http_client *c = &all->each[client];
	uv_buf_t bufs[2];
	int n;

	c->item = item;
	c->answer.len = 0;
	if (!c->open)
		return 0; /* when it is connected again */
	n = snprintf(c->head, sizeof(c->head),
	    "POST %s HTTP/1.1\r\nHost: %s:%u\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    all->path, run->o->host, run->o->port, item->body_len);
	if (n < 0 || n >= HEAD_SIZE)
		return -1;
	bufs[0] = uv_buf_init(c->head, (unsigned)n);
	bufs[1] = uv_buf_init(item->body, (unsigned)item->body_len);
	return uv_write(&c->writing, (uv_stream_t *)&c->tcp, bufs, 2, on_write);
}

static void
http_close(struct run *run)
{
	struct http_clients *all = run->clients;

	for (unsigned i = 0; all != NULL && i < all->made; i++)
		if (!uv_is_closing((uv_handle_t *)&all->each[i].tcp))
			uv_close((uv_handle_t *)&all->each[i].tcp, NULL);
}

static void
http_free(struct run *run)
{
	struct http_clients *all = run->clients;

	for (unsigned i = 0; all != NULL && i < run->o->connections; i++)
		free(all->each[i].answer.data);
	free(all);
}

const struct door http_door = {
    http_open, http_client_for, http_send, http_close, http_free};
