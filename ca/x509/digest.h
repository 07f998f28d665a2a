/* Digests, fetched from OpenSSL's provider once: a fetch by name takes a lock
 * and longer than the digest itself. Thread-safe. */
#ifndef CA_X509_DIGEST_H
#define CA_X509_DIGEST_H

#include <openssl/evp.h>

/* NULL only if OpenSSL has none. */
const EVP_MD *digest_sha256(void);
const EVP_MD *digest_sha384(void);
const EVP_MD *digest_sha512(void);

#endif
