/* What the signer's tests share: an authority in a temporary folder, and
 * requests to it. */
#ifndef TESTS_UNIT_CA_SIGNER_FIXTURE_H
#define TESTS_UNIT_CA_SIGNER_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/base/clock.h"
#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/signer/authority.h"
#include "ca/signer/message.h"

#define PASS        "correct horse battery"
#define WRONG_PASS  "wrong horse battery st"
#define DAY_S       86400
#define BACKDATE_S  300
#define FIXTURE_MAX 256

struct fixture {
	char dir[64];
	uint8_t escrow_public_key[SEAL_KEY_LEN];
};

static inline void
fixture_path(const struct fixture *f, const char *name, char out[FIXTURE_MAX])
{
	assert_int_equal(file_path(out, FIXTURE_MAX, f->dir, name), 0);
}

static inline void
fixture_write(
    const struct fixture *f, const char *name, const char *text, unsigned mode)
{
	char path[FIXTURE_MAX];
	struct err e = ERR_INIT;

	fixture_path(f, name, path);
	assert_int_equal(
	    file_write(path, bytes_of_text(text), (mode_t)mode, &e), 0);
}

static inline void
fixture_read(const struct fixture *f, const char *name, struct buf *out)
{
	char path[FIXTURE_MAX];
	struct err e = ERR_INIT;

	fixture_path(f, name, path);
	assert_int_equal(file_read(path, out, &e), 0);
}

static inline int
fixture_create(const struct fixture *f, enum key_type type, unsigned days,
    const char *pass, struct err *e)
{
	struct authority_plan plan = {
	    .dir = f->dir, .key_type = type, .days = days};
	struct secret *s = secret_new(pass, strlen(pass));
	int rc;

	assert_non_null(s);
	rc = authority_create(&plan, s, e);
	secret_free(s);
	return rc;
}

static inline void
fixture_dir(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/signer-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
}

static inline void
fixture_open(struct fixture *f, enum key_type type)
{
	struct err e = ERR_INIT;
	struct buf hex;

	fixture_dir(f);
	assert_int_equal(fixture_create(f, type, 4000, PASS, &e), 0);
	buf_init(&hex, 128);
	fixture_read(f, "escrow.pub", &hex);
	hex.len--;
	assert_int_equal(
	    hex_decode(buf_bytes(&hex), f->escrow_public_key, SEAL_KEY_LEN), 0);
	buf_clear(&hex);
	fixture_write(f, "pass", PASS "\n", 0600);
	fixture_write(
	    f, "profiles.conf", "profile \"camera\" { days_max = 90 }\n", 0644);
}

static inline void
fixture_copy_file(struct fixture *to, const struct fixture *from,
    const char *name, unsigned mode)
{
	struct buf b;

	buf_init(&b, 65536);
	fixture_read(from, name, &b);
	fixture_write(to, name, (const char *)b.data, mode);
	buf_clear(&b);
}

/* The same authority in a folder of its own: making one is slow. */
static inline void
fixture_copy(struct fixture *to, const struct fixture *from)
{
	fixture_dir(to);
	fixture_copy_file(to, from, "ca.key", 0600);
	fixture_copy_file(to, from, "ca.crt", 0644);
	fixture_copy_file(to, from, "escrow.key", 0600);
	fixture_copy_file(to, from, "escrow.pub", 0644);
	memcpy(to->escrow_public_key, from->escrow_public_key, SEAL_KEY_LEN);
}

static inline void
fixture_close(struct fixture *f)
{
	static const char *const names[] = {"ca.key", "ca.crt", "escrow.key",
	    "escrow.pub", "pass", "profiles.conf"};
	char path[FIXTURE_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fixture_path(f, names[i], path);
		unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
}

static inline int64_t
now_s(void)
{
	return clock_now_ms() / 1000;
}

/* A public key of the type. An RSA modulus is random: nobody computes with it,
 * and a real one takes seconds. */
static inline void
fixture_key(enum key_type type, struct public_key *out)
{
	struct err e = ERR_INIT;
	EVP_PKEY *key = NULL;

	memset(out, 0, sizeof(*out));
	if (type >= KEY_RSA_2048) {
		out->type = type;
		out->rsa_exponent = 65537;
		out->len = (uint16_t)(256 + 128 * (type - KEY_RSA_2048));
		assert_int_equal(RAND_bytes(out->raw, out->len), 1);
		out->raw[0] |= 0x80;
		out->raw[out->len - 1] |= 1;
		return;
	}
	if (type == KEY_EC_P521) /* a request may bring one; we make none */
		key = EVP_EC_gen("P-521");
	else
		assert_int_equal(private_key_new(type, &key, &e), 0);
	assert_non_null(key);
	assert_int_equal(public_key_of(key, out, &e), 0);
	EVP_PKEY_free(key);
}

/* A request to issue for 30 days, with a new key. */
static inline struct signer_request
issue_request(const char *profile, const char *name, enum key_type type)
{
	struct signer_request m = {.op = SIGNER_ISSUE, .id = 7};
	struct err e = ERR_INIT;

	m.pass = bytes_of_text(PASS);
	snprintf(m.profile, sizeof(m.profile), "%s", profile);
	assert_int_equal(name_parse(bytes_of_text(name), &m.name, &e), 0);
	assert_int_equal(serial_new(&m.fields.serial, &e), 0);
	fixture_key(type, &m.fields.key);
	m.fields.not_before_s = now_s() - BACKDATE_S;
	m.fields.not_after_s = m.fields.not_before_s + 30 * DAY_S;
	return m;
}

static inline void
set_cn(struct signer_request *m, const char *cn)
{
	snprintf(
	    m->fields.subject.value[SUBJECT_CN], SUBJECT_VALUE_MAX, "%s", cn);
}

/* The first certificate of the fixture's ca.crt. */
static inline int
fixture_take_first(void *arg, struct bytes der, struct err *e)
{
	X509 **x = arg;

	return *x != NULL ? 0 : certificate_load(der, x, e);
}

static inline X509 *
fixture_authority(const struct fixture *f)
{
	struct err e = ERR_INIT;
	struct buf pem;
	X509 *x = NULL;

	buf_init(&pem, 65536);
	fixture_read(f, "ca.crt", &pem);
	assert_int_equal(
	    certificate_pem_each(buf_bytes(&pem), fixture_take_first, &x, &e),
	    0);
	buf_clear(&pem);
	return x;
}

#endif
