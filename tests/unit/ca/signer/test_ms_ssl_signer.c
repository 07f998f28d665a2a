/* The program itself, over the socket that the service would hold. */
#include "tests/unit/ca/signer/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROGRAM   BIN_DIR "/ms_ssl_signer"
#define SIGNER_FD "3"
#define ARGS_MAX  24

extern char **environ;

static struct fixture shared;

struct child {
	pid_t pid;
	int fd;
};

/* The child gets `theirs` as descriptor 3; ends are closed on exec. */
static pid_t
spawn(char *const argv[], int theirs)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	if (theirs >= 0)
		posix_spawn_file_actions_adddup2(&actions, theirs, 3);
	assert_int_equal(
	    posix_spawn(&pid, PROGRAM, &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static int
wait_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* extra: further arguments, ends with NULL. */
static struct child
child_start(const struct fixture *f, char *const extra[])
{
	char profiles[FIXTURE_MAX], dir[64];
	char *argv[ARGS_MAX] = {(char[]){PROGRAM}, (char[]){"--fd"},
	    (char[]){SIGNER_FD}, (char[]){"--dir"}, dir, (char[]){"--profiles"},
	    profiles};
	int pair[2], n = 7;
	struct child c;

	fixture_path(f, "profiles.conf", profiles);
	snprintf(dir, sizeof(dir), "%s", f->dir);
	while (extra != NULL && *extra != NULL && n < ARGS_MAX - 1)
		argv[n++] = *extra++;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	/* dup2 onto itself would leave close-on-exec set */
	if (pair[1] == 3) {
		int moved = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);

		assert_true(moved >= 0);
		close(pair[1]);
		pair[1] = moved;
	}
	c.pid = spawn(argv, pair[1]);
	c.fd = pair[0];
	close(pair[1]);
	return c;
}

static struct child
child_start_open(const struct fixture *f)
{
	char path[FIXTURE_MAX];
	char *const extra[] = {(char[]){"--passphrase-file"}, path, NULL};

	fixture_path(f, "pass", path);
	return child_start(f, extra);
}

/* Ends the socket and returns the exit status. */
static int
child_end(struct child *c)
{
	close(c->fd);
	return wait_status(c->pid);
}

static void
child_send(const struct child *c, struct bytes packet)
{
	assert_int_equal(send(c->fd, packet.data, packet.len, MSG_NOSIGNAL),
	    (ssize_t)packet.len);
}

static void
child_send_request(const struct child *c, const struct signer_request *m)
{
	struct err e = ERR_INIT;
	struct buf packet;

	buf_init(&packet, MESSAGE_MAX);
	assert_int_equal(message_request_encode(m, &packet, &e), 0);
	child_send(c, buf_bytes(&packet));
	buf_clear(&packet);
}

struct answer {
	uint8_t packet[MESSAGE_MAX];
	struct signer_reply reply;
};

static const struct signer_reply *
child_receive(const struct child *c, struct answer *a)
{
	ssize_t n = recv(c->fd, a->packet, sizeof(a->packet), 0);

	assert_true(n > 0);
	assert_int_equal(message_reply_decode(
			     (struct bytes){a->packet, (size_t)n}, &a->reply),
	    0);
	return &a->reply;
}

static const struct signer_reply *
child_ask(
    const struct child *c, const struct signer_request *m, struct answer *a)
{
	child_send_request(c, m);
	child_receive(c, a);
	assert_true(a->reply.id == m->id);
	return &a->reply;
}

static void
assert_refused(const struct child *c, const struct signer_request *m,
    enum err_kind kind, const char *field)
{
	struct answer a;
	const struct signer_reply *r = child_ask(c, m, &a);

	assert_int_equal(r->err.kind, kind);
	assert_string_equal(r->err.field, field);
	assert_int_equal(r->payload.len, 0);
}

static void
assert_issued(const struct child *c, const struct signer_request *m)
{
	struct answer a;
	const struct signer_reply *r = child_ask(c, m, &a);
	X509 *ca = fixture_authority(&shared), *x = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(r->err.kind, ERR_NONE);
	assert_int_equal(certificate_load(r->payload, &x, &e), 0);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(ca)), 1);
	X509_free(x);
	X509_free(ca);
}

static void
end_of_the_socket_ends_it_with_status_0(void **state)
{
	struct child c = child_start(&shared, NULL);

	(void)state;
	assert_int_equal(child_end(&c), 0);
	c = child_start_open(&shared);
	assert_int_equal(child_end(&c), 0);
}

static void
it_is_locked_until_the_right_passphrase_comes(void **state)
{
	struct signer_request m = {.op = SIGNER_STATUS, .id = 1};
	struct child c = child_start(&shared, NULL);
	struct answer a;

	(void)state;
	assert_false(child_ask(&c, &m, &a)->open);
	m.op = SIGNER_UNLOCK;
	m.pass = bytes_of_text(WRONG_PASS);
	assert_refused(&c, &m, ERR_WRONG_PASS, "pass");
	m.pass = bytes_of_text(PASS);
	assert_int_equal(child_ask(&c, &m, &a)->err.kind, ERR_NONE);
	assert_true(a.reply.open);
	m.pass = bytes_of_text(WRONG_PASS);
	assert_refused(&c, &m, ERR_WRONG_PASS, "pass");
	assert_int_equal(child_end(&c), 0);
}

static void
passphrase_file_opens_it_at_start(void **state)
{
	struct signer_request m = {.op = SIGNER_STATUS, .id = 1};
	struct child c = child_start_open(&shared);
	struct answer a;

	(void)state;
	assert_true(child_ask(&c, &m, &a)->open);
	assert_int_equal(child_end(&c), 0);
}

static void
passphrase_file_that_is_wrong_or_readable_is_refused(void **state)
{
	struct fixture f;
	struct child c;
	char path[FIXTURE_MAX];

	(void)state;
	fixture_copy(&f, &shared);
	fixture_write(&f, "profiles.conf", "", 0644);
	fixture_write(&f, "pass", PASS "\n", 0644);
	c = child_start_open(&f);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_write(&f, "pass", WRONG_PASS "\n", 0600);
	c = child_start_open(&f);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_write(&f, "pass", PASS "\n\n", 0600); /* one is stripped */
	c = child_start_open(&f);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_path(&f, "pass", path);
	unlink(path);
	c = child_start_open(&f);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_close(&f);
}

static void
every_key_type_and_profile_is_issued(void **state)
{
	static const struct {
		const char *profile, *name;
	} cases[] = {{"collector", "AABBCCDDEEFF"}, {"camera", "cam-1"},
	    {"server", "prof.voice.com"}, {"broker", "broker"},
	    {"service", "ssl"}};
	struct child c = child_start_open(&shared);

	(void)state;
	for (int t = 0; t < KEY_TYPE_COUNT; t++) {
		for (size_t i = 0; i < 5; i++) {
			struct signer_request m = issue_request(
			    cases[i].profile, cases[i].name, (enum key_type)t);

			assert_issued(&c, &m);
		}
	}
	assert_int_equal(child_end(&c), 0);
}

static void
what_is_beyond_the_profiles_is_refused(void **state)
{
	struct child c = child_start_open(&shared);
	struct signer_request m, good;

	(void)state;
	good = issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	m = good; /* a hundred years */
	m.fields.not_after_s += (int64_t)36500 * DAY_S;
	assert_refused(&c, &m, ERR_BAD_FIELD, "days");
	m = good; /* another collector */
	set_cn(&m, "00:00:00:00:00:01");
	assert_refused(&c, &m, ERR_BAD_FIELD, "cn");
	m = good; /* a server under the profile of a collector */
	set_cn(&m, "prof.voice.com/info@voice.com");
	assert_refused(&c, &m, ERR_BAD_FIELD, "cn");
	m = good;
	m.fields.serial.bytes[0] = 0x80;
	assert_refused(&c, &m, ERR_INTERNAL, "");
	m = good;
	m.pass = bytes_of_text(WRONG_PASS);
	assert_refused(&c, &m, ERR_WRONG_PASS, "pass");
	m = issue_request("collector", "ca", KEY_EC_P256);
	assert_refused(&c, &m, ERR_PROTECTED_NAME, "name");
	m = issue_request("broker", "AABBCCDDEEFF", KEY_EC_P256);
	assert_refused(&c, &m, ERR_PROTECTED_NAME, "name");
	m = issue_request("no-such", "AABBCCDDEEFF", KEY_EC_P256);
	assert_refused(&c, &m, ERR_BAD_FIELD, "profile");
	assert_issued(&c, &good);
	assert_int_equal(child_end(&c), 0);
}

static void
sealed_key_opens_only_under_its_name(void **state)
{
	struct child c = child_start_open(&shared);
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_ED25519);
	struct secret *pem = NULL;
	EVP_PKEY *key = NULL;
	struct err e = ERR_INIT;
	struct answer a;
	struct buf sealed;

	(void)state;
	buf_init(&sealed, 8192);
	assert_int_equal(private_key_new(KEY_EC_P256, &key, &e), 0);
	assert_int_equal(private_key_pem(key, &pem, &e), 0);
	assert_int_equal(sealed_key_make(shared.escrow_public_key, &m.name,
			     &m.fields.serial, pem, &sealed, &e),
	    0);
	m.op = SIGNER_OPEN_KEY;
	m.sealed = buf_bytes(&sealed);
	assert_int_equal(child_ask(&c, &m, &a)->err.kind, ERR_NONE);
	assert_true(bytes_equal(a.reply.payload, secret_bytes(pem)));
	m.name.text[0] = 'B';
	assert_refused(&c, &m, ERR_INTERNAL, "");
	assert_int_equal(child_end(&c), 0);
	secret_free(pem);
	EVP_PKEY_free(key);
	buf_clear(&sealed);
}

static void
authority_is_renewed_and_issues_on(void **state)
{
	struct child c = child_start_open(&shared);
	struct signer_request m = {.op = SIGNER_RENEW_AUTHORITY, .id = 5};
	struct err e = ERR_INIT;
	struct answer a;

	(void)state;
	assert_int_equal(serial_new(&m.fields.serial, &e), 0);
	m.fields.not_before_s = now_s() - BACKDATE_S;
	m.fields.not_after_s = now_s() + (int64_t)5000 * DAY_S;
	assert_int_equal(child_ask(&c, &m, &a)->err.kind, ERR_NONE);
	assert_true(a.reply.payload.len > 0);
	m = issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	assert_issued(&c, &m);
	assert_int_equal(child_end(&c), 0);
}

#define MANY 200

static void
many_requests_under_way_are_all_answered(void **state)
{
	char *const extra[] = {(char[]){"--threads"}, (char[]){"4"}, NULL};
	struct child c = child_start(&shared, extra);
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	bool seen[MANY] = {false};
	uint64_t sent = 0, received = 0;
	struct answer a;

	(void)state;
	while (received < MANY) {
		struct pollfd p = {c.fd, POLLIN, 0};

		if (sent < MANY)
			p.events |= POLLOUT;
		assert_int_equal(poll(&p, 1, -1), 1);
		if (p.revents & POLLOUT) {
			m.id = sent++;
			child_send_request(&c, &m);
		}
		if (p.revents & POLLIN) {
			child_receive(&c, &a);
			assert_int_equal(a.reply.err.kind, ERR_NONE);
			assert_true(a.reply.id < MANY);
			assert_false(seen[a.reply.id]);
			seen[a.reply.id] = true;
			received++;
		}
	}
	assert_int_equal(child_end(&c), 0);
}

/* Sends what is no message, with the socket left open: it must end of itself.
 */
static void
assert_ends_at(const void *packet, size_t len)
{
	struct child c = child_start(&shared, NULL);

	child_send(&c, (struct bytes){packet, len});
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
}

static void
truncated_packet_ends_it(void **state)
{
	struct signer_request m =
	    issue_request("collector", "AABBCCDDEEFF", KEY_EC_P256);
	struct err e = ERR_INIT;
	struct buf packet;

	(void)state;
	buf_init(&packet, MESSAGE_MAX);
	assert_int_equal(message_request_encode(&m, &packet, &e), 0);
	assert_ends_at(packet.data, packet.len - 1);
	assert_ends_at(packet.data, 1);
	buf_clear(&packet);
}

static void
packet_with_trailing_bytes_ends_it(void **state)
{
	static const uint8_t packet[] = {
	    SIGNER_STATUS, 0, 0, 0, 0, 0, 0, 0, 1, 0};

	(void)state;
	assert_ends_at(packet, sizeof(packet));
}

static void
oversized_packet_ends_it(void **state)
{
	uint8_t *packet = calloc(1, MESSAGE_MAX + 1);

	(void)state;
	assert_non_null(packet);
	packet[0] = SIGNER_STATUS;
	assert_ends_at(packet, MESSAGE_MAX + 1);
	free(packet);
}

static void
random_packets_end_it(void **state)
{
	uint8_t packet[256];

	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(RAND_bytes(packet, sizeof(packet)), 1);
		packet[0] = (uint8_t)(SIGNER_OP_COUNT + i);
		assert_ends_at(packet, sizeof(packet));
	}
}

static void
terminal_signals_do_not_end_it(void **state)
{
	struct signer_request m = {.op = SIGNER_STATUS, .id = 1};
	struct child c = child_start(&shared, NULL);
	struct answer a;

	(void)state;
	child_ask(&c, &m, &a); /* it serves, so its start is behind it */
	assert_int_equal(kill(c.pid, SIGINT), 0);
	assert_int_equal(kill(c.pid, SIGHUP), 0);
	assert_int_equal(kill(c.pid, SIGPIPE), 0);
	child_ask(&c, &m, &a);
	assert_int_equal(kill(c.pid, SIGTERM), 0);
	assert_int_equal(wait_status(c.pid), -SIGTERM);
	close(c.fd);
}

static void
it_keeps_no_descriptor_but_the_socket(void **state)
{
	struct signer_request m = {.op = SIGNER_STATUS, .id = 1};
	int extra = fcntl(2, F_DUPFD, 20); /* the child gets it */
	struct child c = child_start(&shared, NULL);
	char path[64];
	struct answer a;
	struct stat st;

	(void)state;
	child_ask(&c, &m, &a);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c.pid, extra);
	if (geteuid() == 0) { /* others may not look: it is undumpable */
		assert_int_equal(lstat(path, &st), -1);
		snprintf(path, sizeof(path), "/proc/%d/fd/3", (int)c.pid);
		assert_int_equal(lstat(path, &st), 0);
	}
	close(extra);
	assert_int_equal(child_end(&c), 0);
}

static void
broken_installation_is_refused_at_start(void **state)
{
	struct fixture f;
	struct child c;

	(void)state;
	fixture_copy(&f, &shared);
	fixture_write(
	    &f, "profiles.conf", "profile x { days_max = 0 }\n", 0644);
	c = child_start(&f, NULL);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_write(&f, "profiles.conf", "", 0644);
	fixture_write(&f, "ca.crt", "", 0644);
	c = child_start(&f, NULL);
	assert_int_equal(wait_status(c.pid), 1);
	close(c.fd);
	fixture_close(&f);
}

static int
run_program(char *const args[], int fd)
{
	char *argv[ARGS_MAX] = {(char[]){PROGRAM}};
	int n = 1;

	while (*args != NULL && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	return wait_status(spawn(argv, fd));
}

#define RUN(fd, ...) run_program((char *[]){__VA_ARGS__, NULL}, fd)
#define ARG(text)    ((char[]){text})

static void
wrong_options_are_refused(void **state)
{
	(void)state;
	assert_int_equal(RUN(-1, ARG("--fd"), ARG("3")), 2);
	assert_int_equal(RUN(-1, ARG("--no-such")), 2);
	assert_int_equal(RUN(-1, ARG("--fd"), ARG("0"), ARG("--dir"), ARG("/"),
			     ARG("--profiles"), ARG("/")),
	    2);
	assert_int_equal(
	    RUN(-1, ARG("--fd"), ARG("3"), ARG("--dir"), ARG("/"),
		ARG("--profiles"), ARG("/"), ARG("--threads"), ARG("0")),
	    2);
	assert_int_equal(
	    RUN(-1, ARG("--fd"), ARG("3"), ARG("--dir"), ARG("/"),
		ARG("--profiles"), ARG("/"), ARG("--check-ec"), ARG("0")),
	    2);
	assert_int_equal(RUN(-1, ARG("--version")), 0);
	assert_int_equal(RUN(-1, ARG("--help")), 0);
	assert_int_equal(RUN(-1, ARG("init"), ARG("--help")), 0);
	assert_int_equal(RUN(-1, ARG("init"), ARG("--days"), ARG("3")), 2);
}

/* A pipe's reading end with the text in it, and its end behind. */
static int
pipe_with(const char *text)
{
	int ends[2];
	ssize_t len = (ssize_t)strlen(text);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], text, (size_t)len), len);
	close(ends[1]);
	if (ends[0] != 3)
		return ends[0];
	ends[1] = fcntl(ends[0], F_DUPFD_CLOEXEC, 10);
	close(ends[0]);
	return ends[1];
}

static int
run_init(char *dir, const char *pass, char *key_type)
{
	int fd = pipe_with(pass);
	int status = RUN(fd, ARG("init"), ARG("--dir"), dir,
	    ARG("--passphrase-fd"), ARG("3"), ARG("--key-type"), key_type,
	    ARG("--days"), ARG("100"), ARG("--cn"), ARG("Test CA"),
	    ARG("--org"), ARG("Demo"), ARG("--country"), ARG("br"));

	close(fd);
	return status;
}

static void
init_makes_an_authority_that_opens(void **state)
{
	struct fixture f;
	struct authority *a = NULL;
	struct err e = ERR_INIT;
	char line[128];
	X509 *x;

	(void)state;
	fixture_dir(&f);
	assert_int_equal(run_init(f.dir, PASS "\n", ARG("ec:P-384")), 0);
	assert_int_equal(authority_load(f.dir, &a, &e), 0);
	assert_int_equal(authority_unlock(a, bytes_of_text(PASS), &e), 0);
	authority_free(a);
	x = fixture_authority(&f);
	X509_NAME_oneline(X509_get_subject_name(x), line, sizeof(line));
	assert_string_equal(line, "/C=BR/O=Demo/CN=Test CA");
	X509_free(x);
	assert_int_equal(run_init(f.dir, PASS "\n", ARG("ec:P-256")), 1);
	fixture_close(&f);
}

static void
init_refuses_what_is_too_weak(void **state)
{
	struct fixture f;

	(void)state;
	fixture_dir(&f);
	assert_int_equal(run_init(f.dir, "short\n", ARG("ec:P-256")), 1);
	assert_int_equal(run_init(f.dir, "", ARG("ec:P-256")), 1);
	assert_int_equal(run_init(f.dir, PASS, ARG("ed25519")), 1);
	assert_int_equal(run_init(f.dir, PASS, ARG("rsa:1024")), 2);
	assert_int_equal(rmdir(f.dir), 0);
}

static int
setup(void **state)
{
	(void)state;
	fixture_open(&shared, KEY_EC_P256);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_close(&shared);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(end_of_the_socket_ends_it_with_status_0),
	    cmocka_unit_test(it_is_locked_until_the_right_passphrase_comes),
	    cmocka_unit_test(passphrase_file_opens_it_at_start),
	    cmocka_unit_test(
		passphrase_file_that_is_wrong_or_readable_is_refused),
	    cmocka_unit_test(every_key_type_and_profile_is_issued),
	    cmocka_unit_test(what_is_beyond_the_profiles_is_refused),
	    cmocka_unit_test(sealed_key_opens_only_under_its_name),
	    cmocka_unit_test(authority_is_renewed_and_issues_on),
	    cmocka_unit_test(many_requests_under_way_are_all_answered),
	    cmocka_unit_test(truncated_packet_ends_it),
	    cmocka_unit_test(packet_with_trailing_bytes_ends_it),
	    cmocka_unit_test(oversized_packet_ends_it),
	    cmocka_unit_test(random_packets_end_it),
	    cmocka_unit_test(terminal_signals_do_not_end_it),
	    cmocka_unit_test(it_keeps_no_descriptor_but_the_socket),
	    cmocka_unit_test(broken_installation_is_refused_at_start),
	    cmocka_unit_test(wrong_options_are_refused),
	    cmocka_unit_test(init_makes_an_authority_that_opens),
	    cmocka_unit_test(init_refuses_what_is_too_weak),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
