#include "service/journal/record.h"

#include <endian.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define ID_AT      8u
#define LENGTH_AT  16u
#define CRC_AT     20u
#define PREFIX_LEN 18u /* of the plain text */
#define NONCE_LEN  12u

struct record_key {
	EVP_CIPHER_CTX *encrypt, *decrypt;
	uint8_t session[JOURNAL_SESSION_LEN];
};

void
be32_put(uint8_t *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof(v));
}

void
be64_put(uint8_t *to, uint64_t v)
{
	v = htobe64(v);
	memcpy(to, &v, sizeof(v));
}

static void
be16_put(uint8_t *to, size_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	memcpy(to, &be, sizeof(be));
}

uint32_t
be32_get(const uint8_t *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return be32toh(v);
}

uint64_t
be64_get(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return be64toh(v);
}

static size_t
be16_get(const uint8_t *from)
{
	uint16_t v;

	memcpy(&v, from, sizeof(v));
	return be16toh(v);
}

/* Bit by bit: it covers some twenty bytes of an entry. */
uint32_t
crc32c(uint32_t crc, const uint8_t *data, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1u));
	}
	return ~crc;
}

static uint32_t
head_crc(const uint8_t *head)
{
	uint32_t crc = crc32c(0, head, RECORD_DONE_AT);

	return crc32c(crc, head + ID_AT, CRC_AT - ID_AT);
}

bool
record_head_parse(struct bytes data, struct record_head *h)
{
	uint32_t len;

	if (data.len < RECORD_HEAD_LEN ||
	    memcmp(data.data, RECORD_MAGIC, RECORD_DONE_AT) != 0 ||
	    be32_get(data.data + CRC_AT) != head_crc(data.data))
		return false;
	len = be32_get(data.data + LENGTH_AT);
	if (len < PREFIX_LEN || len > JOURNAL_SEGMENT_SIZE_MAX)
		return false;
	h->id = be64_get(data.data + ID_AT);
	if (h->id > RECORD_ID_MAX)
		return false;
	h->size = RECORD_HEAD_LEN + len + RECORD_TAG_LEN;
	h->done = memcmp(data.data + RECORD_DONE_AT, RECORD_DONE,
		      RECORD_DONE_LEN) == 0;
	return true;
}

int
record_key_new(const uint8_t key[JOURNAL_KEY_LEN],
    const uint8_t session[JOURNAL_SESSION_LEN], struct record_key **out,
    struct err *e)
{
	struct record_key *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return err_set(e, ERR_INTERNAL, NULL, "out of memory");
	k->encrypt = EVP_CIPHER_CTX_new();
	k->decrypt = EVP_CIPHER_CTX_new();
	memcpy(k->session, session, JOURNAL_SESSION_LEN);
	if (k->encrypt == NULL || k->decrypt == NULL ||
	    EVP_EncryptInit_ex(
		k->encrypt, EVP_aes_256_gcm(), NULL, key, NULL) != 1 ||
	    EVP_DecryptInit_ex(
		k->decrypt, EVP_aes_256_gcm(), NULL, key, NULL) != 1) {
		record_key_free(k);
		return err_openssl(e, "the journal's key");
	}
	*out = k;
	return 0;
}

void
record_key_free(struct record_key *k)
{
	if (k == NULL)
		return;
	EVP_CIPHER_CTX_free(k->encrypt);
	EVP_CIPHER_CTX_free(k->decrypt);
	free(k);
}

uint32_t
record_size(const struct journal_entry *entry)
{
	size_t size = RECORD_HEAD_LEN + PREFIX_LEN + RECORD_TAG_LEN;

	if (entry->topic.len > UINT16_MAX ||
	    entry->response_topic.len > UINT16_MAX ||
	    entry->correlation_data.len > UINT16_MAX ||
	    entry->payload.len > JOURNAL_SEGMENT_SIZE_MAX)
		return 0;
	size += entry->topic.len + entry->response_topic.len +
		entry->correlation_data.len + entry->payload.len;
	return size <= JOURNAL_SEGMENT_SIZE_MAX ? (uint32_t)size : 0;
}

static void
nonce_make(uint64_t id, uint8_t nonce[NONCE_LEN])
{
	memset(nonce, 0, NONCE_LEN);
	be64_put(nonce + NONCE_LEN - sizeof(id), id);
}

/* The head is given as it lies in the file; its done mark is left out. */
static bool
put_aad(struct record_key *k, EVP_CIPHER_CTX *ctx, const uint8_t *head)
{
	int n;

	return EVP_CipherUpdate(
		   ctx, NULL, &n, k->session, JOURNAL_SESSION_LEN) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, head, RECORD_DONE_AT) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, head + ID_AT, CRC_AT - ID_AT) ==
		   1;
}

static void
head_write(uint64_t id, uint32_t size, uint8_t *to)
{
	memcpy(to, RECORD_MAGIC, RECORD_DONE_AT);
	memset(to + RECORD_DONE_AT, 0, RECORD_DONE_LEN);
	be64_put(to + ID_AT, id);
	be32_put(to + LENGTH_AT, size - RECORD_HEAD_LEN - RECORD_TAG_LEN);
	be32_put(to + CRC_AT, head_crc(to));
}

/* The parts one after the other straight into the ciphertext. */
static bool
encrypt(EVP_CIPHER_CTX *ctx, const struct journal_entry *entry, uint8_t *to)
{
	uint8_t prefix[PREFIX_LEN];
	const struct bytes parts[] = {{prefix, PREFIX_LEN}, entry->topic,
	    entry->response_topic, entry->correlation_data, entry->payload};
	int n;

	be64_put(prefix, (uint64_t)entry->arrived_ms);
	be32_put(prefix + 8, entry->flags);
	be16_put(prefix + 12, entry->topic.len);
	be16_put(prefix + 14, entry->response_topic.len);
	be16_put(prefix + 16, entry->correlation_data.len);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].len == 0)
			continue;
		if (EVP_EncryptUpdate(
			ctx, to, &n, parts[i].data, (int)parts[i].len) != 1)
			return false;
		to += n;
	}
	return EVP_EncryptFinal_ex(ctx, to, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(
		   ctx, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG_LEN, to) == 1;
}

int
record_seal(struct record_key *k, uint64_t id,
    const struct journal_entry *entry, uint8_t *to, struct err *e)
{
	uint8_t nonce[NONCE_LEN];

	head_write(id, record_size(entry), to);
	nonce_make(id, nonce);
	if (EVP_EncryptInit_ex(k->encrypt, NULL, NULL, NULL, nonce) != 1 ||
	    !put_aad(k, k->encrypt, to) ||
	    !encrypt(k->encrypt, entry, to + RECORD_HEAD_LEN))
		return err_openssl(e, "sealing an entry of the journal");
	return 0;
}

/* Appends the plain text; what was written without its tag being right is
 * wiped with the buffer. */
static bool
decrypt(EVP_CIPHER_CTX *ctx, struct bytes sealed, struct buf *plain)
{
	size_t len = sealed.len - RECORD_TAG_LEN;
	uint8_t tag[RECORD_TAG_LEN], *to = buf_reserve(plain, len);
	int n;

	memcpy(tag, sealed.data + len, RECORD_TAG_LEN);
	if (to == NULL)
		return false;
	plain->len += len; /* so that it is wiped, come what may */
	return EVP_DecryptUpdate(ctx, to, &n, sealed.data, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(
		   ctx, EVP_CTRL_AEAD_SET_TAG, RECORD_TAG_LEN, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, to + len, &n) == 1;
}

static int
entry_parse(struct bytes plain, struct journal_entry *entry)
{
	const uint8_t *p = plain.data;

	*entry = (struct journal_entry){0};
	if (plain.len < PREFIX_LEN)
		return -1;
	entry->arrived_ms = (int64_t)be64_get(p);
	entry->flags = be32_get(p + 8);
	entry->topic.len = be16_get(p + 12);
	entry->response_topic.len = be16_get(p + 14);
	entry->correlation_data.len = be16_get(p + 16);
	entry->payload.len = PREFIX_LEN + entry->topic.len +
			     entry->response_topic.len +
			     entry->correlation_data.len;
	if (entry->payload.len > plain.len)
		return -1;
	entry->payload.len = plain.len - entry->payload.len;
	entry->topic.data = p + PREFIX_LEN;
	entry->response_topic.data = entry->topic.data + entry->topic.len;
	entry->correlation_data.data =
	    entry->response_topic.data + entry->response_topic.len;
	entry->payload.data =
	    entry->correlation_data.data + entry->correlation_data.len;
	return 0;
}

int
record_open(struct record_key *k, uint64_t id, struct bytes record,
    struct buf *plain, struct journal_entry *entry)
{
	struct bytes sealed = {NULL, 0};
	struct record_head h;
	uint8_t nonce[NONCE_LEN];

	buf_consume(plain, plain->len);
	if (!record_head_parse(record, &h) || h.size != record.len ||
	    h.id != id)
		return -1;
	sealed.data = record.data + RECORD_HEAD_LEN;
	sealed.len = record.len - RECORD_HEAD_LEN;
	nonce_make(id, nonce);
	if (EVP_DecryptInit_ex(k->decrypt, NULL, NULL, NULL, nonce) != 1 ||
	    !put_aad(k, k->decrypt, record.data) ||
	    !decrypt(k->decrypt, sealed, plain)) {
		/* Else this thread's next TLS call would find it. */
		ERR_clear_error();
		return -1;
	}
	return entry_parse(buf_bytes(plain), entry);
}
