#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "ca/base/log.h"
#include "ca/signer/program.h"

#define THREADS_MAX 64

struct server {
	struct signer *signer;
	int fd;
	atomic_bool failed;
};

/* The other threads see the socket's end and end, too. */
static void
server_fail(struct server *s, const char *why)
{
	if (!atomic_exchange(&s->failed, true))
		log_error("bad_packet", log_text("why", why));
	shutdown(s->fd, SHUT_RDWR);
}

/* -1: the other side is gone. */
static int
send_reply(const struct server *s, const struct buf *reply)
{
	ssize_t n;

	do
		n = send(s->fd, reply->data, reply->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* One packet, one answer; -1: end. */
static int
serve_packet(struct server *s, struct bytes packet)
{
	struct buf reply;
	int rc = -1;

	buf_init(&reply, MESSAGE_MAX);
	if (ops_handle(s->signer, packet, &reply) != 0)
		server_fail(s, "does not decode");
	else
		rc = send_reply(s, &reply);
	buf_clear(&reply);
	return rc;
}

/* Nothing was read: the socket has ended, or what came is an empty packet,
 * which is no message. Only the former shows as hung up. */
static void
serve_nothing(struct server *s)
{
	struct pollfd p = {s->fd, POLLRDHUP, 0};
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		server_fail(s, "empty");
}

/* n bytes were sent, of which the packet holds what fits. */
static int
serve_received(struct server *s, uint8_t packet[MESSAGE_MAX], size_t n)
{
	int rc = -1;

	if (n > MESSAGE_MAX) {
		server_fail(s, "too large");
		n = MESSAGE_MAX;
	} else {
		rc = serve_packet(s, (struct bytes){packet, n});
	}
	explicit_bzero(packet, n);
	return rc;
}

static void *
serve_thread(void *arg)
{
	struct server *s = arg;
	uint8_t packet[MESSAGE_MAX];
	ssize_t n;

	for (;;) {
		/* MSG_TRUNC: the length that was sent, not what fitted. */
		n = recv(s->fd, packet, sizeof(packet), MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || serve_received(s, packet, (size_t)n) != 0)
			break;
	}
	if (n == 0)
		serve_nothing(s);
	return NULL;
}

int
serve(struct signer *signer, int fd, unsigned threads, struct err *e)
{
	struct server s = {.signer = signer, .fd = fd};
	pthread_t id[THREADS_MAX];
	unsigned n = 0;

	atomic_init(&s.failed, false);
	while (n < threads && n < THREADS_MAX &&
	       pthread_create(&id[n], NULL, serve_thread, &s) == 0)
		n++;
	if (n == 0)
		return err_set(e, ERR_INTERNAL, NULL, "no thread can start");
	for (unsigned i = 0; i < n; i++)
		pthread_join(id[i], NULL);
	if (!atomic_load(&s.failed))
		return 0;
	return err_set(
	    e, ERR_INTERNAL, NULL, "what came is not a message of the service");
}
