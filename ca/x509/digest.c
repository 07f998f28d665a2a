#include "ca/x509/digest.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256, *sha384, *sha512;

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
}

const EVP_MD *
digest_sha256(void)
{
	return pthread_once(&once, fetch) ? NULL : sha256;
}

const EVP_MD *
digest_sha384(void)
{
	return pthread_once(&once, fetch) ? NULL : sha384;
}

const EVP_MD *
digest_sha512(void)
{
	return pthread_once(&once, fetch) ? NULL : sha512;
}
