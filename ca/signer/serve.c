#include <errno.h>
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

static void *
serve_thread(void *arg)
{
	struct server *s = arg;
	uint8_t packet[MESSAGE_MAX];
	int rc = 0;

	while (rc == 0) {
		/* MSG_TRUNC: the length that was sent, not what fitted. */
		ssize_t n = recv(s->fd, packet, sizeof(packet), MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* the service has ended */
		if ((size_t)n > sizeof(packet)) {
			server_fail(s, "too large");
			n = (ssize_t)sizeof(packet);
			rc = -1;
		} else {
			rc = serve_packet(s, (struct bytes){packet, (size_t)n});
		}
		explicit_bzero(packet, (size_t)n);
	}
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
