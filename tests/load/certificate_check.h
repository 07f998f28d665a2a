/* One certificate of an answer, against what was asked. */
#ifndef LOAD_CERTIFICATE_CHECK_H
#define LOAD_CERTIFICATE_CHECK_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define SERIAL_SIZE 20

struct certificate_wanted {
	const char *name; /* its common name */
	EVP_PKEY *key;    /* its public key; borrowed */
	EVP_PKEY *issuer; /* whose signature is on it; borrowed */
};

/* NULL: all is well, and serial is filled; else what is wrong: a literal. */
const char *certificate_check(const char *pem,
    const struct certificate_wanted *wanted, uint8_t serial[SERIAL_SIZE]);

/* The first certificate of a PEM, or NULL. The caller's to free. */
X509 *certificate_of_pem(const char *pem);

/* A private key, or NULL. The caller's to free. */
EVP_PKEY *key_of_pem(const char *pem);

#endif
