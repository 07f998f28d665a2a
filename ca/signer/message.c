#include "ca/signer/message.h"

#include <string.h>

#include "ca/base/wire.h"

/* So that no passphrase of an unlock is taken for a sealed key. */
#define JOURNAL_MARK 'J'

static void
put_serial(struct buf *b, const struct serial *s)
{
	wire_put_bytes(b, (struct bytes){s->bytes, SERIAL_LEN});
}

static void
get_serial(struct wire_reader *r, struct serial *s)
{
	wire_get_exact(r, s->bytes, SERIAL_LEN);
}

static void
put_time(struct buf *b, int64_t seconds)
{
	wire_put_u64(b, (uint64_t)seconds);
}

static int64_t
get_time(struct wire_reader *r)
{
	return (int64_t)wire_get_u64(r);
}

/* A value of an enumeration or a bool; anything past max is a fault. */
static unsigned
get_choice(struct wire_reader *r, unsigned max)
{
	unsigned v = wire_get_u8(r);

	if (v <= max)
		return v;
	r->failed = true;
	return 0;
}

static struct bytes
get_bytes_max(struct wire_reader *r, size_t max)
{
	struct bytes b = wire_get_bytes(r);

	if (b.len <= max)
		return b;
	r->failed = true;
	return (struct bytes){NULL, 0};
}

static void
put_name(struct buf *b, const struct name *name)
{
	wire_put_text(b, name->text);
	wire_put_u8(b, name->is_mac);
}

static void
get_name(struct wire_reader *r, struct name *name)
{
	wire_get_text(r, name->text, sizeof(name->text));
	name->is_mac = get_choice(r, 1) == 1;
}

static void
put_subject(struct buf *b, const struct subject *s)
{
	for (int a = 0; a < SUBJECT_COUNT; a++)
		wire_put_text(b, s->value[a]);
}

static void
get_subject(struct wire_reader *r, struct subject *s)
{
	for (int a = 0; a < SUBJECT_COUNT; a++)
		wire_get_text(r, s->value[a], sizeof(s->value[a]));
}

static void
put_sans(struct buf *b, const struct san_list *l)
{
	if (l->count > SAN_COUNT_MAX) {
		b->failed = true;
		return;
	}
	wire_put_u8(b, (uint8_t)l->count);
	for (size_t i = 0; i < l->count; i++) {
		wire_put_u8(b, (uint8_t)l->item[i].type);
		wire_put_text(b, l->item[i].text);
	}
}

static void
get_sans(struct wire_reader *r, struct san_list *l)
{
	l->count = get_choice(r, SAN_COUNT_MAX);
	for (size_t i = 0; i < l->count; i++) {
		l->item[i].type = (enum san_type)get_choice(r, SAN_IP);
		wire_get_text(r, l->item[i].text, sizeof(l->item[i].text));
	}
}

static void
put_key(struct buf *b, const struct public_key *k)
{
	if (k->len > sizeof(k->raw)) {
		b->failed = true;
		return;
	}
	wire_put_u8(b, (uint8_t)k->type);
	wire_put_u32(b, k->rsa_exponent);
	wire_put_bytes(b, (struct bytes){k->raw, k->len});
}

static void
get_key(struct wire_reader *r, struct public_key *k)
{
	struct bytes raw;

	k->type = (enum key_type)get_choice(r, KEY_TYPE_COUNT - 1);
	k->rsa_exponent = wire_get_u32(r);
	raw = get_bytes_max(r, sizeof(k->raw));
	k->len = (uint16_t)raw.len;
	if (raw.len > 0)
		memcpy(k->raw, raw.data, raw.len);
}

static void
put_dates(struct buf *b, const struct certificate_fields *f)
{
	put_time(b, f->not_before_s);
	put_time(b, f->not_after_s);
}

static void
get_dates(struct wire_reader *r, struct certificate_fields *f)
{
	f->not_before_s = get_time(r);
	f->not_after_s = get_time(r);
}

static void
put_issue(struct buf *b, const struct signer_request *m)
{
	wire_put_text(b, m->profile);
	put_name(b, &m->name);
	put_serial(b, &m->fields.serial);
	put_dates(b, &m->fields);
	put_subject(b, &m->fields.subject);
	put_sans(b, &m->fields.sans);
	put_key(b, &m->fields.key);
}

static void
get_issue(struct wire_reader *r, struct signer_request *m)
{
	wire_get_text(r, m->profile, sizeof(m->profile));
	get_name(r, &m->name);
	get_serial(r, &m->fields.serial);
	get_dates(r, &m->fields);
	get_subject(r, &m->fields.subject);
	get_sans(r, &m->fields.sans);
	get_key(r, &m->fields.key);
}

static void
put_open_key(struct buf *b, const struct signer_request *m)
{
	put_name(b, &m->name);
	put_serial(b, &m->fields.serial);
	wire_put_bytes(b, m->sealed);
}

static void
get_open_key(struct wire_reader *r, struct signer_request *m)
{
	get_name(r, &m->name);
	get_serial(r, &m->fields.serial);
	m->sealed = wire_get_bytes(r);
}

static void
put_renewal(struct buf *b, const struct signer_request *m)
{
	put_serial(b, &m->fields.serial);
	put_dates(b, &m->fields);
}

static void
get_renewal(struct wire_reader *r, struct signer_request *m)
{
	get_serial(r, &m->fields.serial);
	get_dates(r, &m->fields);
}

static void
put_journal(struct buf *b, const struct signer_request *m)
{
	wire_put_u8(b, JOURNAL_MARK);
	wire_put_bytes(b, m->sealed);
}

static void
get_journal(struct wire_reader *r, struct signer_request *m)
{
	if (wire_get_u8(r) != JOURNAL_MARK)
		r->failed = true;
	m->sealed = wire_get_bytes(r);
	if (m->sealed.len != MESSAGE_JOURNAL_KEY)
		r->failed = true;
}

static void
put_nothing(struct buf *b, const struct signer_request *m)
{
	(void)b;
	(void)m;
}

static void
get_nothing(struct wire_reader *r, struct signer_request *m)
{
	(void)r;
	(void)m;
}

/* What each operation carries; the passphrase comes first. */
static const struct {
	bool has_pass;
	void (*put)(struct buf *b, const struct signer_request *m);
	void (*get)(struct wire_reader *r, struct signer_request *m);
} layouts[SIGNER_OP_COUNT] = {
    [SIGNER_STATUS] = {false, put_nothing, get_nothing},
    [SIGNER_UNLOCK] = {true, put_nothing, get_nothing},
    [SIGNER_ISSUE] = {true, put_issue, get_issue},
    [SIGNER_OPEN_KEY] = {true, put_open_key, get_open_key},
    [SIGNER_RENEW_AUTHORITY] = {false, put_renewal, get_renewal},
    [SIGNER_OPEN_JOURNAL] = {false, put_journal, get_journal},
};

int
message_request_encode(
    const struct signer_request *m, struct buf *out, struct err *e)
{
	if (m->op < SIGNER_STATUS || m->op >= SIGNER_OP_COUNT)
		return err_set(e, ERR_INTERNAL, NULL, "no such operation");
	if (m->pass.len > PASSPHRASE_MAX)
		return err_set(e, ERR_BAD_FIELD, "pass",
		    "must be at most %d bytes", PASSPHRASE_MAX);
	wire_put_u8(out, (uint8_t)m->op);
	wire_put_u64(out, m->id);
	if (layouts[m->op].has_pass)
		wire_put_bytes(out, m->pass);
	layouts[m->op].put(out, m);
	return buf_check(out, "message to the signer", e);
}

int
message_request_decode(struct bytes packet, struct signer_request *out)
{
	struct wire_reader r;
	unsigned op;

	memset(out, 0, sizeof(*out));
	if (packet.len > MESSAGE_MAX)
		return -1;
	wire_read_init(&r, packet);
	op = get_choice(&r, SIGNER_OP_COUNT - 1);
	if (r.failed || op < SIGNER_STATUS)
		return -1;
	out->op = (enum signer_op)op;
	out->id = wire_get_u64(&r);
	if (layouts[op].has_pass)
		out->pass = get_bytes_max(&r, PASSPHRASE_MAX);
	layouts[op].get(&r, out);
	return wire_end(&r);
}

enum {
#define X(kind, word, status) INDEX_OF_##kind,
	ERR_KINDS(X)
#undef X
	    ERR_KIND_COUNT
};

int
message_reply_encode(
    const struct signer_reply *m, struct buf *out, struct err *e)
{
	wire_put_u64(out, m->id);
	wire_put_u8(out, m->open);
	wire_put_u8(out, (uint8_t)m->err.kind);
	wire_put_u32(out, m->err.retry_after_s);
	wire_put_text(out, m->err.field);
	wire_put_text(out, m->err.message);
	wire_put_bytes(out, m->payload);
	return buf_check(out, "message from the signer", e);
}

int
message_reply_decode(struct bytes packet, struct signer_reply *out)
{
	struct wire_reader r;

	memset(out, 0, sizeof(*out));
	if (packet.len > MESSAGE_MAX)
		return -1;
	wire_read_init(&r, packet);
	out->id = wire_get_u64(&r);
	out->open = get_choice(&r, 1) == 1;
	out->err.kind = (enum err_kind)get_choice(&r, ERR_KIND_COUNT - 1);
	out->err.retry_after_s = wire_get_u32(&r);
	wire_get_text(&r, out->err.field, sizeof(out->err.field));
	wire_get_text(&r, out->err.message, sizeof(out->err.message));
	out->payload = wire_get_bytes(&r);
	return wire_end(&r);
}
