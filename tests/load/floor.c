/*
 * The floor: what an authority cannot do without for one certificate, one P-256
 * verification (the request's) and one P-256 signature, with OpenSSL, nothing
 * around them, on one CPU. Prints CPU microseconds each as JSON.
 *
 *   msfloor [ITERATIONS]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define ITERATIONS 5000
#define DIGEST_LEN 32

struct bench {
	EVP_PKEY *key;
	EVP_PKEY_CTX *sign, *verify;
	unsigned char digest[DIGEST_LEN];
	unsigned char signature[80];
	size_t signature_len;
};

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->key = EVP_EC_gen("P-256");
	if (b->key == NULL || RAND_bytes(b->digest, DIGEST_LEN) != 1)
		return -1;
	b->sign = EVP_PKEY_CTX_new(b->key, NULL);
	b->verify = EVP_PKEY_CTX_new(b->key, NULL);
	if (b->sign == NULL || b->verify == NULL)
		return -1;
	return EVP_PKEY_sign_init(b->sign) == 1 &&
		       EVP_PKEY_verify_init(b->verify) == 1
		   ? 0
		   : -1;
}

static int
sign_once(struct bench *b)
{
	b->signature_len = sizeof(b->signature);
	return EVP_PKEY_sign(b->sign, b->signature, &b->signature_len,
		   b->digest, DIGEST_LEN) == 1
		   ? 0
		   : -1;
}

static int
verify_once(struct bench *b)
{
	return EVP_PKEY_verify(b->verify, b->signature, b->signature_len,
		   b->digest, DIGEST_LEN) == 1
		   ? 0
		   : -1;
}

/* CPU microseconds each, or a negative number. */
static double
measure(struct bench *b, int (*once)(struct bench *), long n)
{
	double start = cpu_us();

	for (long i = 0; i < n; i++)
		if (once(b) != 0)
			return -1;
	return (cpu_us() - start) / (double)n;
}

int
main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : ITERATIONS;
	double sign = -1, verify = -1;
	struct bench b;

	if (n > 0 && bench_init(&b) == 0) {
		measure(&b, sign_once, n / 10 + 1); /* to warm up */
		sign = measure(&b, sign_once, n);
		verify = measure(&b, verify_once, n);
	}
	if (sign < 0 || verify < 0) {
		fputs("msfloor: cannot measure\n", stderr);
		return 1;
	}
	printf("{\"sign_us\": %.2f, \"verify_us\": %.2f, \"us_each\": %.2f}\n",
	    sign, verify, sign + verify);
	EVP_PKEY_CTX_free(b.sign);
	EVP_PKEY_CTX_free(b.verify);
	EVP_PKEY_free(b.key);
	return 0;
}
