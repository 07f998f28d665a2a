#include "service/http/tls_context.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#define CERTIFICATES_MAX (32 * 1024L) /* bytes of a client's chain */

struct tls_context {
	SSL_CTX *ssl;
};

struct ssl_ctx_st *
tls_context_get(struct tls_context *c)
{
	return c->ssl;
}

/* The key's file is not encrypted; without this OpenSSL would ask on the
 * terminal. */
static int
no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *choice = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&choice, out_len, ours, sizeof(ours) - 1, in,
		in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = choice;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * No sessions and no tickets: a resumed session would outlive a revoked client
 * certificate. SSL_OP_NO_TICKET alone leaves TLS 1.3 stateful tickets, so their
 * number is zero.
 */
static int
set_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
				  SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ssl, CERTIFICATES_MAX);
	SSL_CTX_set_default_passwd_cb(ssl, no_password);
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
	if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(ssl, 0) != 1)
		return -1;
	return SSL_CTX_set_cipher_list(
		   ssl, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") == 1
		   ? 0
		   : -1;
}

static int
fail(struct err *e, const char *what, const char *path)
{
	struct err queue = ERR_INIT;

	(void)err_openssl(&queue, what);
	return err_set(e, ERR_INTERNAL, NULL,
	    "%s %s: can't be used (the log "
	    "says why)",
	    what, path);
}

static int
load_own(SSL_CTX *ssl, const char *certificate, const char *key, struct err *e)
{
	if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		return fail(e, "TLS certificate", certificate);
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return fail(e, "TLS key", key);
	return 0;
}

static int
load_client_ca(SSL_CTX *ssl, const char *path, bool required, struct err *e)
{
	STACK_OF(X509_NAME) * names;

	if (SSL_CTX_load_verify_file(ssl, path) != 1)
		return fail(e, "TLS client CA", path);
	names = SSL_load_client_CA_file(path);
	if (names == NULL)
		return fail(e, "TLS client CA", path);
	SSL_CTX_set_client_CA_list(ssl, names); /* transferred */
	SSL_CTX_set_verify(ssl,
	    SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
	    NULL);
	return 0;
}

int
tls_context_new(const char *certificate, const char *key, const char *client_ca,
    bool client_required, struct tls_context **out, struct err *e)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "TLS: out of memory");
	c->ssl = SSL_CTX_new(TLS_server_method());
	if (c->ssl == NULL || set_rules(c->ssl) != 0) {
		(void)err_openssl(e, "TLS");
		goto out;
	}
	if (load_own(c->ssl, certificate, key, e) != 0)
		goto out;
	if (client_ca[0] != '\0' &&
	    load_client_ca(c->ssl, client_ca, client_required, e) != 0)
		goto out;
	*out = c;
	return 0;
out:
	tls_context_free(c);
	return -1;
}

void
tls_context_free(struct tls_context *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ssl);
	free(c);
}
