#include "tests/load/csr_make.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

EVP_PKEY *
key_make(const char *type)
{
	if (strncmp(type, "ec:", 3) == 0)
		return EVP_EC_gen(type + 3);
	if (strcmp(type, "ed25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (strncmp(type, "rsa:", 4) == 0)
		return EVP_RSA_gen((unsigned)strtoul(type + 4, NULL, 10));
	return NULL;
}

static int
fill(X509_REQ *req, EVP_PKEY *key, const char *name)
{
	const EVP_MD *md =
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();

	return X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	       X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
		   MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
		   0) == 1 &&
	       X509_REQ_set_pubkey(req, key) == 1 &&
	       X509_REQ_sign(req, key, md) > 0;
}

static char *
pem_of(X509_REQ *req)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text = NULL;
	long n;

	if (bio != NULL && PEM_write_bio_X509_REQ(bio, req) == 1) {
		n = BIO_get_mem_data(bio, &data);
		text = strndup(data, (size_t)n);
	}
	BIO_free(bio);
	return text;
}

char *
csr_make(EVP_PKEY *key, const char *name)
{
	X509_REQ *req = X509_REQ_new();
	char *text = NULL;

	if (req != NULL && fill(req, key, name))
		text = pem_of(req);
	X509_REQ_free(req);
	return text;
}
