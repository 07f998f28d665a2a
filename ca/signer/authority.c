#include "ca/signer/authority.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/signer/files.h"
#include "ca/signer/message.h"

#define WRONG_FREE 1000 /* passphrases in a row that cost no wait */

struct authority {
	pthread_mutex_t derivation; /* held for the slow derivation */
	struct hsm *hsm;            /* holds the CA key; NULL: key_pem does */
	struct buf key_pem;         /* encrypted; empty once open */
	struct buf escrow_pem;
	struct buf escrow_next; /* of a change of passphrase that was killed */
	uint8_t escrow_public_key[SEAL_KEY_LEN];

	atomic_uint wrong; /* passphrases in a row, while open */
	pthread_mutex_t guessing;

	pthread_mutex_t lock; /* guards what follows, for moments only */
	X509 *certificate;
	bool open; /* once true it stays: the keys and the tag are final */
	EVP_PKEY *key;
	struct seal_key *escrow;
	unsigned char tag[SECRET_TAG_LEN]; /* of the passphrase */
};

static int
read_file(const char *dir, const char *name, bool private, struct buf *out,
    struct err *e)
{
	char path[FILE_PATH_MAX];

	if (file_path(path, sizeof(path), dir, name) != 0)
		return err_set(e, ERR_INTERNAL, NULL, "%s: too long", dir);
	if (private && file_check_private(path, e) != 0)
		return -1;
	return file_read(path, out, e);
}

static int
on_certificate(void *arg, struct bytes der, struct err *e)
{
	struct authority *a = arg;

	if (a->certificate != NULL)
		return 0; /* the newest comes first */
	return certificate_load(der, &a->certificate, e);
}

static int
load_certificate(struct authority *a, const char *dir, struct err *e)
{
	struct buf pem;
	int rc;

	buf_init(&pem, FILE_CERTIFICATES_MAX);
	rc = read_file(dir, FILE_CA_CERTIFICATE, false, &pem, e);
	if (rc == 0)
		rc =
		    certificate_pem_each(buf_bytes(&pem), on_certificate, a, e);
	buf_clear(&pem);
	if (rc != 0)
		return -1;
	/* Also fills OpenSSL's caches before threads share the object. */
	if (X509_check_ca(a->certificate) != 1)
		return err_set(e, ERR_INTERNAL, NULL,
		    "%s/%s: not an authority's certificate", dir,
		    FILE_CA_CERTIFICATE);
	return 0;
}

static int
load_escrow_public_key(struct authority *a, const char *dir, struct err *e)
{
	struct buf text;
	struct bytes hex;
	int rc;

	buf_init(&text, 2 * SEAL_KEY_LEN + 1);
	rc = read_file(dir, FILE_ESCROW_PUBLIC_KEY, false, &text, e);
	hex = buf_bytes(&text);
	if (hex.len > 0 && hex.data[hex.len - 1] == '\n')
		hex.len--;
	if (rc == 0 && hex_decode(hex, a->escrow_public_key, SEAL_KEY_LEN) != 0)
		rc = err_set(e, ERR_INTERNAL, NULL, "%s/%s: not 64 hex digits",
		    dir, FILE_ESCROW_PUBLIC_KEY);
	buf_clear(&text);
	return rc;
}

static int
read_escrow_next(struct authority *a, const char *dir, struct err *e)
{
	char path[FILE_PATH_MAX];

	if (file_path(path, sizeof(path), dir, FILE_ESCROW_KEY_NEXT) != 0 ||
	    !file_exists(path))
		return 0;
	return read_file(dir, FILE_ESCROW_KEY_NEXT, true, &a->escrow_next, e);
}

static int
load_files(struct authority *a, const char *dir, struct err *e)
{
	if (file_check_folder(dir, e) != 0)
		return -1;
	if (a->hsm == NULL &&
	    read_file(dir, FILE_CA_KEY, true, &a->key_pem, e) != 0)
		return -1;
	if (read_file(dir, FILE_ESCROW_KEY, true, &a->escrow_pem, e) != 0 ||
	    read_escrow_next(a, dir, e) != 0 ||
	    load_certificate(a, dir, e) != 0)
		return -1;
	return load_escrow_public_key(a, dir, e);
}

int
authority_load_hsm(const char *dir, struct hsm *take_hsm,
    struct authority **out, struct err *e)
{
	struct authority *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		hsm_close(take_hsm);
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	}
	pthread_mutex_init(&a->derivation, NULL);
	pthread_mutex_init(&a->guessing, NULL);
	pthread_mutex_init(&a->lock, NULL);
	buf_init(&a->key_pem, FILE_KEY_MAX);
	buf_init(&a->escrow_pem, FILE_KEY_MAX);
	buf_init(&a->escrow_next, FILE_KEY_MAX);
	a->hsm = take_hsm;
	if (load_files(a, dir, e) != 0) {
		authority_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

int
authority_load(const char *dir, struct authority **out, struct err *e)
{
	return authority_load_hsm(dir, NULL, out, e);
}

void
authority_free(struct authority *a)
{
	if (a == NULL)
		return;
	buf_clear(&a->key_pem);
	buf_clear(&a->escrow_pem);
	buf_clear(&a->escrow_next);
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
	hsm_close(a->hsm); /* after its key */
	seal_key_free(a->escrow);
	pthread_mutex_destroy(&a->derivation);
	pthread_mutex_destroy(&a->guessing);
	pthread_mutex_destroy(&a->lock);
	OPENSSL_cleanse(a->tag, sizeof(a->tag));
	free(a);
}

int
authority_key_type(struct authority *a, enum key_type *out, struct err *e)
{
	struct public_key key;

	if (public_key_of(X509_get0_pubkey(a->certificate), &key, e) != 0)
		return -1;
	*out = key.type;
	return 0;
}

bool
authority_is_open(struct authority *a)
{
	bool open;

	pthread_mutex_lock(&a->lock);
	open = a->open;
	pthread_mutex_unlock(&a->lock);
	return open;
}

bool
authority_pin_is_refused(const struct authority *a)
{
	return a->hsm != NULL && hsm_wrong_pins(a->hsm) > 0;
}

static const char *
ca_key_place(const struct authority *a)
{
	return a->hsm == NULL ? FILE_CA_KEY : "the token";
}

static int
open_ca_key(struct authority *a, const struct secret *pass, EVP_PKEY **out,
    struct err *e)
{
	int rc;

	if (a->hsm != NULL)
		rc = hsm_login(a->hsm, secret_bytes(pass), out, e);
	else
		rc = private_key_decrypt(buf_bytes(&a->key_pem), pass, out, e);
	if (rc != 0)
		return -1;
	/* A renewal swaps the certificate, but never before the key is open. */
	if (EVP_PKEY_eq(X509_get0_pubkey(a->certificate), *out) == 1)
		return 0;
	EVP_PKEY_free(*out);
	*out = NULL;
	return err_set(e, ERR_INTERNAL, NULL, "the key of %s is not that of %s",
	    ca_key_place(a), FILE_CA_CERTIFICATE);
}

static int
escrow_from_pkey(EVP_PKEY *pkey, struct seal_key **out, struct err *e)
{
	uint8_t raw[SEAL_KEY_LEN];
	size_t len = sizeof(raw);
	int rc;

	if (!EVP_PKEY_is_a(pkey, "X25519") ||
	    EVP_PKEY_get_raw_private_key(pkey, raw, &len) != 1)
		return err_set(e, ERR_INTERNAL, NULL, "%s is not an X25519 key",
		    FILE_ESCROW_KEY);
	rc = seal_key_from_raw(raw, out, e);
	OPENSSL_cleanse(raw, sizeof(raw));
	return rc;
}

static int
open_escrow_key(struct authority *a, const struct secret *pass,
    struct seal_key **out, struct err *e)
{
	uint8_t public_key[SEAL_KEY_LEN];
	EVP_PKEY *pkey = NULL;
	int rc;

	rc = private_key_decrypt(buf_bytes(&a->escrow_pem), pass, &pkey, e);
	if (rc != 0 && a->escrow_next.len > 0)
		rc = private_key_decrypt(
		    buf_bytes(&a->escrow_next), pass, &pkey, e);
	if (rc != 0 && a->hsm != NULL)
		return -1; /* nothing has shown yet that pass is right */
	if (rc != 0)
		return err_set(e, ERR_INTERNAL, NULL,
		    "%s does not open with the passphrase of %s",
		    FILE_ESCROW_KEY, FILE_CA_KEY);
	rc = escrow_from_pkey(pkey, out, e);
	EVP_PKEY_free(pkey);
	if (rc != 0 || seal_key_public(*out, public_key, e) != 0)
		return -1;
	if (memcmp(public_key, a->escrow_public_key, SEAL_KEY_LEN) == 0)
		return 0;
	return err_set(e, ERR_INTERNAL, NULL, "%s is not the key of %s",
	    FILE_ESCROW_KEY, FILE_ESCROW_PUBLIC_KEY);
}

/* A token locks itself after a few wrong PINs: what does not open the escrow
 * key, which is under the same, is not shown to it. */
static int
open_both(struct authority *a, const struct secret *pass, EVP_PKEY **key,
    struct seal_key **escrow, struct err *e)
{
	if (a->hsm != NULL)
		return open_escrow_key(a, pass, escrow, e) != 0
			   ? -1
			   : open_ca_key(a, pass, key, e);
	return open_ca_key(a, pass, key, e) != 0
		   ? -1
		   : open_escrow_key(a, pass, escrow, e);
}

/* The slow derivation; a->derivation is held and the authority locked. */
static int
open_keys(struct authority *a, const struct secret *pass,
    const unsigned char *tag, struct err *e)
{
	EVP_PKEY *key = NULL;
	struct seal_key *escrow = NULL;

	if (open_both(a, pass, &key, &escrow, e) != 0) {
		EVP_PKEY_free(key);
		seal_key_free(escrow);
		return -1;
	}
	buf_clear(&a->key_pem);
	buf_clear(&a->escrow_pem);
	buf_clear(&a->escrow_next);
	pthread_mutex_lock(&a->lock);
	a->key = key;
	a->escrow = escrow;
	memcpy(a->tag, tag, sizeof(a->tag));
	a->open = true;
	pthread_mutex_unlock(&a->lock);
	return 0;
}

/*
 * The service refuses wrong passphrases by itself, with a back-off; who asks
 * here again and again has taken it over and guesses. A wait that all wrong
 * ones share makes that one guess a second.
 */
static void
slow_down(struct authority *a)
{
	const struct timespec second = {1, 0};

	if (atomic_fetch_add(&a->wrong, 1) < WRONG_FREE)
		return;
	pthread_mutex_lock(&a->guessing);
	nanosleep(&second, NULL);
	pthread_mutex_unlock(&a->guessing);
}

static int
compare_tag(struct authority *a, const unsigned char *tag, struct err *e)
{
	if (secret_tag_equal(a->tag, tag)) {
		atomic_store(&a->wrong, 0);
		return 0;
	}
	slow_down(a);
	return err_set(e, ERR_WRONG_PASS, "pass", "is not the passphrase");
}

static int
check_secret(struct authority *a, const struct secret *pass, struct err *e)
{
	unsigned char tag[SECRET_TAG_LEN];
	int rc;

	if (secret_tag(pass, tag, e) != 0)
		return -1;
	if (authority_is_open(a)) {
		rc = compare_tag(a, tag, e);
	} else {
		pthread_mutex_lock(&a->derivation);
		rc = authority_is_open(a) ? compare_tag(a, tag, e)
					  : open_keys(a, pass, tag, e);
		pthread_mutex_unlock(&a->derivation);
	}
	OPENSSL_cleanse(tag, sizeof(tag));
	return rc;
}

static int
refuse_locked(struct err *e)
{
	return err_set(e, ERR_LOCKED, "pass", "the CA key is not open yet");
}

int
authority_unlock(struct authority *a, struct bytes pass, struct err *e)
{
	struct secret *s;
	int rc;

	if (pass.len == 0 && !authority_is_open(a))
		return refuse_locked(e);
	if (pass.len == 0 || pass.len > PASSPHRASE_MAX)
		return err_set(
		    e, ERR_WRONG_PASS, "pass", "is not the passphrase");
	s = secret_new(pass.data, pass.len);
	if (s == NULL)
		return err_set(
		    e, ERR_BUSY, NULL, "too many passphrases at once");
	rc = check_secret(a, s, e);
	secret_free(s);
	return rc;
}

int
authority_issuer(struct authority *a, struct issuer *out, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	if (!a->open) {
		rc = refuse_locked(e);
	} else if (X509_up_ref(a->certificate) != 1) {
		rc = err_openssl(e, "issuer");
	} else {
		out->certificate = a->certificate;
		out->key = a->key;
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void
issuer_release(struct issuer *i)
{
	X509_free(i->certificate);
	i->certificate = NULL;
	i->key = NULL;
}

int
issuer_not_after(const struct issuer *i, int64_t *seconds, struct err *e)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(i->certificate), &tm) != 1)
		return err_openssl(e, "the authority's dates");
	*seconds = (int64_t)timegm(&tm);
	return 0;
}

int
authority_escrow(
    struct authority *a, const struct seal_key **out, struct err *e)
{
	if (!authority_is_open(a))
		return refuse_locked(e);
	*out = a->escrow;
	return 0;
}

void
authority_renewed(struct authority *a, X509 *take_certificate)
{
	X509 *old;

	(void)X509_check_ca(take_certificate); /* fills OpenSSL's caches */
	pthread_mutex_lock(&a->lock);
	old = a->certificate;
	a->certificate = take_certificate;
	pthread_mutex_unlock(&a->lock);
	X509_free(old);
}
