#include "tests/load/certificate_check.h"

#include <string.h>

#include <openssl/pem.h>

X509 *
certificate_of_pem(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *crt;

	if (bio == NULL)
		return NULL;
	crt = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return crt;
}

EVP_PKEY *
key_of_pem(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key;

	if (bio == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return key;
}

static int
has_name(const X509 *crt, const char *name)
{
	char text[128];
	int n = X509_NAME_get_text_by_NID(
	    X509_get_subject_name(crt), NID_commonName, text, sizeof(text));

	return n > 0 && strcmp(text, name) == 0;
}

static int
take_serial(const X509 *crt, uint8_t serial[SERIAL_SIZE])
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(crt);
	int len = ASN1_STRING_length(n);

	if (len <= 0 || len > SERIAL_SIZE)
		return 0;
	memset(serial, 0, SERIAL_SIZE);
	memcpy(
	    serial + SERIAL_SIZE - len, ASN1_STRING_get0_data(n), (size_t)len);
	return 1;
}

static const char *
check(X509 *crt, const struct certificate_wanted *wanted,
    uint8_t serial[SERIAL_SIZE])
{
	EVP_PKEY *key = X509_get0_pubkey(crt);

	if (key == NULL || EVP_PKEY_eq(key, wanted->key) != 1)
		return "the certificate has another key";
	if (!has_name(crt, wanted->name))
		return "the certificate has another name";
	if (X509_verify(crt, wanted->issuer) != 1)
		return "the certificate is not signed by the authority";
	if (!take_serial(crt, serial))
		return "the serial number is none";
	return NULL;
}

const char *
certificate_check(const char *pem, const struct certificate_wanted *wanted,
    uint8_t serial[SERIAL_SIZE])
{
	X509 *crt = certificate_of_pem(pem);
	const char *fault;

	if (crt == NULL)
		return "the certificate cannot be read";
	fault = check(crt, wanted, serial);
	X509_free(crt);
	return fault;
}
