#include "topics/request.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "ca/base/hex.h"
#include "ca/base/wire.h"
#include "topics/table.h"

#define DIGEST_INPUT_MAX 65536

const char *
door_word(enum door d)
{
	static const char *const words[] = {"mqtt", "http", "local"};

	return words[d];
}

void
request_init(struct request *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->csr_text, REQUEST_BODY_MAX);
	store_certificate_init(&r->last);
	store_certificate_init(&r->result);
}

void
request_clear(struct request *r)
{
	secret_free(r->pass);
	secret_free(r->key_pem);
	buf_clear(&r->csr_text);
	store_certificate_clear(&r->last);
	store_certificate_clear(&r->result);
	request_init(r);
}

bool
request_has(const struct request *r, enum request_field f)
{
	return (r->fields & 1u << f) != 0;
}

void
request_set_answer_name(struct request *r, struct bytes text)
{
	char name[NAME_LEN_MAX + 1] = "";

	if (!name_is_topic_safe(text) || verb_find_topic(text) != NULL)
		return;
	memcpy(name, text.data, text.len); /* topic-safe: it fits */
	if (!policy_name_is_protected(name))
		memcpy(r->answer_name, name, sizeof(name));
}

int
request_make_id(char id[REQUEST_ID_LEN], struct err *e)
{
	unsigned char random[(REQUEST_ID_LEN - 1) / 2];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return err_openssl(e, "a random id");
	hex_encode(random, sizeof(random), id);
	return 0;
}

/* Each part with its length, so that no two requests read the same. */
static void
digest_input(const struct request *r, struct buf *in)
{
	wire_put_text(in, r->verb->word);
	wire_put_u32(in, r->fields & ~(1u << FIELD_PASS));
	wire_put_text(in, r->name.text);
	wire_put_u32(in, r->days);
	wire_put_text(in, r->profile);
	wire_put_u8(in, (uint8_t)r->key_type);
	for (int a = 0; a < SUBJECT_COUNT; a++)
		wire_put_text(in, r->subject.value[a]);
	wire_put_u8(in, (uint8_t)r->sans.count);
	for (size_t i = 0; i < r->sans.count; i++) {
		wire_put_u8(in, (uint8_t)r->sans.item[i].type);
		wire_put_text(in, r->sans.item[i].text);
	}
	wire_put_bytes(in, buf_bytes(&r->csr_text));
	wire_put_bytes(in, (struct bytes){r->retry_key, r->retry_key_len});
}

int
request_digest(struct request *r, struct err *e)
{
	struct buf in;
	int rc;

	buf_init(&in, DIGEST_INPUT_MAX);
	digest_input(r, &in);
	rc = buf_check(&in, "request", e);
	if (rc == 0 && EVP_Digest(in.data, in.len, r->digest, NULL,
			   EVP_sha256(), NULL) != 1)
		rc = err_openssl(e, "the request's digest");
	buf_clear(&in);
	return rc;
}
