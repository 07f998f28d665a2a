/* Keys and certificate signing requests (RFC 2986), with OpenSSL alone. */
#ifndef LOAD_CSR_MAKE_H
#define LOAD_CSR_MAKE_H

#include <openssl/evp.h>

/* type: ec:P-256 … as in the protocol's key_type. NULL: no such type. */
EVP_PKEY *key_make(const char *type);

/* PEM of a csr with that common name, the caller's to free; NULL: it failed. */
char *csr_make(EVP_PKEY *key, const char *name);

#endif
