/* Opening what sealed_key_make (message.h) sealed: the signer's half. */
#ifndef CA_SIGNER_SEALED_KEY_H
#define CA_SIGNER_SEALED_KEY_H

#include "ca/base/seal.h"
#include "ca/signer/message.h"

/* Appends the PKCS #8 PEM to out; -1 unless the same name and serial were
 * given when it was sealed. */
MUST_USE int sealed_key_open(const struct seal_key *escrow,
    const struct name *name, const struct serial *serial, struct bytes sealed,
    struct buf *out, struct err *e);

#endif
