/*
 * A front end in an attacker's hands: the real signer at the other end of a
 * socket, and what must hold of every answer whatever was asked (hunt.h has
 * what may never be in one, law.h what a certificate may be).
 */
#ifndef TESTS_UNIT_CA_SIGNER_HIJACK_H
#define TESTS_UNIT_CA_SIGNER_HIJACK_H

#include "tests/unit/ca/signer/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/unit/ca/signer/hunt.h"
#include "tests/unit/ca/signer/law.h"

/* What the configuration calls the broker. */
#define LOCAL_NAMES "dns:broker,dns:localhost,ip:127.0.0.1"

#define PROGRAM    BIN_DIR "/ms_ssl_signer"
#define HANG_MS    120000 /* no more than a guard: nothing waits so long */
#define PACKET_MAX (4 * MESSAGE_MAX)

#define PROFILES                                                               \
	"profile \"camera\" {\n"                                               \
	"\tdays_max = 90\n"                                                    \
	"\tkey_types = {\"ec:P-256\"}\n"                                       \
	"\tsan_allowed = false\n"                                              \
	"}\n"

extern char **environ;

struct front {
	pid_t pid;
	int fd;
	const struct fixture *fixture;
	const struct hunt *hunt;
};

struct answer {
	uint8_t packet[PACKET_MAX];
	struct signer_reply reply;
};

/* open: with the passphrase's file, so that the key is open. */
static inline struct front
front_start(const struct fixture *f, const struct hunt *hunt, bool open)
{
	char profiles[FIXTURE_MAX], pass[FIXTURE_MAX], dir[sizeof(f->dir)];
	char *argv[] = {(char[]){PROGRAM}, (char[]){"--fd"}, (char[]){"3"},
	    (char[]){"--log-level"}, (char[]){"error"}, (char[]){"--dir"}, dir,
	    (char[]){"--profiles"}, profiles, (char[]){"--local-names"},
	    (char[]){LOCAL_NAMES}, open ? (char[]){"--passphrase-file"} : NULL,
	    pass, NULL};
	struct front front = {.fixture = f, .hunt = hunt};
	posix_spawn_file_actions_t actions;
	int pair[2], theirs;

	fixture_path(f, "profiles.conf", profiles);
	fixture_path(f, "pass", pass);
	memcpy(dir, f->dir, sizeof(dir));
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 10); /* dup2 clears the flag */
	assert_true(theirs >= 0);
	close(pair[1]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, 3);
	/* what it has to say of malformed packets is expected */
	posix_spawn_file_actions_addopen(
	    &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	assert_int_equal(
	    posix_spawn(&front.pid, PROGRAM, &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(theirs);
	front.fd = pair[0];
	return front;
}

/* The exit status; a signer that does not end is a failure. */
static inline int
front_status(struct front *f)
{
	struct pollfd p = {pidfd_open(f->pid, 0), POLLIN, 0};
	int status = 0;

	assert_true(p.fd >= 0);
	if (poll(&p, 1, HANG_MS) != 1) {
		kill(f->pid, SIGKILL);
		fail_msg("the signer hangs");
	}
	close(p.fd);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Hangs up, and returns the exit status. */
static inline int
front_end(struct front *f)
{
	close(f->fd);
	return front_status(f);
}

/* The signer may have ended meanwhile. */
static inline void
front_send(const struct front *f, struct bytes packet)
{
	ssize_t n = send(f->fd, packet.data, packet.len, MSG_NOSIGNAL);

	if (n < 0)
		assert_true(errno == EPIPE || errno == ECONNRESET);
	else
		assert_int_equal((size_t)n, packet.len);
}

/* The next packet, however long, with nothing secret in it; 0: none comes, the
 * signer has ended. */
static inline size_t
front_receive_packet(const struct front *f, struct answer *a)
{
	struct pollfd p = {f->fd, POLLIN, 0};
	ssize_t n;

	if (poll(&p, 1, HANG_MS) != 1)
		fail_msg("the signer does not answer");
	n = recv(f->fd, a->packet, sizeof(a->packet), MSG_TRUNC);
	if (n < 0) /* it ended with a packet of ours unread */
		assert_int_equal(errno, ECONNRESET);
	if (n <= 0)
		return 0;
	assert_true((size_t)n <= sizeof(a->packet));
	hunt_refuse(f->hunt, (struct bytes){a->packet, (size_t)n});
	return (size_t)n;
}

static inline const struct signer_reply *
front_receive(const struct front *f, struct answer *a)
{
	size_t n = front_receive_packet(f, a);
	const struct signer_reply *r = &a->reply;

	assert_true(n > 0);
	assert_int_equal(
	    message_reply_decode((struct bytes){a->packet, n}, &a->reply), 0);
	if (r->err.kind != ERR_NONE)
		assert_int_equal(r->payload.len, 0);
	return r;
}

static inline void
front_encode(const struct signer_request *m, struct buf *out)
{
	struct err e = ERR_INIT;

	buf_init(out, MESSAGE_MAX);
	assert_int_equal(message_request_encode(m, out, &e), 0);
}

/* What any answer to this request must be; m as the signer has read it. */
static inline void
front_check(const struct front *f, const struct signer_request *m,
    const struct signer_reply *r)
{
	assert_true(r->id == m->id);
	if (r->err.kind != ERR_NONE)
		return;
	switch (m->op) {
	case SIGNER_ISSUE:
		law_check(f->fixture, m, r->payload);
		break;
	case SIGNER_RENEW_AUTHORITY:
		law_check_renewed(f->fixture, m, r->payload);
		break;
	default:
		break;
	}
}

/* Asks, checks what comes, and returns what kind of answer it was. */
static inline enum err_kind
front_ask(const struct front *f, const struct signer_request *m)
{
	struct answer *a = malloc(sizeof(*a));
	enum err_kind kind;
	struct buf packet;

	assert_non_null(a);
	front_encode(m, &packet);
	front_send(f, buf_bytes(&packet));
	front_check(f, m, front_receive(f, a));
	kind = a->reply.err.kind;
	buf_clear(&packet);
	free(a);
	return kind;
}

#endif
