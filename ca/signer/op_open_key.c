#include "ca/signer/ops.h"
#include "ca/signer/sealed_key.h"

int
op_open_key(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e)
{
	const struct seal_key *escrow;

	if (authority_unlock(s->authority, m->pass, e) != 0 ||
	    authority_escrow(s->authority, &escrow, e) != 0)
		return -1;
	return sealed_key_open(
	    escrow, &m->name, &m->fields.serial, m->sealed, payload, e);
}
