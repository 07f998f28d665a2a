#include "ca/base/secret.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "ca/base/log.h"

struct secret {
	size_t len;
	unsigned char data[];
};

#define HEAP_MINIMUM 32 /* the smallest piece that the heap hands out */
#define SECRET_MAX   (1 << 20)

int
secret_heap_init(size_t size, struct err *e)
{
	int rc = CRYPTO_secure_malloc_init(size, HEAP_MINIMUM);

	if (rc == 0)
		return err_openssl(e, "the secure heap");
	if (rc == 2)
		log_warn(
		    "secure_heap", log_text("missing", "memory is not locked"));
	return 0;
}

struct secret *
secret_new(const void *data, size_t len)
{
	struct secret *s;

	if (len > SECRET_MAX)
		return NULL;
	s = OPENSSL_secure_zalloc(sizeof(*s) + len);
	if (s == NULL)
		return NULL;
	s->len = len;
	if (len > 0)
		memcpy(s->data, data, len);
	return s;
}

void
secret_free(struct secret *s)
{
	if (s != NULL)
		OPENSSL_secure_clear_free(s, sizeof(*s) + s->len);
}

struct bytes
secret_bytes(const struct secret *s)
{
	return (struct bytes){s->data, s->len};
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

static pthread_once_t tag_once = PTHREAD_ONCE_INIT;
static unsigned char *tag_key; /* NULL: it could not be made */

static void
make_tag_key(void)
{
	tag_key = OPENSSL_secure_malloc(SECRET_TAG_LEN);
	if (tag_key == NULL || RAND_priv_bytes(tag_key, SECRET_TAG_LEN) == 1)
		return;
	OPENSSL_secure_clear_free(tag_key, SECRET_TAG_LEN);
	tag_key = NULL;
}

int
secret_tag(
    const struct secret *s, unsigned char tag[SECRET_TAG_LEN], struct err *e)
{
	pthread_once(&tag_once, make_tag_key);
	if (tag_key == NULL)
		return err_openssl(e, "the key of the passphrase's hash");
	if (HMAC(EVP_sha256(), tag_key, SECRET_TAG_LEN, s->data, s->len, tag,
		NULL) == NULL)
		return err_openssl(e, "the passphrase's hash");
	return 0;
}

bool
secret_tag_equal(const unsigned char *a, const unsigned char *b)
{
	return CRYPTO_memcmp(a, b, SECRET_TAG_LEN) == 0;
}
