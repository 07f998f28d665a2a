#include "ca/signer/ops.h"

/* Needs no passphrase: the service, which asks, had the key when it ran last.
 * What it opens is what the broker had handed to it. */
int
op_open_journal(struct signer *s, const struct signer_request *m,
    struct buf *payload, struct err *e)
{
	const struct seal_key *escrow;

	if (authority_escrow(s->authority, &escrow, e) != 0)
		return -1;
	return seal_open(escrow, bytes_of_text(SEAL_INFO_JOURNAL),
	    (struct bytes){NULL, 0}, m->sealed, payload, e);
}
