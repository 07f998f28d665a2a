#include "harness.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define GET      "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
#define BODY_LEN 10 /* of its echo */

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

/* Files and keys of the whole group of tests. */
static struct {
	char folder[64];
	struct identity ca, server, renewed, client, stranger;
} pki;

static const char *
path_of(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", pki.folder, name);
	return path;
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* Signed by issuer; by itself where that is NULL. */
static void
identity_make(
    struct identity *i, const char *name, const struct identity *issuer)
{
	static long serial;
	X509_NAME *subject;

	i->key = EVP_EC_gen("P-256");
	i->certificate = X509_new();
	assert_non_null(i->key);
	assert_non_null(i->certificate);
	if (issuer == NULL)
		issuer = i;
	X509_set_version(i->certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(i->certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(i->certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(i->certificate), 3600);
	subject = X509_get_subject_name(i->certificate);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(
	    i->certificate, X509_get_subject_name(issuer->certificate));
	X509_set_pubkey(i->certificate, i->key);
	add_extension(i->certificate, NID_basic_constraints,
	    issuer == i ? "critical,CA:TRUE" : "CA:FALSE");
	assert_true(X509_sign(i->certificate, issuer->key, EVP_sha256()) > 0);
}

static void
identity_clear(struct identity *i)
{
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
}

static void
identity_write(
    const struct identity *i, const char *certificate, const char *key)
{
	FILE *file = fopen(path_of(certificate), "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, i->certificate), 1);
	fclose(file);
	if (key == NULL)
		return;
	file = fopen(path_of(key), "w");
	assert_non_null(file);
	assert_int_equal(
	    PEM_write_PrivateKey(file, i->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

static int
pki_make(void **state)
{
	(void)state;
	snprintf(pki.folder, sizeof(pki.folder), "/tmp/test_tls.XXXXXX");
	if (mkdtemp(pki.folder) == NULL)
		return -1;
	identity_make(&pki.ca, "test CA", NULL);
	identity_make(&pki.server, "server", &pki.ca);
	identity_make(&pki.renewed, "renewed", &pki.ca);
	identity_make(&pki.client, "client", &pki.ca);
	identity_make(&pki.stranger, "stranger", NULL);
	identity_write(&pki.ca, "ca.crt", NULL);
	return 0;
}

static int
pki_remove(void **state)
{
	(void)state;
	identity_clear(&pki.ca);
	identity_clear(&pki.server);
	identity_clear(&pki.renewed);
	identity_clear(&pki.client);
	identity_clear(&pki.stranger);
	unlink(path_of("ca.crt"));
	unlink(path_of("server.crt"));
	unlink(path_of("server.key"));
	return rmdir(pki.folder);
}

static void
tls_fixture_init(struct fixture *f)
{
	struct http_settings *s = &f->settings;

	fixture_init(f);
	identity_write(&pki.server, "server.crt", "server.key");
	snprintf(s->tls_certificate, sizeof(s->tls_certificate), "%s",
	    path_of("server.crt"));
	snprintf(s->tls_key, sizeof(s->tls_key), "%s", path_of("server.key"));
}

struct tls_client {
	struct client c;
	SSL_CTX *context;
	SSL *ssl;
};

static void
tls_open(struct fixture *f, struct tls_client *t, int version,
    const struct identity *who)
{
	client_open(f, &t->c);
	t->context = SSL_CTX_new(TLS_client_method());
	assert_non_null(t->context);
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	assert_int_equal(
	    SSL_CTX_load_verify_file(t->context, path_of("ca.crt")), 1);
	SSL_CTX_set_max_proto_version(t->context, version);
	SSL_CTX_set_min_proto_version(t->context, version);
	SSL_CTX_set_security_level(
	    t->context, version < TLS1_2_VERSION ? 0 : 1);
	if (who != NULL) {
		SSL_CTX_use_certificate(t->context, who->certificate);
		SSL_CTX_use_PrivateKey(t->context, who->key);
	}
	t->ssl = SSL_new(t->context);
	assert_non_null(t->ssl);
	SSL_set_fd(t->ssl, t->c.fd);
	SSL_set_connect_state(t->ssl);
}

static void
tls_close(struct tls_client *t)
{
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	client_close(&t->c);
	ERR_clear_error();
}

/* 1: well; 0: orderly end; -1: an error. Waits where it must. */
static int
tls_done(struct fixture *f, struct tls_client *t, int r)
{
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_NONE:
		return 1;
	case SSL_ERROR_WANT_READ:
		step(f, &t->c, POLLIN);
		return 2;
	case SSL_ERROR_WANT_WRITE:
		step(f, &t->c, POLLOUT);
		return 2;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		return -1;
	}
}

static int
tls_shake(struct fixture *f, struct tls_client *t)
{
	int r;

	do
		r = tls_done(f, t, SSL_do_handshake(t->ssl));
	while (r == 2);
	return r;
}

static void
tls_send(struct fixture *f, struct tls_client *t, const char *text)
{
	size_t len = strlen(text);
	int r;

	do
		r = tls_done(f, t, SSL_write(t->ssl, text, (int)len));
	while (r == 2);
	assert_int_equal(r, 1);
}

static int
tls_receive(struct fixture *f, struct tls_client *t)
{
	char piece[16384];
	int n, r;

	do {
		n = SSL_read(t->ssl, piece, sizeof(piece));
		r = tls_done(f, t, n);
	} while (r == 2);
	if (r != 1)
		return r;
	t->c.data = realloc(t->c.data, t->c.len + (size_t)n + 1);
	assert_non_null(t->c.data);
	memcpy(t->c.data + t->c.len, piece, (size_t)n);
	t->c.len += (size_t)n;
	t->c.data[t->c.len] = '\0';
	return r;
}

static void
tls_expect(
    struct fixture *f, struct tls_client *t, unsigned status, size_t body_len)
{
	struct reply r;

	while (!reply_take(&t->c, &r, true))
		assert_int_equal(tls_receive(f, t), 1);
	assert_int_equal(r.status, status);
	assert_int_equal(r.body_len, body_len);
	reply_clear(&r);
}

/* The client's handshake may be done before the server has judged it. */
static bool
tls_is_refused(struct fixture *f, struct tls_client *t)
{
	if (tls_shake(f, t) != 1)
		return true;
	tls_send(f, t, GET);
	return tls_receive(f, t) != 1;
}

static void
requests_are_answered_over_each_version(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	for (int i = 0; i < 2; i++) {
		tls_open(&f, &t, versions[i], NULL);
		assert_int_equal(tls_shake(&f, &t), 1);
		for (int n = 0; n < 3; n++) {
			tls_send(&f, &t, GET);
			tls_expect(&f, &t, 200, BODY_LEN);
		}
		/* Several in one record, and the answers' order. */
		tls_send(&f, &t, GET GET GET GET GET GET GET GET GET GET GET);
		for (int n = 0; n < 11; n++)
			tls_expect(&f, &t, 200, BODY_LEN);
		tls_close(&t);
	}
	fixture_stop(&f);
}

static void
older_versions_are_refused(void **state)
{
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	tls_open(&f, &t, TLS1_1_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &t), -1);
	tls_close(&t);
	assert_int_equal(f.arrived, 0);
	fixture_stop(&f);
}

static void
plain_text_is_no_handshake(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	client_open(&f, &c);
	client_send(&f, &c, GET);
	client_receive_end(&f, &c);
	assert_int_equal(f.arrived, 0);
	assert_int_equal(http_server_counts(f.server).refused, 1);
	client_close(&c);
	fixture_stop(&f);
}

static void
a_client_certificate_is_asked_for_as_set(void **state)
{
	const struct identity *who[] = {NULL, &pki.client, &pki.stranger};
	static const bool refused[2][3] = {
	    {false, false, true}, {true, false, true}};
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_client t;
	struct fixture f;

	(void)state;
	for (int required = 0; required < 2; required++) {
		tls_fixture_init(&f);
		snprintf(f.settings.tls_client_ca,
		    sizeof(f.settings.tls_client_ca), "%s", path_of("ca.crt"));
		f.settings.tls_client_required = required == 1;
		fixture_start(&f);
		for (int i = 0; i < 6; i++) {
			tls_open(&f, &t, versions[i / 3], who[i % 3]);
			assert_int_equal(
			    tls_is_refused(&f, &t), refused[required][i % 3]);
			tls_close(&t);
		}
		fixture_stop(&f);
	}
}

static void
no_session_is_ever_resumed(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_client first, second;
	SSL_SESSION *session;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	for (int i = 0; i < 2; i++) {
		tls_open(&f, &first, versions[i], NULL);
		assert_int_equal(tls_shake(&f, &first), 1);
		tls_send(&f, &first, GET);
		tls_expect(&f, &first, 200, BODY_LEN);
		session = SSL_get1_session(first.ssl);
		tls_open(&f, &second, versions[i], NULL);
		if (SSL_SESSION_is_resumable(session))
			SSL_set_session(second.ssl, session);
		assert_int_equal(tls_shake(&f, &second), 1);
		assert_int_equal(SSL_session_reused(second.ssl), 0);
		SSL_SESSION_free(session);
		tls_close(&first);
		tls_close(&second);
	}
	fixture_stop(&f);
}

static void
the_end_is_said_with_close_notify(void **state)
{
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	tls_open(&f, &t, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &t), 1);
	tls_send(
	    &f, &t, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	tls_expect(&f, &t, 200, BODY_LEN);
	assert_int_equal(tls_receive(&f, &t), 0);
	tls_close(&t);
	fixture_stop(&f);
}

static void
a_client_that_said_close_notify_is_still_answered(void **state)
{
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	f.hold = true;
	fixture_start(&f);
	tls_open(&f, &t, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &t), 1);
	tls_send(&f, &t, GET);
	SSL_shutdown(t.ssl);
	WAIT_FOR(&f, &t.c, f.arrived == 1);
	answer_echo(&f, f.held[0]);
	tls_expect(&f, &t, 200, BODY_LEN);
	assert_int_equal(tls_receive(&f, &t), 0);
	assert_int_equal(f.gone, 0);
	tls_close(&t);
	fixture_stop(&f);
}

static void
a_request_cut_short_is_never_handed_on(void **state)
{
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	tls_open(&f, &t, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &t), 1);
	tls_send(&f, &t,
	    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}");
	shutdown(t.c.fd, SHUT_WR); /* no close_notify */
	tls_expect(&f, &t, 400, strlen("{\"error\":\"bad_request\"}"));
	assert_int_equal(f.arrived, 0);
	tls_close(&t);
	fixture_stop(&f);
}

static void
large_answers_and_a_full_pipeline_arrive_whole(void **state)
{
	struct tls_client t;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	f.echo_size = 3u << 20;
	fixture_start(&f);
	tls_open(&f, &t, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &t), 1);
	for (int i = 0; i < 4; i++)
		tls_send(&f, &t, GET GET GET);
	for (int i = 0; i < 12; i++)
		tls_expect(&f, &t, 200, f.echo_size);
	tls_close(&t);
	fixture_stop(&f);
}

static void
a_handshake_that_does_not_go_on_is_closed(void **state)
{
	struct fixture f;
	struct client c;

	(void)state;
	tls_fixture_init(&f);
	f.settings.first_byte_ms = 50;
	fixture_start(&f);
	client_open(&f, &c);
	client_send_bytes(&f, &c, "\x16\x03\x01\x01", 4);
	expect_closed(&f, &c);
	client_close(&c);
	fixture_stop(&f);
}

static void
assert_served_as(struct fixture *f, const struct identity *who)
{
	struct tls_client t;
	X509 *peer;

	tls_open(f, &t, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(f, &t), 1);
	peer = SSL_get1_peer_certificate(t.ssl);
	assert_int_equal(X509_cmp(peer, who->certificate), 0);
	X509_free(peer);
	tls_close(&t);
}

static void
reload_serves_the_new_files_and_keeps_the_old_where_they_fail(void **state)
{
	struct tls_client old;
	struct err e = ERR_INIT;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	tls_open(&f, &old, TLS1_3_VERSION, NULL);
	assert_int_equal(tls_shake(&f, &old), 1);
	assert_served_as(&f, &pki.server);

	identity_write(&pki.renewed, "server.crt", NULL);
	assert_int_equal(http_server_reload_tls(f.server, &e), -1);
	assert_non_null(strstr(e.message, "server.key"));
	assert_served_as(&f, &pki.server);

	identity_write(&pki.renewed, "server.crt", "server.key");
	assert_int_equal(http_server_reload_tls(f.server, &e), 0);
	assert_served_as(&f, &pki.renewed);

	tls_send(&f, &old, GET);
	tls_expect(&f, &old, 200, BODY_LEN);
	tls_close(&old);
	fixture_stop(&f);
}

static void
start_refuses_files_that_do_not_fit(void **state)
{
	struct http_handler h = {on_request, on_gone, on_refused, NULL};
	struct http_server *server = NULL;
	struct err e = ERR_INIT;
	struct fixture f;

	(void)state;
	tls_fixture_init(&f);
	identity_write(&pki.renewed, "server.crt", NULL);
	assert_int_equal(
	    http_server_start(&f.loop, &f.settings, &h, &server, &e), -1);
	unlink(path_of("server.crt"));
	assert_int_equal(
	    http_server_start(&f.loop, &f.settings, &h, &server, &e), -1);
	assert_null(server);
	assert_int_equal(uv_loop_close(&f.loop), 0);
}

static void
a_client_of_http_1_1_alone_agrees_by_alpn(void **state)
{
	static const unsigned char offer[] = "\x02h2\x08http/1.1";
	const unsigned char *chosen;
	struct tls_client t;
	struct fixture f;
	unsigned len;

	(void)state;
	tls_fixture_init(&f);
	fixture_start(&f);
	tls_open(&f, &t, TLS1_3_VERSION, NULL);
	SSL_set_alpn_protos(t.ssl, offer, sizeof(offer) - 1);
	assert_int_equal(tls_shake(&f, &t), 1);
	SSL_get0_alpn_selected(t.ssl, &chosen, &len);
	assert_int_equal(len, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	tls_close(&t);
	fixture_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_are_answered_over_each_version),
	    cmocka_unit_test(older_versions_are_refused),
	    cmocka_unit_test(plain_text_is_no_handshake),
	    cmocka_unit_test(a_client_certificate_is_asked_for_as_set),
	    cmocka_unit_test(no_session_is_ever_resumed),
	    cmocka_unit_test(the_end_is_said_with_close_notify),
	    cmocka_unit_test(a_client_that_said_close_notify_is_still_answered),
	    cmocka_unit_test(a_request_cut_short_is_never_handed_on),
	    cmocka_unit_test(large_answers_and_a_full_pipeline_arrive_whole),
	    cmocka_unit_test(a_handshake_that_does_not_go_on_is_closed),
	    cmocka_unit_test(
		reload_serves_the_new_files_and_keeps_the_old_where_they_fail),
	    cmocka_unit_test(start_refuses_files_that_do_not_fit),
	    cmocka_unit_test(a_client_of_http_1_1_alone_agrees_by_alpn),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
