#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "ca/base/hex.h"
#include "ca/x509/key.h"

static EVP_PKEY *
make(enum key_type t)
{
	EVP_PKEY *pkey;
	struct err e = ERR_INIT;
	if (private_key_new(t, &pkey, &e))
		fail_msg("%s", e.message);
	return pkey;
}

static struct public_key
public_of(enum key_type t)
{
	struct public_key k;
	struct err e = ERR_INIT;
	EVP_PKEY *pkey = make(t);
	if (public_key_of(pkey, &k, &e))
		fail_msg("%s", e.message);
	EVP_PKEY_free(pkey);
	return k;
}

static struct secret *
secret_of(const char *text)
{
	struct secret *s = secret_new(text, strlen(text));
	assert_non_null(s);
	return s;
}

static void
key_type_parse_takes_its_own_words(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	for (unsigned t = 0; t < KEY_TYPE_COUNT; t++) {
		enum key_type out;
		const char *word = key_type_word((enum key_type)t);
		int rc = key_type_parse(bytes_of_text(word), &out, &e);
		assert_int_equal(rc, t == KEY_EC_P521 ? -1 : 0);
		if (rc == 0)
			assert_int_equal(out, t);
	}
	assert_string_equal(key_type_word(KEY_TYPE_COUNT), "");
}

static void
key_type_parse_refuses_other_words(void **state)
{
	static const char *const bad[] = {
	    "", "ec", "EC:P-256", "rsa:1024", "ec:P-2560"};
	struct err e = ERR_INIT;
	enum key_type t;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    key_type_parse(bytes_of_text(bad[i]), &t, &e), -1);
		assert_int_equal(e.kind, ERR_BAD_FIELD);
		assert_string_equal(e.field, "key_type");
	}
}

/* Our encoding is OpenSSL's, and reads back to the same key. */
static void
public_key_encode_is_the_subject_public_key_info(void **state)
{
	(void)state;
	for (unsigned t = 0; t < KEY_RSA_4096; t++) {
		struct public_key k, again;
		struct err e = ERR_INIT;
		struct buf spki;
		unsigned char *der = NULL;
		if (t == KEY_EC_P521)
			continue;
		EVP_PKEY *pkey = make((enum key_type)t);
		assert_int_equal(public_key_of(pkey, &k, &e), 0);
		assert_int_equal(k.type, t);
		buf_init(&spki, 1024);
		public_key_encode(&k, &spki);
		int len = i2d_PUBKEY(pkey, &der);
		assert_int_equal(len, spki.len);
		assert_memory_equal(der, spki.data, spki.len);
		assert_int_equal(
		    public_key_parse(buf_bytes(&spki), &again, &e), 0);
		assert_memory_equal(&k, &again, sizeof(k));
		OPENSSL_free(der);
		buf_clear(&spki);
		EVP_PKEY_free(pkey);
	}
}

static void
public_key_load_gives_the_same_key(void **state)
{
	static const enum key_type types[] = {
	    KEY_EC_P256, KEY_EC_P384, KEY_ED25519, KEY_RSA_2048};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct public_key k;
		struct err e = ERR_INIT;
		EVP_PKEY *loaded, *pkey = make(types[i]);
		assert_int_equal(public_key_of(pkey, &k, &e), 0);
		assert_int_equal(public_key_load(&k, &loaded, &e), 0);
		assert_int_equal(EVP_PKEY_eq(pkey, loaded), 1);
		EVP_PKEY_free(loaded);
		EVP_PKEY_free(pkey);
	}
}

static void
public_key_load_refuses_a_point_off_its_curve(void **state)
{
	struct public_key k = public_of(KEY_EC_P256);
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	(void)state;
	k.raw[k.len - 1] ^= 1;
	assert_int_equal(public_key_load(&k, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
	assert_null(pkey);
}

static void
point_is_checked_against_its_curve(void **state)
{
	(void)state;
	for (unsigned t = 0; t < KEY_RSA_3072; t++) {
		struct public_key k;
		struct err e = ERR_INIT;
		bool ec = t < KEY_ED25519;
		EVP_PKEY *pkey = t == KEY_EC_P521 ? EVP_EC_gen("P-521")
						  : make((enum key_type)t);
		assert_non_null(pkey);
		assert_int_equal(public_key_of(pkey, &k, &e), 0);
		EVP_PKEY_free(pkey);
		assert_int_equal(public_key_check_point(&k, &e), 0);
		k.raw[k.len / 2] ^= 1; /* of any other key: another key */
		assert_int_equal(public_key_check_point(&k, &e), ec ? -1 : 0);
		assert_int_equal(e.kind, ec ? ERR_BAD_CSR : ERR_NONE);
		k.raw[0] = 0; /* 0, and its form is looked at before */
		k.len = 1;
		assert_int_equal(public_key_check_point(&k, &e), -1);
	}
}

static void
point_that_is_no_element_of_the_field_is_refused(void **state)
{
	struct public_key k = public_of(KEY_EC_P256);
	struct err e = ERR_INIT;
	(void)state;
	memset(k.raw + 1, 0xff, k.len - 1u);
	assert_int_equal(public_key_check_point(&k, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
	memset(k.raw + 1, 0, k.len - 1u);
	assert_int_equal(public_key_check_point(&k, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_CSR);
}

static void
public_key_check_refuses_a_struct_out_of_form(void **state)
{
	struct public_key ec = public_of(KEY_EC_P256);
	struct public_key rsa = public_of(KEY_RSA_2048);
	struct public_key k;
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(public_key_check(&ec, &e), 0);
	assert_int_equal(public_key_check(&rsa, &e), 0);
#define REFUSES(from, change)                                                  \
	k = from;                                                              \
	change;                                                                \
	assert_int_equal(public_key_check(&k, &e), -1)
	REFUSES(ec, k.type = KEY_TYPE_COUNT);
	REFUSES(ec, k.type = (enum key_type) - 1);
	REFUSES(ec, k.type = KEY_EC_P384);
	REFUSES(ec, k.type = KEY_ED25519);
	REFUSES(ec, k.len = 0);
	REFUSES(ec, k.len = UINT16_MAX);
	REFUSES(ec, k.raw[0] = 6);
	REFUSES(ec, k.rsa_exponent = 65537);
	REFUSES(rsa, k.type = KEY_RSA_3072);
	REFUSES(rsa, k.rsa_exponent = 3);
	REFUSES(rsa, k.rsa_exponent = 65538);
	REFUSES(rsa, k.raw[0] = 0);
	REFUSES(rsa, k.raw[0] = 0x7f);
	REFUSES(rsa, k.raw[k.len - 1] &= 0xfe);
	REFUSES(rsa, k.len = 255);
#undef REFUSES
}

static void
public_key_hash_tells_keys_apart(void **state)
{
	struct public_key a = public_of(KEY_EC_P256);
	struct public_key b = public_of(KEY_EC_P256);
	uint8_t first[KEY_HASH_LEN], second[KEY_HASH_LEN], other[KEY_HASH_LEN];
	struct err e = ERR_INIT;
	(void)state;
	assert_int_equal(public_key_hash(&a, first, &e), 0);
	assert_int_equal(public_key_hash(&a, second, &e), 0);
	assert_int_equal(public_key_hash(&b, other, &e), 0);
	assert_memory_equal(first, second, KEY_HASH_LEN);
	assert_memory_not_equal(first, other, KEY_HASH_LEN);
	a.len = 3;
	assert_int_equal(public_key_hash(&a, first, &e), -1);
}

/* `openssl ec -conv_form compressed` writes such files. */
static void
public_key_of_reads_a_key_of_compressed_form(void **state)
{
	struct public_key before, after;
	struct err e = ERR_INIT;
	EVP_PKEY *pkey = make(KEY_EC_P256);
	(void)state;
	assert_int_equal(public_key_of(pkey, &before, &e), 0);
	assert_int_equal(
	    EVP_PKEY_set_utf8_string_param(pkey, "point-format", "compressed"),
	    1);
	assert_int_equal(public_key_of(pkey, &after, &e), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	EVP_PKEY_free(pkey);
}

static void
public_key_of_refuses_keys_that_we_do_not_use(void **state)
{
	struct public_key k;
	struct err e = ERR_INIT;
	(void)state;
	EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *k256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	assert_int_equal(public_key_of(x25519, &k, &e), -1);
	assert_int_equal(public_key_of(k256, &k, &e), -1);
	assert_int_equal(public_key_of(rsa, &k, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(k256);
	EVP_PKEY_free(x25519);
}

static void
private_key_new_makes_no_p521(void **state)
{
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	(void)state;
	assert_int_equal(private_key_new(KEY_EC_P521, &pkey, &e), -1);
	assert_int_equal(private_key_new(KEY_TYPE_COUNT, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_FIELD);
}

static void
private_key_pem_is_pkcs8_that_openssl_reads(void **state)
{
	static const enum key_type types[] = {
	    KEY_EC_P256, KEY_ED25519, KEY_RSA_2048};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct err e = ERR_INIT;
		struct secret *pem;
		EVP_PKEY *pkey = make(types[i]);
		assert_int_equal(private_key_pem(pkey, &pem, &e), 0);
		struct bytes text = secret_bytes(pem);
		assert_memory_equal(
		    text.data, "-----BEGIN PRIVATE KEY-----\n", 28);
		BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
		EVP_PKEY *read = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		assert_int_equal(EVP_PKEY_eq(pkey, read), 1);
		EVP_PKEY_free(read);
		BIO_free(bio);
		secret_free(pem);
		EVP_PKEY_free(pkey);
	}
}

/* One encrypted key for all the cases below: 600,000 rounds each. */
struct encrypted {
	EVP_PKEY *pkey;
	struct secret *pass;
	struct buf pem;
};

static struct encrypted enc;

static int
encrypt_one(void **state)
{
	struct err e = ERR_INIT;
	(void)state;
	enc.pkey = make(KEY_EC_P256);
	enc.pass = secret_new("p\0\xff\n\"", 5);
	buf_init(&enc.pem, 16384);
	return private_key_encrypt(enc.pkey, enc.pass, &enc.pem, &e);
}

static int
free_one(void **state)
{
	(void)state;
	EVP_PKEY_free(enc.pkey);
	secret_free(enc.pass);
	buf_clear(&enc.pem);
	return 0;
}

static void
private_key_decrypt_opens_what_encrypt_wrote(void **state)
{
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	(void)state;
	struct bytes pem = buf_bytes(&enc.pem);
	assert_int_equal(private_key_decrypt(pem, enc.pass, &pkey, &e), 0);
	assert_int_equal(EVP_PKEY_eq(pkey, enc.pkey), 1);
	EVP_PKEY_free(pkey);
}

static int
give_pass(char *out, int size, int rw, void *arg)
{
	struct bytes p = secret_bytes(arg);
	(void)rw;
	assert_true((int)p.len <= size);
	memcpy(out, p.data, p.len);
	return (int)p.len;
}

static void
private_key_encrypt_writes_what_openssl_reads(void **state)
{
	(void)state;
	BIO *bio = BIO_new_mem_buf(enc.pem.data, (int)enc.pem.len);
	EVP_PKEY *pkey =
	    PEM_read_bio_PrivateKey(bio, NULL, give_pass, enc.pass);
	assert_int_equal(EVP_PKEY_eq(pkey, enc.pkey), 1);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
}

static void
private_key_encrypt_takes_600000_rounds_of_hmac_sha256(void **state)
{
	static const uint8_t rounds[] = {0x02, 0x03, 0x09, 0x27, 0xc0};
	static const uint8_t prf[] = {
	    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09};
	static const uint8_t aes256_cbc[] = {
	    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a};
	unsigned char *der;
	char *name, *header;
	long len;
	(void)state;
	BIO *bio = BIO_new_mem_buf(enc.pem.data, (int)enc.pem.len);
	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &len), 1);
	assert_string_equal(name, "ENCRYPTED PRIVATE KEY");
	size_t n = (size_t)len;
	assert_non_null(memmem(der, n, rounds, sizeof(rounds)));
	assert_non_null(memmem(der, n, prf, sizeof(prf)));
	assert_non_null(memmem(der, n, aes256_cbc, sizeof(aes256_cbc)));
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
}

static void
private_key_decrypt_tells_a_wrong_passphrase(void **state)
{
	static const char *const wrong[] = {"p", "", "other", "P\xff"};
	struct bytes pem = buf_bytes(&enc.pem);
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct secret *pass = secret_of(wrong[i]);
		assert_int_equal(private_key_decrypt(pem, pass, &pkey, &e), -1);
		assert_int_equal(e.kind, ERR_WRONG_PASS);
		assert_null(pkey);
		secret_free(pass);
	}
}

/* One wrong passphrase in 256 leaves a padding that is right by chance. Few
 * rounds, as the openssl tool writes them, make room for a thousand. */
static void
private_key_decrypt_tells_a_wrong_passphrase_every_time(void **state)
{
	char *data;
	(void)state;
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, enc.pkey,
			     EVP_aes_256_cbc(), "right", 5, NULL, NULL),
	    1);
	size_t len = (size_t)BIO_get_mem_data(bio, &data);
	struct bytes pem = {(const uint8_t *)data, len};
	for (unsigned i = 0; i < 1000; i++) {
		struct err e = ERR_INIT;
		EVP_PKEY *pkey;
		struct secret *pass = secret_new(&i, sizeof(i));
		assert_int_equal(private_key_decrypt(pem, pass, &pkey, &e), -1);
		assert_int_equal(e.kind, ERR_WRONG_PASS);
		secret_free(pass);
	}
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	struct secret *pass = secret_of("right");
	assert_int_equal(private_key_decrypt(pem, pass, &pkey, &e), 0);
	EVP_PKEY_free(pkey);
	secret_free(pass);
	BIO_free(bio);
}

static void
private_key_decrypt_tells_a_damaged_file(void **state)
{
	struct bytes pem = buf_bytes(&enc.pem);
	struct err e = ERR_INIT;
	EVP_PKEY *pkey;
	(void)state;
	struct bytes cut = {pem.data, pem.len - 40};
	assert_int_equal(private_key_decrypt(cut, enc.pass, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	uint8_t *copy = malloc(pem.len);
	assert_non_null(copy);
	memcpy(copy, pem.data, pem.len);
	copy[60] = '!';
	struct bytes spoilt = {copy, pem.len};
	assert_int_equal(private_key_decrypt(spoilt, enc.pass, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	free(copy);
	struct bytes empty = {NULL, 0};
	assert_int_equal(private_key_decrypt(empty, enc.pass, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void
private_key_decrypt_refuses_a_key_in_clear(void **state)
{
	struct err e = ERR_INIT;
	struct secret *clear;
	EVP_PKEY *pkey;
	(void)state;
	assert_int_equal(private_key_pem(enc.pkey, &clear, &e), 0);
	assert_int_equal(
	    private_key_decrypt(secret_bytes(clear), enc.pass, &pkey, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	secret_free(clear);
}

static void
private_key_encrypt_bounds_the_passphrase(void **state)
{
	static const char longest[1025];
	struct err e = ERR_INIT;
	struct buf out;
	(void)state;
	buf_init(&out, 16384);
	struct secret *none = secret_of("");
	struct secret *most = secret_new(longest, 1024);
	struct secret *more = secret_new(longest, 1025);
	assert_int_equal(private_key_encrypt(enc.pkey, none, &out, &e), -1);
	assert_int_equal(private_key_encrypt(enc.pkey, more, &out, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_FIELD);
	assert_int_equal(private_key_encrypt(enc.pkey, most, &out, &e), 0);
	secret_free(more);
	secret_free(most);
	secret_free(none);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_type_parse_takes_its_own_words),
	    cmocka_unit_test(key_type_parse_refuses_other_words),
	    cmocka_unit_test(public_key_encode_is_the_subject_public_key_info),
	    cmocka_unit_test(public_key_load_gives_the_same_key),
	    cmocka_unit_test(public_key_load_refuses_a_point_off_its_curve),
	    cmocka_unit_test(point_is_checked_against_its_curve),
	    cmocka_unit_test(point_that_is_no_element_of_the_field_is_refused),
	    cmocka_unit_test(public_key_check_refuses_a_struct_out_of_form),
	    cmocka_unit_test(public_key_hash_tells_keys_apart),
	    cmocka_unit_test(public_key_of_reads_a_key_of_compressed_form),
	    cmocka_unit_test(public_key_of_refuses_keys_that_we_do_not_use),
	    cmocka_unit_test(private_key_new_makes_no_p521),
	    cmocka_unit_test(private_key_pem_is_pkcs8_that_openssl_reads),
	    cmocka_unit_test(private_key_decrypt_opens_what_encrypt_wrote),
	    cmocka_unit_test(private_key_encrypt_writes_what_openssl_reads),
	    cmocka_unit_test(
		private_key_encrypt_takes_600000_rounds_of_hmac_sha256),
	    cmocka_unit_test(private_key_decrypt_tells_a_wrong_passphrase),
	    cmocka_unit_test(
		private_key_decrypt_tells_a_wrong_passphrase_every_time),
	    cmocka_unit_test(private_key_decrypt_tells_a_damaged_file),
	    cmocka_unit_test(private_key_decrypt_refuses_a_key_in_clear),
	    cmocka_unit_test(private_key_encrypt_bounds_the_passphrase),
	};
	return cmocka_run_group_tests(tests, encrypt_one, free_one);
}
