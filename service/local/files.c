/* The files of the local entities. A key is written before its certificate, so
 * a crash between the two leaves a pair that does not match, which the next
 * check sees and mends. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "ca/base/file.h"
#include "service/local/internal.h"

#define KEY_FILE_MAX  8192
#define CERT_FILE_MAX 65536

static int
entity_path(const struct local *l, enum local_entity n, const char *ending,
    char *out, struct err *e)
{
	char name[32];

	snprintf(name, sizeof(name), "%s.%s", local_name(n), ending);
	if (file_path(out, CONFIG_PATH_MAX, l->config->local_dir, name) != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	return 0;
}

/* Our own file, never encrypted: no passphrase is asked for on a terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1;
}

static int
key_parse(struct bytes pem, EVP_PKEY **out, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

	*out = bio == NULL
		   ? NULL
		   : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return *out != NULL ? 0 : err_openssl(e, "a local entity's key");
}

int
local_key_load(const struct local *l, enum local_entity n, EVP_PKEY **out,
    bool *is_new, struct err *e)
{
	char path[CONFIG_PATH_MAX];
	struct buf pem;
	int rc;

	if (entity_path(l, n, "key", path, e) != 0)
		return -1;
	*is_new = !file_exists(path);
	if (*is_new)
		return private_key_new(KEY_EC_P256, out, e);
	if (file_check_private(path, e) != 0)
		return -1;
	buf_init(&pem, KEY_FILE_MAX);
	rc = file_read(path, &pem, e);
	if (rc == 0)
		rc = key_parse(buf_bytes(&pem), out, e);
	buf_clear(&pem);
	return rc;
}

struct found {
	X509 *certificate; /* the first of a file */
};

static int
on_first(void *arg, struct bytes der, struct err *e)
{
	struct found *f = arg;

	return f->certificate != NULL
		   ? 0
		   : certificate_load(der, &f->certificate, e);
}

static X509 *
first_certificate(struct bytes pem)
{
	struct found f = {NULL};
	struct err e = ERR_INIT;

	if (certificate_pem_each(pem, on_first, &f, &e) == 0)
		return f.certificate;
	X509_free(f.certificate);
	return NULL;
}

static X509 *
certificate_read(const struct local *l, enum local_entity n)
{
	char path[CONFIG_PATH_MAX];
	struct err e = ERR_INIT;
	struct buf pem;
	X509 *x = NULL;

	buf_init(&pem, CERT_FILE_MAX);
	if (entity_path(l, n, "crt", path, &e) == 0 &&
	    file_read(path, &pem, &e) == 0)
		x = first_certificate(buf_bytes(&pem));
	buf_clear(&pem);
	return x;
}

static int64_t
end_of(const X509 *x)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

int64_t
local_certificate_end(const struct local *l, enum local_entity n, EVP_PKEY *key)
{
	X509 *x = certificate_read(l, n);
	X509 *ca =
	    first_certificate(buf_bytes(&pipeline_view(l->pipeline)->pem));
	int64_t end = 0;

	if (x != NULL && ca != NULL &&
	    EVP_PKEY_eq(X509_get0_pubkey(x), key) == 1 &&
	    X509_verify(x, X509_get0_pubkey(ca)) == 1)
		end = end_of(x);
	X509_free(x);
	X509_free(ca);
	return end;
}

int
local_key_save(
    const struct local *l, enum local_entity n, EVP_PKEY *key, struct err *e)
{
	char path[CONFIG_PATH_MAX];
	struct secret *pem = NULL;
	int rc;

	if (entity_path(l, n, "key", path, e) != 0 ||
	    private_key_pem(key, &pem, e) != 0)
		return -1;
	rc = file_write(path, secret_bytes(pem), 0600, e);
	secret_free(pem);
	return rc;
}

int
local_certificate_save(
    const struct local *l, enum local_entity n, struct bytes der, struct err *e)
{
	char path[CONFIG_PATH_MAX];
	struct buf pem;
	int rc = -1;

	buf_init(&pem, CERT_FILE_MAX);
	certificate_pem(der, &pem);
	if (entity_path(l, n, "crt", path, e) == 0 &&
	    buf_check(&pem, "certificate", e) == 0)
		rc = file_write(path, buf_bytes(&pem), 0644, e);
	buf_clear(&pem);
	return rc;
}

int
local_authority_save(const struct local *l, struct bytes pem, struct err *e)
{
	char path[CONFIG_PATH_MAX];

	if (file_path(path, sizeof(path), l->config->local_dir, "ca.crt") != 0)
		return err_set(e, ERR_INTERNAL, NULL, "the path is too long");
	return file_write(path, pem, 0644, e);
}
