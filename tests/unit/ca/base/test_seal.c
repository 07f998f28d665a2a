#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <string.h>

#include "ca/base/hex.h"
#include "ca/base/seal.h"
#include "ca/base/seal_internal.h"
#include "capture.h"

/*
 * The RFC 9180 test vectors (test-vectors.json beside the RFC; its appendix
 * prints other suites only): mode 0, kem_id 32, kdf_id 1, aead_id 2, the
 * encryption of sequence number 0.
 */
#define VECTOR_INFO "4f6465206f6e2061204772656369616e2055726e"
#define VECTOR_SK_R                                                            \
	"497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d"
#define VECTOR_PK_R                                                            \
	"430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c"
#define VECTOR_SK_E                                                            \
	"179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11"
#define VECTOR_ENC                                                             \
	"6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
#define VECTOR_KEY                                                             \
	"f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f"
#define VECTOR_NONCE "151d9929e2449747889bc923"
#define VECTOR_AAD   "436f756e742d30"
#define VECTOR_PLAIN                                                           \
	"4265617574792069732074727574682c20747275746820626561757479"
#define VECTOR_CIPHERTEXT                                                      \
	"e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be993198"    \
	"0a41de125a925cdad859d5b7a"

static struct capture c;

/* Decodes into memory that lasts as long as the case. */
static struct bytes
unhex(const char *text)
{
	static uint8_t pool[16][256];
	static size_t next;
	size_t len = strlen(text) / 2;
	uint8_t *out = pool[next++ % 16];

	assert_true(len <= sizeof(pool[0]));
	assert_int_equal(hex_decode(bytes_of_text(text), out, len), 0);
	return (struct bytes){out, len};
}

static struct seal_key *
key_of(const char *hex)
{
	struct err e = ERR_INIT;
	struct seal_key *k = NULL;

	assert_int_equal(seal_key_from_raw(unhex(hex).data, &k, &e), 0);
	return k;
}

static void
seal_key_public_is_the_vectors(void **state)
{
	struct seal_key *k = key_of(VECTOR_SK_R);
	uint8_t out[SEAL_KEY_LEN];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(seal_key_public(k, out, &e), 0);
	assert_memory_equal(out, unhex(VECTOR_PK_R).data, SEAL_KEY_LEN);
	assert_int_equal(seal_key_raw(k, out, &e), 0);
	assert_memory_equal(out, unhex(VECTOR_SK_R).data, SEAL_KEY_LEN);
	seal_key_free(k);
	seal_key_free(NULL);
}

static void
seal_schedule_is_the_vectors(void **state)
{
	struct seal_key *k = key_of(VECTOR_SK_E);
	struct seal_context context;
	struct seal_shared s;

	(void)state;
	memcpy(s.enc, unhex(VECTOR_ENC).data, SEAL_KEY_LEN);
	memcpy(s.recipient, unhex(VECTOR_PK_R).data, SEAL_KEY_LEN);
	assert_int_equal(seal_agree(k, s.recipient, &s), 0);
	assert_int_equal(seal_schedule(&s, unhex(VECTOR_INFO), &context), 0);
	assert_memory_equal(context.key, unhex(VECTOR_KEY).data, 32);
	assert_memory_equal(context.nonce, unhex(VECTOR_NONCE).data, 12);
	seal_key_free(k);
}

static void
seal_is_the_vectors(void **state)
{
	struct seal_key *k = key_of(VECTOR_SK_E);
	struct err e = ERR_INIT;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(
	    seal_with(k, unhex(VECTOR_PK_R).data, unhex(VECTOR_INFO),
		unhex(VECTOR_AAD), unhex(VECTOR_PLAIN), &out, &e),
	    0);
	assert_true(
	    bytes_equal(buf_bytes(&out), unhex(VECTOR_ENC VECTOR_CIPHERTEXT)));
	buf_clear(&out);
	seal_key_free(k);
}

static void
seal_open_opens_the_vectors(void **state)
{
	struct seal_key *k = key_of(VECTOR_SK_R);
	struct err e = ERR_INIT;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(seal_open(k, unhex(VECTOR_INFO), unhex(VECTOR_AAD),
			     unhex(VECTOR_ENC VECTOR_CIPHERTEXT), &out, &e),
	    0);
	assert_true(bytes_equal(buf_bytes(&out), unhex(VECTOR_PLAIN)));
	buf_clear(&out);
	seal_key_free(k);
}

/* What most cases need: a key, its public half, something sealed. */
struct sealed {
	struct seal_key *key;
	uint8_t public_key[SEAL_KEY_LEN];
	struct bytes info, aad;
	struct buf box, out;
	struct err e;
};

static int
make_sealed(void **state)
{
	static struct sealed s;

	memset(&s, 0, sizeof(s));
	s.info = bytes_of_text("a use");
	s.aad = bytes_of_text("a name");
	buf_init(&s.box, 1000);
	buf_init(&s.out, 1000);
	*state = &s;
	if (seal_key_new(&s.key, &s.e) != 0 ||
	    seal_key_public(s.key, s.public_key, &s.e) != 0)
		return -1;
	return seal(
	    s.public_key, s.info, s.aad, bytes_of_text("plain"), &s.box, &s.e);
}

static int
free_sealed(void **state)
{
	struct sealed *s = *state;

	seal_key_free(s->key);
	buf_clear(&s->box);
	buf_clear(&s->out);
	return 0;
}

static void
assert_does_not_open(struct sealed *s, const struct seal_key *k,
    struct bytes info, struct bytes aad, struct bytes box)
{
	int rc;

	capture_start(&c);
	rc = seal_open(k, info, aad, box, &s->out, &s->e);
	capture_stop(&c);
	assert_int_equal(rc, -1);
	assert_int_equal(s->e.kind, ERR_INTERNAL);
	assert_int_equal(s->out.len, 0);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
seal_open_appends_what_was_sealed(void **state)
{
	struct sealed *s = *state;

	assert_int_equal(s->box.len, 5 + SEAL_OVERHEAD);
	buf_append_byte(&s->out, '>');
	assert_int_equal(seal_open(s->key, s->info, s->aad, buf_bytes(&s->box),
			     &s->out, &s->e),
	    0);
	assert_string_equal((char *)s->out.data, ">plain");
}

static void
seal_of_nothing_under_nothing_opens(void **state)
{
	struct bytes none = {NULL, 0};
	struct sealed *s = *state;

	buf_clear(&s->box);
	assert_int_equal(
	    seal(s->public_key, none, none, none, &s->box, &s->e), 0);
	assert_int_equal(s->box.len, SEAL_OVERHEAD);
	assert_int_equal(
	    seal_open(s->key, none, none, buf_bytes(&s->box), &s->out, &s->e),
	    0);
	assert_int_equal(s->out.len, 0);
	s->box.data[40] ^= 1;
	assert_does_not_open(s, s->key, none, none, buf_bytes(&s->box));
}

static void
seal_never_makes_the_same_twice(void **state)
{
	struct sealed *s = *state;

	assert_int_equal(seal(s->public_key, s->info, s->aad,
			     bytes_of_text("plain"), &s->out, &s->e),
	    0);
	assert_memory_not_equal(s->box.data, s->out.data, 32);
	assert_memory_not_equal(s->box.data + 32, s->out.data + 32, 5);
}

static void
seal_open_rejects_every_flipped_bit(void **state)
{
	struct sealed *s = *state;

	for (size_t i = 0; i < s->box.len * 8; i++) {
		/* X25519 ignores the last bit of a public key, but enc is
		 * bound as bytes: that bit is refused, too. */
		s->box.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_does_not_open(
		    s, s->key, s->info, s->aad, buf_bytes(&s->box));
		s->box.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
seal_open_rejects_every_other_length(void **state)
{
	struct sealed *s = *state;
	struct bytes box = buf_bytes(&s->box);

	for (size_t len = 0; len < box.len; len++)
		assert_does_not_open(
		    s, s->key, s->info, s->aad, (struct bytes){box.data, len});
	buf_append_byte(&s->box, 0);
	assert_does_not_open(s, s->key, s->info, s->aad, buf_bytes(&s->box));
}

static void
seal_open_rejects_another_key_info_or_aad(void **state)
{
	struct bytes none = {NULL, 0};
	struct sealed *s = *state;
	struct bytes box = buf_bytes(&s->box);
	struct seal_key *other;

	assert_int_equal(seal_key_new(&other, &s->e), 0);
	assert_does_not_open(s, other, s->info, s->aad, box);
	assert_does_not_open(s, s->key, bytes_of_text("A use"), s->aad, box);
	assert_does_not_open(s, s->key, none, s->aad, box);
	assert_does_not_open(s, s->key, s->info, bytes_of_text("a nam"), box);
	assert_does_not_open(s, s->key, s->info, none, box);
	seal_key_free(other);
}

/* All points of small order: with them the secret would be zeros (RFC 7748,
 * 6.1), whoever the other side is. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

static void
seal_refuses_keys_of_small_order(void **state)
{
	struct sealed *s = *state;

	for (size_t i = 0; i < sizeof(small_order) / sizeof(char *); i++) {
		struct bytes bad = unhex(small_order[i]);
		struct seal_shared shared;
		int rc;

		assert_int_equal(seal_agree(s->key, bad.data, &shared), -1);
		capture_start(&c);
		rc = seal(bad.data, s->info, s->aad, bytes_of_text("plain"),
		    &s->out, &s->e);
		capture_stop(&c);
		assert_int_equal(rc, -1);
		assert_int_equal(s->out.len, 0);
		memcpy(s->box.data, bad.data, SEAL_KEY_LEN);
		assert_does_not_open(
		    s, s->key, s->info, s->aad, buf_bytes(&s->box));
	}
}

static void
seal_refuses_more_than_out_holds(void **state)
{
	struct sealed *s = *state;
	struct buf little;

	buf_init(&little, 5 + SEAL_OVERHEAD - 1);
	assert_int_equal(seal(s->public_key, s->info, s->aad,
			     bytes_of_text("plain"), &little, &s->e),
	    -1);
	assert_int_equal(little.len, 0);
	buf_clear(&little);
	buf_init(&little, 4);
	assert_int_equal(seal_open(s->key, s->info, s->aad, buf_bytes(&s->box),
			     &little, &s->e),
	    -1);
	assert_int_equal(little.len, 0);
	buf_clear(&little);
}

static void
seal_refuses_an_info_past_its_bound(void **state)
{
	static uint8_t much[5000];
	struct sealed *s = *state;

	assert_int_equal(seal(s->public_key, (struct bytes){much, sizeof(much)},
			     s->aad, bytes_of_text("plain"), &s->out, &s->e),
	    -1);
	assert_int_equal(s->out.len, 0);
}

#define CASE(test)                                                             \
	cmocka_unit_test_setup_teardown(test, make_sealed, free_sealed)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seal_key_public_is_the_vectors),
	    cmocka_unit_test(seal_schedule_is_the_vectors),
	    cmocka_unit_test(seal_is_the_vectors),
	    cmocka_unit_test(seal_open_opens_the_vectors),
	    CASE(seal_open_appends_what_was_sealed),
	    CASE(seal_of_nothing_under_nothing_opens),
	    CASE(seal_never_makes_the_same_twice),
	    CASE(seal_open_rejects_every_flipped_bit),
	    CASE(seal_open_rejects_every_other_length),
	    CASE(seal_open_rejects_another_key_info_or_aad),
	    CASE(seal_refuses_keys_of_small_order),
	    CASE(seal_refuses_more_than_out_holds),
	    CASE(seal_refuses_an_info_past_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
