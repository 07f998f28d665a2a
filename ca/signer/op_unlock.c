#include "ca/signer/ops.h"

int
op_unlock(struct signer *s, const struct signer_request *m, struct buf *payload,
    struct err *e)
{
	(void)payload;
	return authority_unlock(s->authority, m->pass, e);
}
