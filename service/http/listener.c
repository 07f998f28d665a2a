#include "service/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/log.h"

#define BACKLOG    128
#define ERRORS_MAX 8 /* in a row */
#define PAUSE_MS   200

struct listener {
	uv_loop_t *loop;
	uv_tcp_t tcp;     /* on a duplicate of fd */
	uv_timer_t pause; /* ends a pause */
	bool tcp_open;    /* tcp is a handle that is not closed */
	bool timer_open;
	bool closing;
	bool troubled; /* said so in the log */
	int fd;        /* -1: none */
	unsigned errors;
	listener_fn on_waiting;
	void *arg;
	void (*on_closed)(void *);
	void *closed_arg;
};

static int listener_listen(struct listener *l);

static void
listener_end(struct listener *l)
{
	void (*on_closed)(void *) = l->on_closed;
	void *arg = l->closed_arg;

	if (l->tcp_open || l->timer_open)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
	if (on_closed != NULL)
		on_closed(arg);
}

static void
on_pause_over(uv_timer_t *timer)
{
	struct listener *l = timer->data;

	if (listener_listen(l) != 0 && !l->tcp_open)
		uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

static void
on_tcp_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	l->tcp_open = false;
	if (l->closing)
		listener_end(l);
	else
		uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	l->timer_open = false;
	listener_end(l);
}

static void
listener_pause(struct listener *l, int status)
{
	if (!l->troubled)
		log_warn("http_accept_failed",
		    log_text("error", uv_strerror(status)));
	l->troubled = true;
	l->errors = 0;
	if (!uv_is_closing((uv_handle_t *)&l->tcp))
		uv_close((uv_handle_t *)&l->tcp, on_tcp_closed);
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;

	if (status == 0)
		l->on_waiting(l->arg);
	else if (++l->errors >= ERRORS_MAX)
		listener_pause(l, status);
}

void
listener_rest(struct listener *l)
{
	listener_pause(l, UV_ENOMEM);
}

int
listener_accept(struct listener *l, uv_tcp_t *into)
{
	int r;

	if (!l->tcp_open || uv_is_closing((uv_handle_t *)&l->tcp))
		return -1;
	r = uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)into);
	if (r == UV_EAGAIN)
		return -1;
	if (r != 0) {
		/* libuv does not listen on after this. */
		listener_pause(l, r);
		return -1;
	}
	l->errors = 0;
	l->troubled = false;
	return 0;
}

/* Makes the handle; on failure it is being closed or was never open. */
static int
listener_listen(struct listener *l)
{
	int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (uv_tcp_init(l->loop, &l->tcp) != 0) {
		close(fd);
		return -1;
	}
	l->tcp.data = l;
	l->tcp_open = true;
	if (uv_tcp_open(&l->tcp, fd) != 0) {
		close(fd);
		goto out;
	}
	if (uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection) != 0)
		goto out;
	return 0;
out:
	uv_close((uv_handle_t *)&l->tcp, on_tcp_closed);
	return -1;
}

static int
read_address(const char *host, unsigned port, struct sockaddr_storage *out,
    socklen_t *len)
{
	if (port > 65535)
		return -1;
	memset(out, 0, sizeof(*out));
	*len = sizeof(struct sockaddr_in);
	if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out) == 0)
		return 0;
	*len = sizeof(struct sockaddr_in6);
	return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out);
}

static int
bound_socket(const struct sockaddr_storage *address, socklen_t len)
{
	int on = 1;
	int fd = socket(
	    address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)address, len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
listener_open(uv_loop_t *loop, const char *host, unsigned port,
    struct listener **out, struct err *e)
{
	struct sockaddr_storage address;
	struct listener *l;
	socklen_t len;

	if (read_address(host, port, &address, &len) != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "http: not an address and port: %s %u", host, port);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "http: out of memory");
	l->loop = loop;
	l->fd = bound_socket(&address, len);
	if (l->fd < 0) {
		free(l);
		return err_set(e, ERR_INTERNAL, NULL,
		    "http: can't listen on %s port %u: %s", host, port,
		    strerror(errno));
	}
	uv_timer_init(loop, &l->pause);
	l->pause.data = l;
	l->timer_open = true;
	*out = l;
	return 0;
}

void
listener_start(struct listener *l, listener_fn on_waiting, void *arg)
{
	l->on_waiting = on_waiting;
	l->arg = arg;
	on_pause_over(&l->pause);
}

unsigned
listener_port(const struct listener *l)
{
	struct sockaddr_storage a = {0};
	socklen_t len = sizeof(a);

	if (getsockname(l->fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	if (a.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&a)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
}

void
listener_close(struct listener *l, void (*on_closed)(void *), void *arg)
{
	l->closing = true;
	l->on_closed = on_closed;
	l->closed_arg = arg;
	if (l->tcp_open && !uv_is_closing((uv_handle_t *)&l->tcp))
		uv_close((uv_handle_t *)&l->tcp, on_tcp_closed);
	uv_close((uv_handle_t *)&l->pause, on_timer_closed);
}
