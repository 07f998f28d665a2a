#include "service/wipe.h"

#include <openssl/ssl.h>

#include "ca/base/log.h"

/* Paho gives nobody its SSL_CTX; OpenSSL tells of each new one. */
static void
on_new_context(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
	(void)ptr, (void)ad, (void)index, (void)argl, (void)argp;
	SSL_CTX_set_options(parent, SSL_OP_CLEANSE_PLAINTEXT);
}

void
wipe_tls_records(void)
{
	if (SSL_CTX_get_ex_new_index(0, NULL, on_new_context, NULL, NULL) < 0)
		log_warn(
		    "hardening", log_text("missing", "wiping of TLS records"));
}
