#include "ca/signer/ops.h"

/* Every reply tells whether the key is open; this one tells nothing else. */
int
op_status(struct signer *s, const struct signer_request *m, struct buf *payload,
    struct err *e)
{
	(void)s;
	(void)m;
	(void)payload;
	(void)e;
	return 0;
}
