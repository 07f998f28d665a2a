#include "ca/signer/ops.h"

/* A private key's PEM or a certificate; leaves room for the rest of a reply. */
#define PAYLOAD_MAX (MESSAGE_MAX - 1024)

/* All that the key may be used for. */
static const signer_op_fn ops[SIGNER_OP_COUNT] = {
    [SIGNER_STATUS] = op_status,
    [SIGNER_UNLOCK] = op_unlock,
    [SIGNER_ISSUE] = op_issue,
    [SIGNER_OPEN_KEY] = op_open_key,
    [SIGNER_RENEW_AUTHORITY] = op_renew_authority,
    [SIGNER_OPEN_JOURNAL] = op_open_journal,
};

static void
run(struct signer *s, const struct signer_request *m, struct buf *payload,
    struct err *e)
{
	if (ops[m->op](s, m, payload, e) == 0)
		(void)!buf_check(payload, "payload", e);
	else if (e->kind == ERR_NONE)
		err_set(e, ERR_INTERNAL, NULL, "the operation failed");
	if (e->kind != ERR_NONE)
		buf_clear(payload); /* nothing half-made leaves */
}

int
ops_handle(struct signer *s, struct bytes packet, struct buf *reply)
{
	struct signer_request m;
	struct signer_reply r = {.id = 0, .err = ERR_INIT};
	struct err e = ERR_INIT;
	struct buf payload;
	int rc;

	if (message_request_decode(packet, &m) != 0)
		return -1;
	buf_init(&payload, PAYLOAD_MAX);
	run(s, &m, &payload, &r.err);
	r.id = m.id;
	r.open = authority_is_open(s->authority);
	r.payload = buf_bytes(&payload);
	rc = message_reply_encode(&r, reply, &e);
	buf_clear(&payload);
	return rc;
}
