/* Making an authority: its keys, its certificate, the four files. */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/signer/authority.h"
#include "ca/signer/files.h"
#include "ca/signer/message.h"

#define DAY_S 86400

/* In the order in which they are written; the certificate, which makes an
 * installation of a folder, last. */
enum part { CA_KEY, ESCROW_KEY, ESCROW_PUBLIC_KEY, CA_CERTIFICATE, PARTS };

static const struct {
	const char *name;
	mode_t mode;
} files[PARTS] = {
    [CA_KEY] = {FILE_CA_KEY, 0600},
    [ESCROW_KEY] = {FILE_ESCROW_KEY, 0600},
    [ESCROW_PUBLIC_KEY] = {FILE_ESCROW_PUBLIC_KEY, 0644},
    [CA_CERTIFICATE] = {FILE_CA_CERTIFICATE, 0644},
};

struct parts {
	struct buf content[PARTS];
	char path[PARTS][FILE_PATH_MAX];
};

static void
parts_init(struct parts *p)
{
	for (int i = 0; i < PARTS; i++)
		buf_init(&p->content[i], FILE_CERTIFICATES_MAX);
}

static void
parts_clear(struct parts *p)
{
	for (int i = 0; i < PARTS; i++)
		buf_clear(&p->content[i]);
}

int
authority_check_passphrase(const struct secret *pass, struct err *e)
{
	struct bytes b = secret_bytes(pass);
	size_t characters = 0;

	if (b.len > PASSPHRASE_MAX)
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be at most %d bytes", PASSPHRASE_MAX);
	if (!utf8_is_printable(b, &characters))
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be UTF-8 without control characters");
	if (characters < PASSPHRASE_MIN)
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be at least %d characters", PASSPHRASE_MIN);
	return 0;
}

static int
check_key_type(enum key_type t, struct err *e)
{
	switch (t) {
	case KEY_EC_P256:
	case KEY_EC_P384:
	case KEY_RSA_2048:
	case KEY_RSA_3072:
	case KEY_RSA_4096:
		return 0;
	default:
		return err_set(e, ERR_BAD_FIELD, "key_type",
		    "must be ec:P-256, ec:P-384, rsa:2048, rsa:3072 or "
		    "rsa:4096 for an authority");
	}
}

static int
check_plan(const struct authority_plan *plan, struct err *e)
{
	if (check_key_type(plan->key_type, e) != 0)
		return -1;
	if (plan->days < 1 || plan->days > AUTHORITY_DAYS_MAX)
		return err_set(e, ERR_BAD_FIELD, "days", "must be 1 to %d",
		    AUTHORITY_DAYS_MAX);
	return subject_check(&plan->subject, e);
}

/* All four before anything is made: an RSA key takes seconds. */
static int
check_paths(struct parts *p, const char *dir, struct err *e)
{
	for (int i = 0; i < PARTS; i++) {
		if (file_path(p->path[i], FILE_PATH_MAX, dir, files[i].name) !=
		    0)
			return err_set(
			    e, ERR_INTERNAL, NULL, "%s: too long", dir);
		if (file_exists(p->path[i]))
			return err_set(
			    e, ERR_INTERNAL, NULL, "%s: exists", p->path[i]);
	}
	return 0;
}

static void
fill_subject(const struct subject *wanted, struct subject *out)
{
	static const char cn[] = "ms_ssl_server CA";
	bool empty = true;

	*out = *wanted;
	for (int a = 0; a < SUBJECT_COUNT; a++)
		empty = empty && out->value[a][0] == '\0';
	if (empty)
		memcpy(out->value[SUBJECT_CN], cn, sizeof(cn));
}

/* Backdated, as what it will issue is: a certificate that begins before its
 * issuer is refused by some. */
static int
make_certificate(const struct authority_plan *plan, EVP_PKEY *key,
    struct buf *pem, struct err *e)
{
	struct certificate_fields f = {.usage = 0};
	int64_t now = clock_now_ms() / 1000;
	struct buf der;
	int rc = -1;

	buf_init(&der, CERTIFICATE_DER_MAX);
	fill_subject(&plan->subject, &f.subject);
	f.not_before_s = now - POLICY_BACKDATE_MAX_S;
	f.not_after_s = now + (int64_t)plan->days * DAY_S;
	if (serial_new(&f.serial, e) == 0 &&
	    certificate_issue_authority(key, &f, &der, e) == 0) {
		certificate_pem(buf_bytes(&der), pem);
		rc = 0;
	}
	buf_clear(&der);
	return rc;
}

/* Under a key that is in a token already: of it there is no file. */
static int
make_authority_hsm(const struct authority_plan *plan, const struct secret *pass,
    struct parts *p, struct err *e)
{
	struct public_key public_key;
	struct hsm *hsm = NULL;
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (hsm_open(plan->pkcs11_module, plan->ca_key, &hsm, e) != 0)
		return -1;
	if (hsm_login(hsm, secret_bytes(pass), &key, e) == 0 &&
	    public_key_of(key, &public_key, e) == 0 &&
	    check_key_type(public_key.type, e) == 0)
		rc =
		    make_certificate(plan, key, &p->content[CA_CERTIFICATE], e);
	EVP_PKEY_free(key);
	hsm_close(hsm);
	return rc;
}

static int
make_authority(const struct authority_plan *plan, const struct secret *pass,
    struct parts *p, struct err *e)
{
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (plan->ca_key != NULL)
		return make_authority_hsm(plan, pass, p, e);
	if (private_key_new(plan->key_type, &key, e) == 0 &&
	    private_key_encrypt(key, pass, &p->content[CA_KEY], e) == 0)
		rc =
		    make_certificate(plan, key, &p->content[CA_CERTIFICATE], e);
	EVP_PKEY_free(key);
	return rc;
}

static int
escrow_encrypt(const struct seal_key *k, const struct secret *pass,
    struct buf *out, struct err *e)
{
	uint8_t raw[SEAL_KEY_LEN];
	EVP_PKEY *pkey;
	int rc;

	if (seal_key_raw(k, raw, e) != 0)
		return -1;
	pkey = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_X25519, NULL, raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (pkey == NULL)
		return err_openssl(e, "escrow key");
	rc = private_key_encrypt(pkey, pass, out, e);
	EVP_PKEY_free(pkey);
	return rc;
}

static int
make_escrow(const struct secret *pass, struct parts *p, struct err *e)
{
	uint8_t public_key[SEAL_KEY_LEN];
	char hex[2 * SEAL_KEY_LEN + 1];
	struct seal_key *k = NULL;
	int rc = -1;

	if (seal_key_new(&k, e) == 0 && seal_key_public(k, public_key, e) == 0)
		rc = escrow_encrypt(k, pass, &p->content[ESCROW_KEY], e);
	seal_key_free(k);
	if (rc != 0)
		return -1;
	hex_encode(public_key, sizeof(public_key), hex);
	buf_printf(&p->content[ESCROW_PUBLIC_KEY], "%s\n", hex);
	return 0;
}

/* A part without content (a CA key that is in a token) is no file. */
static int
write_part(struct parts *p, int i, struct err *e)
{
	if (buf_check(&p->content[i], files[i].name, e) != 0)
		return -1;
	if (p->content[i].len == 0)
		return 0;
	return file_create(
	    p->path[i], buf_bytes(&p->content[i]), files[i].mode, e);
}

static int
write_files(struct parts *p, struct err *e)
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (write_part(p, i, e) != 0)
			break;
	if (i == PARTS)
		return 0;
	while (i-- > 0) /* only what was just made */
		if (p->content[i].len > 0)
			unlink(p->path[i]);
	return -1;
}

int
authority_create(
    const struct authority_plan *plan, const struct secret *pass, struct err *e)
{
	struct parts p;
	int rc = -1;

	parts_init(&p);
	if (authority_check_passphrase(pass, e) == 0 &&
	    check_plan(plan, e) == 0 && check_paths(&p, plan->dir, e) == 0 &&
	    make_authority(plan, pass, &p, e) == 0 &&
	    make_escrow(pass, &p, e) == 0)
		rc = write_files(&p, e);
	parts_clear(&p);
	return rc;
}
