#include "service/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "service/http/tls_context.h"

#define PIECE 4096

struct tls {
	SSL *ssl;
	BIO *in; /* owned by ssl, as is out */
	BIO *out;
	bool broken; /* no SSL_shutdown after a fatal error */
};

struct tls *
tls_new(struct tls_context *c)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->ssl = SSL_new(tls_context_get(c));
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_accept_state(t->ssl);
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

/* What a peer did wrong is its own business: the queue is emptied, unlogged,
 * or a port scanner would fill the log. */
static enum tls_result
result_of(struct tls *t, int returned)
{
	int error = SSL_get_error(t->ssl, returned);

	ERR_clear_error();
	switch (error) {
	case SSL_ERROR_NONE:
		return TLS_OK;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		t->broken = true;
		return TLS_FAILED;
	}
}

enum tls_result
tls_input(struct tls *t, struct bytes wire)
{
	size_t n = 0;

	if (wire.len == 0)
		return TLS_OK;
	if (BIO_write_ex(t->in, wire.data, wire.len, &n) != 1 || n != wire.len)
		return TLS_FAILED;
	return TLS_OK;
}

int
tls_output(struct tls *t, struct buf *out)
{
	size_t len = BIO_ctrl_pending(t->out);
	size_t n = 0;
	uint8_t *to;

	if (len == 0)
		return 0;
	to = buf_reserve(out, len);
	if (to == NULL || BIO_read_ex(t->out, to, len, &n) != 1)
		return -1;
	out->len += n;
	return n == len ? 0 : -1;
}

bool
tls_is_open(const struct tls *t)
{
	return SSL_is_init_finished(t->ssl) == 1;
}

enum tls_result
tls_handshake(struct tls *t)
{
	ERR_clear_error();
	return result_of(t, SSL_do_handshake(t->ssl));
}

enum tls_result
tls_read(struct tls *t, struct buf *plain)
{
	uint8_t *to = buf_reserve(plain, PIECE);
	size_t n = 0;

	if (to == NULL)
		return TLS_FAILED;
	ERR_clear_error();
	if (SSL_read_ex(t->ssl, to, PIECE, &n) != 1)
		return result_of(t, 0);
	plain->len += n;
	return TLS_OK;
}

enum tls_result
tls_write(struct tls *t, struct bytes plain)
{
	size_t n;

	ERR_clear_error();
	while (plain.len > 0) {
		if (SSL_write_ex(t->ssl, plain.data, plain.len, &n) != 1) {
			(void)result_of(t, 0);
			return TLS_FAILED;
		}
		plain.data += n;
		plain.len -= n;
	}
	return TLS_OK;
}

void
tls_end(struct tls *t)
{
	if (t->broken || !tls_is_open(t))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}
