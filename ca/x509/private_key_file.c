#include <openssl/err.h>
#include <openssl/x509.h>

#include "ca/x509/der.h"
#include "ca/x509/key_kind.h"
#include "ca/x509/pem.h"

#define LABEL      "ENCRYPTED PRIVATE KEY"
#define DER_MAX    12288
#define PEM_MAX    16384
#define PASS_MAX   1024
#define ROUNDS     600000
#define SALT_LEN   16
#define BLOCK_LEN  16
#define CIPHER_PAD 32

static bool
pass_is_valid(struct bytes pass)
{
	return pass.len >= 1 && pass.len <= PASS_MAX;
}

/* PBES2 (RFC 8018, 6.2): the key from pass by algorithm, then plain or
 * encrypted bytes from in to out. -1 is a failure before the last block, 1 one
 * in it: the padding, so the passphrase. */
static int
pbes2_run(const X509_ALGOR *algorithm, struct bytes pass, bool encrypt,
    struct bytes in, struct buf *out)
{
	const ASN1_OBJECT *oid;
	const void *param;
	int type, len = 0, rest = 0, rc = -1;
	uint8_t *to = buf_reserve(out, in.len + CIPHER_PAD);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	X509_ALGOR_get0(&oid, &type, &param, algorithm);
	if (!to || !ctx || type != V_ASN1_SEQUENCE)
		goto out;
	if (!EVP_PBE_CipherInit(algorithm->algorithm, (const char *)pass.data,
		(int)pass.len, algorithm->parameter, ctx, encrypt) ||
	    !EVP_CipherUpdate(ctx, to, &len, in.data, (int)in.len))
		goto out;
	rc = 1;
	if (!EVP_CipherFinal_ex(ctx, to + len, &rest))
		goto out;
	out->len += (size_t)(len + rest);
	rc = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

/* EncryptedPrivateKeyInfo (RFC 5958, 3) of what is encrypted. */
static int
put_encrypted(const X509_ALGOR *algorithm, struct bytes encrypted,
    struct buf *out, struct err *e)
{
	unsigned char *der = NULL;
	struct buf info, whole;
	int len = i2d_X509_ALGOR(algorithm, &der);
	if (len <= 0)
		return err_openssl(e, "PBES2");
	buf_init(&info, DER_MAX);
	buf_init(&whole, DER_MAX);
	buf_append(&info, der, (size_t)len);
	der_put(&info, DER_OCTET_STRING, encrypted);
	der_put(&whole, DER_SEQUENCE, buf_bytes(&info));
	if (info.failed || whole.failed)
		out->failed = true;
	pem_put(out, LABEL, buf_bytes(&whole));
	buf_clear(&whole);
	buf_clear(&info);
	OPENSSL_free(der);
	return buf_check(out, "private key", e);
}

int
private_key_encrypt(
    EVP_PKEY *pkey, const struct secret *pass, struct buf *out, struct err *e)
{
	struct buf plain, encrypted;
	struct bytes p = secret_bytes(pass);
	X509_ALGOR *algorithm = NULL;
	int rc = -1;
	if (!pass_is_valid(p))
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be 1 to %d bytes", PASS_MAX);
	buf_init(&plain, DER_MAX);
	buf_init(&encrypted, DER_MAX);
	if (private_key_der(pkey, &plain, e))
		goto out;
	algorithm = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), ROUNDS, NULL, SALT_LEN,
	    NULL, NID_hmacWithSHA256);
	if (!algorithm ||
	    pbes2_run(algorithm, p, true, buf_bytes(&plain), &encrypted)) {
		err_openssl(e, "PBES2");
		goto out;
	}
	rc = put_encrypted(algorithm, buf_bytes(&encrypted), out, e);
out:
	X509_ALGOR_free(algorithm);
	buf_clear(&encrypted);
	buf_clear(&plain);
	return rc;
}

static int
damaged(struct err *e, const char *what)
{
	ERR_clear_error();
	return err_set(e, ERR_INTERNAL, "", "private key: %s", what);
}

/* Reads algorithm and encrypted part out of the file's DER. */
static int
take_encrypted(
    struct bytes der, X509_ALGOR **algorithm, struct bytes *encrypted)
{
	struct bytes seq, content, whole;
	uint8_t tag;
	if (!der_is_well_formed(der) || der_take(&der, DER_SEQUENCE, &seq) ||
	    der_take_any(&seq, &tag, &content, &whole) ||
	    der_take(&seq, DER_OCTET_STRING, encrypted) || seq.len > 0)
		return -1;
	if (encrypted->len == 0 || encrypted->len % BLOCK_LEN != 0)
		return -1;
	const unsigned char *p = whole.data;
	*algorithm = d2i_X509_ALGOR(NULL, &p, (long)whole.len);
	if (!*algorithm || p != whole.data + whole.len)
		return -1;
	return OBJ_obj2nid((*algorithm)->algorithm) == NID_pbes2 ? 0 : -1;
}

/* PrivateKeyInfo to a key. A wrong passphrase that hit a valid padding by
 * chance (one in 256) shows here as something that is no DER. */
static int
load_plain(struct bytes plain, EVP_PKEY **out, struct err *e)
{
	const unsigned char *p = plain.data;
	if (!der_is_well_formed(plain))
		return err_set(
		    e, ERR_WRONG_PASS, "pass", "does not open the private key");
	PKCS8_PRIV_KEY_INFO *info =
	    d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)plain.len);
	if (info && p == plain.data + plain.len)
		*out = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return *out ? 0 : damaged(e, "holds no key that we know");
}

static int
open_encrypted(const X509_ALGOR *algorithm, struct bytes encrypted,
    struct bytes pass, EVP_PKEY **out, struct err *e)
{
	struct buf plain;
	int rc = -1;
	buf_init(&plain, DER_MAX + CIPHER_PAD);
	int ran = pbes2_run(algorithm, pass, false, encrypted, &plain);
	if (ran < 0) {
		damaged(e, "an algorithm that we do not know");
	} else if (ran > 0) {
		ERR_clear_error();
		err_set(
		    e, ERR_WRONG_PASS, "pass", "does not open the private key");
	} else {
		rc = load_plain(buf_bytes(&plain), out, e);
	}
	buf_clear(&plain);
	return rc;
}

int
private_key_decrypt(
    struct bytes pem, const struct secret *pass, EVP_PKEY **out, struct err *e)
{
	struct bytes before, encrypted, p = secret_bytes(pass);
	struct buf der;
	X509_ALGOR *algorithm = NULL;
	int rc = -1;
	*out = NULL;
	buf_init(&der, DER_MAX);
	if (!pem_begin(&pem, LABEL, &before) || pem_body(&pem, LABEL, &der))
		damaged(e, "no PEM block \"" LABEL "\"");
	else if (take_encrypted(buf_bytes(&der), &algorithm, &encrypted))
		damaged(e, "RFC 5958, 3: not PKCS #8 under PBES2");
	else if (!pass_is_valid(p))
		err_set(
		    e, ERR_WRONG_PASS, "pass", "does not open the private key");
	else
		rc = open_encrypted(algorithm, encrypted, p, out, e);
	X509_ALGOR_free(algorithm);
	buf_clear(&der);
	return rc;
}
