#include <openssl/x509.h>

#include "ca/x509/key_kind.h"
#include "ca/x509/pem.h"

/* PKCS #8 of RSA with 4096 bits takes 2,400; its PEM a third more. */
#define PEM_MAX 16384

static EVP_PKEY *
generate(const struct key_kind *kind)
{
	size_t bits = kind->bits;
	if (kind->family == KEY_FAMILY_EC)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind->group);
	if (kind->family == KEY_FAMILY_RSA)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

int
private_key_new(enum key_type t, EVP_PKEY **out, struct err *e)
{
	const struct key_kind *kind = key_kind(t);
	*out = NULL;
	if (!kind || !kind->made)
		return err_set(e, ERR_BAD_FIELD, "key_type",
		    "no key of this type is made");
	*out = generate(kind);
	return *out ? 0 : err_openssl(e, "key generation");
}

/* The unencrypted PKCS #8, appended. */
int
private_key_der(EVP_PKEY *pkey, struct buf *out, struct err *e)
{
	unsigned char *der = NULL;
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return err_openssl(e, "PKCS #8");
	buf_append(out, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return buf_check(out, "private key", e);
}

int
private_key_pem(EVP_PKEY *pkey, struct secret **out, struct err *e)
{
	struct buf der, pem;
	int rc = -1;
	*out = NULL;
	buf_init(&der, PEM_MAX);
	buf_init(&pem, PEM_MAX);
	if (private_key_der(pkey, &der, e))
		goto out;
	pem_put(&pem, "PRIVATE KEY", buf_bytes(&der));
	if (buf_check(&pem, "private key", e))
		goto out;
	*out = secret_new(pem.data, pem.len);
	if (!*out)
		err_set(e, ERR_BUSY, "", "no secure memory left");
	else
		rc = 0;
out:
	buf_clear(&pem);
	buf_clear(&der);
	return rc;
}
