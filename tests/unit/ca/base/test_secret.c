#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "ca/base/secret.h"

#define HEAP_SIZE 65536

static int
make_heap(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return secret_heap_init(HEAP_SIZE, &e);
}

static void
secret_heap_is_made_once(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(secret_heap_init(HEAP_SIZE, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void
secret_new_copies_onto_the_secure_heap(void **state)
{
	char pass[] = "open\0sesame";
	struct secret *s = secret_new(pass, 11);

	(void)state;
	assert_non_null(s);
	assert_int_equal(CRYPTO_secure_allocated(s), 1);
	memset(pass, 'x', 11);
	assert_int_equal(secret_bytes(s).len, 11);
	assert_memory_equal(secret_bytes(s).data, "open\0sesame", 11);
	secret_free(s);
}

static void
secret_may_be_empty(void **state)
{
	struct secret *s = secret_new(NULL, 0);

	(void)state;
	assert_non_null(s);
	assert_int_equal(secret_bytes(s).len, 0);
	secret_free(s);
	secret_free(NULL);
}

static void
secret_new_is_null_when_the_heap_is_exhausted(void **state)
{
	static uint8_t data[4096];
	struct secret *held[64];
	size_t n = 0;

	(void)state;
	assert_null(secret_new(data, SIZE_MAX));
	assert_null(secret_new(data, SIZE_MAX - 8));
	while (n < 64 && (held[n] = secret_new(data, sizeof(data))) != NULL)
		n++;
	assert_in_range(n, 1, 16);
	while (n > 0)
		secret_free(held[--n]);
	assert_non_null(held[0] = secret_new(data, sizeof(data)));
	secret_free(held[0]);
}

static void
secret_free_gives_the_memory_back(void **state)
{
	size_t before = CRYPTO_secure_used();
	struct secret *s = secret_new("abc", 3);

	(void)state;
	assert_true(CRYPTO_secure_used() > before);
	secret_free(s);
	assert_int_equal(CRYPTO_secure_used(), before);
}

static void
secret_equal_compares_length_and_bytes(void **state)
{
	struct secret *a = secret_new("abc", 3), *b = secret_new("abc", 3);
	struct secret *other = secret_new("abd", 3);
	struct secret *longer = secret_new("abcd", 4);

	(void)state;
	assert_true(secret_equal(a, b));
	assert_false(secret_equal(a, other));
	assert_false(secret_equal(a, longer));
	secret_free(a);
	secret_free(b);
	secret_free(other);
	secret_free(longer);
}

static void *
tag_in_thread(void *arg)
{
	struct secret *s = secret_new("pass", 4);
	struct err e = ERR_INIT;

	if (s == NULL || secret_tag(s, arg, &e) != 0)
		memset(arg, 0, SECRET_TAG_LEN);
	secret_free(s);
	return NULL;
}

static void
secret_tag_knows_a_passphrase_again_in_any_thread(void **state)
{
	unsigned char tags[4][SECRET_TAG_LEN], other[SECRET_TAG_LEN];
	struct secret *s = secret_new("Pass", 4);
	struct err e = ERR_INIT;
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, tag_in_thread, tags[i]),
		    0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i < 4; i++)
		assert_true(secret_tag_equal(tags[0], tags[i]));
	assert_int_equal(secret_tag(s, other, &e), 0);
	assert_false(secret_tag_equal(tags[0], other));
	secret_free(s);
}

static void
secret_tag_is_no_plain_hash(void **state)
{
	/* SHA-256 of "" and HMAC-SHA-256 of "" under no key. */
	static const unsigned char plain[] = {0xe3, 0xb0, 0xc4, 0x42};
	static const unsigned char hmac[] = {0xb6, 0x13, 0x67, 0x9a};
	struct secret *s = secret_new(NULL, 0);
	unsigned char tag[SECRET_TAG_LEN];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(secret_tag(s, tag, &e), 0);
	assert_memory_not_equal(tag, plain, 4);
	assert_memory_not_equal(tag, hmac, 4);
	secret_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secret_heap_is_made_once),
	    cmocka_unit_test(secret_new_copies_onto_the_secure_heap),
	    cmocka_unit_test(secret_may_be_empty),
	    cmocka_unit_test(secret_new_is_null_when_the_heap_is_exhausted),
	    cmocka_unit_test(secret_free_gives_the_memory_back),
	    cmocka_unit_test(secret_equal_compares_length_and_bytes),
	    cmocka_unit_test(secret_tag_knows_a_passphrase_again_in_any_thread),
	    cmocka_unit_test(secret_tag_is_no_plain_hash),
	};

	return cmocka_run_group_tests(tests, make_heap, NULL);
}
