/* What the topics' tests share: an authority in memory, and the way of a
 * request past it as service/work goes it. */
#ifndef TESTS_UNIT_TOPICS_FIXTURE_H
#define TESTS_UNIT_TOPICS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/clock.h"
#include "ca/base/file.h"
#include "ca/base/hex.h"
#include "ca/base/seal.h"
#include "topics/json.h"
#include "topics/table.h"

#define PASS  "correct horse battery staple"
#define MAC   "AABBCCDDEEFF"
#define DAY_S 86400
#define NOW_S ((int64_t)1795000000) /* the clock stands still here */

struct fixture {
	struct authority_view v;
	struct issuer issuer;
	struct seal_key *escrow;
	struct request r;
	struct err e;
	struct answer a;
};

static inline void
fixture_authority(struct fixture *f)
{
	struct certificate_fields c = {.not_before_s = NOW_S - DAY_S,
	    .not_after_s = NOW_S + 7300 * (int64_t)DAY_S};
	struct buf der;

	buf_init(&der, CERTIFICATE_DER_MAX);
	assert_int_equal(serial_new(&c.serial, &f->e), 0);
	assert_int_equal(subject_set(&c.subject, SUBJECT_CN,
			     bytes_of_text("Test CA"), &f->e),
	    0);
	assert_int_equal(
	    private_key_new(KEY_EC_P256, &f->issuer.key, &f->e), 0);
	assert_int_equal(
	    certificate_issue_authority(f->issuer.key, &c, &der, &f->e), 0);
	assert_int_equal(
	    certificate_load(buf_bytes(&der), &f->issuer.certificate, &f->e),
	    0);
	certificate_pem(buf_bytes(&der), &f->v.pem);
	f->v.not_after_s = c.not_after_s;
	buf_clear(&der);
}

static inline void
fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	clock_freeze(NOW_S * 1000);
	request_init(&f->r);
	answer_init(&f->a);
	profile_set_init(&f->v.profiles);
	buf_init(&f->v.pem, 65536);
	fixture_authority(f);
	assert_int_equal(seal_key_new(&f->escrow, &f->e), 0);
	assert_int_equal(
	    seal_key_public(f->escrow, f->v.escrow_public_key, &f->e), 0);
}

static inline void
fixture_close(struct fixture *f)
{
	request_clear(&f->r);
	answer_clear(&f->a);
	seal_key_free(f->escrow);
	X509_free(f->issuer.certificate);
	EVP_PKEY_free(f->issuer.key);
	buf_clear(&f->v.pem);
	clock_freeze(0);
}

static inline int
setup(void **state)
{
	*state = malloc(sizeof(struct fixture));
	assert_non_null(*state);
	fixture_open(*state);
	return 0;
}

static inline int
teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

static inline void
fixture_new_answer(struct fixture *f)
{
	answer_clear(&f->a);
	answer_init(&f->a);
}

/* A new request for verb, parsed. The body is in memory of its own size, so
 * that a sanitizer sees a read past its end. */
static inline int
fixture_parse_bytes(struct fixture *f, const char *verb, struct bytes body)
{
	uint8_t *copy = malloc(body.len > 0 ? body.len : 1);
	int rc;

	assert_non_null(copy);
	if (body.len > 0)
		memcpy(copy, body.data, body.len);
	request_clear(&f->r);
	f->e = (struct err)ERR_INIT;
	f->r.verb = verb_find_topic(bytes_of_text(verb));
	f->r.door = DOOR_HTTP;
	assert_non_null(f->r.verb);
	rc = f->r.verb->parse(&f->r, &f->v, (struct bytes){copy, body.len},
	    (struct bytes){NULL, 0}, &f->e);
	free(copy);
	return rc;
}

static inline int
fixture_parse(struct fixture *f, const char *verb, const char *json)
{
	return fixture_parse_bytes(f, verb, bytes_of_text(json));
}

/* Parsed and prepared, for an entity that nobody knows. */
static inline int
fixture_prepare(struct fixture *f, const char *verb, const char *json)
{
	if (fixture_parse(f, verb, json) != 0)
		return -1;
	return f->r.verb->prepare(&f->r, &f->v, &f->e);
}

/* What the signer does with a plan. */
static inline void
fixture_sign(struct fixture *f)
{
	if (certificate_issue(
		&f->issuer, &f->r.plan, &f->r.result.der, &f->e) != 0)
		fail_msg("%s", f->e.message);
}

static inline int
fixture_answer(struct fixture *f)
{
	struct health h = {.open = true};

	fixture_new_answer(f);
	return f->r.verb->answer(&f->r, &f->v, &h, &f->a, &f->e);
}

static inline void
buf_copy(struct buf *to, const struct buf *from)
{
	buf_clear(to);
	buf_append(to, from->data, from->len);
}

static inline void
certificate_copy(
    struct store_certificate *to, const struct store_certificate *from)
{
	struct buf der = to->der, sealed = to->sealed_key;

	*to = *from;
	to->der = der;
	to->sealed_key = sealed;
	buf_copy(&to->der, &from->der);
	buf_copy(&to->sealed_key, &from->sealed_key);
}

/* A certificate as the store would bring it: create, signed. */
static inline void
fixture_enter(
    struct fixture *f, const char *json, struct store_certificate *out)
{
	if (fixture_prepare(f, "create", json) != 0)
		fail_msg("%s", f->e.message);
	fixture_sign(f);
	certificate_copy(out, &f->r.result);
	request_clear(&f->r);
}

static inline void
fixture_know(struct fixture *f, const struct store_certificate *last)
{
	f->r.known = true;
	certificate_copy(&f->r.last, last);
}

#define assert_refused(f, rc, want_kind, want_field)                           \
	do {                                                                   \
		assert_int_equal((rc), -1);                                    \
		assert_string_equal(                                           \
		    err_word((f)->e.kind), err_word(want_kind));               \
		assert_string_equal((f)->e.field, (want_field));               \
	} while (0)

#define assert_ok(f, rc)                                                       \
	do {                                                                   \
		if ((rc) != 0)                                                 \
			fail_msg("%s", (f)->e.message);                        \
	} while (0)

/* Text in a buffer that is not NUL-terminated by contract. */
static inline bool
buf_has(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text)) != NULL;
}

#endif
